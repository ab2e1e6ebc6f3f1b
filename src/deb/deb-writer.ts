/**
 * Writing binary packages, deb(5), without dpkg: the same spec gives the same
 * bytes. The entries may come lazily; what is held in memory is the
 * compressed data archive, since the control archive before it in the file
 * names the hashes of what is in it.
 */
import { createHash } from 'node:crypto';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LockstepError } from '../errors.js';
import { writeAr, type ArInput } from './ar.js';
import { piecesOf, type ByteSource } from './bytes.js';
import type { Codec } from './codec.js';
import { scriptNames, type ScriptName } from './deb-scripts.js';
import { formatStanza } from './deb822.js';
import {
  foldersOf,
  isArchitectureName,
  isPackageName,
  memberName,
  memberNameFault,
  rootName,
  shownName,
  type MemberName,
} from './member-name.js';
import { tarBytes, type TarInput } from './tar-writer.js';
import { isValidVersion } from './version.js';

/**
 * One thing that a package installs; owned by root. Paths are absolute or
 * relative to the root, modes are permission bits. Folders that are not
 * among the entries are added with 0755 before what is in them.
 */
export type DebEntry =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly mode: number;
      /** Bytes; may be left out where the body is in memory. */
      readonly size?: number;
      readonly body: ByteSource;
    }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | { readonly kind: 'dir'; readonly path: string; readonly mode: number };

export interface DebSpec {
  /**
   * Fields in the order written, values unfolded (see `formatStanza`).
   * Package, Version, Architecture, Maintainer and Description must be there;
   * Installed-Size is reckoned when it is not.
   */
  readonly control: Readonly<Record<string, string | undefined>>;
  /** In the order of the archive: the caller sorts, so that the bytes do not depend on a disk's order. */
  readonly entries: Iterable<DebEntry> | AsyncIterable<DebEntry>;
  /** Absolute paths, each a file among the entries. */
  readonly conffiles?: readonly string[];
  readonly scripts?: Readonly<Partial<Record<ScriptName, string>>>;
  /** deb-triggers(5). */
  readonly triggers?: string | undefined;
  /** Seconds: the time of every member. */
  readonly mtime: number;
}

export interface DebWriting {
  /** Compressor of both archives, `xzCompress` of src/io/compress.ts; must be deterministic. */
  readonly compress: Codec;
  /** What it makes: `.xz` when not given. */
  readonly suffix?: '.xz' | '.gz' | '.zst' | '';
}

export interface DebResult {
  /** Bytes. */
  readonly size: number;
  /** Lower case hex. */
  readonly sha256: string;
  /** The control paragraph as written, Installed-Size included. */
  readonly control: string;
  /** Absolute paths of the files (not of folders and links), in the order of the archive. */
  readonly files: readonly string[];
}

function invalid(name: string, faults: readonly string[]): LockstepError {
  return new LockstepError('DEB_INVALID', {
    message: `The package ${name} cannot be written: ${faults.join('; ')}`,
    where: faults.map((message) => ({ path: name, message })),
  });
}

/**
 * Writes a package into `sink` and ends it. Nothing is written before all
 * entries were read and found good, so a fault leaves the sink untouched.
 * @throws LockstepError DEB_INVALID (all faults of the spec at once), DEB_UNSAFE_NAME
 */
export async function writeDeb(spec: DebSpec, sink: Writable, writing: DebWriting): Promise<DebResult> {
  const name = spec.control['Package'] ?? '(without name)';
  const faults = controlFaults(spec);
  if (faults.length > 0) throw invalid(name, faults);
  const tree = new Tree(spec.mtime);
  const data = await packed(tarBytes(tree.through(spec.entries)), writing.compress);
  const conffiles = (spec.conffiles ?? []).map((path) => `/${memberName(path)}`).sort(byBytes);
  const late = [...tree.faults, ...conffileFaults(conffiles, tree)];
  if (late.length > 0) throw invalid(name, late);

  const control = controlText(spec, tree.installedKiB);
  const members = controlMembers(spec, control, conffiles, tree);
  const controlArchive = await packed(tarBytes(members), writing.compress);
  const hash = createHash('sha256');
  let size = 0;
  const suffix = writing.suffix ?? '.xz';
  const archive = writeAr(
    debMembers(
      spec.mtime,
      { name: `control.tar${suffix}`, ...controlArchive },
      { name: `data.tar${suffix}`, ...data },
    ),
  );
  const counted = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of archive) {
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  };
  await pipeline(Readable.from(counted(), { objectMode: false }), sink);
  return {
    size,
    sha256: hash.digest('hex'),
    control,
    files: [...tree.md5s.keys()].map((path) => `/${path}`),
  };
}

/** The members of a package, in the order that deb(5) fixes. */
export function debMembers(
  mtime: number,
  control: Omit<ArInput, 'mtime'>,
  data: Omit<ArInput, 'mtime'>,
): ArInput[] {
  const format = Buffer.from('2.0\n', 'latin1');
  return [
    { name: 'debian-binary', size: format.length, mtime, body: format },
    { ...control, mtime },
    { ...data, mtime },
  ];
}

async function packed(
  bytes: AsyncIterable<Buffer>,
  compress: Codec,
): Promise<Pick<ArInput, 'size' | 'body'>> {
  const kept: Buffer[] = [];
  let size = 0;
  for await (const chunk of compress(bytes)) {
    kept.push(chunk);
    size += chunk.length;
  }
  return { size, body: kept };
}

function controlFaults(spec: DebSpec): string[] {
  const { control, scripts } = spec;
  const faults: string[] = [];
  for (const field of ['Package', 'Version', 'Architecture', 'Maintainer', 'Description']) {
    if ((control[field] ?? '').trim() === '') faults.push(`the field ${field} is missing`);
  }
  const { Package: name, Version: version, Architecture: architecture } = control;
  if (name !== undefined && !isPackageName(name)) faults.push(`${shownName(name)} is not a package name`);
  if (version !== undefined && !isValidVersion(version))
    faults.push(`${shownName(version)} is not a Debian version`);
  if (architecture !== undefined && (!isArchitectureName(architecture) || architecture.includes('any'))) {
    faults.push(`${shownName(architecture)} is not the architecture of a binary package`);
  }
  if (!Number.isInteger(spec.mtime) || spec.mtime < 0) faults.push(`${spec.mtime} is not a time in seconds`);
  for (const script of scriptNames) {
    const text = scripts?.[script];
    // dpkg hands scripts to the kernel; templates are debconf's data
    if (text !== undefined && script !== 'templates' && !text.startsWith('#!')) {
      faults.push(`the script ${script} does not start with #!`);
    }
  }
  return faults;
}

function conffileFaults(conffiles: readonly string[], tree: Tree): string[] {
  return conffiles.flatMap((path, index) => {
    if (conffiles[index - 1] === path) return [`the conffile ${shownName(path)} is listed twice`];
    return tree.md5s.has(path.slice(1))
      ? []
      : [`the conffile ${shownName(path)} is not a file of the package`];
  });
}

function controlText(spec: DebSpec, installedKiB: number): string {
  const fields: Record<string, string | undefined> = {};
  let isSizeGiven = false;
  for (const [name, value] of Object.entries(spec.control)) {
    if (name.toLowerCase() === 'installed-size' && value !== undefined) isSizeGiven = true;
    fields[name] = value;
    // Where dpkg-gencontrol puts it
    if (name === 'Maintainer' && !isSizeGiven && spec.control['Installed-Size'] === undefined) {
      fields['Installed-Size'] = String(installedKiB);
    }
  }
  return formatStanza(fields);
}

function controlMembers(
  spec: DebSpec,
  control: string,
  conffiles: readonly string[],
  tree: Tree,
): TarInput[] {
  // Configuration files change: dh_md5sums leaves them out, and so do we
  const configured = new Set(conffiles.map((path) => path.slice(1)));
  const md5sums = [...tree.md5s]
    .filter(([path]) => !configured.has(path))
    .sort(([a], [b]) => byBytes(a, b))
    .map(([path, md5]) => `${md5}  ${path}\n`)
    .join('');
  const texts: [name: string, text: string | undefined, mode: number][] = [
    ['conffiles', conffiles.map((path) => `${path}\n`).join(''), 0o644],
    ['control', control, 0o644],
    ['md5sums', md5sums, 0o644],
    ['triggers', spec.triggers, 0o644],
    ...scriptNames.map((name): [string, string | undefined, number] => [
      name,
      spec.scripts?.[name],
      name === 'templates' ? 0o644 : 0o755,
    ]),
  ];
  const { mtime } = spec;
  const files = texts
    .filter(([, text]) => text !== undefined && text !== '')
    .sort(([a], [b]) => byBytes(a, b))
    .map(([path, text, mode]): TarInput => ({ kind: 'file', path, mode, mtime, body: Buffer.from(text!) }));
  return [{ kind: 'dir', path: '', mode: 0o755, mtime }, ...files];
}

/** The order of `LC_ALL=C sort`. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** What went into the data archive, noted as it goes by. */
class Tree {
  /** By path without a leading slash. */
  readonly md5s = new Map<string, string>();
  readonly faults: string[] = [];
  installedKiB = 0;
  readonly #kinds = new Map<string, DebEntry['kind']>();
  readonly #mtime: number;

  constructor(mtime: number) {
    this.#mtime = mtime;
  }

  async *through(entries: Iterable<DebEntry> | AsyncIterable<DebEntry>): AsyncGenerator<TarInput> {
    const mtime = this.#mtime;
    let isRootWritten = false;
    for await (const entry of entries) {
      const fault = memberNameFault(entry.path);
      const path = fault === null ? memberName(entry.path) : rootName;
      const isRoot = fault === null && path === rootName && entry.kind === 'dir';
      if (!isRootWritten) {
        isRootWritten = true;
        yield { kind: 'dir', path: '', mode: isRoot ? entry.mode : 0o755, mtime };
        this.installedKiB += 1;
      }
      if (isRoot || !this.#accept(path, entry, fault)) continue;
      for (const parent of foldersOf(path).filter((folder) => !this.#kinds.has(folder))) {
        this.#kinds.set(parent, 'dir');
        this.installedKiB += 1;
        yield { kind: 'dir', path: parent, mode: 0o755, mtime };
      }
      this.#kinds.set(path, entry.kind);
      yield this.#noted(path, entry);
    }
    if (!isRootWritten) yield { kind: 'dir', path: '', mode: 0o755, mtime };
  }

  /** Two entries of one path, or one below a file, would unpack to whatever came last. */
  #accept(path: MemberName, entry: DebEntry, fault: string | null): boolean {
    if (fault !== null || path === rootName)
      this.faults.push(`the path ${shownName(entry.path)} ${fault ?? 'is the root'}`);
    else if (this.#kinds.has(path)) {
      this.faults.push(
        entry.kind === 'dir' && this.#kinds.get(path) === 'dir'
          ? `the folder ${shownName(entry.path)} occurs twice, or after its content`
          : `${shownName(entry.path)} occurs twice`,
      );
    } else {
      const parent = foldersOf(path).find((folder) => (this.#kinds.get(folder) ?? 'dir') !== 'dir');
      if (parent === undefined) return true;
      this.faults.push(`${shownName(entry.path)} is below ${shownName(`/${parent}`)}, which is not a folder`);
    }
    return false;
  }

  #noted(path: string, entry: DebEntry): TarInput {
    const mtime = this.#mtime;
    if (entry.kind !== 'file') {
      this.installedKiB += 1;
      if (entry.kind === 'symlink') return { kind: 'symlink', path, linkTarget: entry.target, mtime };
      return { kind: 'dir', path, mode: entry.mode, mtime };
    }
    const size = entry.size ?? (entry.body instanceof Uint8Array ? entry.body.byteLength : undefined);
    // dpkg-gencontrol: files by their size, everything else 1 KiB, so that it is the same on every file system
    this.installedKiB += Math.ceil((size ?? 0) / 1024);
    this.md5s.set(path, '');
    return { kind: 'file', path, mode: entry.mode, mtime, size, body: this.#hashed(entry.body, path) };
  }

  async *#hashed(body: ByteSource, path: string): AsyncGenerator<Buffer> {
    const hash = createHash('md5');
    for await (const chunk of piecesOf(body)) {
      hash.update(chunk);
      yield chunk;
    }
    this.md5s.set(path, hash.digest('hex'));
  }
}
