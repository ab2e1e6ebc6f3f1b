/** The apt preferences file that holds machines at one snapshot. */
import { writeFileAtomic } from '../../io/disk.js';
import { namedOutput } from '../../io/named-file.js';
import { keyringPackageOf } from '../../metapackage/pinned-packages.js';
import { planPinFile } from '../../suite/apt-preferences.js';
import type { Context } from '../workspace/context.js';
import { openRun } from '../workspace/run.js';
import { suiteFor } from '../move/target-suite.js';
import { allHistories, namedSnapshot, readingTrust } from './named-snapshot.js';
import type { PinFileResult } from './reading-results.js';

/**
 * @param request.name an id or a suite, optionally followed by `~N`
 * @param request.suite the suite whose frozen view the file names; default: a suite that had the snapshot
 * @param request.output the path of the file; an existing file is replaced
 * @throws LockstepError USAGE, FILE_MISSING, SNAPSHOT_*, SUITE_UNKNOWN, VERIFY_*, DISK_*
 */
export async function pinFile(
  context: Context,
  request: { name: string; suite: string | undefined; output: string | undefined },
): Promise<PinFileResult> {
  const run = await openRun(context);
  const { workspace } = run;
  const trust = await readingTrust(run);
  const { snapshot } = await namedSnapshot(run, request.name, trust);
  const { id, profile } = snapshot.manifest;
  const had = allHistories(run)
    .filter(({ history }) => history.some(({ to }) => to === id))
    .map(({ suite }) => suite);
  const suite = request.suite === undefined ? had[0] : suiteFor(run, request.suite, profile).name;
  const plan = planPinFile({
    manifest: snapshot.manifest,
    keyringPackage: keyringPackageOf(workspace),
    frozen: suite === undefined ? undefined : { baseUrl: workspace.archive.baseUrl, suite },
  });
  const file =
    request.output === undefined ? null : await namedOutput({ path: request.output, flag: '--output' });
  if (file !== null) await writeFileAtomic(file, plan.text, { mode: 0o644 });
  const absent =
    suite !== undefined && had.includes(suite)
      ? null
      : `${id} was never published${suite === undefined ? '' : ` in ${suite}`}: machines cannot find these versions before it is.`;
  return { ...plan, suite: suite ?? null, file, note: absent ?? trust.note };
}
