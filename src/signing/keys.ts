/**
 * OpenPGP keys: creates the archive's key, and reads keyrings that others wrote. It must not store keys (key-file.ts
 * does) or verify signatures.
 */
import type { Key } from 'openpgp';
import { LockstepError } from '../errors.js';
import { errorText, loadOpenpgp, signingConfig } from './openpgp.js';

/** The owner and the dates of a new key. */
export interface NewKey {
  /** The archive's name, as in `Lockstep Archive`. */
  name: string;
  email?: string;
  /** Creation date of the key. A signature by it must not be older. */
  date: Date;
  passphrase?: string;
  /**
   * Seconds after `date` at which the key expires. Default: never, because an expired archive key stops updates on
   * every machine.
   */
  validFor?: number;
}

export interface GeneratedKey {
  privateArmored: string;
  publicArmored: string;
  publicBinary: Uint8Array;
  /** 40 upper-case hex digits. */
  fingerprint: string;
  /** The revocation certificate. Keep it in another place than the key: publishing it revokes the key. */
  revocationArmored: string;
}

/**
 * Creates an Ed25519 key of version 4 that certifies and signs, with SHA-512. Debian 12's gpgv 2.2 knows neither
 * version 6 keys nor the newer algorithm number of Ed25519.
 * @throws LockstepError USAGE for a name that a user ID cannot contain
 */
export async function generateKey(wanted: NewKey): Promise<GeneratedKey> {
  const userID = {
    name: checkedUserIdPart('name', wanted.name),
    ...(wanted.email === undefined ? {} : { email: checkedUserIdPart('email', wanted.email) }),
  };
  const openpgp = await loadOpenpgp();
  const config = signingConfig(openpgp);
  let pair;
  try {
    pair = await openpgp.generateKey({
      type: 'ecc',
      curve: 'ed25519Legacy',
      userIDs: [userID],
      subkeys: [],
      date: wanted.date,
      format: 'object',
      ...(wanted.passphrase === undefined ? {} : { passphrase: wanted.passphrase }),
      ...(wanted.validFor === undefined ? {} : { keyExpirationTime: wanted.validFor }),
      config,
    });
  } catch (cause) {
    throw new LockstepError('USAGE', {
      message: `A key cannot be created for that name: ${errorText(cause)}`,
      hint: 'Use a plain name and, optionally, a plain e-mail address.',
      cause,
    });
  }
  return {
    privateArmored: unixLines(pair.privateKey.armor(config)),
    publicArmored: unixLines(pair.publicKey.armor(config)),
    publicBinary: pair.publicKey.write(),
    fingerprint: fingerprintOf(pair.publicKey),
    revocationArmored: unixLines(pair.revocationCertificate),
  };
}

/**
 * The keys of a keyring file, binary or armored (any number of blocks); fingerprints have 40 upper-case hex digits.
 * @throws LockstepError KEYRING_INVALID
 */
export async function readPublicKeys(
  bytes: Uint8Array,
  file?: string,
): Promise<{ fingerprint: string; created: Date }[]> {
  const keys = await parseKeyring(bytes, file);
  return keys.map((key) => ({ fingerprint: fingerprintOf(key), created: key.getCreationTime() }));
}

/**
 * Keys as objects of the library, for this room only. Of private keys it returns the public half.
 * @throws LockstepError KEYRING_INVALID
 */
export async function parseKeyring(bytes: Uint8Array, file?: string): Promise<Key[]> {
  const openpgp = await loadOpenpgp();
  let keys: Key[];
  try {
    keys = isBinary(bytes)
      ? await openpgp.readKeys({ binaryKeys: bytes })
      : (
          await Promise.all(armoredBlocks(bytes).map((armoredKeys) => openpgp.readKeys({ armoredKeys })))
        ).flat();
  } catch (cause) {
    throw keyringFault(file, `it cannot be read: ${errorText(cause)}`, cause);
  }
  if (keys.length === 0) throw keyringFault(file, 'it contains no public key');
  return keys.map((key) => key.toPublic());
}

/**
 * A keyring as binary packets, the only form that gpgv reads.
 * @throws LockstepError KEYRING_INVALID
 */
export async function binaryKeyring(bytes: Uint8Array, file?: string): Promise<Uint8Array> {
  if (isBinary(bytes)) return bytes;
  const blocks = armoredBlocks(bytes);
  if (blocks.length === 0) throw keyringFault(file, 'it contains no public key');
  return new Uint8Array(Buffer.concat(await Promise.all(blocks.map((block) => dearmor(block)))));
}

/** The packets inside an armor. Rejects with the library's error. */
export async function dearmor(armored: string): Promise<Uint8Array> {
  const openpgp = await loadOpenpgp();
  // The type is a stream's, but a string as input gives bytes
  const unarmored: { data: unknown } = await openpgp.unarmor(armored);
  if (!(unarmored.data instanceof Uint8Array)) throw new Error('the armor is empty');
  return unarmored.data;
}

/** 40 upper-case hex digits, as gpg and apt print them. */
export function fingerprintOf(key: { getFingerprint(): string }): string {
  return key.getFingerprint().toUpperCase();
}

/** Armor that the library made in memory. The library's type allows streams too. */
export function armorText(armored: unknown): string {
  if (typeof armored !== 'string') throw new TypeError('openpgp gave no armor');
  return unixLines(armored);
}

/** apt 2.6 parses armor with an awk script that does not accept CR. */
export function unixLines(text: string): string {
  return text.replaceAll('\r\n', '\n');
}

/** Whether a file has binary OpenPGP packets, without armor. */
export function isBinary(bytes: Uint8Array): boolean {
  // Every OpenPGP packet begins with a byte that has its highest bit set; armor is ASCII
  return ((bytes[0] ?? 0) & 0x80) !== 0;
}

function armoredBlocks(bytes: Uint8Array): string[] {
  // Files of keys are often several blocks with prose between them (debian/upstream/signing-key.asc)
  const block = /^-----BEGIN PGP PUBLIC KEY BLOCK-----[^\0]*?^-----END PGP PUBLIC KEY BLOCK-----$/gm;
  return [...unixLines(Buffer.from(bytes).toString('latin1')).matchAll(block)].map((match) => match[0]);
}

function keyringFault(file: string | undefined, why: string, cause?: unknown): LockstepError {
  return new LockstepError('KEYRING_INVALID', {
    message: `${file ?? 'The keyring'} cannot be used: ${why}`,
    hint: 'A keyring is a file written by gpg --export, with or without --armor.',
    where: [{ file }],
    cause,
  });
}

function checkedUserIdPart(part: string, value: string): string {
  const controls = [...value].some((char) => char < ' ' || char === '\u007f');
  if (value.trim() === '' || controls || /[<>()]/.test(value))
    throw new LockstepError('USAGE', {
      message: `The ${part} of a key must not be empty or contain brackets, < >, or control characters`,
      where: [{ value }],
    });
  return value.trim();
}
