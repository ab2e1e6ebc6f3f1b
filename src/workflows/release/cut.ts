/** `lockstep cut`: resolve, build and cut, without publishing. */
import { planBuilds } from './set-build.js';
import type { Context } from '../workspace/context.js';
import { buildAndCut } from './snapshot-cut.js';
import { archiveSigner } from '../keys/archive-signer.js';
import { resolveProfile, type SourceChoices } from './resolve.js';
import { exclusively } from '../workspace/workspace-lock.js';
import { pruneWhenDue } from '../upkeep/gc-cache.js';
import type { CutResult } from './release-results.js';

export async function cut(
  context: Context,
  profile: string,
  { dryRun, security, ...choices }: { dryRun: boolean; security: readonly string[] } & SourceChoices,
): Promise<CutResult> {
  return await exclusively(context, { dryRun }, async (run) => {
    const signer = await archiveSigner(run, { dryRun });
    const resolution = await resolveProfile(run, run.profiles.withComponents(profile), choices);
    const planned = await planBuilds(run, resolution);
    const report = await buildAndCut(run, resolution, planned, signer, { dryRun, security });
    if (!dryRun) await pruneWhenDue(run);
    return report;
  });
}
