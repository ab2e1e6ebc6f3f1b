/**
 * Indices as files: blocks put together, plain, gzip and xz. It does not place
 * them (apply.ts) and knows no suite: equal blocks have equal files everywhere.
 */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LockstepError } from '../errors.js';
import type { ContentStore, StoredBlob } from '../io/content-store.js';
import { throwIfInterrupted } from '../io/interrupt.js';
import { allShares } from '../io/thread.js';
import { joinXz, type XzBlocks } from '../io/xz-blocks.js';
import { runsOf, stretchesOf, type BlockRef, type BlockItem, type Stretch } from './blocks.js';
import type { Block, BlockStore, Ending } from './block-store.js';
import { mergedContents, mergedParagraphs } from './index-text.js';

/** What an index holds, and so how it is cut, compressed and merged. `pool` and `versions` are not published. */
export type IndexKind = 'packages' | 'sources' | 'contents' | 'pool' | 'versions';

/** One index. `path` is below the suite's folder: `main/binary-amd64/Packages.xz`. */
export interface IndexFile extends StoredBlob {
  path: string;
  /** Whether it is a file; if not, only Release lists it (the uncompressed form, as in Debian). */
  stored: boolean;
}

export interface IndexPlaces {
  store: ContentStore;
  blocks: BlockStore;
  signal?: AbortSignal | undefined;
}

/** `length`: items in a block, on the average. */
const traits: Record<IndexKind, { endings: readonly Ending[]; length: number }> = {
  packages: { endings: ['gz', 'xz'], length: 256 },
  sources: { endings: ['gz', 'xz'], length: 256 },
  contents: { endings: ['gz'], length: 1024 },
  pool: { endings: [], length: 256 },
  versions: { endings: [], length: 256 },
};

/** So many blocks are compressed at once: each keeps a thread busy and takes some 40 MiB. */
const atOnce = 2;

/** Cuts items into blocks and keeps them. Throws as {@link BlockStore.keep}. */
export async function blocksOf(
  kind: IndexKind,
  items: Iterable<BlockItem>,
  { blocks, signal }: IndexPlaces,
): Promise<BlockRef[]> {
  const { endings, length } = traits[kind];
  const runs = runsOf(items, length);
  const kept: BlockRef[] = [];
  let count = 0;
  await allShares(Array.from({ length: atOnce }), signal, async (_share, _nth, stop) => {
    for (let next = runs.next(); next.done !== true; next = runs.next()) {
      const at = count++;
      throwIfInterrupted(stop);
      kept[at] = await blocks.keep(next.value, endings, signal);
    }
  });
  return kept;
}

/**
 * One index from the indices of several snapshots, newest first. Only ranges in which they differ are read.
 *
 * @returns its blocks, and those of them that were read meanwhile, by hash
 * Throws as {@link BlockStore.keep} and {@link assembleIndex}.
 */
export async function mergeIndices(
  kind: 'packages' | 'sources' | 'contents',
  indices: readonly (readonly BlockRef[])[],
  places: IndexPlaces,
): Promise<{ blocks: BlockRef[]; read: Map<string, Block> }> {
  const stretches = [...stretchesOf(indices)];
  const [blocks, read] = await Promise.all([
    mergedBlocks(kind, stretches, places),
    // Where something is compressed this thread would only wait; the files need these blocks next
    stretches.every(({ same }) => same !== undefined) ? new Map() : readAhead(kind, stretches, places),
  ]);
  return { blocks, read };
}

async function mergedBlocks(
  kind: 'packages' | 'sources' | 'contents',
  stretches: readonly Stretch[],
  places: IndexPlaces,
): Promise<BlockRef[]> {
  const merged: BlockRef[] = [];
  for (const { blocks, same } of stretches) {
    if (same !== undefined) {
      merged.push(same);
      continue;
    }
    const texts = blocks.flat().map((ref) => blockText(ref, places.blocks));
    const items = kind === 'contents' ? mergedContents(texts) : mergedParagraphs(texts);
    merged.push(...(await blocksOf(kind, items, places)));
  }
  return merged;
}

async function readAhead(
  kind: IndexKind,
  stretches: readonly Stretch[],
  { blocks, signal }: IndexPlaces,
): Promise<Map<string, Block>> {
  const read = new Map<string, Block>();
  for (const { same } of stretches) {
    if (same === undefined) continue;
    // Reading is synchronous; the encoders must get their input in between
    await nextTurn();
    throwIfInterrupted(signal);
    read.set(same.sha256, readBlock(same, traits[kind].endings, blocks));
  }
  return read;
}

/** A block's text. */
export function blockText(ref: BlockRef, blocks: BlockStore): string {
  return readBlock(ref, [], blocks).text.toString('utf8');
}

/**
 * The files of an index; none for one that is not published. Their bytes are in the store afterwards.
 *
 * @param index `read` holds blocks that need not be read again
 * @throws BlockMissing; LockstepError DISK_FULL, DISK_IO, INTERRUPTED
 */
export function assembleIndex(
  index: { path: string; kind: IndexKind; blocks: readonly BlockRef[]; read?: ReadonlyMap<string, Block> },
  { store, blocks, signal }: IndexPlaces,
): IndexFile[] {
  const { endings } = traits[index.kind];
  if (endings.length === 0) return [];
  const hash = createHash('sha256');
  let size = 0;
  const gz: Buffer[] = [];
  const xz: XzBlocks[] = [];
  for (const ref of index.blocks) {
    throwIfInterrupted(signal);
    const block = index.read?.get(ref.sha256) ?? readBlock(ref, endings, blocks);
    hash.update(block.text);
    size += block.text.length;
    // As a separate copy: the buffer that was read also contains the block's text
    if (block.gz !== undefined) gz.push(Buffer.from(block.gz));
    if (block.xz !== undefined) xz.push({ ...block.xz, bytes: Buffer.from(block.xz.bytes) });
  }
  const { path } = index;
  const files: IndexFile[] = [{ path, size, sha256: hash.digest('hex'), stored: false }];
  for (const ending of endings) {
    const pieces = ending === 'gz' ? (gz.length > 0 ? gz : [emptyGzip]) : joinXz(xz);
    // Rebuilt whenever it is missing: it need not survive a crash, and its hash shows whether it did
    const blob = store.putBytes(pieces);
    files.push({ path: `${path}.${ending}`, ...blob, stored: true });
  }
  return files;
}

/** An empty gzip file (RFC 1952): a file without a member is not valid. */
const emptyGzip = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

function readBlock(ref: BlockRef, endings: readonly Ending[], blocks: BlockStore): Block {
  const block = blocks.read(ref, endings);
  if (block !== undefined) return block;
  throw new BlockMissing(ref);
}

/** A block is missing or damaged: its source must be read again. */
export class BlockMissing extends LockstepError {
  constructor(ref: BlockRef) {
    super('STORE_MISSING', {
      message: `A block of an index is missing or damaged: ${ref.sha256}, from ${ref.first} to ${ref.last}`,
      hint: 'Remove the folder .lockstep/indices. The next run rebuilds it from the snapshots',
    });
  }
}
