/**
 * Progress for people, on stderr: on a terminal one status line that keeps
 * changing below the finished ones, on a pipe plain lines only. It implements
 * the port of src/io/progress.ts and decides nothing.
 */
import type { Item, Phase, Progress } from '../../io/progress.js';
import { cleanLine } from '../../plain-text.js';

export interface ProgressOutput {
  /** Text, which the output cleans. */
  write(text: string): void;
  /** Empties the line that the cursor is on; on a terminal only. */
  erase(): void;
  /** True on a terminal: the status line may be redrawn. */
  interactive: boolean;
  /** Width in columns; the status line is cut to it. */
  columns: () => number;
  /** Milliseconds that only ever grow. */
  elapsed: () => number;
  /** Calls back again and again until the returned function is called; must not keep the process alive. */
  every: (milliseconds: number, tick: () => void) => () => void;
}

const redrawEveryMs = 100;
/** On a pipe no longer than this passes without a line, as long as a phase is open or an item runs. */
const plainNoteEveryMs = 5_000;

/** `1.5 MiB`: bytes for people, binary units. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `0.4 s`, `12 s`, `3 min 05 s`. */
export function formatElapsed(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

interface OpenPhase {
  title: string;
  started: number;
}

interface RunningItem {
  name: string;
  started: number;
  bytes: number;
  total: number | undefined;
  note: string;
}

export class LineProgress implements Progress {
  readonly #out: ProgressOutput;
  readonly #open = new Set<OpenPhase>();
  readonly #running = new Set<RunningItem>();
  #lastDraw = -Infinity;
  #lastPlain = 0;
  #drawn = false;
  #stopTicking: (() => void) | undefined;

  constructor(out: ProgressOutput) {
    this.#out = out;
  }

  phase(title: string): Phase {
    const phase: OpenPhase = { title, started: this.#out.elapsed() };
    this.#open.add(phase);
    this.#line(title);
    this.#tick();
    const end = (text: string): void => {
      this.#open.delete(phase);
      this.#line(`  ${text}`);
      this.#tick();
    };
    return {
      item: (name, options) => this.#item(name, options?.totalBytes),
      info: (message) => this.#line(`  ${message}`),
      done: (summary) =>
        end(`done in ${this.#since(phase.started)}${summary === undefined ? '' : `: ${summary}`}`),
      fail: () => end(`failed after ${this.#since(phase.started)}`),
    };
  }

  /** Takes the status line away, so that what follows starts on a clean line. */
  clear(): void {
    if (!this.#drawn) return;
    this.#out.erase();
    this.#drawn = false;
  }

  #item(name: string, totalBytes: number | undefined): Item {
    const item: RunningItem = { name, started: this.#out.elapsed(), bytes: 0, total: totalBytes, note: '' };
    this.#running.add(item);
    this.#tick();
    const end = (text: string): void => {
      if (!this.#running.delete(item)) return;
      this.#line(`  ${text}`);
      this.#tick();
    };
    return {
      advance: (bytes) => {
        item.bytes += bytes;
        this.#draw();
      },
      note: (text) => {
        item.note = text;
        this.#draw();
      },
      done: (note) => {
        const size = item.bytes > 0 ? `, ${formatBytes(item.bytes)}` : '';
        end(`${name}${note === undefined ? '' : `: ${note}`} (${this.#since(item.started)}${size})`);
      },
      fail: (reason) => end(`${name}: ${reason}`),
    };
  }

  /** A build says nothing for minutes; the lines must still show that it lives. */
  #tick(): void {
    if (this.#running.size + this.#open.size > 0) {
      this.#stopTicking ??= this.#out.every(1000, () => this.#draw());
      return;
    }
    this.#stopTicking?.();
    this.#stopTicking = undefined;
  }

  #since(started: number): string {
    return formatElapsed(this.#out.elapsed() - started);
  }

  #line(text: string): void {
    this.clear();
    this.#out.write(`${text}\n`);
    this.#lastPlain = this.#out.elapsed();
    this.#draw();
  }

  #draw(): void {
    const now = this.#out.elapsed();
    if (!this.#out.interactive) {
      // A log needs regular signs of progress, not every byte.
      if (now - this.#lastPlain < plainNoteEveryMs) return;
      const status = this.#status();
      if (status === '') return;
      this.#lastPlain = now;
      this.#out.write(`  ... ${status}\n`);
      return;
    }
    if (this.#running.size === 0) return;
    if (now - this.#lastDraw < redrawEveryMs) return;
    this.#lastDraw = now;
    this.#out.erase();
    this.#out.write(cleanLine(`  ${this.#status()}`).slice(0, Math.max(20, this.#out.columns() - 1)));
    this.#drawn = true;
  }

  /** What runs; the phase that was opened last where none of its items does. Empty where nothing is under way. */
  #status(): string {
    const phase = [...this.#open].at(-1);
    if (this.#running.size === 0)
      return phase === undefined ? '' : `${phase.title} ${this.#since(phase.started)}`;
    return [...this.#running]
      .map((item) => {
        const size =
          item.total === undefined
            ? item.bytes > 0
              ? formatBytes(item.bytes)
              : ''
            : `${formatBytes(item.bytes)} of ${formatBytes(item.total)}`;
        return [item.name, size, item.note, this.#since(item.started)].filter(Boolean).join(' ');
      })
      .join(' | ');
  }
}
