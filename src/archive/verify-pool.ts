/**
 * Checks the files of the pool against what published snapshots need, by size and SHA-256, several at a time.
 * It only reads and reports faults.
 */
import pLimit from 'p-limit';
import { isTemporaryName } from '../io/disk.js';
import { throwIfInterrupted } from '../io/interrupt.js';
import { isChangelog } from '../snapshot/pool-path.js';
import type { PoolFile } from './index-text.js';
import { poolFilePath } from './layout.js';
import type { ArchivePort, PortFile } from './port.js';
import { archiveFault, difference, type ArchiveFinding } from './remedy.js';
import { foreign, leftOver } from './verify-view.js';

export interface PoolRequest {
  port: ArchivePort;
  /** The files below the pool. */
  there: readonly PortFile[];
  /** What published snapshots need, by path below `debian/`. */
  needed: ReadonlyMap<string, PoolFile>;
  /** What a file may also be according to its path: part of an unpublished or of a dropped snapshot. */
  allowed: (path: string) => readonly Pick<PoolFile, 'size' | 'sha256'>[];
  /**
   * Whether an unknown file is foreign; otherwise it is undecided, because a manifest is missing or damaged.
   */
  complete: (path: string) => boolean;
  onRead: (bytes: number) => void;
  signal?: AbortSignal | undefined;
}

/** Enough to keep a disk busy; a hash takes one core each. */
const atOnce = 4;

/** @throws LockstepError DISK_IO, INTERRUPTED */
export async function verifyPool(request: PoolRequest): Promise<ArchiveFinding[]> {
  const limit = pLimit(atOnce);
  const there = new Map(request.there.map((file) => [file.path, file]));
  const absent = [...request.needed.values()].filter(({ path }) => !there.has(poolFilePath(path)));
  const read = await Promise.all(
    request.there.map((file) =>
      limit(async () => {
        throwIfInterrupted(request.signal);
        const findings = await verifyFile(file, request);
        request.onRead(file.size);
        return findings;
      }),
    ),
  );
  return [...absent.map(missing), ...read.flat()];
}

async function verifyFile(file: PortFile, request: PoolRequest): Promise<ArchiveFinding[]> {
  const path = file.path.slice('debian/'.length);
  const needed = request.needed.get(path);
  // Of changelogs the first one stayed, whichever snapshot that was of
  const allowed = needed === undefined || isChangelog(path) ? request.allowed(path) : [needed];
  if (file.kind !== 'file') return [foreign(file)];
  if (isTemporaryName(path)) return [leftOver(file)];
  if (allowed.length === 0) return request.complete(path) ? [unknown(file)] : [];
  const digest = await request.port.digest(file.path, { signal: request.signal });
  if (digest === undefined) return needed === undefined ? [] : [missing(needed)];
  if (allowed.some(({ size, sha256 }) => digest.size === size && digest.sha256 === sha256)) return [];
  return [damaged(file, allowed[0]!)];
}

const repairs =
  'lockstep verify --repair restores it from the content store. If the content store does not have it either, restore it from a backup';

function missing(file: PoolFile): ArchiveFinding {
  const path = poolFilePath(file.path);
  const message = 'A published snapshot contains it, but it is missing';
  return archiveFault('missing', path, message, repairs, { ...file, kind: 'pool', path });
}

function damaged({ path, size }: PortFile, wanted: Pick<PoolFile, 'size' | 'sha256'>): ArchiveFinding {
  const message = `It differs from the published file: ${difference(size, wanted.size)}`;
  const remedy = { kind: 'pool', path, size: wanted.size, sha256: wanted.sha256 } as const;
  return archiveFault('damaged', path, message, repairs, remedy);
}

function unknown(file: PortFile): ArchiveFinding {
  return {
    ...foreign(file),
    message: 'No snapshot contains it',
    hint: 'Find out who put it there. If nobody needs it, lockstep gc removes it after its grace period',
  };
}
