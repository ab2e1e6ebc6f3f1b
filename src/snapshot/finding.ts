/**
 * What verifying finds: one fault of one file, and what to do about it. The
 * shape only; who looks for which faults is theirs.
 */
import { LockstepError, type ErrorCode } from '../errors.js';

/**
 * - `missing`: a required file does not exist
 * - `damaged`: its bytes do not match its hash
 * - `signature`: its maker cannot be verified
 * - `expired`: it was valid, but has expired
 * - `contradiction`: two valid files contradict each other
 * - `foreign`: a file that Lockstep did not write
 * - `unfinished`: an interrupted run left it
 */
export type FindingKind =
  'missing' | 'damaged' | 'signature' | 'expired' | 'contradiction' | 'foreign' | 'unfinished';

export interface Finding {
  code: ErrorCode;
  kind: FindingKind;
  /** Path of the faulty file, below the checked folder. */
  path: string;
  /** What is wrong, in a sentence that names the file where that helps. */
  message: string;
  /** What the person can do about it. */
  hint: string;
}

/** Converts a thrown LockstepError to a finding about a file. Other errors are thrown again. */
export function findingOf(error: unknown, about: Omit<Finding, 'code' | 'message'>): Finding {
  if (!(error instanceof LockstepError) || error.code === 'INTERRUPTED') throw error;
  const kind = error.code === 'DISK_IO' ? 'damaged' : about.kind;
  return { ...about, kind, code: error.code, message: error.message };
}
