/**
 * CVE ids: their form, and reading those that a person gives on a command
 * line. What a snapshot does with them is manifest.ts.
 */
import { LockstepError } from '../errors.js';

/** A whole id, in the case the CVE programme writes them: `CVE-2026-1234`; the number has four digits or more. */
export const cveIdSpec = /^CVE-\d{4}-\d{4,}$/;

/**
 * The ids in the values of `--security`: each value is one id or several with commas between them, in any
 * case. Sorted, each once.
 *
 * @throws LockstepError USAGE with every value that is not an id
 */
export function parseCveIds(values: readonly string[]): string[] {
  const words = values.flatMap((value) => value.split(',')).map((word) => word.trim());
  const ids = words.filter((word) => word !== '').map((word) => word.toUpperCase());
  const wrong = ids.filter((id) => !cveIdSpec.test(id));
  if (wrong.length > 0 || (values.length > 0 && ids.length === 0)) {
    const shown = wrong.map((id) => JSON.stringify(id)).join(', ');
    throw new LockstepError('USAGE', {
      message: wrong.length === 0 ? '--security names no CVE id' : `${shown}: not a CVE id`,
      hint: 'An id consists of CVE, the year and a number of at least four digits: --security CVE-2026-1234,CVE-2026-5678',
    });
  }
  return [...new Set(ids)].sort();
}
