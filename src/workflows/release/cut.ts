/** `lockstep cut`: resolve, build and cut, without publishing. */
import { buildSet, planBuilds } from './set-build.js';
import { assertNotBehindBase } from './behind-base.js';
import type { Context } from '../workspace/context.js';
import { applyCut, cutReport, planCut } from './snapshot-cut.js';
import { archiveSigner } from '../keys/archive-signer.js';
import type { LocalTrees } from './local-trees.js';
import { resolveProfile } from './resolve.js';
import { withSignedSources } from './source-signatures.js';
import { exclusively } from '../workspace/workspace-lock.js';
import { pruneWhenDue } from '../upkeep/gc-cache.js';
import type { CutResult } from './release-results.js';

export async function cut(
  context: Context,
  profile: string,
  { dryRun, security, trees }: { dryRun: boolean; security: readonly string[]; trees: LocalTrees },
): Promise<CutResult> {
  return await exclusively(context, { dryRun }, async (run) => {
    const signer = await archiveSigner(run, { dryRun });
    const resolution = await resolveProfile(run, run.profiles.withComponents(profile), { trees });
    const planned = await planBuilds(run, resolution);
    await assertNotBehindBase(run, resolution, planned);
    const built = await buildSet(run, resolution, planned);
    const set = await withSignedSources(run, built, dryRun ? null : signer);
    const plan = await planCut(run, set, security);
    if (dryRun) return cutReport(plan, set, null);
    const report = await applyCut(run, plan, set, signer);
    await pruneWhenDue(run);
    return report;
  });
}
