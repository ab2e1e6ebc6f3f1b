/**
 * The gate of installability: a cut proves it and records it, publish and
 * promote demand it. What is proven, and how, is src/vetting/install's.
 */
import { suitesOf } from '../../profile/load.js';
import type { Profile } from '../../profile/profile-schema.js';
import { keyringPackageOf } from '../../metapackage/pinned-packages.js';
import type { Signer } from '../../signing/signer.js';
import {
  assertGates,
  installability,
  isMoveUnproven,
  movesSentence,
  type GateFacts,
} from '../../suite/gates.js';
import { currentSnapshot } from '../../suite/history.js';
import type { Evidence, Snapshot, SnapshotManifest } from '../../snapshot/manifest.js';
import { nameOfBase } from '../../suite/move-rules.js';
import { readSnapshot } from '../../snapshot/snapshot-folder.js';
import type { SourceContext } from '../../source/source-context.js';
import { installSetOf, type InstallSet } from '../../vetting/install/install-set.js';
import type { InstallProof, ProofRequest } from '../../vetting/install/prove.js';
import type { Context } from '../workspace/context.js';
import { ownTrust } from '../move/suite-publication.js';
import { sourceContext } from './profile-sources.js';
import { historyOf, profileOf } from '../workspace/files-read.js';

export interface InstallProofRequest {
  profile: Profile;
  /** What the set was resolved with: the base it is installed on comes from the same mirror. */
  sources: SourceContext;
  /** What is to be cut. */
  set: Pick<SnapshotManifest, 'packages' | 'components'>;
}

/**
 * Proves that a set can be installed, come to from what suites point at now, and be left again.
 *
 * @returns the evidence for its snapshot
 * @throws LockstepError INSTALL_IMPOSSIBLE, INSTALL_OVERLAP, TOOL_MISSING (apt), and what reading the base, the
 * packages and the suites' snapshots throws
 */
export async function proveInstallable(
  context: Context,
  { profile, sources, set }: InstallProofRequest,
  signer: Pick<Signer, 'publicKey'>,
): Promise<Evidence> {
  const before = await presentSets(context, profile, signer);
  const proof = await inPhase(context, profile, sources, {
    set: { id: null, ...set },
    before: before.map(({ manifest }) => installSetOf(manifest)),
    what: 'all',
  });
  return { gate: installability, result: 'passed', detail: sentenceOf(proof, profile) };
}

/** The snapshots that suites of the profile point at, each once: what machines have. */
async function presentSets(
  context: Context,
  { name, base }: Profile,
  signer: Pick<Signer, 'publicKey'>,
): Promise<Snapshot[]> {
  const { places, workspace } = context;
  const found = new Map<string, Snapshot>();
  const trust = await ownTrust(signer);
  for (const suite of suitesOf(workspace, name)) {
    const id = currentSnapshot(await historyOf(context, suite.name));
    if (id === null || found.has(id)) continue;
    const snapshot = await readSnapshot(places.snapshots, { profile: name, id }, trust);
    // A suite of another base never takes the new one (assertSameBase)
    if (nameOfBase(snapshot.manifest.base) !== nameOfBase(base)) continue;
    if (Object.keys(snapshot.manifest.components).length > 0) found.set(id, snapshot);
  }
  return [...found.values()].sort((a, b) => (a.manifest.id < b.manifest.id ? -1 : 1));
}

/** What the gate knows of the two ends of a move. */
export interface GatedMove {
  suite: string;
  /** What the suite points at, or null where it is empty. */
  from: GateFacts | null;
  to: GateFacts;
}

/**
 * Lets a snapshot into a suite: its evidence must be there, and where the suite points at a snapshot that
 * nobody tried to come from, that is tried now. Reads nothing where the evidence says all.
 *
 * @throws LockstepError GATE_MISSING; INSTALL_IMPOSSIBLE, INSTALL_OVERLAP and what reading the base and the
 * snapshots throws where it has to be tried
 */
export async function assertInstallable(
  context: Context,
  { suite, from, to }: GatedMove,
  signer: Pick<Signer, 'publicKey'>,
): Promise<void> {
  assertGates(to, suite);
  if (from === null || !isMoveUnproven(from, to)) return;
  const { snapshots } = context.places;
  const trust = await ownTrust(signer);
  const read = async ({ profile, id }: GateFacts): Promise<InstallSet> =>
    installSetOf((await readSnapshot(snapshots, { profile, id }, trust)).manifest);
  const profile = await profileOf(context, to.profile);
  await inPhase(context, profile, await sourceContext(context, profile), {
    set: await read(to),
    before: [await read(from)],
    what: 'moves',
  });
}

async function inPhase(
  context: Context,
  profile: Profile,
  sources: SourceContext,
  request: Pick<ProofRequest, 'set' | 'before' | 'what'>,
): Promise<InstallProof> {
  const { places, signal } = context;
  const { metapackage, base } = profile;
  const phase = context.progress.phase('Proving installability');
  try {
    // Loaded here: most moves have nothing to prove
    const { proveInstall } = await import('../../vetting/install/prove.js');
    const proof = await proveInstall(
      {
        ...{ ...request, metapackage: metapackage.name, lead: metapackage.lead, base },
        beside: [keyringPackageOf(context.workspace)],
      },
      {
        sources,
        cache: places.cache,
        temporary: places.temporary,
        phase,
        signal,
      },
    );
    for (const note of proof.notes) phase.info(note);
    phase.done(`apt ${proof.aptVersion} finds a solution on ${base.architectures.join(', ')}`);
    return proof;
  } catch (error) {
    phase.fail();
    throw error;
  }
}

function sentenceOf(proof: InstallProof, { metapackage, base }: Profile): string {
  const { homonym, from, notes } = proof;
  const scenarios = [
    `fresh install of ${metapackage.name} with and without Recommends`,
    ...(from.length === 0 ? [] : [movesSentence(from)]),
    ...(homonym === null ? [] : [`upgrade from ${proof.base}'s own ${homonym.package} ${homonym.version}`]),
    'no file in two packages',
  ];
  const said = notes.length === 0 ? '' : ` (noted: ${notes.join('; ')})`;
  return `apt ${proof.aptVersion}, ${proof.base} on ${base.architectures.join(', ')}: ${scenarios.join('; ')}${said}`;
}
