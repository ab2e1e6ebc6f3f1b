/**
 * One file at several places: which place is asked when, and what the error says if none has the file. A round asks
 * each place once, so an unresponsive server costs one stall, not one per try. The next round asks the places again
 * whose fault was transient. Must not fetch anything itself.
 */
import { counted } from '../counted.js';
import { LockstepError } from '../errors.js';
import type { Clock } from './clock.js';
import type { RetryPolicy } from './http-fault.js';
import { afterTries, isTransient, planRetry, shownUrl } from './http-fault.js';
import { throwIfInterrupted, type Stoppable } from './interrupt.js';

/** The addresses of a file on one server. Each further name is tried if the name before it does not exist. */
export type Place = readonly [url: string, ...otherNames: string[]];

/** The fault of one address. `said` is the fault's message without the address. */
export interface Refusal {
  url: string;
  said: string;
  error: LockstepError;
}

/** No place gave a usable file, and there was more than one address. */
export class PlacesError extends LockstepError {
  readonly refusals: readonly Refusal[];

  constructor(refusals: readonly Refusal[]) {
    const told = codeOf(refusals);
    super(told.error.code, {
      message: `None of ${counted(refusals.length, 'address', 'addresses')} has ${nameIn(refusals[0]!.url)}; ${told.url}: ${told.said}`,
      hint: told.error.hint,
      where: refusals.map(({ url, said }) => ({ file: url, message: said })),
      cause: told.error,
    });
    this.refusals = refusals;
  }
}

/** The fault to examine first: wrong bytes or a wrong signature precede a server that does not answer. */
function codeOf(refusals: readonly Refusal[]): Refusal {
  return refusals.find(({ error }) => !error.code.startsWith('NET_')) ?? refusals[0]!;
}

function nameIn(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

/** The fault of each address, from any error that {@link firstPlace} throws because of the places. */
export function refusalsOf(error: unknown, url: string): readonly Refusal[] | undefined {
  if (error instanceof PlacesError) return error.refusals;
  return isOfPlace(error) ? [refusal(url, error)] : undefined;
}

function refusal(url: string, error: LockstepError): Refusal {
  const shown = shownUrl(url);
  const said = [`: ${shown}`, ` from ${shown}`, `${shown}: `].reduce(
    (text, part) => text.replace(part, ''),
    error.message,
  );
  return { url: shown, said, error };
}

/** Whether a fault comes from the place, so that another place can succeed. Any other fault ends the search. */
export function isOfPlace(error: unknown): error is LockstepError {
  return (
    error instanceof LockstepError && (error.code.startsWith('NET_') || error.code === 'SOURCE_HASH_MISMATCH')
  );
}

export interface Asking extends Stoppable {
  policy: RetryPolicy;
  clock: Clock;
  /** Default: {@link isOfPlace}. */
  isOfPlace?: ((error: unknown) => error is LockstepError) | undefined;
  /**
   * Bytes received so far. A round with progress does not count as failed, so a long file arrives even over a bad line.
   */
  reached?: (() => number) | undefined;
  /** Called before each further round. */
  onRound?: ((round: number) => void) | undefined;
  /** Called when an address failed and another one is asked. */
  onRefusal?: ((refusal: Refusal) => void) | undefined;
}

/** The progress in bytes after which the tries are counted from the start. */
const further = 64 * 1024;

/**
 * Returns the answer of the first place that succeeds, in the given order.
 *
 * After a transient fault, the next round asks the place again, up to the policy's number of tries. After any other
 * fault, the place is not asked again. Between rounds it waits as the policy says, for the shortest wait of any place.
 *
 * @param places at least one
 * @param ask makes one request and does not retry
 * @throws LockstepError with one address, that address's fault; with several, {@link PlacesError}. INTERRUPTED. A fault
 * that does not come from a place is thrown immediately
 */
export async function firstPlace<T>(
  places: readonly Place[],
  ask: (url: string) => Promise<T>,
  asking: Asking,
): Promise<T> {
  const { policy, clock, signal, reached = () => 0 } = asking;
  const refusals = new Map<string, Refusal>();
  let open = places;
  for (let failed = 1; ; failed++) {
    const before = reached();
    const again: { place: Place; error: LockstepError }[] = [];
    for (const [index, place] of open.entries()) {
      const answer = await askAt(place, ask, asking, refusals);
      if ('given' in answer) return answer.given;
      const { refused } = answer;
      if (isTransient(refused.error)) again.push({ place, error: refused.error });
      if (index < open.length - 1) asking.onRefusal?.(refused);
    }
    if (reached() >= before + further) failed = 1;
    const waits = again.flatMap(({ error }) => planRetry(error, failed, policy) ?? []);
    if (waits.length === 0) throw noneOf(refusals, failed);
    asking.onRound?.(failed + 1);
    await clock.sleep(Math.min(...waits), signal);
    open = again.map(({ place }) => place);
  }
}

async function askAt<T>(
  place: Place,
  ask: (url: string) => Promise<T>,
  { signal, isOfPlace: is = isOfPlace }: Asking,
  refusals: Map<string, Refusal>,
): Promise<{ given: T } | { refused: Refusal }> {
  for (const [index, url] of place.entries()) {
    throwIfInterrupted(signal);
    try {
      return { given: await ask(url) };
    } catch (error) {
      if (!is(error)) throw error;
      const refused = refusal(url, error);
      refusals.set(url, refused);
      if (error.code !== 'NET_NOT_FOUND' || index === place.length - 1) return { refused };
    }
  }
  throw new TypeError('a place without an address');
}

function noneOf(refusals: ReadonlyMap<string, Refusal>, tries: number): LockstepError {
  const all = [...refusals].map(([url, { error }]) =>
    refusal(url, isTransient(error) ? afterTries(error, tries) : error),
  );
  const [only, ...others] = all;
  return others.length === 0 ? only!.error : new PlacesError(all);
}
