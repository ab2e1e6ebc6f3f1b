/** The small files that carry the archive's public key to machines: path and bytes of each. Pure. */
import { keyringFiles, sourcesFilePath } from './layout.js';
import { sourcesFileText, type SourcesFile } from './sources-file.js';

/** Of a suite: the keyring in both forms, and its sources file, which has the key inside. */
export function keyFiles(
  suite: Omit<SourcesFile, 'key'>,
  publicKey: { armored: string; binary: Uint8Array },
): [path: string, data: string | Uint8Array][] {
  return [
    [keyringFiles.binary, publicKey.binary],
    [keyringFiles.armored, publicKey.armored],
    [sourcesFilePath(suite.suite), sourcesFileText({ ...suite, key: publicKey.armored })],
  ];
}
