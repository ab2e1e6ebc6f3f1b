/**
 * The fault that no mirror has a file which a signed index lists, as facts and
 * as a sentence. What a person can do about it is known where the profile is
 * (src/resolution/missing-file.ts).
 */
import { LockstepError } from '../errors.js';

/** One address, and what came of asking there. */
export interface Tried {
  url: string;
  said: string;
}

/** The lower version that a skip would take. */
export interface LowerVersion {
  /** As Debian writes it. */
  version: string;
  suite: string;
  /**
   * Higher versions that the security suite lists, the highest first: the lower one lacks what they fix. Empty where
   * none is known of.
   */
  lacksFixesOf: string[];
}

export interface MissingFile {
  /** Its name: `mediawiki_1.43.12.dsc`. */
  file: string;
  /** The suite whose index lists it. */
  suite: string;
  tried: Tried[];
  /** Whether every address answered that it has no such file, or other bytes; false: asking again later may do. */
  final: boolean;
  profile?: string | undefined;
  /** The component that needs it, and its version as Debian writes it. */
  component?: string | undefined;
  version?: string | undefined;
  /** The next lower version in the component's range; null where there is none. */
  lower?: LowerVersion | null | undefined;
  /** The line that takes the lower version, as words of a command. */
  command?: string[] | undefined;
}

/** SOURCE_NOT_ON_MIRROR. */
export class NotOnMirrorError extends LockstepError {
  readonly missing: MissingFile;

  constructor(missing: MissingFile, details: { message?: string; hint?: string; cause?: unknown } = {}) {
    const { file, suite, tried } = missing;
    super('SOURCE_NOT_ON_MIRROR', {
      message: details.message ?? `No mirror has ${file}, which ${suite} lists`,
      hint: details.hint ?? otherMirror(suite),
      where: tried.map(({ url, said }) => ({ file: url, message: said })),
      data: { missing },
      cause: details.cause,
    });
    this.missing = missing;
  }
}

/** What helps with any file: mirrors lag behind their index for hours, seldom for days. */
export function otherMirror(suite: string): string {
  const [variable, field] = suite.endsWith('-security')
    ? ['LOCKSTEP_MIRROR_SECURITY', 'mirror.security']
    : ['LOCKSTEP_MIRROR', 'mirror.debian'];
  return `Try again later, or add mirrors: ${variable}, or ${field} in lockstep.yaml, accepts several.`;
}
