/**
 * A binary package that is in memory, at once (see quick-tar.ts): what is
 * plain, whole and safe. It says nothing of any other; deb-file.ts reads those
 * and names their faults.
 */
import { LockstepError } from '../errors.js';
import { ControlArchive } from './control-archive.js';
import { controlMember, dataMember, formatSpec } from './deb-members.js';
import { debBudget, MemberBudget, type DebBudget } from './deb-budget.js';
import { MemberTree } from './member-tree.js';
import { watchOf } from './one-stream.js';
import { quickTar, type QuickTarEntry } from './quick-tar.js';
import { TarFault, type TarForm, type TarHeader } from './tar-header.js';

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
export function quickDeb(
  deb: Buffer,
  unpack: UnpackSmall,
  budget: DebBudget = debBudget,
): QuickDeb | undefined {
  const parts = arMembers(deb);
  // deb(5): exactly these, in this order, where nothing unusual is in it
  if (parts?.length !== 3) return undefined;
  const [format, controlArchive, dataArchive] = parts as [ArPart, ArPart, ArPart];
  if (format.name !== 'debian-binary' || !formatSpec.test(format.body.toString('latin1', 0, 64)))
    return undefined;
  if (!controlMember.test(controlArchive.name) || !dataMember.test(dataArchive.name)) return undefined;
  try {
    const { removed, ...control } = controlFiles(tarIn(controlArchive, 'control', unpack), budget);
    const tree = new MemberTree(removed);
    const count = new MemberBudget(budget, undefined);
    const entries = tarIn(dataArchive, 'data', unpack);
    for (const { header } of entries) {
      count.count(header.path);
      tree.add(header);
    }
    const members = entries.map(({ header }) => header);
    return { ...control, members, bodyOf: (header) => entries[members.indexOf(header)]!.body };
  } catch (error) {
    // The thorough reader names it
    if (error instanceof TarFault || error instanceof LockstepError) return undefined;
    throw error;
  }
}

/** The members of an archive that is one stream and plain. @throws TarFault */
function tarIn({ name, body }: ArPart, form: TarForm, unpack: UnpackSmall): QuickTarEntry[] {
  const watch = watchOf(name);
  watch?.push(body);
  const tar = watch === undefined || watch.fault() === null ? unpack(name, body) : undefined;
  const entries = tar === undefined ? undefined : quickTar(tar, form);
  if (entries === undefined) throw new TarFault('not plain');
  return entries;
}

function controlFiles(
  entries: readonly QuickTarEntry[],
  budget: DebBudget,
): ReturnType<ControlArchive['finish']> {
  const archive = new ControlArchive(budget, undefined);
  for (const { header, body } of entries) {
    archive.add(header);
    if (header.kind === 'file') archive.keep(header.path, body);
  }
  return archive.finish();
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
