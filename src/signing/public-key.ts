/**
 * The public half of the archive's key, for whoever only reads: no passphrase
 * is asked for, no secret is opened, and where gpg holds the key no card or
 * agent is needed. It must not be able to sign.
 */
import { resolve } from 'node:path';
import { LockstepError } from '../errors.js';
import { readNamedFile, type NamedFile } from '../io/named-file.js';
import { run } from '../io/process.js';
import { exportArgs, gpgOptions, signingKeyNamed, withoutMark } from './gpg-signer.js';
import { readKeyFile } from './key-file.js';
import { binaryKeyring, dearmor, fingerprintOf, parseKeyring, unixLines } from './keys.js';
import { rememberText } from './opened-key.js';
import { errorText, loadOpenpgp, signingConfig } from './openpgp.js';
import type { PublicKey } from './signer-port.js';
import type { SigningConfig } from './signer.js';

export type { PublicKey } from './signer-port.js';

/**
 * The public key that a workspace's `signing:` section names; byte for byte the key that its signer exports.
 *
 * @param directory the workspace, which relative paths are relative to
 * @throws LockstepError SIGN_KEY_MISSING, SIGN_KEY_MODE, SIGN_KEY_INVALID, TOOL_MISSING
 */
export async function loadPublicKey(config: SigningConfig, directory: string): Promise<PublicKey> {
  const armored =
    config.method === 'openpgp'
      ? await readKeyFile(resolve(directory, config.keyFile))
      : await exported(config, directory);
  const openpgp = await loadOpenpgp();
  const where = config.method === 'openpgp' ? resolve(directory, config.keyFile) : config.key;
  const key = await openpgp.readKey({ armoredKey: armored }).catch((cause: unknown) => {
    throw new LockstepError('SIGN_KEY_INVALID', {
      message: `The archive's key cannot be read: ${errorText(cause)}`,
      hint: 'Check "signing" in lockstep.yaml. gpg --show-keys shows the content of a key file',
      where: [{ file: where }],
      cause,
    });
  });
  const publicHalf = key.toPublic();
  const both =
    config.method === 'openpgp'
      ? { armored: unixLines(publicHalf.armor(signingConfig(openpgp))), binary: publicHalf.write() }
      : { armored, binary: await dearmor(armored) };
  const fingerprint = fingerprintOf(publicHalf);
  const signsWith = config.method === 'gpg' ? signingKeyNamed(config.key, fingerprint) : undefined;
  const opened: PublicKey = { fingerprint, publicKey: () => Promise.resolve({ ...both, signsWith }) };
  if (config.method === 'openpgp') rememberText(opened, armored);
  return opened;
}

/**
 * A public key from a file, armored or binary; of several, the first one counts as the archive's key.
 *
 * @throws LockstepError FILE_MISSING, KEYRING_INVALID
 */
export async function readPublicKeyFile(named: NamedFile): Promise<PublicKey & { keyring: Uint8Array }> {
  const bytes = await readNamedFile(named, 'Name a file with the public key, written by gpg --export');
  const file = resolve(named.path);
  const [first] = await parseKeyring(bytes, file);
  const openpgp = await loadOpenpgp();
  const both = { armored: unixLines(first!.armor(signingConfig(openpgp))), binary: first!.write() };
  return {
    fingerprint: fingerprintOf(first!),
    publicKey: () => Promise.resolve(both),
    keyring: await binaryKeyring(bytes, file),
  };
}

async function exported(
  config: Extract<SigningConfig, { method: 'gpg' }>,
  directory: string,
): Promise<string> {
  const home = config.homedir === undefined ? [] : ['--homedir', resolve(directory, config.homedir)];
  // With the mark, gpg would leave out the other subkeys
  const args = ['--batch', '--no-tty', ...home, ...exportArgs, withoutMark(config.key)];
  const { exitCode, stdout } = await run(config.program ?? 'gpg', args, gpgOptions);
  if (exitCode === 0 && stdout !== '') return unixLines(stdout);
  throw new LockstepError('SIGN_KEY_MISSING', {
    message: `gpg has no key ${config.key}`,
    hint: 'Set signing.key in lockstep.yaml to the fingerprint of a key that gpg --list-keys shows',
    where: [{ path: 'signing.key', value: config.key }],
  });
}
