/**
 * A copy of the tree in which one mutation at a time is made and tests run. Nothing of it touches the tree, the
 * user's caches or those that tests keep: mutated code may write anything.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export type Ending = 'passed' | 'failed' | 'timeout';

export class Sandbox {
  // Short, because some tests make sockets below it, and the path of one has 108 bytes (unix(7))
  readonly #folder = mkdtempSync(join(tmpdir(), 'm-'));
  readonly #tree = join(this.#folder, 'tree');
  #group: number | undefined;

  /** @param root the repository; what git ignores is left out */
  constructor(root: string) {
    // Some of what tests start runs as another user, and has to get through
    chmodSync(this.#folder, 0o711);
    const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: root,
      encoding: 'utf8',
    });
    for (const path of listed.stdout.split('\0')) {
      if (path === '' || !existsSync(join(root, path))) continue;
      mkdirSync(dirname(join(this.#tree, path)), { recursive: true });
      cpSync(join(root, path), join(this.#tree, path), { verbatimSymlinks: true });
    }
    rmSync(join(this.#tree, 'node_modules'), { force: true });
    symlinkSync(join(root, 'node_modules'), join(this.#tree, 'node_modules'));
  }

  /** @param path below the tree */
  write(path: string, text: string): void {
    writeFileSync(join(this.#tree, path), text);
  }

  /**
   * Runs test files in one process until one test fails.
   *
   * @param files below the tree
   * @param limit in milliseconds; then the process and its children are killed
   */
  async test(files: readonly string[], limit: number): Promise<Ending> {
    const temporary = join(this.#folder, 't');
    mkdirSync(temporary);
    chmodSync(temporary, 0o711);
    const mocha = join(this.#tree, 'node_modules/mocha/bin/mocha.js');
    const child = spawn(process.execPath, [mocha, '--bail', '--timeout', '300000', ...files], {
      cwd: this.#tree,
      stdio: 'ignore',
      // A group of its own, so that what the tests start can be ended with them
      detached: true,
      env: {
        ...process.env,
        // A loop that a mutation made endless may fill memory before its time is over
        NODE_OPTIONS: '--max-old-space-size=3072',
        TMPDIR: temporary,
        LOCKSTEP_CACHE: join(temporary, 'cache'),
        LOCKSTEP_TEST_CACHE: join(temporary, 'kept'),
        LOCKSTEP_TEST_RUN: temporary,
      },
    });
    this.#group = child.pid;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.stop();
    }, limit);
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', resolve);
    });
    clearTimeout(timer);
    this.stop();
    rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
    return isLate ? 'timeout' : status === 0 ? 'passed' : 'failed';
  }

  /** Ends what still runs. */
  stop(): void {
    if (this.#group === undefined) return;
    try {
      process.kill(-this.#group, 'SIGKILL');
    } catch {
      // It has ended
    }
    this.#group = undefined;
  }

  remove(): void {
    this.stop();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
