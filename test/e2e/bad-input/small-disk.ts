/** A file system of a few megabytes, mounted where only the test and what it starts see it. */
import { execa } from 'execa';
import { statfs } from 'node:fs/promises';
import { run } from '../../../src/io/process.js';

/** `unshare` with what it needs here: a mount namespace, and to be root in it. */
const isRoot = process.getuid?.() === 0;
const unshare = ['--mount', '--propagation=private', ...(isRoot ? [] : ['--map-root-user'])];
const mount = 'mount -t tmpfs -o "$1" none "$2"';

/** Why there can be none here, or null. */
export async function unfitForSmallDisks(): Promise<string | null> {
  const tried = await run('unshare', [...unshare, 'sh', '-c', mount, 'sh', 'size=1m', '/tmp'], {
    allowFailure: true,
  });
  return tried.exitCode === 0 ? null : 'this machine does not let us mount a tmpfs in a namespace of our own';
}

export class SmallDisk {
  readonly #folder: string;
  readonly #holder: ReturnType<typeof hold>;

  private constructor(folder: string, holder: ReturnType<typeof hold>) {
    this.#folder = folder;
    this.#holder = holder;
  }

  /** @param options of mount(8) for a tmpfs: `size=8m,nr_inodes=100` */
  static async mount(folder: string, options: string): Promise<SmallDisk> {
    const holder = hold(folder, options);
    // It says that the mount is there
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve());
      void holder.then(({ stderr }) => reject(new Error(String(stderr))));
    });
    return new SmallDisk(folder, holder);
  }

  /** The folder, as others than its commands reach it. */
  get path(): string {
    return `/proc/${this.#holder.pid}/root${this.#folder}`;
  }

  /** What stands before a command that is to see it. */
  get within(): string[] {
    const user = isRoot ? [] : ['--user', '--preserve-credentials'];
    const { pid } = this.#holder;
    // Its root, too: a mount namespace alone leads out of a chroot
    return ['nsenter', `--target=${pid}`, '--mount', '--root', `--wd=/proc/${pid}/root`, ...user];
  }

  /** Gives it other limits, as {@link mount} has them. */
  async limit(options: string): Promise<void> {
    const [program = '', ...args] = this.within;
    await run(program, [...args, 'mount', '-o', `remount,${options}`, this.#folder]);
  }

  /** How many inodes are in use: names of one file count once. */
  async inodes(): Promise<number> {
    const { files, ffree } = await statfs(this.path);
    return files - ffree;
  }

  async end(): Promise<void> {
    this.#holder.kill('SIGKILL');
    await this.#holder;
  }
}

function hold(folder: string, options: string) {
  return execa(
    'unshare',
    [...unshare, 'sh', '-c', `${mount} && echo mounted && exec sleep infinity`, 'sh', options, folder],
    { reject: false, stdin: 'ignore' },
  );
}
