/**
 * The base distribution of one architecture, as its proven Packages indices
 * have it. What was worked out from them is kept under their hashes, so that an
 * unchanged base is not read again: unpacked it is 50 MB.
 */
import { z } from 'zod';
import { baseIndices, type BaseIndex } from '../../build/base-index.js';
import { StanzaIndex, type Stanza } from '../../deb/deb822.js';
import { readIfThere, sha256Of, writeFileAtomic } from '../../io/disk.js';
import type { Phase } from '../../io/progress.js';
import type { SourceContext } from '../../source/source-context.js';
import { keptVerdict } from './verdicts.js';
import { reachable, Universe } from './universe.js';
import { inCache } from '../../io/cache-folders.js';

/** Raised when something else would be worked out from the same indices. */
const format = 2;

interface Loaded {
  bytes: Buffer;
  index: StanzaIndex;
}

export class BaseLists {
  /** Identifies this base. */
  readonly key: string;
  /** Names of its suites: `bookworm`, `bookworm-updates`, ... */
  readonly suites: readonly string[];
  #loaded: Promise<Loaded[]> | undefined;

  private constructor(
    readonly architecture: string,
    private readonly indices: readonly BaseIndex[],
    private readonly cache: string,
  ) {
    this.suites = [...new Set(indices.map(({ suite }) => suite))];
    this.key = sha256Of(
      [format, architecture, ...indices.map(({ suite, sha256 }) => `${suite} ${sha256}`)].join('\n'),
    );
  }

  /**
   * Proves the suites' InRelease files; indices are fetched when they are wanted.
   *
   * @param cache absolute path of the cache folder
   * @throws LockstepError as baseIndices
   */
  static async open(
    sources: SourceContext,
    architecture: string,
    { cache, phase }: { cache: string; phase: Phase },
  ): Promise<BaseLists> {
    return new BaseLists(architecture, await baseIndices(sources, architecture, phase), cache);
  }

  /**
   * Names of what every machine has: Essential packages, those of Priority `required` (Policy 2.5), and apt.
   * Sorted.
   *
   * @throws LockstepError NET_*, SOURCE_HASH_MISMATCH, DATA_DAMAGED, DISK_*
   */
  async everywhere(): Promise<string[]> {
    const of = ['everywhere', this.key];
    return await keptVerdict(this.cache, of, z.array(z.string()), () => this.#essential());
  }

  async #essential(): Promise<string[]> {
    const names = new Set<string>();
    for (const { bytes, index } of await this.#load()) {
      for (const mark of ['\nEssential: yes\n', '\nPriority: required\n']) {
        for (let found = bytes.indexOf(mark); found >= 0; found = bytes.indexOf(mark, found + 1)) {
          const start = Math.max(bytes.lastIndexOf('\n\n', found), 0);
          const name = /^Package:[ \t]*(\S+)/m.exec(bytes.toString('latin1', start, found + 1))?.[1];
          if (name !== undefined) names.add(name);
        }
      }
      if (index.has('apt')) names.add('apt');
    }
    return [...names].sort();
  }

  /** The part of it that can be reached from these packages. Throws as {@link BaseLists.everywhere}. */
  async universe(roots: Iterable<string>): Promise<Universe> {
    const sorted = [...new Set(roots)].sort();
    const path = inCache(this.cache, 'installability', `${sha256Of([this.key, ...sorted].join('\n'))}.list`);
    const kept = (await readIfThere(path))?.toString('utf8');
    // The hash of the rest stands before it: a crash may have torn the file
    if (kept !== undefined && kept.slice(0, 64) === sha256Of(kept.slice(65))) {
      return new Universe(kept.slice(65));
    }
    const indices = (await this.#load()).map(({ index }) => index);
    const text = reachable(indices, sorted, (stanza) => this.#fits(stanza));
    await writeFileAtomic(path, `${sha256Of(text)}\n${text}`, { fsync: false });
    return new Universe(text);
  }

  /** The paragraphs of any package of the base. Reads all of it. */
  async lookUpAny(): Promise<(name: string) => Stanza[]> {
    const loaded = await this.#load();
    return (name) => loaded.flatMap(({ index }) => index.get(name)).filter((stanza) => this.#fits(stanza));
  }

  #fits(stanza: Stanza): boolean {
    return ['all', this.architecture].includes(stanza.get('Architecture') ?? '');
  }

  async #load(): Promise<Loaded[]> {
    this.#loaded ??= Promise.all(
      this.indices.map(async (one) => {
        const bytes = await one.read();
        return { bytes, index: new StanzaIndex(bytes, `Packages of ${one.suite}`) };
      }),
    );
    return await this.#loaded;
  }
}
