/**
 * Binary packages, deb(5): reading one (its control paragraph, scripts, and
 * files as a stream), writing one without dpkg. Which compressor is used is
 * the caller's choice; what a package may contain is src/vetting's.
 */
import { createReadStream } from 'node:fs';
import { LockstepError, unlessFault } from '../errors.js';
import { readAr, type ArMember } from './ar.js';
import { ByteReader } from './byte-reader.js';
import { collect, piecesOf, watched } from './bytes.js';
import type { DecompressByName } from './codec.js';
import { ControlArchive } from './control-archive.js';
import { DataBudget, MemberBudget, takenBudget, type DebBudget } from './deb-budget.js';
import { controlMember, dataMember, formatSpec } from './deb-members.js';
import { refusedBy } from './deb-rules.js';
import { scriptNames, type ScriptName } from './deb-scripts.js';
import type { MemberName } from './member-name.js';
import { MemberTree } from './member-tree.js';
import { watchOf } from './one-stream.js';
import { parseStanza, trimmedLines, type Stanza } from './stanza.js';
import { readTar, tarFault, type TarEntry, type TarHeader } from './tar.js';
import { TarFault } from './tar-header.js';

export { scriptNames, type ScriptName } from './deb-scripts.js';
export { writeDeb, type DebEntry, type DebResult, type DebSpec, type DebWriting } from './deb-writer.js';

/** What the control archive of a package says. */
export interface DebControl {
  /** The control paragraph; `control.text()` is what was in the file. */
  readonly control: Stanza;
  /** Maintainer scripts, `config` and `templates`, by name. */
  readonly scripts: ReadonlyMap<string, string>;
  /** Absolute paths. */
  readonly conffiles: readonly string[];
  /** Every member of the control archive by name (`md5sums`, `triggers`, `shlibs`, ...), those above among them. */
  readonly members: ReadonlyMap<string, Buffer>;
}

/** A package that is open: its files are still to come. */
export interface DebFile extends DebControl {
  /** The members of data.tar in their order; can be read once. Names are checked. */
  readonly files: AsyncIterable<TarEntry>;
  /** Lets the file go when not all of `files` is read. */
  close(): Promise<void>;
}

export interface DebReading {
  /** `decompressByName` of src/io/compress.ts. */
  readonly decompress: DecompressByName;
  /** Named in faults; the path, if one is given, when it is not. */
  readonly file?: string | undefined;
  /** What is kept of the control archive; all of it where it is not given. */
  readonly wanted?: ReadonlySet<string> | undefined;
  /** `debBudget` where it is not given. */
  readonly budget?: DebBudget | undefined;
}

/** For this room: deb-repack.ts says the same of the same. */
export function damaged(message: string, file: string | undefined, cause?: unknown): LockstepError {
  return new LockstepError('DEB_ARCHIVE', {
    message: `${file ?? 'The file'} is not a Debian package: ${message}`,
    where: [{ file, message }],
    cause,
  });
}

/**
 * Opens a package and reads its control archive. The files are read from the
 * same stream when they are asked for: read them all or call `close`.
 * @param source path of a .deb, or its bytes
 * @throws LockstepError DEB_ARCHIVE, DEB_SYNTAX, DEB_UNSAFE_NAME
 */
export async function readDeb(
  source: string | Uint8Array | AsyncIterable<Uint8Array>,
  reading: DebReading,
): Promise<DebFile> {
  const file = reading.file ?? (typeof source === 'string' ? source : undefined);
  const bytes = typeof source === 'string' ? createReadStream(source, { highWaterMark: 256 * 1024 }) : source;
  const members = readAr(piecesOf(bytes as Uint8Array | AsyncIterable<Uint8Array>), file);
  try {
    await readFormat(members, file);
    const archive = new ControlArchive(reading.budget ?? takenBudget, file);
    for await (const { header, bytes } of controlEntries(members, archive, reading)) {
      if (header.kind === 'file') archive.keep(header.path, bytes);
    }
    const data = await nextMember(members, dataMember, file);
    const { control, removed } = parseControl(archive, file);
    return {
      ...control,
      files: dataEntries(members, data, removed, reading),
      close: async () => {
        await members.return(undefined);
      },
    };
  } catch (error) {
    await members.return(undefined);
    throw error;
  }
}

/**
 * Reads only the control archive of a package.
 * @throws LockstepError DEB_ARCHIVE, DEB_SYNTAX, DEB_UNSAFE_NAME
 */
export async function readDebControl(
  source: string | Uint8Array | AsyncIterable<Uint8Array>,
  reading: DebReading,
): Promise<DebControl> {
  const deb = await readDeb(source, reading);
  await deb.close();
  return deb;
}

/** The member decompressed; a compressor's own error becomes one that names the package. */
async function* unpacked(
  member: ArMember,
  { decompress, file }: DebReading,
  budget?: DataBudget,
): AsyncGenerator<Buffer> {
  const { name } = member;
  const watch = watchOf(name);
  try {
    const packed = watched(member.body, (piece) => {
      watch?.push(piece);
      budget?.packed(piece.length);
    });
    for await (const piece of name.endsWith('.gz')
      ? gunzipped(name, packed, decompress)
      : decompress(name, packed)) {
      budget?.unpacked(piece.length);
      yield piece;
    }
    const fault = watch?.fault() ?? null;
    if (fault !== null) throw damaged(refusedBy('whole-stream', `${name}: ${fault}`), file);
  } catch (error) {
    // Errors of the machine (a file that cannot be read) are not the package's
    const isDamage = error instanceof LockstepError && error.code === 'DATA_DAMAGED';
    if (!isDamage && (error instanceof LockstepError || (error instanceof Error && 'syscall' in error)))
      throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const message = refusedBy('whole-stream', `${name}: ${reason.trimEnd()}`);
    if (isDamage) throw error.with({ message, where: [{ file, message }] });
    throw damaged(message, file, error);
  }
}

/** Bytes that do not begin with the magic of gzip are not packed: gzread(3) of zlib, which dpkg uses, reads them so. */
async function* gunzipped(
  name: string,
  packed: AsyncIterable<Buffer>,
  decompress: DecompressByName,
): AsyncGenerator<Buffer> {
  const reader = new ByteReader(packed);
  try {
    const magic = await reader.upTo(2);
    const whole = (async function* (): AsyncGenerator<Buffer> {
      yield magic;
      for (let piece = await reader.some(Infinity); piece.length > 0; piece = await reader.some(Infinity)) {
        yield piece;
      }
    })();
    yield* magic.length === 2 && magic[0] === 0x1f && magic[1] === 0x8b ? decompress(name, whole) : whole;
  } finally {
    await reader.close();
  }
}

/** Reads the first member and refuses a file that is not a package of format 2. */
export async function readFormat(members: AsyncGenerator<ArMember>, file: string | undefined): Promise<void> {
  const { body } = await nextMember(members, /^debian-binary$/, file);
  const version = (await collectSmall(body)).toString('latin1');
  // deb(5): readers must accept 2.x
  if (!formatSpec.test(version))
    throw damaged(refusedBy('deb-format', `its format is ${JSON.stringify(version.slice(0, 20))}`), file);
}

/** The beginning of a member; the rest is skipped. */
async function collectSmall(body: AsyncIterable<Buffer>): Promise<Buffer> {
  let start = Buffer.alloc(0);
  for await (const piece of body)
    if (start.length < 64) start = Buffer.concat([start, piece.subarray(0, 64)]);
  return start;
}

/** The next member of the .deb, which must have that name. */
export async function nextMember(
  members: AsyncGenerator<ArMember>,
  name: RegExp,
  file: string | undefined,
): Promise<ArMember> {
  for (;;) {
    const next = await members.next();
    if (next.done === true) throw damaged('a member is missing', file);
    if (name.test(next.value.name)) return next.value;
    // deb(5): after the first member, members with a leading underscore must be ignored; all others have a
    // fixed order
    if (!next.value.name.startsWith('_') || name.test('debian-binary'))
      throw damaged(`${next.value.name} is not the expected member at this position`, file);
  }
}

/** The entries of the control archive, in their order: folders, and each wanted file once, with its bytes. */
export async function* controlEntries(
  members: AsyncGenerator<ArMember>,
  archive: ControlArchive,
  reading: DebReading,
): AsyncGenerator<{ header: TarHeader; bytes: Buffer }> {
  const { file, wanted } = reading;
  const member = await nextMember(members, controlMember, file);
  try {
    for await (const { header, body } of readTar(unpacked(member, reading), file, 'control')) {
      archive.add(header);
      if (wanted?.has(header.path) !== false) yield { header, bytes: await collect(body) };
    }
  } catch (error) {
    throw error instanceof TarFault ? tarFault(error, file) : error;
  }
}

/**
 * The paragraph of a control file that dpkg takes: any further fault has a rule of Lockstep.
 * @param file the package, if its name is known
 */
export function controlStanza(text: string, file: string | undefined): Stanza {
  return unlessFault(
    () => parseStanza(text, { file: file === undefined ? 'control' : `${file}: control` }),
    (fault) => {
      const tag = (message: string | undefined): string =>
        refusedBy('control-text', message ?? fault.message);
      throw fault.with({ where: fault.where.map((place) => ({ ...place, message: tag(place.message) })) });
    },
  );
}

function parseControl(
  archive: ControlArchive,
  file: string | undefined,
): { control: DebControl; removed: readonly MemberName[] } {
  const { members } = archive;
  const { control, conffiles, removed } = finished(archive, file);
  const script = (name: ScriptName): [ScriptName, string][] => {
    const bytes = members.get(name);
    return bytes === undefined ? [] : [[name, bytes.toString('utf8')]];
  };
  return {
    control: {
      control: controlStanza(control, file),
      scripts: new Map(scriptNames.flatMap(script)),
      conffiles: trimmedLines(conffiles ?? ''),
      members,
    },
    removed,
  };
}

function finished(archive: ControlArchive, file: string | undefined): ReturnType<ControlArchive['finish']> {
  try {
    return archive.finish();
  } catch (error) {
    throw error instanceof TarFault ? tarFault(error, file) : error;
  }
}

async function* dataEntries(
  members: AsyncGenerator<ArMember>,
  data: ArMember,
  removed: readonly MemberName[],
  reading: DebReading,
): AsyncGenerator<TarEntry> {
  const { file, budget = takenBudget } = reading;
  const tree = new MemberTree(removed);
  const count = new MemberBudget(budget, file);
  try {
    for await (const entry of readTar(unpacked(data, reading, new DataBudget(budget, file)), file, 'data')) {
      count.count(entry.header.path);
      tree.add(entry.header);
      yield entry;
    }
  } catch (error) {
    throw error instanceof TarFault ? tarFault(error, file) : error;
  } finally {
    await members.return(undefined);
  }
}
