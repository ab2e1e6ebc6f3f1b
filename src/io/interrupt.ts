/**
 * Turns Ctrl-C and a polite kill into one AbortSignal, so that each step ends
 * at a place where everything is consistent. Must not exit the process on the
 * first signal, and must not clean up for others: each room does that when its
 * signal is aborted.
 */
import { constants } from 'node:os';
import { LockstepError } from '../errors.js';

/** The part of `process` that this module needs. */
export interface SignalSource {
  on(event: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void): unknown;
  off(event: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void): unknown;
  exit(code: number): unknown;
}

/** An option of whatever takes long. */
export interface Stoppable {
  /** Ends it, at a place where everything is consistent. */
  signal?: AbortSignal | undefined;
}

/** The fault a stopped run ends with. `by` is what stopped it, such as `SIGINT`. */
export function interrupted(by?: string): LockstepError {
  const how = by === undefined ? '' : ` (${by})`;
  return new LockstepError('INTERRUPTED', {
    message: `Stopped on request${how}`,
    hint: 'No file was left incomplete. Run the same command again to continue.',
  });
}

/**
 * Throws INTERRUPTED if the signal is aborted; call it between the steps of a long function. A LockstepError
 * that aborted the signal is thrown unchanged.
 */
export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw interruptionOf(signal);
}

/** The fault to throw for an aborted signal: its reason if that is a LockstepError, otherwise INTERRUPTED. */
export function interruptionOf(signal: AbortSignal): LockstepError {
  return signal.reason instanceof LockstepError ? signal.reason : interrupted();
}

/**
 * Runs `work` with a signal that SIGINT, SIGTERM or SIGHUP aborts. A second signal ends the process at
 * once with 128 + its number, for the person whose first Ctrl-C hangs.
 */
export async function withInterrupt<T>(
  work: (signal: AbortSignal) => Promise<T>,
  source: SignalSource = process,
): Promise<T> {
  const controller = new AbortController();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const listeners = names.map((name) => {
    const listener = (): void => {
      if (controller.signal.aborted) source.exit(128 + constants.signals[name]);
      else controller.abort(interrupted(name));
    };
    source.on(name, listener);
    return { name, listener };
  });
  try {
    return await work(controller.signal);
  } finally {
    for (const { name, listener } of listeners) source.off(name, listener);
  }
}

/**
 * Runs work side by side; at the first fault the rest is stopped and waited for, then that fault is thrown: nothing
 * goes on behind an error.
 *
 * @param work begins everything, each with the signal that stops the rest
 */
export async function sideBySide<T>(
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>[],
): Promise<T[]> {
  const stop = new AbortController();
  let fault: { error: unknown } | undefined;
  const results = await Promise.all(
    work(AbortSignal.any([...(signal === undefined ? [] : [signal]), stop.signal])).map((promise) =>
      promise.catch((error: unknown) => {
        fault ??= { error };
        stop.abort(error);
        return undefined;
      }),
    ),
  );
  if (fault !== undefined) throw fault.error;
  return results as T[];
}
