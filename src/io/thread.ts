/**
 * Work in several threads: passes messages and the fault of a share from the script of a thread to its
 * starter, stops threads, and stops the others after the first fault. The caller defines what a share is and
 * what its messages mean.
 */
import { parentPort, Worker, type ResourceLimits, type Transferable } from 'node:worker_threads';
import pLimit from 'p-limit';
import { LockstepError, type ErrorCode, type FaultPlace } from '../errors.js';
import { throwIfInterrupted } from './interrupt.js';

type Sent<Message> =
  | { kind: 'message'; message: Message }
  | { kind: 'fault'; code: ErrorCode; message: string; hint: string | undefined; where: FaultPlace[] };

/**
 * The whole of a thread's script: sends what its work yields, then ends.
 *
 * @param transfer what of a message is handed over instead of copied
 */
export async function serveThread<Message>(
  work: (signal: AbortSignal) => AsyncIterable<Message>,
  transfer: (message: Message) => Transferable[] = () => [],
): Promise<void> {
  const port = parentPort;
  if (port === null) throw new TypeError('this is not a worker thread');
  const stop = new AbortController();
  // Only one thing is ever said to it
  port.on('message', () => stop.abort());
  const send = (sent: Sent<Message>, handedOver: Transferable[] = []): void =>
    port.postMessage(sent, handedOver);
  try {
    for await (const message of work(stop.signal)) send({ kind: 'message', message }, transfer(message));
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    const { code, message, hint, where } = error;
    send({ kind: 'fault', code, message, hint, where: [...where] });
  }
  port.close();
}

export interface ThreadOptions<Share, Message> {
  /** The script, which calls {@link serveThread}. */
  script: URL;
  /** Its `workerData`. */
  share: Share;
  limits?: ResourceLimits | undefined;
  signal: AbortSignal;
  onMessage: (message: Message) => void;
}

/**
 * Runs a share in its own thread, to its end.
 *
 * @throws LockstepError what the share's work throws; any other error of the thread unchanged
 */
export async function runInThread<Share, Message>(options: ThreadOptions<Share, Message>): Promise<void> {
  const { script, share, limits, signal, onMessage } = options;
  const worker = new Worker(script, {
    workerData: share,
    ...(limits === undefined ? {} : { resourceLimits: limits }),
  });
  const stop = (): void => worker.postMessage('stop');
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    await new Promise<void>((resolve, reject) => {
      let fault: LockstepError | undefined;
      worker.on('message', (sent: Sent<Message>) => {
        if (sent.kind === 'message') onMessage(sent.message);
        else fault = new LockstepError(sent.code, sent);
      });
      worker.once('error', reject);
      worker.once('exit', () => (fault === undefined ? resolve() : reject(fault)));
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** As evenly as may be: by turns, so that each share has as much of the large ones, which stand together. */
export function dealt<T>(items: readonly T[], shares: number): T[][] {
  return Array.from({ length: shares }, (_, share) =>
    items.filter((_item, index) => index % shares === share),
  );
}

/**
 * Runs all shares in parallel. The first fault stops the others, waits for them, and is thrown.
 *
 * @param atOnce how many run at a time; the others wait, and do not begin after a fault
 * @throws LockstepError INTERRUPTED if `signal` stopped them, otherwise the first fault
 */
export async function allShares<Share>(
  shares: readonly Share[],
  signal: AbortSignal | undefined,
  work: (share: Share, nth: number, signal: AbortSignal) => Promise<void>,
  atOnce = Infinity,
): Promise<void> {
  const limit = pLimit(atOnce);
  const failed = new AbortController();
  const stopping = AbortSignal.any([failed.signal, ...(signal === undefined ? [] : [signal])]);
  const results = await Promise.allSettled(
    shares.map((share, nth) =>
      limit(async () => {
        try {
          throwIfInterrupted(stopping);
          await work(share, nth, stopping);
        } catch (error) {
          failed.abort(error);
          throw error;
        }
      }),
    ),
  );
  if (results.every(({ status }) => status === 'fulfilled')) return;
  throwIfInterrupted(signal);
  throw failed.signal.reason;
}
