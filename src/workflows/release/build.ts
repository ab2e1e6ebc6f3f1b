/** `lockstep build`: resolves and builds, and cuts no snapshot. */
import { buildSet, planBuilds, type PlannedBuilds } from './set-build.js';
import { lookAtBase, plannedSources } from './behind-base.js';
import type { Context, Run } from '../workspace/context.js';
import { openRun } from '../workspace/run.js';
import { resolveProfile, type Resolution, type SourceChoices } from './resolve.js';
import { exclusively } from '../workspace/workspace-lock.js';
import { pruneWhenDue } from '../upkeep/gc-cache.js';
import type { BuildResult } from './release-results.js';

/** Writes only the cache and the build logs. */
export async function build(
  context: Context,
  profile: string,
  { dryRun, ...choices }: { dryRun: boolean } & SourceChoices,
): Promise<BuildResult> {
  const plan = async (run: Run): Promise<{ resolution: Resolution; planned: PlannedBuilds }> => {
    const resolution = await resolveProfile(run, run.profiles.withComponents(profile), choices);
    const planned = await planBuilds(run, resolution);
    // Only reported: a person may build the set only to examine it
    await lookAtBase(run, plannedSources(resolution.profile, planned), resolution.sources);
    return { resolution, planned };
  };
  if (dryRun) return { profile, builds: (await plan(await openRun(context))).planned.rows, packages: [] };
  return await exclusively(context, { dryRun }, async (run) => {
    const { resolution, planned } = await plan(run);
    const { outputs } = await buildSet(run, resolution, planned);
    await pruneWhenDue(run);
    const packages = outputs.flatMap((output) =>
      output.packages.map(({ package: name, version, architecture, file }) => ({
        package: name,
        version,
        architecture,
        component: output.component,
        file: run.store.path(file.sha256),
        sha256: file.sha256,
      })),
    );
    return { profile, builds: planned.rows, packages };
  });
}
