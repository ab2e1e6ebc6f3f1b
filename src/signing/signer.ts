/**
 * The way in for whoever needs something signed: owns the choice of a signer by
 * the workspace's `signing:` section. It must not read the workspace itself.
 */
import { resolve } from 'node:path';
import { gpgSigner } from './gpg-signer.js';
import { passphraseFrom } from './key-file.js';
import { openpgpSigner } from './openpgp-signer.js';
import { rememberedText } from './opened-key.js';
import type { PublicKey, Signer } from './signer-port.js';

export { gpgSigner } from './gpg-signer.js';
export { passphraseFrom, writeKeyFile } from './key-file.js';
export { openpgpSigner } from './openpgp-signer.js';
export type { Signer } from './signer-port.js';

/** The `signing:` section of lockstep.yaml. */
export type SigningConfig =
  | { method: 'openpgp'; keyFile: string; passphraseFile?: string | undefined }
  | { method: 'gpg'; key: string; program?: string | undefined; homedir?: string | undefined };

/**
 * The signer that a workspace configures, ready to sign.
 * @param directory the workspace, which relative paths are relative to
 * @param opened the same key as loadPublicKey gave it, whose file is then not read again
 * @throws LockstepError SIGN_KEY_MISSING, SIGN_KEY_MODE, SIGN_KEY_INVALID, SIGN_PASSPHRASE_NEEDED,
 * SIGN_WRONG_PASSPHRASE, TOOL_MISSING
 */
export async function loadSigner(
  config: SigningConfig,
  env: Readonly<Record<string, string | undefined>>,
  directory: string,
  opened?: PublicKey,
): Promise<Signer> {
  switch (config.method) {
    case 'openpgp':
      return openpgpSigner({
        keyFile: resolve(directory, config.keyFile),
        passphrase: await passphraseFrom({ file: config.passphraseFile, env, directory }),
        armored: rememberedText(opened),
      });
    case 'gpg':
      return gpgSigner({
        keyId: config.key,
        gpgProgram: config.program,
        homedir: config.homedir === undefined ? undefined : resolve(directory, config.homedir),
      });
  }
}
