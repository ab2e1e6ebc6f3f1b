/** The small files that carry the archive's public keys to machines: path and bytes of each. Pure. */
import { keyOfSuite, keyringFiles, sourcesFilePath } from './layout.js';
import { sourcesFileText, type SourcesFile } from './sources-file.js';

/** As one keyring in both forms. */
export type PublicKeys = { armored: string; binary: Uint8Array };

type KeyFile = [path: string, data: string | Uint8Array];

/** Of every suite: the keyring in both forms. */
export function keyrings({ binary, armored }: PublicKeys): KeyFile[] {
  return [
    [keyringFiles.binary, binary],
    [keyringFiles.armored, armored],
  ];
}

/** Of a suite: the keyring in both forms, and its sources file, which has the key inside. */
export function keyFiles(suite: Omit<SourcesFile, 'key'>, publicKey: PublicKeys): KeyFile[] {
  // A machine follows the suite of a key in addition to another one, never alone
  if (keyOfSuite(suite.suite) !== undefined) return keyrings(publicKey);
  const text = sourcesFileText({ ...suite, key: publicKey.armored });
  return [...keyrings(publicKey), [sourcesFilePath(suite.suite), text]];
}
