/**
 * The fault that no mirror has a file which a signed index lists, as facts and
 * as a sentence. What a person can do about it is known where the profile is
 * (src/resolution/missing-file.ts).
 */
import { LockstepError } from '../errors.js';
import type { MissingFile } from './missing-file-shape.js';

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
