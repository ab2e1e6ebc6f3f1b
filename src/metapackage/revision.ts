/**
 * Which number a rebuilt or composed package gets: `<base>+<suffix><N>`. Pure;
 * the history of what was given out comes from the snapshots and is handed in.
 */
import { reallyMark } from '../deb/really-version.js';
import { withSuffix } from '../deb/version.js';

/** A version that was given out, and the digest of everything that it was made from. */
export interface VersionUse {
  package: string;
  version: string;
  /** sha256, in hexadecimal. */
  inputs: string;
  /** Whether machines that follow what is planned now may have it: nothing of it goes below. */
  isOwn?: boolean | undefined;
}

/**
 * The version of a package made from these inputs. The same inputs keep their
 * number, so that what did not change is not published anew; other inputs get
 * the next one, so that a version never stands for two contents. So do the
 * inputs of an earlier number, where a higher one of our own was given out since:
 * a set that goes back to what it was is news, and machines follow it upwards.
 *
 * Where older content was given out above number N (`...+lockstep3+really...`), N and what is below it are
 * spent: machines that have the re-issue would not take them. The next one lies above it: `...+lockstep4`.
 *
 * @param baseVersion Debian version without our suffix: `1:1.39.17-1+deb12u2`
 * @param suffix the workspace's `versionSuffix`: `lockstep`
 * @param inputs sha256 of everything the package is made from
 * @param history what was given out; of other packages too where `packageName` is given
 * @throws LockstepError DEB_VERSION
 */
export function planVersion(
  baseVersion: string,
  suffix: string,
  inputs: string,
  history: readonly VersionUse[],
  packageName?: string,
): string {
  const stem = withSuffix(baseVersion, `+${suffix}`);
  let highest = 0;
  let same = 0;
  let spent = 0;
  let own = 0;
  for (const use of history) {
    if (packageName !== undefined && use.package !== packageName) continue;
    const { number, isExceeded } = numberAfter(stem, use.version);
    highest = Math.max(highest, number);
    if (use.isOwn === true) own = Math.max(own, number);
    if (isExceeded) spent = Math.max(spent, number);
    else if (use.inputs === inputs) same = Math.max(same, number);
  }
  return `${stem}${same > spent && same >= own ? same : highest + 1}`;
}

/** The N of `<stem><N>`, or of what was given out right above it; 0 where the version is of another stem. */
function numberAfter(stem: string, version: string): { number: number; isExceeded: boolean } {
  const rest = version.startsWith(stem) ? version.slice(stem.length) : '';
  const [, digits = '0', tail] = /^([1-9]\d{0,8})(\+.*)?$/.exec(rest) ?? [];
  if (tail !== undefined && !tail.startsWith(reallyMark)) return { number: 0, isExceeded: false };
  return { number: Number(digits), isExceeded: tail !== undefined };
}
