/**
 * Repairs files from available sources: the content store, the same bytes elsewhere in the archive, the key.
 * It removes nothing and judges nothing. The workflow repairs Release files, because they must be signed.
 */
import { LockstepError } from '../errors.js';
import type { ContentStore } from '../io/content-store.js';
import { throwIfInterrupted } from '../io/interrupt.js';
import { makeWay } from './pool-way.js';
import type { ArchivePort } from './port.js';
import type { Remedy } from './remedy.js';

/** What became of a remedy. */
export interface RepairOutcome {
  path: string;
  /** How it was repaired, or null. */
  how: string | null;
  /** Why it was not. */
  reason?: string;
}

export interface RepairOptions {
  store: ContentStore;
  onWritten?: (bytes: number) => void;
  signal?: AbortSignal | undefined;
}

type FileRemedy = Exclude<Remedy, { kind: 'release' }>;

/**
 * Applies one remedy, whole or not at all. The caller holds the workspace's lock, and applies them in the
 * order of remediesOf.
 *
 * @throws LockstepError DISK_FULL, DISK_IO, INTERRUPTED
 */
export async function applyRemedy(
  port: ArchivePort,
  remedy: FileRemedy,
  options: RepairOptions,
): Promise<RepairOutcome> {
  throwIfInterrupted(options.signal);
  const { path } = remedy;
  switch (remedy.kind) {
    case 'pool':
    case 'by-hash':
      return await applyBlob(port, remedy, options);
    case 'alias':
      await makeWay(port, path, remedy.target);
      return { path, how: 'recreated' };
    case 'data':
      await port.put(path, remedy.data, { signal: options.signal });
      return { path, how: 'rewritten' };
    case 'index': {
      const digest = await port.digest(remedy.from, { signal: options.signal });
      if (digest?.sha256 !== remedy.sha256) {
        return { path, how: null, reason: 'the file under its hash is damaged too' };
      }
      await port.copy(path, remedy.from, { signal: options.signal, modified: remedy.modified });
      return { path, how: 'from the file under its hash' };
    }
  }
}

async function applyBlob(
  port: ArchivePort,
  remedy: Extract<Remedy, { kind: 'pool' | 'by-hash' }>,
  { store, signal, onWritten }: RepairOptions,
): Promise<RepairOutcome> {
  const { path, sha256 } = remedy;
  const size = (await store.size(sha256)) ?? remedy.size;
  try {
    await port.putBlobs([{ path, size, sha256 }], store, { signal });
    onWritten?.(size);
    return { path, how: 'from the content store' };
  } catch (error) {
    const isLacking = error instanceof LockstepError && /^STORE_/.test(error.code);
    if (!isLacking) throw error;
  }
  for (const copy of remedy.kind === 'by-hash' ? remedy.copies : []) {
    const digest = await port.digest(copy, { signal });
    if (digest?.sha256 !== sha256) continue;
    // A separate file, not another name: damage to one does not affect the other
    await port.put(path, (await port.read(copy))!, { signal });
    onWritten?.(digest.size);
    return { path, how: `from ${copy}` };
  }
  return { path, how: null, reason: `the content store does not have ${sha256}` };
}
