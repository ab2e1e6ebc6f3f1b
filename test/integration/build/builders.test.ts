import { join } from 'node:path';
import type { BuildRecord } from '../../../src/build/build-cache.js';
import type { Builder, BuildJob, PreparedBuild } from '../../../src/build/builder-port.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { builderContract } from './builder-contract.js';
import type { Builds } from '../../fixtures/builds.js';

/**
 * Stands for another machine: it has a store of its own and is given nothing but data, so a prepared build must say
 * all that is needed. Its build roots are shared, for they take long to make.
 */
class FarBuilder implements Builder {
  readonly #near: ContentStore;
  readonly #far: ContentStore;
  readonly #builder: Builder;

  constructor(builds: Builds) {
    this.#near = builds.store;
    this.#far = new ContentStore(join(builds.folder, 'far'));
    this.#builder = builds.builder({ store: this.#far });
  }

  architecture(): Promise<string> {
    return this.#builder.architecture();
  }

  async build(prepared: PreparedBuild, job: BuildJob): Promise<BuildRecord> {
    for (const sha256 of inputsOf(prepared)) await this.#far.put(await this.#near.read(sha256));
    const record = await this.#builder.build(overTheWire(prepared), job);
    const made = [
      ...record.packages.map(({ file }) => file),
      ...record.sources.flatMap(({ files }) => files),
    ];
    for (const { sha256 } of made) await this.#near.put(await this.#far.read(sha256));
    return overTheWire(record);
  }
}

/** SHA-256 of what a build reads from the store. */
function inputsOf(prepared: PreparedBuild): string[] {
  if (prepared.method === 'debian') return prepared.prepared.source.files.map(({ sha256 }) => sha256);
  const { tree, from = [] } = prepared.request;
  const own = tree.entries.flatMap((entry) =>
    entry.kind === 'file' && 'sha256' in entry.content ? [entry.content.sha256] : [],
  );
  return [...own, ...from.map(({ archive }) => archive.sha256)];
}

/** A copy, which only data survives. The indices are for the decision, and can be read here only. */
function overTheWire<T extends PreparedBuild | BuildRecord>(value: T): T {
  if (!('method' in value) || value.method !== 'debian') return structuredClone(value);
  const base = { ...value.request.base, indices: [] };
  return structuredClone({ ...value, request: { ...value.request, base } });
}

builderContract('this machine', (builds) => builds.builder());
builderContract('another machine', (builds) => new FarBuilder(builds));
