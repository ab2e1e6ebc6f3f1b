/**
 * Watches what a build uses, and ends it when it passes a limit. Where the kernel keeps a limit by itself (control
 * groups, limits of a process), this says which one it was. Must not know how a build is started.
 */
import { readFileSync } from 'node:fs';
import type { ControlGroup } from '../io/control-group.js';
import { processesBelow, useOf } from '../io/process-tree.js';
import type { BuildLimit, BuildLimits } from './build-limits.js';

export interface WatchOptions {
  limits: BuildLimits;
  group: ControlGroup | null;
  /** Bytes that the files of the build take on the disk, those included that only these processes still have open. */
  diskUse: (processes: readonly number[]) => Promise<number>;
}

const lookEveryMs = 250;
/** The disk is measured at most for this share of the time. */
const shareForDisk = 0.05;

export class Watchdog {
  readonly #options: WatchOptions;
  readonly #began = performance.now();
  #heard = this.#began;
  #pid: number | undefined;
  #past: BuildLimit | undefined;
  #isOver = false;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** The limit that the build passed. */
  get past(): BuildLimit | undefined {
    return this.#past;
  }

  /** Begins to watch a process and all below it. */
  begin(pid: number): void {
    this.#pid = pid;
    void this.#watch();
    void this.#watchDisk();
  }

  /** The build printed something. */
  heard(): void {
    this.#heard = performance.now();
  }

  /** The build has passed a limit: ends it. The first limit counts. */
  pass(limit: BuildLimit): void {
    this.#past ??= limit;
    if (this.#pid !== undefined) endBelow(this.#pid);
  }

  /** To be called when the build has ended: it may have passed a limit between two looks. */
  async over(): Promise<void> {
    this.stop();
    this.#past ??= await this.#options.group?.reached();
    if (this.#past !== undefined) return;
    // Where SIGXFSZ has ended a program, its file has the size of the limit
    if ((await this.#options.diskUse([])) >= this.#options.limits.disk) this.#past = 'disk';
  }

  stop(): void {
    this.#isOver = true;
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
      if (this.#isOver) return;
      const limit = await this.#passed();
      // Again and again, until it has ended
      if (limit !== undefined) this.pass(limit);
    }
  }

  async #passed(): Promise<BuildLimit | undefined> {
    const { limits, group } = this.#options;
    const now = performance.now();
    if (now - this.#began > limits.time * 1000) return 'time';
    if (now - this.#heard > limits.silence * 1000) return 'silence';
    const reached = await group?.reached();
    if (reached !== undefined) return reached;
    const isKept = (limit: 'memory' | 'processes'): boolean => group?.enforced.includes(limit) === true;
    if (isKept('processes') && isKept('memory')) return undefined;
    const use = useOf(processesBelow(this.#pid!));
    if (!isKept('processes') && use.processes > limits.processes) return 'processes';
    if (!isKept('memory') && use.memory > limits.memory) return 'memory';
    return undefined;
  }

  async #watchDisk(): Promise<void> {
    while (!this.#isOver) {
      const start = performance.now();
      // It cannot be measured while the build removes files: the next time, then
      const used = await this.#options.diskUse(processesBelow(this.#pid!)).catch(() => 0);
      if (this.#isOver) return;
      if (used > this.#options.limits.disk) this.pass('disk');
      const took = performance.now() - start;
      const wait = Math.max(4 * lookEveryMs, took / shareForDisk);
      for (let left = wait; left > 0 && !this.#isOver; left -= lookEveryMs)
        await new Promise((resolve) => setTimeout(resolve, Math.min(left, lookEveryMs)));
    }
  }
}

/**
 * Ends the first process below unshare(1): it is process 1 of a namespace, and the kernel ends all others of it before
 * unshare sees its end. So nothing of the build lives when unshare has ended.
 */
function endBelow(unshare: number): void {
  const children = childrenOf(unshare);
  for (const pid of children.length > 0 ? children : [unshare]) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // ESRCH: it has ended
    }
  }
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    // Some kernels do not have the file
    const all = new Set(processesBelow(pid));
    return [...all].slice(0, 1);
  }
}
