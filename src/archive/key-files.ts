/**
 * Writes the archive's key files and the .sources files without a change of the suites. A publication plans
 * its own (publication-plan.ts).
 */
import { throwIfInterrupted } from '../io/interrupt.js';
import { keyFiles, type PublicKeys } from './key-file-data.js';
import { liveView } from './layout.js';
import type { ArchivePort } from './port.js';
import { readPublished } from './publication.js';
import type { KeyringSuites } from './sources-file.js';

export interface KeyFilesRequest {
  baseUrl: string;
  /** Names of all suites that machines may follow. */
  suites: readonly string[];
  publicKey: PublicKeys;
  keyring: KeyringSuites;
  /** Says what would be written, and writes nothing. */
  dryRun: boolean;
  signal?: AbortSignal | undefined;
}

/**
 * Writes those that say something else now; of a suite that is not published, none.
 *
 * @returns their paths below the root of what is published
 * @throws LockstepError DISK_FULL, DISK_IO, INTERRUPTED
 */
export async function writeKeyFiles(port: ArchivePort, request: KeyFilesRequest): Promise<string[]> {
  const { baseUrl, publicKey, keyring, signal, dryRun } = request;
  const wanted = new Map<string, string | Uint8Array>();
  for (const suite of request.suites) {
    const { release } = await readPublished(port, liveView(suite));
    if (release === null) continue;
    const { areas, architectures } = release;
    const of = { baseUrl, suite, areas, architectures, keyring };
    for (const [path, data] of keyFiles(of, publicKey)) wanted.set(path, data);
  }
  const written: string[] = [];
  for (const [path, data] of wanted) {
    throwIfInterrupted(signal);
    if ((await port.read(path))?.equals(Buffer.from(data)) === true) continue;
    if (!dryRun) await port.put(path, data, { signal });
    written.push(path);
  }
  return written;
}
