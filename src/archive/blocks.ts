/**
 * An index as blocks: runs of items in the order of their keys. The keys determine where a block ends, so
 * unchanged parts of two snapshots have the same blocks. The cost to compare and merge indices depends on the
 * differences, not on the size. This module works on keys and hashes; block-store.ts keeps the texts.
 */

/** One item of an index. Several may not have the same key. */
export interface BlockItem {
  /** Package, source or path: what the index is sorted by, in UTF-16 code units. */
  key: string;
  /** With its newline, and the blank line after a paragraph. */
  text: string;
}

/** A block whose text is kept under its hash. */
export interface BlockRef {
  first: string;
  last: string;
  /** Bytes of its text. */
  size: number;
  /** SHA-256 of its text. */
  sha256: string;
}

/** A run of items that is to become a block. */
export interface Run {
  first: string;
  last: string;
  text: string;
}

/**
 * Cuts items into runs. Whether one begins at a key depends on that key alone, so an added or removed item
 * changes its own run and at most the one before it. A run is made when it is asked for: those of a large index
 * take as much memory as the index.
 *
 * @param items sorted by key
 * @param length how many items a run has on the average; a power of two
 */
export function* runsOf(items: Iterable<BlockItem>, length: number): Generator<Run, void, undefined> {
  let first = '';
  let last = '';
  let texts: string[] = [];
  for (const { key, text } of items) {
    if (texts.length > 0 && (spread(key) & (length - 1)) === 0) {
      yield { first, last, text: texts.join('') };
      texts = [];
    }
    if (texts.length === 0) first = key;
    last = key;
    texts.push(text);
  }
  if (texts.length > 0) yield { first, last, text: texts.join('') };
}

/** 32-bit FNV-1a over UTF-16 code units, mixed so that its low bits are worth as much as the others. */
function spread(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 12)) >>> 0;
}

/** A stretch of keys, with the blocks that each index has in it. No block reaches into another stretch. */
export interface Stretch {
  /** One list for each index, in their order. */
  blocks: BlockRef[][];
  /** The block that all indices with anything in this stretch have, where they have the same one. */
  same: BlockRef | undefined;
}

/**
 * Walks several indices in parallel. A range in which they are equal, or in which only one has items, has its
 * block as `same`. For other ranges, the texts must be read.
 */
export function* stretchesOf(indices: readonly (readonly BlockRef[])[]): Generator<Stretch, void, undefined> {
  const at = indices.map(() => 0);
  for (;;) {
    let first: string | undefined;
    for (const [list, index] of indices.entries()) {
      const head = index[at[list]!];
      if (head !== undefined && (first === undefined || head.first < first)) first = head.first;
    }
    if (first === undefined) return;
    let last = first;
    const blocks: BlockRef[][] = indices.map(() => []);
    for (let grown = true; grown;) {
      grown = false;
      for (const [list, index] of indices.entries()) {
        for (let head = index[at[list]!]; head !== undefined && head.first <= last; head = index[at[list]!]) {
          blocks[list]!.push(head);
          at[list]!++;
          if (head.last > last) last = head.last;
          grown = true;
        }
      }
    }
    const there = blocks.filter(({ length }) => length > 0);
    const [one] = there[0]!;
    const same = there.every((list) => list.length === 1 && list[0]!.sha256 === one!.sha256);
    yield { blocks, same: same ? one : undefined };
  }
}
