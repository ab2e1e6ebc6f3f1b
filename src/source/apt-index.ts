/**
 * The second link: a Sources or Packages index whose hash the InRelease
 * vouches for, and looking up paragraphs in it. What was found is kept under
 * the index's hash, so that an unchanged index is read only once.
 */
import type { Stanza } from '../deb/deb822.js';
import { parseStanzas } from '../deb/deb822.js';
import type { IndexHash } from '../deb/release-file.js';
import { LockstepError } from '../errors.js';
import { StanzaIndex } from '../deb/stanza-index.js';
import { collect } from '../deb/bytes.js';
import { decompressByName } from '../io/compress.js';
import { nearest } from '../profile/nearest.js';
import { readCached, writeCached } from './cache-file.js';
import { type SourceContext } from './source-context.js';
import { fetchIndex } from './fetch-index.js';
import type { VerifiedRelease } from './in-release.js';

/** The area that packages are taken from; contrib and non-free are not for a set that is passed on. */
const area = 'main';

/** Bytes of an unpacked index: of Debian's, the largest has 60 MB. */
const largestIndex = 160 * 1024 * 1024;

/** Found paragraphs by package name; a name that was looked for in vain has an empty list. */
type Found = Record<string, string[]>;

/** One index file. */
export class AptIndex {
  /** Below the suite's folder: `main/source/Sources.xz`. */
  readonly path: string;
  readonly hash: IndexHash;
  readonly release: VerifiedRelease;
  #found: Found | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  /** Weak, because one is 50 MB and is wanted for a moment only. */
  #whole: WeakRef<StanzaIndex> | undefined;

  constructor(path: string, hash: IndexHash, release: VerifiedRelease) {
    this.path = path;
    this.hash = hash;
    this.release = release;
  }

  /** The paragraphs of the packages with these names, in the order of the file. */
  async lookUp(names: readonly string[], context: SourceContext): Promise<Stanza[]> {
    return await this.#inTurn(async () => {
      this.#found ??= (await readCached<Found>(context, 'indices', this.hash.sha256)) ?? {};
      const found = this.#found;
      const missing = names.filter((name) => !Object.hasOwn(found, name));
      if (missing.length > 0) {
        const whole = await this.#read(context);
        for (const name of missing) found[name] = whole.get(name).map((stanza) => stanza.text());
        await writeCached(context, 'indices', this.hash.sha256, found);
      }
      return names
        .flatMap((name) => found[name] ?? [])
        .flatMap((text) => parseStanzas(text, { file: this.path }));
    });
  }

  /** The name in the index that is nearest to one that is not in it. */
  async nearest(name: string, context: SourceContext): Promise<string | undefined> {
    return await this.#inTurn(async () => nearest(name, (await this.#read(context)).names()));
  }

  /** One after the other: two readers would each hold the whole index. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work, work);
    this.#turn = mine;
    return await mine;
  }

  /**
   * All of it, for whoever looks at thousands of paragraphs. Not in turn: the caller holds one at a time.
   * @throws LockstepError NET_*, SOURCE_HASH_MISMATCH, DATA_DAMAGED, STORE_*, INTERRUPTED
   */
  async whole(context: SourceContext): Promise<StanzaIndex> {
    return new StanzaIndex(await this.bytes(context), `${this.release.suite} ${this.path}`);
  }

  /** All of it, decompressed and proven. Throws as {@link whole}. */
  async bytes(context: SourceContext): Promise<Buffer> {
    const { store } = context;
    const signal = context;
    if ((await store.size(this.hash.sha256)) !== this.hash.size) await fetchIndex(this, context);
    const unpack = async (): Promise<Buffer> =>
      await this.#unpacked(decompressByName(this.path, store.open(this.hash.sha256), signal));
    return await unpack().catch(async (error: unknown) => {
      // Damaged on the local disk: it is moved away, and fetched again
      if (signal.signal?.aborted === true || (await store.holds(this.hash.sha256, signal))) throw error;
      await fetchIndex(this, context);
      return await unpack();
    });
  }

  /** In one piece of memory where the Release says how much that is: two would be twice the largest index. */
  async #unpacked(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
    const listed = this.release.release.sha256.get(this.path.replace(/\.(?:xz|gz)$/, ''))?.size;
    if ((listed ?? 0) > largestIndex) throw this.#tooLarge();
    if (listed === undefined) {
      return await collect(source, largestIndex / 2).catch((error: unknown) => {
        throw error instanceof RangeError ? this.#tooLarge() : error;
      });
    }
    const whole = Buffer.allocUnsafeSlow(listed);
    let size = 0;
    for await (const piece of source) {
      if (size + piece.length > listed) throw this.#damaged(listed);
      whole.set(piece, size);
      size += piece.length;
    }
    if (size < listed) throw this.#damaged(listed);
    return whole;
  }

  #tooLarge(): LockstepError {
    return new LockstepError('SOURCE_TOO_LARGE', {
      message: `${this.path} of ${this.release.suite} unpacks to more than ${largestIndex} bytes`,
      hint: 'No index of Debian is so large. Use another mirror (LOCKSTEP_MIRROR)',
      where: [{ file: this.path }],
    });
  }

  #damaged(listed: number): LockstepError {
    return new LockstepError('DATA_DAMAGED', {
      message: `${this.path} of ${this.release.suite} does not unpack to the ${listed} bytes that its Release lists`,
      hint: 'Use another mirror (LOCKSTEP_MIRROR)',
      where: [{ file: this.path }],
    });
  }

  async #read(context: SourceContext): Promise<StanzaIndex> {
    const kept = this.#whole?.deref();
    if (kept !== undefined) return kept;
    const whole = await this.whole(context);
    this.#whole = new WeakRef(whole);
    return whole;
  }
}

function listed(path: string, release: VerifiedRelease): AptIndex[] {
  for (const ending of ['.xz', '.gz', '']) {
    const hash = release.release.sha256.get(path + ending);
    if (hash !== undefined) return [new AptIndex(path + ending, hash, release)];
  }
  return [];
}

/** The Sources index of a suite; none when the suite has no sources. */
export function sourcesIndices(release: VerifiedRelease): AptIndex[] {
  return listed(`${area}/source/Sources`, release);
}

/**
 * The Packages indices of a suite that hold packages for an architecture. Architecture `all` has its own
 * index if the Release says so.
 */
export function packagesIndices(release: VerifiedRelease, architecture: string): AptIndex[] {
  const separateAll =
    release.release.architectures.includes('all') &&
    !/\bPackages\b/.test(release.release.fields.get('No-Support-for-Architecture-all') ?? '');
  return [architecture, ...(separateAll ? ['all'] : [])].flatMap((name) =>
    listed(`${area}/binary-${name}/Packages`, release),
  );
}
