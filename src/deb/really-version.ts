/**
 * Versions of content that is re-issued above a later version: Debian's `CURRENT+reallyFORMER` (Policy
 * 5.6.12.1: an epoch is not for going back). Pure. src/suite decides which package needs one.
 */
import { compareVersions, isValidVersion, parseVersion, withoutEpoch } from './version.js';

/** Between the version that is exceeded and the one that is brought back. */
export const reallyMark = '+really';

/**
 * The version that re-issues `content` above `above`, always higher than `above`:
 * `1:1.39.17-1+lockstep1`, `1:1.39.16-1+lockstep1` -> `1:1.39.17-1+lockstep1+really1.39.16+1+lockstep1`.
 *
 * The former version loses its epoch, and its `-` and `:` become `+`. A hyphen there would end the upstream
 * part, and `1.39.17-2+really1.39.16-1` would be higher than 1.39.17-3 and than every rebuild of 1.39.17-2:
 * no later release could reach machines that have it.
 *
 * If `above` is such a version itself, its tail is replaced if the result is higher; otherwise another tail
 * is added.
 *
 * @throws LockstepError DEB_VERSION
 */
export function supersedingVersion(above: string, content: string): string {
  const tail = tailOf(content);
  for (const stem of stemsOf(above)) {
    const version = stem + tail;
    if (isValidVersion(version) && compareVersions(version, above) > 0) return version;
  }
  // A `+` and more at the end of a version make it higher (deb-version(7)), so the last stem never fails
  throw new TypeError(`${above} cannot be exceeded`);
}

/** Whether `version` names `content` as what it really is. @throws LockstepError DEB_VERSION */
export function isReissueOf(version: string, content: string): boolean {
  const tail = tailOf(content);
  return version.endsWith(tail) && version.length > tail.length;
}

/** Of a version that is a re-issue already, what counts is what it really is. */
function tailOf(content: string): string {
  const plain = withoutEpoch(content);
  const at = plain.lastIndexOf(reallyMark);
  const former = at < 0 ? plain : plain.slice(at + reallyMark.length);
  return reallyMark + (former === '' ? plain : former).replace(/[-:]/g, '+');
}

/** The version cut before each mark, shortest first, and then the complete version. */
function stemsOf(version: string): string[] {
  parseVersion(version);
  const stems: string[] = [];
  for (let at = version.indexOf(reallyMark); at >= 0; at = version.indexOf(reallyMark, at + 1)) {
    stems.push(version.slice(0, at));
  }
  return [...stems, version];
}
