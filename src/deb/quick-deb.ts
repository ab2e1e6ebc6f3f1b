/**
 * A binary package that is in memory, at once (see quick-tar.ts): what is
 * plain, whole and safe. It says nothing of any other; deb-file.ts reads those
 * and names their faults.
 */
import { quickTar } from './quick-tar.js';
import type { TarHeader } from './tar.js';
import { isUtf8 } from './utf8.js';

/** What a package says and holds. */
export interface QuickDeb {
  /** The control file's text. */
  readonly control: string;
  /** Of the control archive; undefined where it has none. */
  readonly conffiles: string | undefined;
  /** Members of data.tar, in their order. Names are checked. */
  readonly members: readonly TarHeader[];
  /** The bytes of a member, given its header: the archive's own, so only until the next package is read. */
  bodyOf(header: TarHeader): Buffer;
}

/** Unpacks by the ending of a name, or leaves it alone (src/io/small-decoder.ts). */
export type UnpackSmall = (name: string, packed: Buffer) => Buffer | undefined;

const magic = '!<arch>\n';
const headerSize = 60;

/** Reads a package, or leaves it to the thorough reader. */
export function quickDeb(deb: Buffer, unpack: UnpackSmall): QuickDeb | undefined {
  const parts = arMembers(deb);
  // deb(5): exactly these, in this order, where nothing unusual is in it
  if (parts?.length !== 3) return undefined;
  const [format, controlArchive, dataArchive] = parts as [ArPart, ArPart, ArPart];
  if (format.name !== 'debian-binary' || !/^2\.[0-9]+\n/.test(format.body.toString('latin1')))
    return undefined;
  if (!/^control\.tar(?:\.(?:gz|xz|zst))?$/.test(controlArchive.name)) return undefined;
  if (!/^data\.tar(?:\.(?:gz|xz|zst|bz2|lzma))?$/.test(dataArchive.name)) return undefined;
  const control = controlFiles(unpack(controlArchive.name, controlArchive.body));
  if (control === undefined) return undefined;
  const data = unpack(dataArchive.name, dataArchive.body);
  const entries = data === undefined ? undefined : quickTar(data);
  if (entries === undefined) return undefined;
  const members = entries.map(({ header }) => header);
  return { ...control, members, bodyOf: (header) => entries[members.indexOf(header)]!.body };
}

function controlFiles(tar: Buffer | undefined): Pick<QuickDeb, 'control' | 'conffiles'> | undefined {
  const entries = tar === undefined ? undefined : quickTar(tar);
  if (entries === undefined) return undefined;
  const seen = new Map<string, Buffer>();
  for (const { header, body } of entries) {
    if (header.kind === 'dir') continue;
    const name = header.path;
    if (header.kind !== 'file' || name.includes('/') || seen.has(name)) return undefined;
    seen.set(name, body);
  }
  const control = seen.get('control');
  if (control === undefined || !isUtf8(control)) return undefined;
  return { control: control.toString('utf8'), conffiles: seen.get('conffiles')?.toString('utf8') };
}

interface ArPart {
  name: string;
  body: Buffer;
}

/** The members of a whole ar archive; undefined where anything is unusual. */
function arMembers(file: Buffer): ArPart[] | undefined {
  if (file.toString('latin1', 0, magic.length) !== magic) return undefined;
  const members: ArPart[] = [];
  for (let at = magic.length; at < file.length;) {
    const header = file.toString('latin1', at, at + headerSize);
    const match = /^([A-Za-z0-9_.+~-]+)\/? *$/.exec(header.slice(0, 16));
    const size = /^([0-9]{1,10}) *$/.exec(header.slice(48, 58));
    const plain = /^[0-9]* *$/;
    if (match === null || size === null || header.slice(58) !== '`\n') return undefined;
    if (!plain.test(header.slice(16, 28)) || !/^[0-9]* *[0-9]* *[0-7]* *$/.test(header.slice(28, 48)))
      return undefined;
    const start = at + headerSize;
    const end = start + Number(size[1]);
    if (end > file.length) return undefined;
    members.push({ name: match[1]!, body: file.subarray(start, end) });
    if (end % 2 === 1 && end < file.length && file[end] !== 0x0a) return undefined;
    at = end + (end % 2);
  }
  return members;
}
