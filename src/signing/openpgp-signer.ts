/**
 * Owns signing in process, with a private key file of the workspace.
 */
import { aptMinRsaBits } from '../deb/apt-limits.js';
import { asBuffer } from '../deb/bytes.js';
import type { PrivateKey } from 'openpgp';
import { LockstepError } from '../errors.js';
import { formatClearsigned, signableText } from './clearsigned.js';
import { readKeyFile } from './key-file.js';
import { armorText, fingerprintOf, unixLines } from './keys.js';
import type { OpenPgpModule } from './openpgp.js';
import { errorText, loadOpenpgp, signingConfig } from './openpgp.js';
import type { Signer } from './signer-port.js';

export interface OpenpgpSignerOptions {
  /** Armored private key, mode 0600. */
  keyFile: string;
  passphrase?: string | undefined;
  /** What the file holds, where it was read before. */
  armored?: string | undefined;
}

/**
 * A signer over a key file. The key is opened now, so that a wrong passphrase
 * is found before any work is done.
 * @throws LockstepError SIGN_KEY_MISSING, SIGN_KEY_MODE, SIGN_KEY_INVALID, SIGN_PASSPHRASE_NEEDED,
 * SIGN_WRONG_PASSPHRASE
 */
export async function openpgpSigner({
  keyFile,
  passphrase,
  armored: read,
}: OpenpgpSignerOptions): Promise<Signer> {
  const armoredKey = read ?? (await readKeyFile(keyFile));
  const openpgp = await loadOpenpgp();
  const stored = await openpgp.readPrivateKey({ armoredKey }).catch((cause: unknown) => {
    throw keyInvalid(keyFile, `it contains no armored private key: ${errorText(cause)}`, cause);
  });
  checkAlgorithms(openpgp, stored, keyFile);
  const key = await unlock(openpgp, stored, keyFile, passphrase);
  const config = signingConfig(openpgp);

  const signature = async (
    content: { text: string } | { binary: Uint8Array },
    date: Date,
  ): Promise<string> => {
    await key.getSigningKey(undefined, date, undefined, config).catch((cause: unknown) => {
      throw new LockstepError('SIGN_KEY_EXPIRED', {
        message: `The key ${fingerprintOf(key)} cannot sign at ${date.toISOString()}: ${errorText(cause)}`,
        hint: 'Check its dates with gpg --show-keys. Extend the key, or correct the clock.',
        where: [{ file: keyFile }],
        cause,
      });
    });
    const message =
      'text' in content ? await openpgp.createMessage(content) : await openpgp.createMessage(content);
    const how = { detached: true, format: 'armored', config } as const;
    return armorText(await openpgp.sign({ message, signingKeys: key, date, ...how }));
  };

  return {
    fingerprint: fingerprintOf(key),
    clearsign: async (text, date) => {
      const signable = signableText(text);
      // Without the last line's end, which is not signed (RFC 9580 section 7.2)
      const armored = await signature({ text: signable.slice(0, -1) }, date);
      const { packets } = await openpgp.readSignature({ armoredSignature: armored });
      const hash = packets[0]?.hashAlgorithm ?? openpgp.enums.hash.sha512;
      return formatClearsigned(signable, armored, openpgp.enums.read(openpgp.enums.hash, hash).toUpperCase());
    },
    detached: (data, date) => signature({ binary: asBuffer(data) }, date),
    publicKey: () => {
      const publicKey = key.toPublic();
      return Promise.resolve({ armored: unixLines(publicKey.armor(config)), binary: publicKey.write() });
    },
  };
}

/** What neither Debian 12's gpgv nor Debian 13's sqv would accept from us must not be found out by users' machines. */
function checkAlgorithms(openpgp: OpenPgpModule, key: PrivateKey, keyFile: string): void {
  const { eddsaLegacy, ecdsa, rsaEncryptSign, rsaSign } = openpgp.enums.publicKey;
  const accepted = [eddsaLegacy, ecdsa, rsaEncryptSign, rsaSign].map((id) =>
    openpgp.enums.read(openpgp.enums.publicKey, id),
  );
  const { algorithm, bits } = key.getAlgorithmInfo();
  if (key.keyPacket.version !== 4) throw keyInvalid(keyFile, 'Debian 12 supports only keys of version 4');
  if (!accepted.includes(algorithm)) {
    throw keyInvalid(keyFile, `not every supported apt accepts its algorithm, ${algorithm}`);
  }
  if (bits !== undefined && algorithm.startsWith('rsa') && bits < aptMinRsaBits) {
    throw keyInvalid(keyFile, `apt refuses RSA keys with only ${bits} bits`);
  }
}

async function unlock(
  openpgp: OpenPgpModule,
  key: PrivateKey,
  keyFile: string,
  passphrase: string | undefined,
): Promise<PrivateKey> {
  if (key.isDecrypted()) return key;
  if (passphrase === undefined)
    throw new LockstepError('SIGN_PASSPHRASE_NEEDED', {
      message: `The key needs a passphrase, and none was given: ${keyFile}`,
      hint: 'Set LOCKSTEP_PASSPHRASE, or LOCKSTEP_PASSPHRASE_FILE to a file of mode 0600 with it on its first line.',
      where: [{ file: keyFile }],
    });
  try {
    return await openpgp.decryptKey({ privateKey: key, passphrase });
  } catch (cause) {
    if (/passphrase/i.test(errorText(cause)))
      throw new LockstepError('SIGN_WRONG_PASSPHRASE', {
        message: `The passphrase does not unlock the key: ${keyFile}`,
        hint: 'LOCKSTEP_PASSPHRASE takes precedence over LOCKSTEP_PASSPHRASE_FILE, and that over signing.passphraseFile. Correct the one that is set.',
        where: [{ file: keyFile }],
        cause,
      });
    throw keyInvalid(keyFile, errorText(cause), cause);
  }
}

function keyInvalid(file: string, why: string, cause?: unknown): LockstepError {
  return new LockstepError('SIGN_KEY_INVALID', {
    message: `The key cannot sign for an archive: ${why}`,
    hint: 'Export the right key with gpg --armor --export-secret-keys, or create one with `lockstep key generate`.',
    where: [{ file }],
    cause,
  });
}
