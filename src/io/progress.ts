/**
 * The port through which long work reports its progress. Rooms call it; src/cli displays it. Must not render
 * anything itself.
 */

/** One thing under way inside a phase: a download, a build. */
export interface Item {
  /** That many more bytes are done. Never negative: a restarted download reports only what is new. */
  advance(bytes: number): void;
  /** A short remark that replaces the last one, such as `try 2 of 5`. */
  note(text: string): void;
  done(note?: string): void;
  fail(reason: string): void;
}

/** One step of a workflow. */
export interface Phase {
  item(name: string, options?: { totalBytes?: number }): Item;
  info(message: string): void;
  done(summary?: string): void;
  fail(): void;
}

export interface Progress {
  phase(title: string): Phase;
}

/**
 * Runs work as one phase. The phase fails if the work throws; the caller gets the error.
 * @param summary the text to print when the phase is done
 */
export async function inPhase<T>(
  progress: Progress,
  title: string,
  work: (phase: Phase) => Promise<T>,
  summary: (result: T) => string | undefined = () => undefined,
): Promise<T> {
  const phase = progress.phase(title);
  try {
    const result = await work(phase);
    phase.done(summary(result));
    return result;
  } catch (error) {
    phase.fail();
    throw error;
  }
}

export interface ItemOptions<T> {
  totalBytes?: number;
  /** What the item says when it is done. */
  summary?: (result: T) => string;
  /** What it says when it fails; where left out or undefined, the error's own message. */
  reason?: () => string | undefined;
}

/**
 * Runs work as one item of a phase. The item fails if the work throws; the caller gets the error.
 */
export async function inItem<T>(
  phase: Phase | undefined,
  name: string,
  work: (item: Item) => Promise<T>,
  { totalBytes, summary, reason }: ItemOptions<T> = {},
): Promise<T> {
  const item = phase?.item(name, totalBytes === undefined ? {} : { totalBytes }) ?? silentItem;
  try {
    const result = await work(item);
    item.done(summary?.(result));
    return result;
  } catch (error) {
    item.fail(reason?.() ?? (error instanceof Error ? error.message : String(error)));
    throw error;
  }
}

/** An item without output. */
export const silentItem: Item = { advance() {}, note() {}, done() {}, fail() {} };

/** A phase that reports nothing. */
export const silentPhase: Phase = { item: () => silentItem, info() {}, done() {}, fail() {} };

/** Progress that reports nothing: for tests, `--json` and library use. */
export const silentProgress: Progress = { phase: () => silentPhase };
