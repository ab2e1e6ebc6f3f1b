/**
 * The one rule by which the cache is pruned: what nothing has used for the
 * longest age goes, and then, where more is left than the largest size, what
 * was not used for the longest time. What is in use stays, and what was used
 * lately: a run may be about to use it again. Pure.
 */
import type { CacheFolder } from './cache-folders.js';

/** One thing in the cache: a file, or a folder that goes as a whole. */
export interface CacheItem {
  folder: CacheFolder;
  /** Absolute path. */
  path: string;
  /** Bytes, as they take room on the disk. */
  size: number;
  /** When it was last written or read, according to the file system. */
  used: Date;
  /** Whether something refers to it, so that it stays whatever its age. */
  needed: boolean;
}

export interface CacheLimits {
  /** Seconds. */
  maxAge: number;
  /** Bytes. */
  maxSize: number;
}

/** Thirty days, 50 GiB. */
export const defaultCacheLimits: CacheLimits = { maxAge: 30 * 86_400, maxSize: 50 * 1024 ** 3 };

/** What was used within a day stays: file systems note a read once a day (relatime, mount(8)). */
export const alwaysKept = 86_400;

export interface CachePlan {
  /** The longest unused first. */
  remove: CacheItem[];
  /** Bytes of what stays. */
  kept: number;
}

/** What goes. */
export function planCache(items: readonly CacheItem[], limits: CacheLimits, now: Date): CachePlan {
  const ageOf = ({ used }: CacheItem): number => (now.getTime() - used.getTime()) / 1000;
  const mayGo = items
    .filter((item) => !item.needed && ageOf(item) >= alwaysKept)
    .sort((a, b) => a.used.getTime() - b.used.getTime() || (a.path < b.path ? -1 : 1));
  let kept = items.reduce((sum, { size }) => sum + size, 0);
  const remove: CacheItem[] = [];
  for (const item of mayGo) {
    if (ageOf(item) < limits.maxAge && kept <= limits.maxSize) break;
    remove.push(item);
    kept -= item.size;
  }
  return { remove, kept };
}

/** A size as people write it: `500M`, `50G`, `2T`, or bytes; undefined if the text is not a size. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,12})([KMGT]?)$/.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * 1024 ** ['', 'K', 'M', 'G', 'T'].indexOf(match[2]!);
}
