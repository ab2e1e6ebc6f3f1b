/**
 * Owns how the openpgp library is loaded and which of its settings Lockstep
 * departs from. It must not look at keys or signatures itself.
 */
import { aptMinRsaBits } from '../deb/apt-limits.js';
import type * as OpenPgp from 'openpgp';

export type OpenPgpModule = typeof OpenPgp;

/** The library is 1 MB of source: commands that never sign must not pay for it at their start. */
export function loadOpenpgp(): Promise<OpenPgpModule> {
  return import('openpgp');
}

/**
 * Settings for signing. Without the random notation the library adds by
 * default, the same text signed by the same Ed25519 key at the same date is
 * the same bytes, and a Release carries nothing but its signature.
 */
export function signingConfig(openpgp: OpenPgpModule): OpenPgp.Config {
  return {
    ...openpgp.config,
    v6Keys: false,
    aeadProtect: false,
    showVersion: false,
    showComment: false,
    preferredHashAlgorithm: openpgp.enums.hash.sha512,
    nonDeterministicSignaturesViaNotation: false,
  };
}

/**
 * What Debian 13's apt (sqv) accepts today: no SHA-1 anywhere, also not in what
 * a key says of itself, no DSA, no RSA below {@link aptMinRsaBits}. Curves are left to the
 * keyring's owner, as gpgv does.
 */
export function strictConfig(openpgp: OpenPgpModule): OpenPgp.Config {
  const { hash, publicKey } = openpgp.enums;
  const weakHashes = new Set([hash.md5, hash.sha1, hash.ripemd]);
  return {
    ...laxConfig(openpgp),
    rejectHashAlgorithms: weakHashes,
    rejectMessageHashAlgorithms: weakHashes,
    rejectPublicKeyAlgorithms: new Set([publicKey.elgamal, publicKey.dsa]),
    // A modulus of 2048 bits may begin with a zero
    minRSABits: aptMinRsaBits - 1,
  };
}

/**
 * Refuses nothing because of its age: it distinguishes a weak signature from a false one, and still detects a
 * revocation made with SHA-1.
 */
export function laxConfig(openpgp: OpenPgpModule): OpenPgp.Config {
  return {
    ...openpgp.config,
    rejectHashAlgorithms: new Set(),
    rejectMessageHashAlgorithms: new Set(),
    rejectPublicKeyAlgorithms: new Set(),
    minRSABits: 0,
    rejectCurves: new Set(),
  };
}

/** One line of a library's error message, for use in a sentence. */
export function errorText(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim();
}
