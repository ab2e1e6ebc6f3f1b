/**
 * The archive's key files and the lines for machines: what they are to hold
 * while suites stay as they are. A publication plans its own (plan.ts).
 */
import { throwIfInterrupted } from '../io/interrupt.js';
import { keyOfSuite, keyringFiles, liveView, sourcesFilePath } from './layout.js';
import type { ArchivePort } from './port.js';
import { readPublished } from './publication.js';
import { sourcesFileText, type KeyringSuites } from './sources-file.js';

export interface KeyFilesRequest {
  baseUrl: string;
  /** Names of all suites that machines may follow. */
  suites: readonly string[];
  publicKey: { armored: string; binary: Uint8Array };
  keyring: KeyringSuites;
  signal?: AbortSignal | undefined;
}

/**
 * Writes those that say something else now; of a suite that is not published, none.
 *
 * @returns their paths below the root of what is published
 * @throws LockstepError DISK_FULL, DISK_IO, INTERRUPTED
 */
export async function writeKeyFiles(port: ArchivePort, request: KeyFilesRequest): Promise<string[]> {
  const { baseUrl, publicKey, keyring, signal } = request;
  const wanted: [string, string | Uint8Array][] = [
    [keyringFiles.binary, publicKey.binary],
    [keyringFiles.armored, publicKey.armored],
  ];
  for (const suite of request.suites.filter((name) => keyOfSuite(name) === undefined)) {
    const { release } = await readPublished(port, liveView(suite));
    if (release === null) continue;
    const { areas, architectures } = release;
    const text = sourcesFileText({ baseUrl, suite, areas, architectures, key: publicKey.armored, keyring });
    wanted.push([sourcesFilePath(suite), text]);
  }
  const written: string[] = [];
  for (const [path, data] of wanted) {
    throwIfInterrupted(signal);
    if ((await port.read(path))?.equals(Buffer.from(data)) === true) continue;
    await port.put(path, data, { signal });
    written.push(path);
  }
  return written;
}
