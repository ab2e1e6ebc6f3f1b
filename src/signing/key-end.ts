/**
 * Owns the question until when a key can sign: a signature of it is worth
 * nothing to apt from then on, whatever the signed text says. Pure.
 */
import type { Config, Key, Subkey } from 'openpgp';

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
