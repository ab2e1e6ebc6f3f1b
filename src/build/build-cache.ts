/**
 * What builds made, by the hash of their inputs: a record names the outputs,
 * the content store has them. A record counts only while every byte of it is
 * there and right. Must not decide what the inputs are.
 */
import { join } from 'node:path';
import { z } from 'zod';
import type { ContentStore, PutOptions } from '../io/content-store.js';
import { removeFile, writeFileAtomic } from '../io/disk.js';
import { readKept } from '../io/kept-json.js';
import { inCache } from '../io/cache-folders.js';
import { sha256 } from '../io/sha256.js';
import { builtPackage, builtSource } from './built.js';

const recordSchema = z.strictObject({
  format: z.literal(1),
  inputs: sha256,
  packages: z.array(builtPackage),
  sources: z.array(builtSource),
});

/** Everything that one build produced; callers use parts of it. */
export type BuildRecord = z.output<typeof recordSchema>;

/** Where what was made is kept. */
export interface CacheContext {
  store: ContentStore;
  /** Records, prepared sources and closures are kept in it. Safe to delete. */
  cacheDir: string;
  signal?: AbortSignal | undefined;
}

/** Records below `<cacheDir>/builds/`. */
export class BuildCache {
  readonly #folder: string;
  readonly #store: ContentStore;

  constructor(cacheDir: string, store: ContentStore) {
    this.#folder = inCache(cacheDir, 'builds');
    this.#store = store;
  }

  /**
   * The record of these inputs, if there is one and all of its outputs are in the store with the right
   * bytes; they are read through. What cannot be used is removed.
   * @throws LockstepError DISK_IO, INTERRUPTED
   */
  async find(inputs: string, options: Pick<PutOptions, 'signal'> = {}): Promise<BuildRecord | undefined> {
    const path = this.#pathOf(inputs);
    const record = await readKept(path, recordSchema);
    if (record?.inputs === inputs && (await this.#isWhole(record, options))) return record;
    await removeFile(path);
    return undefined;
  }

  /** Keeps a record; its outputs are in the store already. */
  async keep(record: BuildRecord): Promise<void> {
    await writeFileAtomic(this.#pathOf(record.inputs), `${JSON.stringify(record)}\n`);
  }

  #pathOf(inputs: string): string {
    return join(this.#folder, `${inputs}.json`);
  }

  async #isWhole(record: BuildRecord, options: Pick<PutOptions, 'signal'>): Promise<boolean> {
    const files = [
      ...record.packages.map(({ file }) => file),
      ...record.sources.flatMap(({ files }) => files),
    ];
    for (const { sha256, size } of files) {
      if ((await this.#store.size(sha256)) !== size) return false;
      if (!(await this.#store.holds(sha256, options))) return false;
    }
    return true;
  }
}
