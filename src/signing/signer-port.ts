/**
 * Owns what every signer can do, whatever holds its key. No adapter, no key.
 */

import type { KeyEnds } from './taken.js';

/** The public half of a key that signs. */
export interface PublicHalf {
  armored: string;
  binary: Uint8Array;
  /** Fingerprint of the subkey (or primary key) that signs, where one is named; the newest that can, otherwise. */
  signsWith?: string | undefined;
  /** Of the archive's own signer: for which of its keys that ends, and when. */
  ends?: KeyEnds | undefined;
}

/** What of a signer needs no secret. */
export interface PublicKey {
  /** The primary key's, 40 upper-case hex digits. */
  readonly fingerprint: string;
  /**
   * For the archive's keyring. Of the archive's own signer: all keys by which its records are judged, and for which of
   * them that ends.
   */
  publicKey(): Promise<PublicHalf>;
}

export interface Signer extends PublicKey {
  /**
   * A clearsigned file, as apt's InRelease. Trailing blanks of lines, which no
   * clear signature covers, are left out; the last line is ended.
   * @param date of the signature, to the second
   * @param what is signed, for the log of signatures: `InRelease of mediawiki-1.39-stable`
   * @throws LockstepError SIGN_KEY_EXPIRED, SIGN_GPG, SIGN_KEY_MISSING
   */
  clearsign(text: string, date: Date, what?: string): Promise<string>;
  /**
   * An armored detached signature over the unchanged bytes, like apt's Release.gpg.
   * @throws LockstepError SIGN_KEY_EXPIRED, SIGN_GPG, SIGN_KEY_MISSING
   */
  detached(data: Uint8Array | string, date: Date, what?: string): Promise<string>;
}
