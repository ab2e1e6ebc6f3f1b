/**
 * A name in the pool never changes its content. What a new snapshot would put there under a name that the archive has for
 * other bytes could be cut and never published, so it is found before the cut.
 */
import { poolFilePath } from '../../archive/layout.js';
import { LockstepError } from '../../errors.js';
import { sharedName } from '../../snapshot/imported-set.js';
import type { Snapshot, SnapshotPackage } from '../../snapshot/manifest.js';
import type { Run } from '../workspace/context.js';

/** A package whose file name is taken, and what a person can do. */
export interface TakenName {
  entry: SnapshotPackage;
  message: string;
}

/**
 * Packages whose names in the pool have other bytes in the archive. Only those that the last snapshot does not have are
 * looked up.
 *
 * @throws LockstepError DISK_IO, INTERRUPTED, and what the archive's port throws
 */
export async function takenNames(
  run: Run,
  packages: readonly SnapshotPackage[],
  last: Snapshot | null,
): Promise<TakenName[]> {
  const { archive, ledger, workspace, signal } = run;
  // Nothing was ever published: there is no name to look up
  if (Object.keys(workspace.suites).every((suite) => ledger.history(suite).length === 0)) return [];
  const known = new Map(last?.manifest.packages.map((entry) => [entry.path, entry.sha256]));
  const entries = packages.filter((entry) => known.get(entry.path) !== entry.sha256);
  const there = await archive.head(entries.map((entry) => poolFilePath(entry.path)));
  const taken: TakenName[] = [];
  for (const entry of entries) {
    const path = poolFilePath(entry.path);
    const head = there.get(path);
    if (head === undefined) continue;
    const isSame =
      head.size === entry.size && (await archive.digest(path, { signal }))?.sha256 === entry.sha256;
    if (!isSame) taken.push({ entry, message: messageFor(entry) });
  }
  return taken;
}

function messageFor(entry: SnapshotPackage): string {
  return entry.version.includes(':')
    ? sharedName(entry, 'another version in the archive')
    : `${entry.package} ${entry.version} ${entry.architecture} is in the archive with different content; a changed package needs a new version`;
}

/** @throws LockstepError ARCHIVE_CONFLICT with every package, and as {@link takenNames} */
export async function assertNamesAreFree(
  run: Run,
  packages: readonly SnapshotPackage[],
  last: Snapshot | null,
): Promise<void> {
  const taken = await takenNames(run, packages, last);
  if (taken.length === 0) return;
  throw new LockstepError('ARCHIVE_CONFLICT', {
    message: `Nothing was cut, because it could never be published: ${taken.map(({ message }) => message).join('; ')}`,
    hint: 'Change the version of the package in packaging/<component>/debian/changelog or its template',
    where: taken.map(({ entry, message }) => ({ path: entry.path, message })),
  });
}
