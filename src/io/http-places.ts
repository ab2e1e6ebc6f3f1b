/**
 * One file at several places: which place is asked when, and what is told when
 * none has it. Each place is asked once in a round, so that a server that
 * stands still costs one stall and not as many as there are tries; those that
 * may do better are asked again in the next round. Must not fetch anything
 * itself.
 */
import { counted } from '../counted.js';
import { LockstepError } from '../errors.js';
import type { Clock } from './clock.js';
import type { RetryPolicy } from './http-fault.js';
import { afterTries, isTransient, planRetry, shownUrl } from './http-fault.js';
import { throwIfInterrupted, type Stoppable } from './interrupt.js';

/** Where a file is on one server: its address there, then other names of it, asked for where the one before is not there. */
export type Place = readonly [url: string, ...otherNames: string[]];

/** What came of asking at one address. `said` is the fault without the address. */
export interface Refusal {
  url: string;
  said: string;
  error: LockstepError;
}

/** No place gave what was wanted, and there was more than one address. */
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

/** What a person has to look at first: bytes or a signature that are wrong, rather than a server that is away. */
function codeOf(refusals: readonly Refusal[]): Refusal {
  return refusals.find(({ error }) => !error.code.startsWith('NET_')) ?? refusals[0]!;
}

function nameIn(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

/** What each address said, of anything that {@link firstPlace} throws for what the places said. */
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

/** Whether a fault is one of the place, so that another place may do better; anything else ends the search. */
export function isOfPlace(error: unknown): error is LockstepError {
  return (
    error instanceof LockstepError && (error.code.startsWith('NET_') || error.code === 'SOURCE_HASH_MISMATCH')
  );
}

export interface Asking extends Stoppable {
  policy: RetryPolicy;
  clock: Clock;
  /** See {@link isOfPlace}, which is the default. */
  isOfPlace?: ((error: unknown) => error is LockstepError) | undefined;
  /** How far it is, in bytes: a round that gets further is not counted, so a long file over a bad line still arrives. */
  reached?: (() => number) | undefined;
  /** Told before another round. */
  onRound?: ((round: number) => void) | undefined;
  /** Told when an address gave nothing and another one is asked. */
  onRefusal?: ((refusal: Refusal) => void) | undefined;
}

/** So many bytes further renew the right to another try. */
const further = 64 * 1024;

/**
 * What the first place gives that can, in the order given.
 *
 * A transient fault lets the place be asked again in the next round, as often as the policy has tries; any other
 * strikes the place out. Between rounds is the policy's wait, the shortest that a place asks for.
 *
 * @param places at least one
 * @param ask one request, without tries of its own
 * @throws LockstepError where there is one address its fault, else {@link PlacesError}; INTERRUPTED, and at once
 * what is no fault of a place
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
