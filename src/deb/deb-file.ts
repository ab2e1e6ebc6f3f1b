/**
 * Binary packages, deb(5): reading one (its control paragraph, scripts, and
 * files as a stream), writing one without dpkg. Which compressor is used is
 * the caller's choice; what a package may contain is src/vetting's.
 */
import { createReadStream } from 'node:fs';
import { LockstepError } from '../errors.js';
import { readAr, type ArMember } from './ar.js';
import { collect, piecesOf } from './bytes.js';
import type { DecompressByName } from './codec.js';
import { scriptNames } from './deb-scripts.js';
import { parseStanza, trimmedLines, type Stanza } from './stanza.js';
import { readTar, type TarEntry, type TarHeader } from './tar.js';
import { utf8Text } from './utf8.js';

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
}

/** Control archives are some kilobytes; this bounds what a hostile one can make us hold. */
const largestControlMember = 16 * 1024 * 1024;

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
    const controlMembers = new Map<string, Buffer>();
    for await (const { header, bytes } of controlEntries(members, reading.decompress, file)) {
      if (header.kind === 'file') controlMembers.set(header.path, bytes);
    }
    const data = await nextMember(members, dataMember, file);
    return {
      ...parseControl(controlMembers, file),
      files: dataEntries(members, data, reading.decompress, file),
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
  decompress: DecompressByName,
  file: string | undefined,
): AsyncGenerator<Buffer> {
  try {
    yield* decompress(member.name, member.body);
  } catch (error) {
    // Errors of the machine (a file that cannot be read) are not the package's
    if (error instanceof LockstepError || (error instanceof Error && 'syscall' in error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw damaged(`${member.name} cannot be decompressed: ${reason}`, file, error);
  }
}

/** Reads the first member and refuses a file that is not a package of format 2. */
export async function readFormat(members: AsyncGenerator<ArMember>, file: string | undefined): Promise<void> {
  const { body } = await nextMember(members, /^debian-binary$/, file);
  const version = (await collectSmall(body, file)).toString('latin1');
  // deb(5): readers must accept 2.x
  if (!/^2\.[0-9]+\n/.test(version))
    throw damaged(`its format is ${JSON.stringify(version.slice(0, 20))}`, file);
}

/** A member of the control archive, which must not be endless. */
async function collectSmall(body: AsyncIterable<Buffer>, file: string | undefined): Promise<Buffer> {
  try {
    return await collect(body, largestControlMember);
  } catch (error) {
    if (error instanceof RangeError) throw damaged('a member of its control archive is far too large', file);
    throw error;
  }
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

/** The entries of the control archive, in their order: folders, and each file once, with its bytes. */
export async function* controlEntries(
  members: AsyncGenerator<ArMember>,
  decompress: DecompressByName,
  file: string | undefined,
): AsyncGenerator<{ header: TarHeader; bytes: Buffer }> {
  const member = await nextMember(members, /^control\.tar(?:\.(?:gz|xz|zst))?$/, file);
  const seen = new Set<string>();
  for await (const { header, body } of readTar(unpacked(member, decompress, file), file)) {
    const name = header.path;
    if (header.kind !== 'dir') {
      if (header.kind !== 'file' || name.includes('/')) {
        throw damaged('its control archive contains members that are not regular files', file);
      }
      if (seen.has(name)) throw damaged(`its control archive has two members ${name}`, file);
      seen.add(name);
    }
    yield { header, bytes: await collectSmall(body, file) };
  }
}

/** `data.tar`, packed in any way that dpkg knows. */
export const dataMember = /^data\.tar(?:\.(?:gz|xz|zst|bz2|lzma))?$/;

/** The paragraph of a control file. @param file the package, if its name is known */
export function controlStanza(text: string, file: string | undefined): Stanza {
  return parseStanza(text, { file: file === undefined ? 'control' : `${file}: control` });
}

function parseControl(members: ReadonlyMap<string, Buffer>, file: string | undefined): DebControl {
  const bytes = members.get('control');
  if (bytes === undefined) throw damaged('its control archive has no control file', file);
  const text = utf8Text(bytes, file === undefined ? 'control' : `${file}: control`);
  const control = controlStanza(text, file);
  for (const name of ['Package', 'Version', 'Architecture']) control.require(name);
  return {
    control,
    scripts: new Map(
      scriptNames.flatMap((name) => {
        const script = members.get(name);
        return script === undefined ? [] : [[name, script.toString('utf8')] as const];
      }),
    ),
    conffiles: trimmedLines(members.get('conffiles')?.toString('utf8') ?? ''),
    members,
  };
}

async function* dataEntries(
  members: AsyncGenerator<ArMember>,
  data: ArMember,
  decompress: DecompressByName,
  file: string | undefined,
): AsyncGenerator<TarEntry> {
  try {
    yield* readTar(unpacked(data, decompress, file), file);
  } finally {
    await members.return(undefined);
  }
}
