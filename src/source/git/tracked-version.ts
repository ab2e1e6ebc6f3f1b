/**
 * Versions for commits that have none: of a branch, or named by their id.
 * Each is higher, by dpkg's order, than the one before it. Pure.
 */
import { compareVersions, debianVersionOf, isValidVersion } from '../../deb/version.js';

/** What the last snapshot had. */
export interface TrackedBefore {
  version: string;
  /** Null for what was no commit. */
  commit: string | null;
}

const trackedSpec = /^(.*)\+git(\d{4})(\d\d)(\d\d)\.(\d\d)(\d\d)(\d\d)\.[0-9a-f]+$/;

/**
 * `1.47.0-wmf.9` at 2026-11-23 10:15:30 UTC -> `1.47.0-wmf.9+git20261123.101530.1a2b3c4d`.
 *
 * The same commit keeps its version. Any other one gets a higher version than `previous`, whatever the
 * commit's clock and base say: where they would go down, the base and time of before are kept, a second later.
 * @param base upstream's version of the tree, or null
 * @param committedAt seconds since 1970
 */
export function trackedVersion(
  base: string | null,
  committedAt: number,
  commit: string,
  previous?: TrackedBefore,
): string {
  if (previous !== undefined && previous.commit === commit) return previous.version;
  const fresh = written(usableVersion(base) ?? '0', committedAt, commit);
  if (previous === undefined || isHigher(fresh, previous.version)) return fresh;
  const before = trackedSpec.exec(previous.version);
  if (before === null) {
    const kept = written(previous.version, committedAt, commit);
    // A version that dpkg cannot read cannot be gone below either
    return isHigher(kept, previous.version) ? kept : fresh;
  }
  const [, oldBase, ...digits] = before;
  const [year, month, day, hour, minute, second] = digits.map(Number);
  const oldTime = Date.UTC(year!, month! - 1, day, hour, minute, second) / 1000;
  return written(oldBase!, Math.max(committedAt, oldTime + 1), commit);
}

/** The version without a `v` before it; null for what a Debian version cannot be made of. */
export function usableVersion(version: string | null): string | null {
  const plain = version?.trim().replace(/^v(?=\d)/i, '');
  if (plain === undefined || !/^\d[0-9A-Za-z.+~-]*$/.test(plain)) return null;
  return debianForm(plain) === undefined ? null : plain;
}

function written(base: string, seconds: number, commit: string): string {
  const [date, time] = new Date(seconds * 1000).toISOString().split(/[T.]/);
  return `${base}+git${date!.replaceAll('-', '')}.${time!.replaceAll(':', '')}.${commit.slice(0, 8)}`;
}

function isHigher(a: string, b: string): boolean {
  const [left, right] = [debianForm(a), debianForm(b)];
  if (left === undefined) return false;
  return right === undefined || compareVersions(left, right) > 0;
}

/** The Debian version that an upstream version becomes, or undefined. */
export function debianForm(version: string): string | undefined {
  try {
    const form = debianVersionOf(version);
    return isValidVersion(form) ? form : undefined;
  } catch {
    return undefined;
  }
}
