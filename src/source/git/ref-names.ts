/**
 * What a list of refs says, and what the names in it say: which fit a pattern,
 * which version each stands for, which is the higher one. Pure.
 */
import { versionOfName } from '../../deb/upstream-version.js';
import { starExpression } from '../../profile/path-pattern.js';
import { damagedObject, isObjectId } from './git-object.js';

/** A ref of a repository and what it points at. */
export interface Ref {
  /** `refs/tags/1.43.0`. */
  name: string;
  /** The object it names itself. */
  id: string;
  /** Of an annotated tag: what it points at in the end. */
  peeled: string | null;
}

/** As git's options for a listing are called. */
export type RefKind = 'heads' | 'tags';

/**
 * The refs that git-ls-remote(1) or `git show-ref --dereference` lists. Names that no ref can have are left out.
 * @param from the repository, for messages
 * @throws LockstepError SOURCE_GIT_DAMAGED
 */
export function refsIn(listing: string, from: string): Ref[] {
  const refs = new Map<string, Ref>();
  for (const line of listing.split('\n')) {
    if (line === '') continue;
    const [, id, name, peeled] = /^([0-9a-f]+)[\t ](.*?)(\^\{\})?$/.exec(line) ?? [];
    if (!isObjectId(id) || name === undefined) {
      const why =
        id?.length === 64
          ? 'its objects are named by SHA-256, which is not supported'
          : 'it lists invalid refs';
      throw damagedObject(`The repository ${from}`, why);
    }
    const tag = peeled === undefined ? undefined : refs.get(name);
    if (tag !== undefined) tag.peeled = id;
    else if (isRefName(name)) refs.set(name, { name, id, peeled: null });
  }
  return [...refs.values()];
}

/** Whether git itself would let a ref have that name, as far as it matters here (git-check-ref-format(1)). */
function isRefName(name: string): boolean {
  return !/[\p{Cc}\s~^:?*[\\]|\.\.|\uFFFD/u.test(name);
}

/** Whether a name fits a pattern in which `*` stands for anything but a slash. */
export function fitsPattern(name: string, pattern: string): boolean {
  return starExpression(pattern).test(name);
}

/**
 * The version that a tag is named after: `v0.20.1` -> `0.20.1`, `REL1_43_2` -> `1.43.2`; of `release-1.2` by the
 * pattern `release-*`, `1.2`. Null where no grammar knows it.
 */
export function versionOfTag(name: string, pattern: string): string | null {
  // What stands from the first `*` on. `43` of `REL1_43` is a part of a number
  const star = pattern.indexOf('*');
  const starred = star >= 0 && fitsPattern(name, pattern) ? name.slice(star) : '';
  return versionOfName(name) ?? (starred.includes('.') ? versionOfName(starred) : null);
}

/**
 * The version that a branch is named after: `wmf/1.47.0-wmf.9` -> `1.47.0-wmf.9`. Null for a line of versions
 * (`REL1_43`), of which only the tree says which one it is at.
 */
export function versionOfBranch(name: string): string | null {
  return /(?:^|\/)v?\d[^/]*$/.test(name) ? versionOfName(name) : null;
}

/** Orders names by the numbers in them: `REL1_9` < `REL1_43`. */
export function compareNames(a: string, b: string): number {
  const [left, right] = [piecesOf(a), piecesOf(b)];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const [one, other] = [left[at]!, right[at]!];
    if (one === other) continue;
    if (!/^\d/.test(one) || !/^\d/.test(other)) return one < other ? -1 : 1;
    const difference = BigInt(one) - BigInt(other);
    if (difference !== 0n) return difference < 0n ? -1 : 1;
  }
  return left.length - right.length;
}

function piecesOf(name: string): string[] {
  return name.match(/\d+|\D+/g) ?? [];
}
