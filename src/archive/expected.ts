/**
 * What the archive must hold by what the snapshots' manifests say: paragraphs
 * of indices, files of the pool. Kept small, as hashes, so that a hundred
 * snapshots of ten thousand packages fit in memory. Pure; who compares is
 * verify-*.ts and garbage.ts.
 */
import { createHash } from 'node:crypto';
import type { Snapshot, SnapshotPackage, SnapshotSource, SourceChangelog } from '../snapshot/manifest.js';
import type { PoolFile } from './index-text.js';

/** Which index a paragraph belongs into. */
export interface IndexName {
  kind: 'packages' | 'sources';
  area: string;
  /** Of `packages` only. */
  architecture?: string | undefined;
}

interface Paragraph {
  kind: 'packages' | 'sources';
  area: string;
  /** `all` belongs into the index of each. */
  architecture: string;
  /** `tiny 1.0 amd64`: of two paragraphs with one of it, only the first is listed. */
  name: string;
  /** {@link paragraphHash} */
  hash: string;
}

/** A paragraph of an index as it stands there, without the blank line after it, by its hash. */
export function paragraphHash(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('base64');
}

/** Everything that snapshots say of the archive. Paragraphs that several of them have are kept once. */
export class ExpectedFiles {
  readonly #paragraphs: Paragraph[] = [];
  readonly #byHash = new Map<string, number>();
  readonly #snapshots = new Map<string, Uint32Array>();
  /** Unpublished snapshots may want other bytes under a name that is taken: a name can have several files. */
  readonly #files: PoolFile[] = [];
  readonly #byPath = new Map<string, number[]>();
  readonly #poolOf = new Map<string, Uint32Array>();

  /** Takes in what a manifest says; the manifest itself is not kept. */
  add({ manifest }: Snapshot): void {
    const paragraphs = [
      ...manifest.packages.map((entry) => this.#paragraph(ofPackage(entry))),
      ...manifest.sources.map((entry) => this.#paragraph(ofSource(entry))),
    ];
    this.#snapshots.set(manifest.id, Uint32Array.from(paragraphs));
    const files = new Set<number>();
    for (const file of manifestPoolFiles(manifest)) files.add(this.#file(file));
    this.#poolOf.set(manifest.id, Uint32Array.from(files));
  }

  /** Whether a snapshot was taken in. */
  has(id: string): boolean {
    return this.#snapshots.has(id);
  }

  /**
   * The paragraphs of an index that lists these snapshots, the first of which counts where several have a
   * package in one version: their names, by their hashes.
   */
  paragraphs(ids: readonly string[], index: IndexName): Map<string, string> {
    const hashes = new Map<string, string>();
    const named = new Set<string>();
    for (const id of ids) {
      for (const at of this.#snapshots.get(id) ?? []) {
        const { kind, area, architecture, name, hash } = this.#paragraphs[at]!;
        if (kind !== index.kind || area !== index.area) continue;
        const listed = kind === 'sources' || architecture === index.architecture || architecture === 'all';
        if (!listed || named.has(name)) continue;
        named.add(name);
        hashes.set(hash, name);
      }
    }
    return hashes;
  }

  /** What a file of the pool may be by any snapshot, given its path below `debian/`; empty where none names it. */
  poolFile(path: string): PoolFile[] {
    return (this.#byPath.get(path) ?? []).map((at) => this.#files[at]!);
  }

  /** The files of the pool that a snapshot needs. */
  poolOf(id: string): PoolFile[] {
    return [...(this.#poolOf.get(id) ?? [])].map((at) => this.#files[at]!);
  }

  #paragraph(paragraph: Paragraph): number {
    const before = this.#byHash.get(paragraph.hash);
    if (before !== undefined && this.#paragraphs[before]!.area === paragraph.area) return before;
    const at = this.#paragraphs.push(paragraph) - 1;
    this.#byHash.set(paragraph.hash, at);
    return at;
  }

  #file(file: PoolFile): number {
    const there = this.#byPath.get(file.path) ?? [];
    const same = there.find((at) => this.#files[at]!.sha256 === file.sha256);
    if (same !== undefined) return same;
    const at = this.#files.push(file) - 1;
    this.#byPath.set(file.path, [...there, at]);
    return at;
  }
}

/** The files of the pool that a manifest names, each of its lines. */
export function* manifestPoolFiles(manifest: {
  packages: readonly SnapshotPackage[];
  sources: readonly SnapshotSource[];
  sourceChangelogs?: readonly SourceChangelog[] | undefined;
}): Generator<PoolFile, void, undefined> {
  for (const { path, size, sha256 } of manifest.packages) yield { path, size, sha256 };
  for (const { directory, files } of manifest.sources) {
    for (const { name, size, sha256 } of files) yield { path: `${directory}/${name}`, size, sha256 };
  }
  yield* manifest.sourceChangelogs ?? [];
}

// Written here and not taken from index-text.ts: who checks an index by the code that wrote it finds no fault of it.
function ofPackage(entry: SnapshotPackage): Paragraph {
  const { stanza, path, size, sha256, area, architecture } = entry;
  return {
    kind: 'packages',
    area,
    architecture,
    name: `${entry.package} ${entry.version} ${architecture}`,
    hash: paragraphHash(`${stanza}Filename: ${path}\nSize: ${size}\nSHA256: ${sha256}\n`),
  };
}

function ofSource(entry: SnapshotSource): Paragraph {
  return {
    kind: 'sources',
    area: entry.area,
    architecture: 'source',
    name: `${entry.package} ${entry.version}`,
    hash: paragraphHash(`${entry.stanza}Directory: ${entry.directory}\n`),
  };
}
