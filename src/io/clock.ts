/**
 * The clock as a port: what the time is, and waiting. Everything that needs
 * either takes a Clock, so that tests and rebuilds decide the time. Must not be
 * asked for anything that ends up in a package: that is SOURCE_DATE_EPOCH's.
 */
import { setTimeout as wait } from 'node:timers/promises';

export interface Clock {
  /** The present time. */
  now(): Date;
  /** Resolves after that many milliseconds; rejects with the signal's reason when it is aborted first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  sleep: async (milliseconds, signal) => {
    try {
      await wait(milliseconds, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error;
    }
  },
};
