/** Resolve, build, cut, publish: the whole way from a profile to what apt reads. */
import { buildSet, planBuilds, type BuildPlanRow } from './build.js';
import type { Context } from './context.js';
import { applyCut, cutReport, planCut, type CutReport } from './cut.js';
import { archiveSigner } from './archive-signer.js';
import {
  applyPublish,
  planPublish,
  suiteFor,
  wantedSnapshot,
  ownTrust,
  type PublishReport,
} from './publish.js';
import { resolve } from './resolve.js';
import { exclusively } from './workspace-lock.js';

export interface ReleaseRequest {
  profile: string;
  suite: string | undefined;
  reason: string | undefined;
  /** Told of the plan before anything is built. */
  onPlan: (plan: ReleasePlan) => void;
}

export interface ReleasePlan {
  profile: string;
  suite: string;
  builds: BuildPlanRow[];
}

export interface ReleaseReport extends ReleasePlan {
  snapshot: string;
  cut: boolean;
  publication: PublishReport;
  /** What machines install. */
  metapackage: string;
  base: { release: string; codename: string };
}

/** What a release would do. Sources are fetched and proven, because their contents decide; nothing is built. */
export async function planRelease(context: Context, request: ReleaseRequest): Promise<ReleasePlan> {
  const suite = suiteFor(context, request.suite, request.profile);
  const signer = await archiveSigner(context);
  const resolution = await resolve(context, request.profile);
  const { rows } = await planBuilds(context, resolution, signer);
  return { profile: request.profile, suite: suite.name, builds: rows };
}

/** @throws LockstepError of any of the four steps; what earlier steps made stays and is used again */
export async function release(context: Context, request: ReleaseRequest): Promise<ReleaseReport> {
  const suite = suiteFor(context, request.suite, request.profile);
  return await exclusively(context, async () => {
    const signer = await archiveSigner(context);
    const resolution = await resolve(context, request.profile);
    const planned = await planBuilds(context, resolution, signer);
    const plan = { profile: request.profile, suite: suite.name, builds: planned.rows };
    request.onPlan(plan);
    const set = await buildSet(context, resolution, planned);
    const cutPlan = await planCut(context, set, signer);
    const cut: CutReport = await applyCut(context, cutPlan, set, signer);
    const snapshot = await wantedSnapshot(context, { id: cut.id }, await ownTrust(context, signer));
    const publishing = await planPublish(context, snapshot, suite, signer);
    const publication = await applyPublish(context, publishing, snapshot, suite, signer, request.reason);
    const { metapackage, base } = resolution.profile;
    return {
      ...plan,
      snapshot: cut.id,
      cut: cut.cut,
      publication,
      metapackage: metapackage.name,
      base: { release: base.release, codename: base.codename },
    };
  });
}

/** Resolve, build and cut, without publishing. */
export async function cut(
  context: Context,
  profile: string,
  { dryRun }: { dryRun: boolean },
): Promise<CutReport> {
  return await exclusively(context, async () => {
    const signer = await archiveSigner(context);
    const resolution = await resolve(context, profile);
    const set = await buildSet(context, resolution, await planBuilds(context, resolution, signer));
    const plan = await planCut(context, set, signer);
    return dryRun ? cutReport(plan, set, null) : await applyCut(context, plan, set, signer);
  });
}
