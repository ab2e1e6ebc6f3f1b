/**
 * Many small files into place, with the promise of one (disk.ts): under its
 * name a file is whole and on the disk, or not there. What makes that dear is
 * a wait for the disk with each file. Here all are written under temporary
 * names, one wait is for all of them, then they are renamed, and one wait is
 * for the names. Must not know what the files are.
 */
import { execFile, spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { writeNow } from './disk.js';
import { onDiskNow, onErrno } from './disk-fault.js';
import { throwIfInterrupted } from './interrupt.js';

/** `wx`, which Node would take apart for each file. */
const newFile = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY;

/** Files on their way, to be handed from one thread to another. */
export interface HandedOver {
  files: [temporary: string, path: string][];
  /** Folders that have a new folder in them. */
  made: string[];
}

/** So many files are worth starting a program for; fewer wait one by one. */
const fewFiles = 32;

/** After so many files the disk is set to work: there is less to wait for at the end. */
const sendEvery = 2000;

/** Files on their way to places on one file system. Call `discard` when it is given up. */
export class FileBatch {
  /** Temporary names and places. */
  readonly #waiting = new Map<string, string>();
  /** Folders that are known to be there. */
  readonly #folders = new Set<string>();
  /** Folders that have a new folder in them. */
  readonly #made = new Set<string>();
  /** Folders whose new names are not known to be on the disk. */
  readonly #renamed = new Set<string>();
  /** Everything that is waiting on its way to the disk; true where that can be said. */
  #syncing: Promise<boolean> | undefined;
  /** Files in their places whose names are not known to be on the disk. */
  #placed = 0;
  /** Files taken over since the disk was last set to work. */
  #unsent = 0;

  /** How many files are waiting. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Writes a file under a temporary name that the caller chooses. DISK_FULL, DISK_IO.
   *
   * @param path absolute; an existing file is replaced when the batch is committed
   * @param mode exactly, whatever the umask
   */
  write(temporary: string, path: string, bytes: Uint8Array, mode: number): void {
    this.#syncing = undefined;
    onDiskNow('write', path, () => {
      this.#ensureFolder(dirname(path));
      writeNow(temporary, newFile, mode, [bytes], (fd) => {
        this.#waiting.set(temporary, path);
        fchmodSync(fd, mode);
      });
    });
  }

  /** Takes over files that another batch wrote in another thread. */
  takeOver({ files, made }: HandedOver): void {
    this.#syncing = undefined;
    for (const folder of made) this.#made.add(folder);
    for (const [temporary, path] of files) {
      this.#waiting.set(temporary, path);
      // It already exists under its temporary name
      this.#folders.add(dirname(path));
      if (++this.#unsent < sendEvery) continue;
      this.#unsent = 0;
      sendToDisk(dirname(temporary));
    }
  }

  /** Hands the files over: this batch forgets them. */
  handOver(): HandedOver {
    const handed: HandedOver = { files: [...this.#waiting], made: [...this.#made] };
    this.#waiting.clear();
    this.#made.clear();
    return handed;
  }

  /** Sets the disk to work on what is waiting: `place` has less to wait for, if nothing is added meanwhile. */
  beginSync(): void {
    const [first] = this.#waiting.values();
    if (first !== undefined && this.#waiting.size > fewFiles)
      this.#syncing ??= syncFileSystem(dirname(first));
  }

  /**
   * Renames all files to their final names, and waits for the disk. If it throws, the renamed files are
   * complete and the others are removed.
   *
   * @param signal checked before the first rename; from then on it is ignored
   * @throws LockstepError DISK_FULL, DISK_IO, INTERRUPTED
   */
  async commit(signal?: AbortSignal): Promise<void> {
    await this.place(signal);
    await this.settle();
  }

  /**
   * The first half of {@link FileBatch.commit}: the files are whole and in their places, but a crash may still
   * take their names. Throws as that.
   */
  async place(signal?: AbortSignal): Promise<void> {
    try {
      if (this.size === 0) return;
      throwIfInterrupted(signal);
      if (this.#waiting.size > fewFiles) this.beginSync();
      if ((await this.#syncing) !== true) {
        for (const temporary of this.#waiting.keys()) {
          onDiskNow('write', temporary, () => syncFile(temporary));
        }
      }
      for (const [temporary, path] of this.#waiting) {
        onDiskNow('write', path, () => renameSync(temporary, path));
        this.#waiting.delete(temporary);
        this.#renamed.add(dirname(path));
        this.#placed++;
      }
    } finally {
      this.discard();
    }
  }

  /** The second half of {@link FileBatch.commit}: the names are on the disk, too. DISK_IO. */
  async settle(): Promise<void> {
    const [first] = this.#renamed;
    if (first === undefined) return;
    const many = this.#placed > fewFiles;
    if (!many || !(await syncFileSystem(first))) this.#syncFolders(this.#renamed);
    this.#renamed.clear();
    this.#placed = 0;
  }

  /** Removes the files that wait. */
  discard(): void {
    for (const temporary of this.#waiting.keys()) {
      try {
        rmSync(temporary, { force: true });
      } catch {
        // The first fault is reported; a sweep removes the file
      }
    }
    this.#waiting.clear();
    this.#syncing = undefined;
  }

  #ensureFolder(folder: string): void {
    if (this.#folders.has(folder)) return;
    const made = mkdirSync(folder, { recursive: true });
    this.#folders.add(folder);
    // The folders above it have a new entry each, too
    for (let at = folder; made !== undefined && at.length >= made.length; at = dirname(at)) {
      this.#made.add(dirname(at));
    }
  }

  #syncFolders(folders: ReadonlySet<string>): void {
    for (const folder of new Set([...folders, ...this.#made])) {
      onDiskNow('write', folder, () => {
        try {
          syncFile(folder);
        } catch (error) {
          // Some network file systems cannot fsync a folder; the write is still valid
          onErrno(['EINVAL'], undefined)(error);
        }
      });
    }
    this.#made.clear();
  }
}

function syncFile(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * syncfs(2) through the program sync: everything that was written to the file system of `path` is on the disk
 * then. False where that cannot be said, and each file must be waited for. (process.ts would take longer to
 * load than this to run, and moves of a few files load it not.)
 */
export async function syncFileSystem(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    execFile('sync', ['-f', path], { env: { PATH: process.env['PATH'] } }, (error) =>
      resolve(error === null),
    );
  });
}

/** Starts what syncFileSystem waits for, without waiting. Its result is not reported. */
function sendToDisk(path: string): void {
  spawn('sync', ['-f', path], { stdio: 'ignore', env: { PATH: process.env['PATH'] } })
    .on('error', () => undefined)
    .unref();
}
