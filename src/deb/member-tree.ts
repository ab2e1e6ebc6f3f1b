/**
 * The files of a package as dpkg unpacks them, one after the other: which members can be in one package. It knows names and
 * kinds; what a package may contain is src/vetting's.
 */
import { shownName, type MemberName } from './member-name.js';
import { TarFault, type TarHeader, type TarKind } from './tar-header.js';

/** The folders that base-files, which every Debian system has, brings: packages may leave them out. */
const baseFolders = new Set(
  (
    'bin boot dev etc home lib lib64 mnt opt proc root run sbin srv sys tmp usr var ' +
    'etc/default etc/profile.d etc/skel usr/bin usr/games usr/include usr/lib usr/lib64 usr/sbin usr/share usr/src ' +
    'usr/share/doc usr/share/info usr/share/man usr/share/misc ' +
    'var/backups var/cache var/lib var/lib/dpkg var/lib/misc var/local var/log var/opt var/spool var/tmp'
  ).split(' '),
);

/** The members so far. */
export class MemberTree {
  readonly #kinds = new Map<MemberName, TarKind>();
  /** The folder of the member before, which is sound: its members mostly come one after the other. */
  #folder = '';

  readonly #removed: ReadonlySet<MemberName>;

  /** @param removed what `conffiles` removes */
  constructor(removed: readonly MemberName[] = []) {
    this.#removed = new Set(removed);
  }

  /** Takes the next member. @throws TarFault */
  add({ path, kind, linkTarget }: TarHeader): void {
    if (this.#kinds.has(path)) throw new TarFault(`it has two members ${shownName(path)}`, 'member-twice');
    if (this.#removed.has(path))
      throw new TarFault(`its conffiles file removes ${shownName(path)}, which is a member`);
    const slash = path.lastIndexOf('/');
    if (slash > 0) {
      const folder = path.slice(0, slash);
      if (folder !== this.#folder) this.#enter(folder as MemberName, path);
      this.#folder = folder;
    }
    if (kind === 'hardlink') this.#assertLinked(path, linkTarget as MemberName);
    this.#kinds.set(path, kind);
  }

  #enter(folder: MemberName, path: MemberName): void {
    const kind = this.#kinds.get(folder);
    if (kind === 'dir' || (kind === undefined && baseFolders.has(folder))) return;
    const names = `${shownName(path)} is in ${shownName(folder)}`;
    if (kind === 'symlink') throw new TarFault(`${names}, which is a link`, 'below-link');
    if (kind !== undefined) throw new TarFault(`${names}, which is not a folder`);
    throw new TarFault(`${names}, which is not a member before it`, 'folder-missing');
  }

  #assertLinked(path: MemberName, target: MemberName): void {
    const kind = this.#kinds.get(target);
    if (kind === 'file' || kind === 'hardlink') return;
    const what = kind === undefined ? 'not a member before it' : 'not a file';
    throw new TarFault(
      `${shownName(path)} is a hard link to ${shownName(target)}, which is ${what}`,
      'hard-link',
    );
  }
}
