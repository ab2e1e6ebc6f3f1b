/**
 * Owns the question when a key can sign: a signature of it is worth nothing to
 * apt from its end on, whatever the signed text says, and nothing before its own
 * self-signatures.
 */
import type { Config, Key, Subkey } from 'openpgp';
import { fingerprintOf, parseKeyring } from './keys.js';
import { laxConfig, loadOpenpgp } from './openpgp.js';
import type { PublicHalf } from './signer-port.js';

/**
 * The end of a key that signs: the primary key's or its subkey's, whichever is earlier.
 * @param signer the primary key itself, or its subkey
 * @param at our clock: which of a subkey's bindings counts
 * @returns null if it never ends; undefined where the key's own signatures do not tell, or it is revoked
 */
export async function keyEnd(
  key: Key,
  signer: Key | Subkey,
  at: Date,
  config: Config,
): Promise<Date | null | undefined> {
  const ends = [await key.getExpirationTime(undefined, config)];
  if (signer !== key && 'mainKey' in signer) ends.push(await signer.getExpirationTime(at, config));
  if (ends.includes(null)) return undefined;
  const dates = ends.filter((end): end is Date => end instanceof Date);
  return dates.length === 0 ? null : new Date(Math.min(...dates.map((end) => end.getTime())));
}

/**
 * Until when signatures made now are worth something: the end of the key that a signer signs with, as of today's
 * self-signatures.
 * @param at our clock
 * @returns null if it never ends; a time in the past where the key has ended, `at` itself where it is revoked
 * @throws LockstepError KEYRING_INVALID
 */
export async function signingEnd({ binary, signsWith }: PublicHalf, at: Date): Promise<Date | null> {
  const [key] = await parseKeyring(binary);
  if (key === undefined) return at;
  const openpgp = await loadOpenpgp();
  const config = laxConfig(openpgp);
  if (await key.isRevoked(undefined, undefined, at, config)) return at;
  const wanted = key.getKeys().filter((one) => signsWith === undefined || fingerprintOf(one) === signsWith);
  // gpg leaves subkeys that have expired out of what it exports
  if (wanted.length === 0) return at;
  // The one that would sign now; where none would, the one that did until last
  const chosen = await key
    .getSigningKey(wanted.length === 1 ? wanted[0]!.getKeyID() : undefined, at, undefined, config)
    .catch(() => undefined);
  const candidates = chosen === undefined ? wanted : [chosen];
  const ends = await Promise.all(
    candidates.map((one) => keyEnd(key, key.getKeys(one.getKeyID())[0] ?? key, at, config)),
  );
  return lastEnd(ends) ?? (ends.includes(null) ? null : at);
}

/**
 * From when on keys can sign, by their own newest self-signatures: a date that any run finds again.
 * @param binary public keys
 * @throws LockstepError KEYRING_INVALID
 */
export async function usableSince(binary: Uint8Array): Promise<Date> {
  const dates = (await parseKeyring(binary)).flatMap((key) => [
    ...key.getKeys().map((one) => one.getCreationTime()),
    ...key.users.flatMap(({ selfCertifications }) => selfCertifications.map(({ created }) => created)),
    ...key.subkeys.flatMap(({ bindingSignatures }) => bindingSignatures.map(({ created }) => created)),
  ]);
  return new Date(Math.max(...dates.map((date) => date?.getTime() ?? 0)));
}

/** The last of several ends, where one is enough: null if one never ends, undefined if none is known. */
export function lastEnd(ends: readonly (Date | null | undefined)[]): Date | null | undefined {
  if (ends.includes(null)) return null;
  const known = ends.filter((end): end is Date => end instanceof Date);
  return known.length === 0 ? undefined : new Date(Math.max(...known.map((end) => end.getTime())));
}
