/** Resolves, builds, cuts and publishes: all steps from a profile to the indices that apt reads. */
import type { NamedSuite } from '../../profile/load.js';
import { assertOrigins, originsOfPins } from '../../suite/origins.js';
import { planBuilds, type PlannedBuilds } from './set-build.js';
import { assertNotBehindBase } from './behind-base.js';
import type { Context, Run } from '../workspace/context.js';
import { openRun } from '../workspace/run.js';
import { buildAndCut } from './snapshot-cut.js';
import { archiveSigner } from '../keys/archive-signer.js';
import { applyMove, assertSuiteTakesBase, planMove, type MovePlan } from '../move/suite-move.js';
import { suiteFor } from '../move/target-suite.js';
import { resolveProfile, type Resolution, type SourceChoices } from './resolve.js';
import { exclusively } from '../workspace/workspace-lock.js';
import { pruneWhenDue } from '../upkeep/gc-cache.js';
import type { ReleaseResult } from './release-results.js';
import type { PublishResult } from '../move/move-results.js';

export interface ReleaseRequest extends SourceChoices {
  profile: string;
  suite: string | undefined;
  reason: string | undefined;
  /** CVE ids that flag the new snapshot, if one is cut. */
  security: readonly string[];
  /** Whether packages may get lower versions in the suite. */
  lower: boolean;
  /** Called with the plan before anything is built. */
  onPlan: (plan: ReleasePlan) => void;
  /** Called with the suite's move before the archive is written. */
  onMove?: (move: MovePlan) => void;
}

/** The part of the result that is known before anything is built. */
export type ReleasePlan = Omit<ReleaseResult, 'snapshot' | 'cut' | 'security' | 'publication'>;

export type ReleaseReport = ReleaseResult & { snapshot: string; publication: PublishResult };

/** Plans a release. It fetches and verifies the sources, because their content decides. It builds nothing. */
export async function planRelease(context: Context, request: ReleaseRequest): Promise<ReleasePlan> {
  const run = await openRun(context);
  // Reports a key that cannot sign before anything is built
  await archiveSigner(run, { dryRun: true });
  const { resolution, planned, plan } = await resolveFor(run, request);
  await assertNotBehindBase(run, resolution, planned);
  return plan;
}

/**
 * Resolves what will be built, and for which suite. It refuses a suite of another base or trust level before anything
 * is built.
 */
async function resolveFor(
  run: Run,
  request: ReleaseRequest,
): Promise<{ suite: NamedSuite; resolution: Resolution; planned: PlannedBuilds; plan: ReleasePlan }> {
  const profile = run.profiles.withComponents(request.profile);
  const suite = suiteFor(run, request.suite, profile.name);
  await assertSuiteTakesBase(run, suite, profile.base);
  const resolution = await resolveProfile(run, profile, request);
  assertOrigins(originsOfPins(resolution.pins), suite, run.workspace, run.clock.now());
  const planned = await planBuilds(run, resolution, suite.name);
  const { name, base, metapackage } = resolution.profile;
  const plan = {
    profile: name,
    suite: suite.name,
    base: { release: base.release, codename: base.codename },
    metapackage: metapackage.name,
    builds: planned.rows,
    skipped: resolution.skipped,
  };
  return { suite, resolution, planned, plan };
}

/**
 * @throws LockstepError what any of the four steps throws; the results of earlier steps stay, and the next run uses
 * them
 */
export async function release(context: Context, request: ReleaseRequest): Promise<ReleaseReport> {
  return await exclusively(context, { dryRun: false }, async (run) => {
    const signer = await archiveSigner(run);
    const { suite, resolution, planned, plan } = await resolveFor(run, request);
    request.onPlan(plan);
    const cut = await buildAndCut(run, resolution, planned, signer, request);
    const { reason, lower } = request;
    const target = { profile: plan.profile, id: cut.id };
    const move = await planMove(run, { action: 'publish', suite, target, reason, schemaChange: true, lower });
    request.onMove?.(move);
    const publication = await applyMove(run, move, signer);
    await pruneWhenDue(run);
    return { ...plan, snapshot: cut.id, cut: cut.cut, security: cut.security, publication };
  });
}
