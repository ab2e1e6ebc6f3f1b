/**
 * What verifying finds: one fault of one file, and what to do about it. The
 * shape only; who looks for which faults is theirs.
 */
import { LockstepError, type ErrorCode } from '../errors.js';

/**
 * - `missing`: a file that must be there is not
 * - `damaged`: its bytes are not those that were promised
 * - `signature`: who made it cannot be told
 * - `expired`: it was good, and its time is over
 * - `contradiction`: two files that are good by themselves say different things
 * - `foreign`: nothing that Lockstep wrote
 * - `unfinished`: an interrupted run left it
 */
export type FindingKind =
  'missing' | 'damaged' | 'signature' | 'expired' | 'contradiction' | 'foreign' | 'unfinished';

export interface Finding {
  code: ErrorCode;
  kind: FindingKind;
  /** Of the file that is at fault, below the folder that was looked at. */
  path: string;
  /** What is wrong, in a sentence that names the file where that helps. */
  message: string;
  /** What the person can do about it. */
  hint: string;
}

/** A fault that was thrown, as a finding about a file. What is no fault of ours is thrown on. */
export function findingOf(error: unknown, about: Omit<Finding, 'code' | 'message'>): Finding {
  if (!(error instanceof LockstepError) || error.code === 'INTERRUPTED') throw error;
  const kind = error.code === 'DISK_IO' ? 'damaged' : about.kind;
  return { ...about, kind, code: error.code, message: error.message };
}
