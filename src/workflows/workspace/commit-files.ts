/** A git commit of what a command wrote below `snapshots/`. */
import { commitFiles } from '../../io/commit.js';
import { exists } from '../../io/disk.js';
import { commitSignature } from '../../signing/commit-signature.js';
import { keyRecordPath } from '../../snapshot/key-record.js';
import type { Context } from './context.js';

/** Where the workspace asks for it, and is a repository. */
export async function commitSnapshotFiles(
  context: Context,
  files: readonly string[],
  message: string,
  removed: readonly string[] = [],
): Promise<void> {
  const { workspace, places, clock } = context;
  if (!workspace.snapshots.commit || files.length + removed.length === 0) return;
  // The first signature by a key adds to it, whatever that is on
  const record = keyRecordPath(places.snapshots);
  const [, name = 'Lockstep', email = 'lockstep@localhost.invalid'] =
    /^(.*?)\s*<(.*)>$/.exec(workspace.archive.maintainer) ?? [];
  const { kind } = await commitFiles({
    directory: workspace.root,
    files: [...new Set([...files, ...((await exists(record)) ? [record] : [])])],
    removed,
    message,
    date: clock.now(),
    fallbackAuthor: { name, email },
    sign: commitSignature,
  });
  if (kind !== 'no-repository' || told.has(context)) return;
  told.add(context);
  const phase = context.progress.phase('Committing');
  phase.done(`nothing: snapshots.commit is true, but ${workspace.root} is not in a git repository`);
}

/** Commands that have said that they commit nothing. */
const told = new WeakSet<Context>();
