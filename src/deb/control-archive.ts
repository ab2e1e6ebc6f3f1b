/**
 * The control archive of a package, for both readers of packages: which members it may have, and whether dpkg takes
 * what is in those that it reads.
 */
import { unlessFault } from '../errors.js';
import type { DebBudget } from './deb-budget.js';
import { overBudget } from './deb-budget.js';
import { readConffiles, triggersFault } from './dpkg-control-files.js';
import { rootName, shownName, type MemberName } from './member-name.js';
import { ControlFault, TarFault, type TarHeader } from './tar-header.js';
import { utf8Text } from './utf8.js';

/** Bytes; `MAXCONTROLFILENAME` of dpkg. It ignores names with a dot. */
const longestName = 100;

/** What dpkg reads while it unpacks. */
const readByDpkg = new Set(['control', 'conffiles', 'triggers']);

/** The control archive of one package, member by member. */
export class ControlArchive {
  readonly members = new Map<string, Buffer>();
  readonly #seen = new Set<MemberName>();
  #bytes = 0;

  constructor(
    private readonly most: Pick<DebBudget, 'controlMembers' | 'controlBytes' | 'controlFileBytes'>,
    private readonly file: string | undefined,
  ) {}

  /** Takes a header; its bytes follow by `keep`. @throws TarFault, LockstepError DEB_TOO_LARGE */
  add({ path, kind, size }: TarHeader): void {
    const shown = shownName(path);
    if (this.#seen.has(path))
      throw new TarFault(`its control archive has two members ${path}`, 'member-twice');
    this.#seen.add(path);
    if (kind === 'dir' ? path !== rootName : kind !== 'file' || path.includes('/'))
      throw new TarFault(
        `its control archive contains ${shown}, a member that is not a plain file`,
        'control-member',
      );
    if (!path.includes('.') && Buffer.byteLength(path) > longestName)
      throw new TarFault(`its control archive contains a member with a name that is too long: ${shown}`);
    this.#bytes += size;
    const { controlMembers, controlBytes, controlFileBytes } = this.most;
    if (this.#seen.size > controlMembers)
      throw overBudget(this.file, `its control archive has more than ${controlMembers} members`);
    if (this.#bytes > controlBytes)
      throw overBudget(this.file, `its control archive has more than ${controlBytes} bytes`);
    if (size > controlFileBytes && readByDpkg.has(path))
      throw overBudget(this.file, `its ${path} has more than ${controlFileBytes} bytes`);
  }

  keep(name: MemberName, bytes: Buffer): void {
    this.members.set(name, bytes);
  }

  /**
   * The text of the control file, and what `conffiles` removes.
   * @throws TarFault for what dpkg does not take
   */
  finish(): { control: string; conffiles: string | undefined; removed: readonly MemberName[] } {
    const control = this.#text('control');
    if (control === undefined) throw new TarFault('its control archive has no control file');
    // What is in the lines is binary-stanza.ts's to judge
    if (!control.endsWith('\n')) throw new ControlFault('its last line has no newline', 'control-text');
    // dpkg ends a file at the end mark of MS-DOS, and no field may have a line of blanks
    if (control.includes('\x1a') || /^[ \t\v\f\r]+$/m.test(control) || /^\n*[ \t\v\f\r]/.test(control))
      throw new ControlFault('it has a line of blanks, or the end mark of MS-DOS', 'control-text');
    const triggers = this.members.get('triggers');
    const wrong = triggers === undefined ? null : triggersFault(triggers.toString('latin1'));
    if (wrong !== null) throw new TarFault(`its triggers file ${wrong}`);
    const conffiles = this.#text('conffiles');
    const read = readConffiles(conffiles ?? '');
    if ('fault' in read) throw new TarFault(`its conffiles file ${read.fault}`);
    return { control, conffiles, ...read };
  }

  #text(name: string): string | undefined {
    const bytes = this.members.get(name);
    if (bytes === undefined) return undefined;
    return unlessFault(
      () => utf8Text(bytes, name),
      (fault) => {
        const message = fault.where[0]?.message ?? fault.message;
        throw new ControlFault(name === 'control' ? message : `${name}: ${message}`, 'control-text');
      },
    );
  }
}
