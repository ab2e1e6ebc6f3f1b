/**
 * Which number a rebuilt or composed package gets: `<base>+<suffix><N>`. Pure;
 * the history of what was given out comes from the snapshots and is handed in.
 */
import { withSuffix } from '../deb/version.js';

/** A version that was given out, and the digest of everything that it was made from. */
export interface VersionUse {
  package: string;
  version: string;
  /** sha256, in hexadecimal. */
  inputs: string;
}

/**
 * The version of a package made from these inputs. The same inputs keep their
 * number, so that what did not change is not published anew; other inputs get
 * the next one, so that a version never stands for two contents.
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
  for (const use of history) {
    if (packageName !== undefined && use.package !== packageName) continue;
    const number = numberAfter(stem, use.version);
    highest = Math.max(highest, number);
    if (use.inputs === inputs) same = Math.max(same, number);
  }
  return `${stem}${same === 0 ? highest + 1 : same}`;
}

/** The N of `<stem><N>`; 0 where the version is of another stem. */
function numberAfter(stem: string, version: string): number {
  if (!version.startsWith(stem)) return 0;
  const rest = version.slice(stem.length);
  return /^[1-9]\d{0,8}$/.test(rest) ? Number(rest) : 0;
}
