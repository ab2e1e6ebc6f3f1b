/** When a Release that is dated ahead of the clock may be written. */
import { aptMaxFutureMs } from '../deb/apt-limits.js';
import type { Clock } from '../io/clock.js';

/** Half of what apt allows, in milliseconds: clients' clocks are behind ours, too. */
const tolerated = aptMaxFutureMs / 2;

/** A Date further ahead, in milliseconds, comes from a clock that ran backwards, not from releases in quick succession. */
export const longestWait = 60_000;

/** Releases in quick succession are dated a second apart each: waits until clients would take this one. */
export async function waitForDate(date: Date, clock: Clock, signal?: AbortSignal): Promise<void> {
  const ahead = date.getTime() - clock.now().getTime();
  if (ahead > tolerated && ahead <= longestWait) await clock.sleep(ahead - tolerated, signal);
}
