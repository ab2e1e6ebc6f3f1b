/** Whether a server sends enough bytes: not in a moment, but in each span of time. Pure; times come in. */
import { counted } from '../counted.js';

export interface LeastRate {
  /** Bytes per second; 0 for no limit. */
  leastRate: number;
  /** Milliseconds. */
  spanMs: number;
}

export class RateWatch {
  readonly #limit: LeastRate;
  #waitedMs = 0;
  #bytes = 0;

  constructor(limit: LeastRate) {
    this.#limit = limit;
  }

  /**
   * Counts what came after a wait.
   * @returns what is wrong, for a message, if a whole span had too few bytes
   */
  add(waitedMs: number, bytes: number): string | undefined {
    const { leastRate, spanMs } = this.#limit;
    this.#waitedMs += waitedMs;
    this.#bytes += bytes;
    if (this.#waitedMs < spanMs) return undefined;
    const [seconds, came] = [this.#waitedMs / 1000, this.#bytes];
    this.#waitedMs = 0;
    this.#bytes = 0;
    if (came >= leastRate * seconds) return undefined;
    return `Only ${counted(came, 'byte')} arrived in ${Math.round(seconds)} s, and the least is ${leastRate} per second`;
  }
}

/** Milliseconds after which a transfer of this size no longer counts as getting on; Infinity without a least rate. */
export function deadlineMs(bytes: number, tries: number, { leastRate, spanMs }: LeastRate): number {
  return leastRate === 0 ? Infinity : tries * spanMs + (bytes / leastRate) * 1000;
}
