/**
 * What builds made, by the hash of their inputs: a record names the outputs,
 * the content store has them. A record counts only while every byte of it is
 * there and right. Must not decide what the inputs are.
 */
import { join } from 'node:path';
import { z } from 'zod';
import type { ContentStore } from '../io/content-store.js';
import { readIfThere, removeFile, writeFileAtomic } from '../io/disk.js';
import { inCache } from '../io/cache-folders.js';
import { sha256 } from '../io/sha256.js';

const storedFile = z.strictObject({
  name: z.string(),
  size: z.number().int().nonnegative(),
  sha256,
});

const recordSchema = z.strictObject({
  format: z.literal(1),
  inputs: sha256,
  packages: z.array(
    z.strictObject({
      package: z.string(),
      version: z.string(),
      architecture: z.string(),
      source: z.string(),
      sourceVersion: z.string(),
      control: z.string(),
      file: storedFile,
    }),
  ),
  sources: z.array(
    z.strictObject({
      package: z.string(),
      version: z.string(),
      stanza: z.string(),
      files: z.array(storedFile),
    }),
  ),
});

/** Everything that one build produced; callers use parts of it. */
export type BuildRecord = z.output<typeof recordSchema>;

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
  async find(inputs: string, options: { signal?: AbortSignal } = {}): Promise<BuildRecord | undefined> {
    const path = this.#pathOf(inputs);
    const bytes = await readIfThere(path);
    if (bytes === undefined) return undefined;
    const record = parseRecord(bytes);
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

  async #isWhole(record: BuildRecord, options: { signal?: AbortSignal }): Promise<boolean> {
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

function parseRecord(bytes: Buffer): BuildRecord | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(bytes.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
