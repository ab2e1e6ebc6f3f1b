/**
 * Progress for people, on stderr: on a terminal one status line that keeps
 * changing below the finished ones, on a pipe plain lines only. It implements
 * the port of src/io/progress.ts and decides nothing.
 */
import type { Item, Phase, Progress } from '../../io/progress.js';

export interface ProgressOutput {
  write(text: string): void;
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
const plainNoteEveryMs = 15_000;

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

interface RunningItem {
  name: string;
  started: number;
  bytes: number;
  total: number | undefined;
  note: string;
}

export class LineProgress implements Progress {
  readonly #out: ProgressOutput;
  readonly #running = new Set<RunningItem>();
  #lastDraw = -Infinity;
  #lastPlain = 0;
  #drawn = false;
  #stopTicking: (() => void) | undefined;

  constructor(out: ProgressOutput) {
    this.#out = out;
  }

  phase(title: string): Phase {
    const started = this.#out.elapsed();
    this.#lastPlain = started;
    this.#line(title);
    return {
      item: (name, options) => this.#item(name, options?.totalBytes),
      info: (message) => this.#line(`  ${message}`),
      done: (summary) => {
        this.#line(`  done in ${this.#since(started)}${summary === undefined ? '' : `: ${summary}`}`);
      },
      fail: () => this.#line(`  failed after ${this.#since(started)}`),
    };
  }

  /** Takes the status line away, so that what follows starts on a clean line. */
  clear(): void {
    if (!this.#drawn) return;
    this.#out.write('\r\u001b[K');
    this.#drawn = false;
  }

  #item(name: string, totalBytes: number | undefined): Item {
    const item: RunningItem = { name, started: this.#out.elapsed(), bytes: 0, total: totalBytes, note: '' };
    this.#running.add(item);
    // A build says nothing for minutes; the line must still show that it lives
    this.#stopTicking ??= this.#out.every(1000, () => this.#draw());
    const end = (text: string): void => {
      if (!this.#running.delete(item)) return;
      if (this.#running.size === 0) {
        this.#stopTicking?.();
        this.#stopTicking = undefined;
      }
      this.#line(`  ${text}`);
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

  #since(started: number): string {
    return formatElapsed(this.#out.elapsed() - started);
  }

  #line(text: string): void {
    this.clear();
    this.#out.write(`${text}\n`);
    this.#draw();
  }

  #draw(): void {
    const now = this.#out.elapsed();
    if (this.#running.size === 0) return;
    if (!this.#out.interactive) {
      // A log needs regular signs of progress, not every byte.
      if (now - this.#lastPlain < plainNoteEveryMs) return;
      this.#lastPlain = now;
      this.#out.write(`  ... ${this.#status()}\n`);
      return;
    }
    if (now - this.#lastDraw < redrawEveryMs) return;
    this.#lastDraw = now;
    this.#out.write(`\r\u001b[K${`  ${this.#status()}`.slice(0, Math.max(20, this.#out.columns() - 1))}`);
    this.#drawn = true;
  }

  #status(): string {
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
