/**
 * Owns the words for what a signature turned out to be, and what follows from
 * several of them. Pure; it must not check anything itself.
 */
import { LockstepError } from '../errors.js';
import type { ErrorCode } from '../errors.js';

/**
 * - `good`: valid, by a key that was valid when it was made (and is now, for incoming data), with secure
 *   algorithms
 * - `weak`: valid, but with SHA-1, MD5, DSA, short RSA, or by a key whose self-signature uses these
 * - `expired`: valid, but it has expired, or its key had when it was made, or has since for incoming data
 * - `stopped`: valid, but a record of the reader says that the key was no longer trusted when it was made
 * - `revoked`: valid, but its key is revoked
 * - `bad`: invalid, or dated in the future or before its key
 * - `unknown-key`: the key is not in the keyring
 * - `unverifiable`: openpgp.js and gpgv could not check it
 *
 * Only `good` is proof of anything.
 */
export type SignatureResult =
  'good' | 'weak' | 'expired' | 'stopped' | 'revoked' | 'bad' | 'unknown-key' | 'unverifiable';

/** One signature and what it is worth. */
export interface JudgedSignature {
  result: SignatureResult;
  /** Why it is so: a clause for people, without a full stop. */
  reason: string;
  /** The issuer's 16 upper-case hex digits, as the signature itself claims. */
  keyId: string;
  /** The primary key's fingerprint (40 upper-case hex digits); absent where the key is unknown. */
  fingerprint?: string;
  /** The fingerprint of the (sub)key that signed. */
  signingKey?: string;
  /** The date the signature carries. */
  created?: Date;
  /** When the key that signed can no longer: null if never; absent where that is not known, or it is not `good`. */
  keyEnds?: Date | null;
  engine: 'openpgp' | 'gpgv';
}

/** What all signatures of one file come to. */
export interface Verdict {
  result: SignatureResult;
  reason: string;
  /** Primary key's fingerprint of the signature that decided. */
  fingerprint: string | undefined;
  created: Date | undefined;
  signatures: JudgedSignature[];
}

/** A false signature makes the file invalid (as for apt and gpgv); otherwise the best signature counts. */
const precedence: readonly SignatureResult[] = [
  'bad',
  'good',
  'weak',
  'revoked',
  'stopped',
  'expired',
  'unverifiable',
  'unknown-key',
];

/** The verdict over all signatures of a file; none at all is `unverifiable`. */
export function combineJudgements(signatures: JudgedSignature[]): Verdict {
  const [decisive] = signatures.toSorted(
    (a, b) => precedence.indexOf(a.result) - precedence.indexOf(b.result),
  );
  if (decisive === undefined) {
    const reason = 'it contains no readable signature';
    return { result: 'unverifiable', reason, fingerprint: undefined, created: undefined, signatures };
  }
  const { result, reason, fingerprint, created } = decisive;
  return { result, reason, fingerprint, created, signatures };
}

/** Of all others: VERIFY_BAD_SIGNATURE. */
const codes: Partial<Record<SignatureResult, ErrorCode>> = {
  weak: 'VERIFY_WEAK_SIGNATURE',
  'unknown-key': 'VERIFY_UNKNOWN_KEY',
};

const hints: Partial<Record<SignatureResult, string>> = {
  'unknown-key':
    'Either someone else signed it, or the keyring is older than the key: update the keyring package.',
  expired:
    'If its owner has extended or replaced the key, the keyring here is outdated: get the newer key from its owner. Otherwise ask for a new signature.',
  stopped: 'lockstep verify lists what this key signed, with a remedy for each (docs/how-to/rotate-keys.md)',
  revoked: 'Do not use the file: its owner has revoked the key. Ask for a signature by the new key.',
};

/**
 * Throws unless the verdict is `good`.
 * @param subject what was signed, as people know it: "InRelease of bookworm-security"
 * @throws LockstepError VERIFY_BAD_SIGNATURE, VERIFY_WEAK_SIGNATURE, VERIFY_UNKNOWN_KEY
 */
export function assertGood(verdict: Verdict, subject: string): void {
  if (verdict.result === 'good') return;
  throw new LockstepError(codes[verdict.result] ?? 'VERIFY_BAD_SIGNATURE', {
    message: `The signature of ${subject} is not accepted: ${verdict.reason}`,
    hint:
      hints[verdict.result] ??
      'Do not use the file. Fetch it again. If the error persists, inform its publisher.',
    where: verdict.signatures.map((signature) => ({
      value: signature.fingerprint ?? signature.keyId,
      message: `${signature.result}: ${signature.reason}`,
    })),
  });
}
