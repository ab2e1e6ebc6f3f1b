/**
 * Assigns the number of a rebuilt or composed package: `<base>+<suffix><N>`. Pure; the caller passes the
 * history of assigned versions, which comes from the snapshots.
 */
import { reallyMark } from '../deb/really-version.js';
import { withSuffix } from '../deb/version.js';

/** An assigned version, and the digest of all its inputs. */
export interface VersionUse {
  package: string;
  version: string;
  /** sha256, in hexadecimal. */
  inputs: string;
  /** Whether machines that follow what is planned now may have it: nothing of it goes below. */
  isOwn?: boolean | undefined;
}

/**
 * The version of a package with these inputs. The same inputs keep their number, so that unchanged packages
 * are not published again. Other inputs get the next number, so that a version never has two contents. Inputs
 * of an earlier number also get the next number if a higher one was assigned since then: a set that returns
 * to its earlier content is a new version, and machines follow it upwards.
 *
 * If older content was re-issued above number N (`...+lockstep3+really...`), the numbers up to N cannot be
 * used again: machines with the re-issue would not install them. The next number is above it:
 * `...+lockstep4`.
 *
 * @param baseVersion Debian version without Lockstep's suffix: `1:1.39.17-1+deb12u2`
 * @param suffix the workspace's `versionSuffix`: `lockstep`
 * @param inputs sha256 of all inputs of the package
 * @param history assigned versions; also of other packages if `packageName` is given
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

/** The N of `<stem><N>`, or of a re-issue directly above it; 0 if the version has another stem. */
function numberAfter(stem: string, version: string): { number: number; isExceeded: boolean } {
  const rest = version.startsWith(stem) ? version.slice(stem.length) : '';
  const [, digits = '0', tail] = /^([1-9]\d{0,8})(\+.*)?$/.exec(rest) ?? [];
  if (tail !== undefined && !tail.startsWith(reallyMark)) return { number: 0, isExceeded: false };
  return { number: Number(digits), isExceeded: tail !== undefined };
}
