/**
 * The same package under another version. control.tar is rewritten with another Version and the relationships
 * that follow from it. Everything else in it, and the compressed data.tar, keep their bytes. The same input
 * gives the same bytes. The caller decides the version.
 */
import { LockstepError } from '../errors.js';
import { readAr, writeAr, type ArMember } from './ar.js';
import { collect } from './bytes.js';
import type { Codec } from './codec.js';
import { ControlArchive } from './control-archive.js';
import { takenBudget } from './deb-budget.js';
import {
  controlEntries,
  controlStanza,
  damaged,
  nextMember,
  readFormat,
  type DebReading,
} from './deb-file.js';
import { dataMember } from './deb-members.js';
import { debMembers } from './deb-writer.js';
import type { Stanza } from './deb822.js';
import { shownName } from './member-name.js';
import { movedFields, type VersionMoves } from './relation-moves.js';
import { tarBytes, type TarInput } from './tar.js';
import { isValidVersion } from './version.js';

/** What is written differently. */
export interface Repacking {
  readonly version: string;
  /** Packages that its relationships name and that have moved too. */
  readonly moves: VersionMoves;
}

export interface RepackIo extends DebReading {
  /** `xzCompress` of src/io/compress.ts; must be deterministic. */
  readonly compress: Codec;
}

/** A package whose control archive is already rewritten and whose data follows. */
export interface RepackedDeb {
  /** The control paragraph as it was. */
  readonly before: Stanza;
  /** The rewritten control paragraph. */
  readonly control: string;
  /** The whole package; can be read once. It reads the source to its very end, where a store checks the hash. */
  readonly bytes: AsyncIterable<Buffer>;
  /** Lets the source go when `bytes` is not read. */
  close(): Promise<void>;
}

/**
 * The control paragraph of a package under another version. Fields that do not change keep their bytes.
 *
 * `Source` names the version of the source package wherever that is not the package's own (Policy 5.6.1).
 *
 * @throws LockstepError DEB_SYNTAX, DEB_INVALID if it is not a version
 */
export function repackedControl(before: Stanza, { version, moves }: Repacking): string {
  if (!isValidVersion(version)) {
    throw new LockstepError('DEB_INVALID', {
      message: `${before.require('Package')} cannot be given the version ${shownName(version)}`,
    });
  }
  const source = before.get('Source');
  const name = source ?? before.require('Package');
  const from = /\s*\(.*\)$/.test(name) ? name : `${name} (${before.require('Version')})`;
  const text = before.with({ ...movedFields(before, moves), Source: from, Version: version }).text();
  if (source !== undefined) return text;
  // Where dpkg-gencontrol puts it
  const line = `Source: ${from}\n`;
  return text.replace(line, '').replace(/^Package:.*\n/im, (first) => first + line);
}

/**
 * Opens a package and rewrites its control archive. Members that sign the old bytes (`_gpg...`) are left out.
 *
 * @param source bytes of a .deb
 * @throws LockstepError DEB_ARCHIVE, DEB_SYNTAX, DEB_UNSAFE_NAME, DEB_INVALID
 */
export async function repackDeb(
  source: AsyncIterable<Uint8Array>,
  repacking: Repacking,
  io: RepackIo,
): Promise<RepackedDeb> {
  const { file } = io;
  const members = readAr(source, file);
  try {
    await readFormat(members, file);
    const entries: TarInput[] = [];
    let paragraph: { before: Stanza; control: string } | undefined;
    const held = new ControlArchive(io.budget ?? takenBudget, file);
    for await (const { header, bytes } of controlEntries(members, held, io)) {
      const { mode, mtime, uid, gid, uname, gname } = header;
      const common = { path: header.path, mode, mtime, owner: { uid, gid, uname, gname } };
      if (header.kind === 'dir') {
        entries.push({ kind: 'dir', ...common });
        continue;
      }
      let body = bytes;
      if (common.path === 'control') {
        const before = controlStanza(bytes.toString('utf8'), file);
        paragraph = { before, control: repackedControl(before, repacking) };
        body = Buffer.from(paragraph.control);
      }
      entries.push({ kind: 'file', ...common, body });
    }
    if (paragraph === undefined) throw damaged('its control archive has no control file', file);
    const archive = await collect(io.compress(tarBytes(entries)));
    const data = await nextMember(members, dataMember, file);
    return {
      ...paragraph,
      bytes: bytesOf(members, archive, data),
      close: async () => {
        await members.return(undefined);
      },
    };
  } catch (error) {
    await members.return(undefined);
    throw error;
  }
}

async function* bytesOf(
  members: AsyncGenerator<ArMember>,
  control: Buffer,
  data: ArMember,
): AsyncGenerator<Buffer> {
  const controlArchive = { name: 'control.tar.xz', size: control.length, body: control };
  try {
    yield* writeAr(debMembers(data.mtime, controlArchive, data));
    for await (const after of members) void after;
  } finally {
    await members.return(undefined);
  }
}
