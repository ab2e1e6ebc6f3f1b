/**
 * `lockstep merge`: one new snapshot that follows the newest snapshots of two people, or one new line that follows both
 * ends of a suite's history. No existing record changes.
 */
import { tmpdir } from 'node:os';
import { LockstepError } from '../../errors.js';
import type { ImportedProfile } from '../../profile/profile-schema.js';
import type { EvidenceDraft } from '../../snapshot/evidence.js';
import { commonAncestor } from '../../snapshot/forks.js';
import { mergeImports, mergePins, type MergeStep, type Sides } from '../../snapshot/merged-set.js';
import { readSnapshot } from '../../snapshot/snapshot-folder.js';
import { planSnapshot, type SnapshotPlan } from '../../snapshot/snapshot-plan.js';
import type { Signer } from '../../signing/signer.js';
import { vettingEvidence } from '../../vetting/vet.js';
import { ownTrust } from '../keys/archive-keys.js';
import { readability } from '../../suite/gates.js';
import { archiveSigner } from '../keys/archive-signer.js';
import { prepareEntry } from '../move/suite-publication.js';
import { mergeHistory, repairConflict } from '../move/merge-history.js';
import { ancestryOf, newestOf } from '../workspace/ancestry.js';
import type { Context, Run } from '../workspace/context.js';
import { cutRequest, writeCut } from '../workspace/cutting.js';
import { evidenceOfSnapshot } from '../workspace/snapshot-records.js';
import { assertAvailable } from '../workspace/lost-files.js';
import { exclusively } from '../workspace/workspace-lock.js';
import { planBuilds } from './set-build.js';
import { signersOf } from './import-evidence.js';
import type { MergeRequest } from './merge-request.js';
import { proveReadable } from './reading-gate.js';
import type { MergeResult } from './release-results.js';
import { resolveProfile } from './resolve.js';
import { buildAndCut, writtenIn } from './snapshot-cut.js';

/**
 * @throws LockstepError MERGE_IMPOSSIBLE, PROFILE_UNKNOWN, SUITE_UNKNOWN, and what cutting a snapshot and publishing
 * throw
 */
export async function merge(context: Context, request: MergeRequest): Promise<MergeResult> {
  await repairConflict(context, request);
  return await exclusively(context, request, async (run) => {
    const { name } = request;
    const signer = await archiveSigner(run, request);
    const isProfile = context.workspace.profileNames.includes(name);
    const newest = isProfile ? await newestOf(run.places, name) : [];
    if (newest.length > 1) return await mergeSnapshots(run, newest, request, signer);
    const isSuite = Object.hasOwn(context.workspace.suites, name) || run.ledger.suites.includes(name);
    if (isSuite || !isProfile) return await mergeHistory(run, request, signer);
    throw nothingToMerge(
      `The profile ${name} has ${newest.length === 0 ? 'no snapshot' : `one newest snapshot, ${newest[0]}`}`,
    );
  });
}

function nothingToMerge(message: string): LockstepError {
  return new LockstepError('MERGE_IMPOSSIBLE', { message: `${message}: there is nothing to merge` });
}

async function mergeSnapshots(
  run: Run,
  newest: readonly string[],
  request: MergeRequest,
  signer: Signer,
): Promise<MergeResult> {
  const { name: profile, prefer, dryRun } = request;
  const { snapshots } = run.places;
  const trust = await ownTrust(run);
  // Two at a time; what is merged then is one side of the next merge
  const [one = '', two = ''] = newest;
  if (prefer !== undefined && prefer !== one && prefer !== two) {
    throw new LockstepError('USAGE', {
      message: `--prefer ${prefer} names another snapshot than those that are merged: ${one}, ${two}`,
      where: [{ path: '--prefer', value: prefer }],
    });
  }
  const base = commonAncestor(await ancestryOf(run.places, profile), [one, two]);
  const read = (id: string) => readSnapshot(snapshots, { profile, id }, trust);
  const sides: Sides = {
    base: base === undefined ? null : await read(base),
    first: await read(one),
    second: await read(two),
    prefer,
  };
  const told = { kind: 'snapshot' as const, name: profile, merged: [one, two], base: base ?? null, dryRun };
  const imported = run.profiles.all().imported.find((each) => each.name === profile);
  if (imported !== undefined) {
    const { plan, steps } = await planImports(run, imported, sides, dryRun);
    if (!dryRun) {
      if (plan.kind === 'cut') await assertAvailable(run, plan.manifest);
      await writeCut(run, plan, signer, `Merge ${one} and ${two} of ${profile}`);
      if (plan.kind === 'cut') await prepareEntry(run, { profile, id: plan.id, sha256: plan.sha256 });
    }
    return { ...told, id: plan.id, steps: [...steps], reason: null };
  }
  const { pins, steps } = mergePins(sides);
  const resolution = await resolveProfile(run, run.profiles.withComponents(profile), { exactly: pins });
  const planned = await planBuilds(run, resolution);
  const security = [sides.first, sides.second].flatMap(({ manifest }) => manifest.security ?? []);
  const merges = [sides.first, sides.second];
  const { id } = await buildAndCut(run, resolution, planned, signer, { dryRun, security, merges });
  return { ...told, id, steps: [...steps], reason: null };
}

async function planImports(
  run: Run,
  profile: ImportedProfile,
  sides: Sides,
  dryRun: boolean,
): Promise<{ plan: SnapshotPlan; steps: readonly MergeStep[] }> {
  const { steps, ...content } = mergeImports(sides, profile.versions);
  const request = await cutRequest(run, sides.second, [sides.first]);
  const security = [sides.first, sides.second].flatMap(({ manifest }) => manifest.security ?? []);
  const plan = planSnapshot({
    content: {
      ...writtenIn(profile),
      ...content,
      components: {},
      builds: [],
      security,
      evidence: await mergedEvidence(run, content.packages.length, sides),
      laterGates: [readability],
    },
    ...request,
  });
  if (plan.kind === 'unchanged') return { plan, steps };
  const readable = await proveReadable(run, plan.manifest, sides.second, dryRun ? tmpdir() : undefined);
  return { plan: { ...plan, evidence: [...plan.evidence, readable] }, steps };
}

/** Each side vetted its packages. All packages of the merge are covered by signatures if both sides were. */
async function mergedEvidence(
  run: Run,
  packages: number,
  { first, second }: Sides,
): Promise<EvidenceDraft[]> {
  const vetting = vettingEvidence(packages, 'imported', ['setuid', 'overlap']);
  const signers = [];
  for (const side of [first, second]) {
    signers.push(signersOf(await evidenceOfSnapshot(run, side), run.clock.now()));
  }
  if (signers.includes(null)) return [vetting];
  const facts = {
    signers: [...new Set(signers.flatMap((all) => all ?? []))].sort(),
    distributions: [],
    uncovered: 0,
  };
  return [vetting, { gate: 'signature', state: 'passed', parameters: {}, facts }];
}
