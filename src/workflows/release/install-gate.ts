/**
 * The gate of installability: a cut proves it and records it; publish and promote require it. src/vetting/install
 * decides what is proven and how.
 */
import { suitesOf } from '../../profile/load.js';
import type { Profile } from '../../profile/profile-schema.js';
import { keyringPackageOf } from '../../metapackage/pinned-packages.js';
import { installability, type GateFacts } from '../../suite/gates.js';
import { currentSnapshot } from '../../suite/history.js';
import type { EvidenceDraft } from '../../snapshot/evidence.js';
import type { Snapshot, SnapshotManifest } from '../../snapshot/manifest.js';
import { nameOfBase } from '../../suite/move-rules.js';
import { readSnapshot } from '../../snapshot/snapshot-folder.js';
import type { SourceContext } from '../../source/source-context.js';
import type { InstallSet } from '../../vetting/install/install-set.js';
import { noteWords, type InstallNote } from '../../vetting/install/install-note.js';
import type { InstallProof, ProofRequest } from '../../vetting/install/prove.js';
import type { Context, Run } from '../workspace/context.js';
import { ownTrust } from '../keys/archive-keys.js';
import { sourceContext } from './profile-sources.js';
import { inPhase, type Phase } from '../../io/progress.js';

export interface InstallProofRequest {
  profile: Profile;
  /** The context in which the set was resolved: the base comes from the same mirror. */
  sources: SourceContext;
  /** The set that will be cut. */
  set: Pick<SnapshotManifest, 'packages' | 'components'>;
}

/**
 * Proves that machines can install the set, upgrade to it from the current snapshots of suites, and go back.
 *
 * @returns the evidence for its snapshot
 * @throws LockstepError INSTALL_IMPOSSIBLE, INSTALL_OVERLAP, TOOL_MISSING (apt), and what reading the base, the
 * packages and the suites' snapshots throws
 */
export async function proveInstallable(
  run: Run,
  { profile, sources, set }: InstallProofRequest,
): Promise<EvidenceDraft> {
  const before = await presentSets(run, profile);
  const proof = await prove(run, profile, sources, {
    set: { id: null, ...set },
    before: before.map(({ manifest }) => manifest),
    what: 'all',
  });
  return evidenceOf(proof, profile);
}

/** The snapshots that suites of the profile point at, each once: the sets that machines have. */
async function presentSets(run: Run, { name, base }: Profile): Promise<Snapshot[]> {
  const { places, workspace } = run;
  const found = new Map<string, Snapshot>();
  const trust = await ownTrust(run);
  for (const suite of suitesOf(workspace, name)) {
    const id = currentSnapshot(run.ledger.history(suite.name));
    if (id === null || found.has(id)) continue;
    const snapshot = await readSnapshot(places.snapshots, { profile: name, id }, trust);
    // A suite of another base never takes the new snapshot (assertSameBase)
    if (nameOfBase(snapshot.manifest.base) !== nameOfBase(base)) continue;
    if (Object.keys(snapshot.manifest.components).length > 0) found.set(id, snapshot);
  }
  return [...found.values()].sort((a, b) => (a.manifest.id < b.manifest.id ? -1 : 1));
}

/**
 * Proves that machines can go from one snapshot to another, and back.
 *
 * @throws LockstepError INSTALL_IMPOSSIBLE, INSTALL_OVERLAP and what reading the base and the snapshots throws
 */
export async function proveMove(run: Run, { from, to }: { from: GateFacts; to: GateFacts }): Promise<void> {
  const { snapshots } = run.places;
  const trust = await ownTrust(run);
  const read = async ({ profile, id }: GateFacts): Promise<InstallSet> =>
    (await readSnapshot(snapshots, { profile, id }, trust)).manifest;
  const profile = run.profiles.withComponents(to.profile);
  await prove(run, profile, await sourceContext(run, profile), {
    set: await read(to),
    before: [await read(from)],
    what: 'moves',
  });
}

async function prove(
  context: Context,
  profile: Profile,
  sources: SourceContext,
  request: Pick<ProofRequest, 'set' | 'before' | 'what'>,
): Promise<InstallProof> {
  const { places, signal } = context;
  const { metapackage, base } = profile;
  const work = async (phase: Phase): Promise<InstallProof> => {
    // Loaded here because most moves need no proof
    const { proveInstall } = await import('../../vetting/install/prove.js');
    const proof = await proveInstall(
      {
        ...{ ...request, metapackage: metapackage.name, lead: metapackage.lead, base },
        beside: [keyringPackageOf(context.workspace)],
      },
      {
        ...{ sources, cache: places.cache, temporary: places.temporary, phase, signal },
      },
    );
    for (const note of proof.notes) phase.info(noteWords(note, proof.base));
    return proof;
  };
  return await inPhase(
    context.progress,
    'Proving installability',
    work,
    ({ aptVersion }) => `apt ${aptVersion} finds a solution on ${base.architectures.join(', ')}`,
  );
}

const noSharedFile = 'no file in two packages';

/** Notes that say why some files were not compared. */
const fileNotes = new Set<InstallNote['kind']>([
  'files-not-in-store',
  'no-contents',
  'contents-not-on-mirror',
]);

function evidenceOf(proof: InstallProof, { metapackage, base }: Profile): EvidenceDraft {
  const { aptVersion, homonym, from, notes } = proof;
  const unseen = notes.filter(({ kind }) => fileNotes.has(kind));
  const passed = [
    'fresh install',
    'fresh install without Recommends',
    ...from.flatMap((id) => [`upgrade from ${id}`, `way back to ${id}`]),
    ...(homonym === null ? [] : [`upgrade from the distribution's ${homonym.package}`]),
    ...(unseen.length === 0 ? [noSharedFile] : []),
  ];
  return {
    gate: installability,
    state: 'passed',
    parameters: {
      apt: aptVersion,
      base: proof.base,
      architectures: base.architectures,
      metapackage: metapackage.name,
    },
    facts: { from, homonym, notes },
    tests: { passed, warned: unseen.length === 0 ? [] : [noSharedFile], failed: [] },
    tools: [`pkg:deb/debian/apt@${aptVersion}`],
  };
}
