/**
 * Downloads over HTTP(S) and from file: URLs, with retries, resume and limits. Must not trust the received bytes: the
 * caller gives size and hash, and the store verifies them.
 */
import { fileURLToPath } from 'node:url';
import { LockstepError } from '../errors.js';
import { collect, watched } from '../deb/bytes.js';
import type { Clock } from './clock.js';
import type { ContentStore, StoredBlob } from './content-store.js';
import { readPieces, statIfThere } from './disk.js';
import { downloadInto } from './http-download.js';
import type { RetryPolicy } from './http-fault.js';
import { netFault, shownUrl, StatusError } from './http-fault.js';
import type { Asking, Place, Refusal } from './http-places.js';
import { firstPlace } from './http-places.js';
import type { Access, GetOptions, HttpResponse, Transport, TransportSettings } from './http-request.js';
import { throwIfInterrupted, type Stoppable } from './interrupt.js';
import type { Item } from './progress.js';
import { deadlineMs } from './least-rate.js';
import { noProxy } from './proxy.js';

export type { GetOptions, HttpResponse } from './http-request.js';
export type { Place, Refusal } from './http-places.js';

/** Uses no proxy unless the caller gives one: the caller reads the environment. */
export interface HttpOptions extends Partial<RetryPolicy>, Partial<TransportSettings> {
  /** For the waits between tries. */
  clock: Clock;
}

const defaultSettings: TransportSettings = {
  proxy: noProxy,
  account: () => undefined,
  stallMs: 30_000,
  leastRate: 1024,
  elapsed: () => performance.now(),
  redirects: 5,
  userAgent: 'lockstep',
};
const defaultPolicy: RetryPolicy = { tries: 5, backoffMs: 500, random: Math.random };

export interface WholeOptions extends GetOptions {
  /** Default 64 MiB. */
  maxBytes?: number;
}

export interface DownloadOptions extends Stoppable {
  /** Receives new bytes and retries. The caller ends it. */
  item?: Item;
  /** Called when an address failed and another one is asked. */
  onRefusal?: ((refusal: Refusal) => void) | undefined;
}

export interface AnywhereOptions extends Pick<DownloadOptions, 'signal' | 'onRefusal'> {
  /** Whether a fault comes from the place, so that the next place is asked; see src/io/http-places.ts. */
  isOfPlace?: (error: unknown) => error is LockstepError;
}

/** Makes one request to an address and does not retry. */
export type AskOnce = (url: string, options?: GetOptions) => Promise<HttpResponse>;

const defaultMaxBytes = 64 * 1024 * 1024;

/** A client with its own connections, which stay open between requests. */
export class Http {
  readonly #settings: TransportSettings;
  #transport: Transport | undefined;
  readonly #policy: RetryPolicy;
  readonly #clock: Clock;
  readonly #underWay = new Map<string, Promise<StoredBlob>>();
  /** Servers that stalled or could not be reached, and have not answered since. */
  readonly #still = new Set<string>();

  constructor({ clock, ...options }: HttpOptions) {
    this.#clock = clock;
    this.#settings = { ...defaultSettings, ...options };
    this.#policy = { ...defaultPolicy, ...options };
  }

  /**
   * The answer to one GET, with an unread body. It retries until an answer arrives, but not after the body has begun.
   * 304 is an answer. Throws NET_NOT_FOUND, NET_STATUS, NET_STALLED, NET_UNREACHABLE, INTERRUPTED; its body can throw
   * NET_STALLED, NET_TRUNCATED, INTERRUPTED. For a file: URL, only `body` has a meaning.
   */
  async get(url: string, options: GetOptions = {}): Promise<HttpResponse> {
    return await this.retried(url, options.signal, async () => await this.#once(url, options));
  }

  /**
   * One request and the use of its answer, retried as a whole: for a body that is unusable in part. Throws as {@link
   * get}, and what `use` throws.
   */
  async use<T>(url: string, options: GetOptions, use: (answer: HttpResponse) => Promise<T>): Promise<T> {
    return await this.retried(url, options.signal, async () => await use(await this.#once(url, options)));
  }

  /** All bytes of a small file, retried as a whole. Throws as {@link get}, and NET_TOO_LARGE. */
  async bytes(url: string, options: WholeOptions = {}): Promise<Buffer> {
    const limit = options.maxBytes ?? defaultMaxBytes;
    return await this.retried(url, options.signal, async () => {
      const answer = await this.#once(url, options);
      if (Number(answer.headers['content-length'] ?? 0) > limit) {
        answer.discard();
        throw tooLarge(url, limit);
      }
      const body = watched(answer.body, (_, total) => {
        if (total > limit) throw tooLarge(url, limit);
      });
      return await collect(body);
    });
  }

  /** As {@link bytes}, decoded as UTF-8. */
  async text(url: string, options: WholeOptions = {}): Promise<string> {
    return (await this.bytes(url, options)).toString('utf8');
  }

  /**
   * Runs `attempt` with the retries of this client: for programs that make their own requests to the server of `url`.
   * Faults of `attempt` are treated as the faults of a request.
   */
  async retried<T>(url: string, signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
    return await this.#first([[url]], attempt, { signal });
  }

  /** A client with the same settings that reaches servers in another way. @param access gets the way of this one */
  via(access: (own: Access) => Access): Http {
    const { proxy, account } = this.#settings;
    return new Http({
      ...this.#settings,
      ...this.#policy,
      clock: this.#clock,
      ...access({ proxy, account }),
    });
  }

  /** The proxy for requests to this address, or undefined. */
  proxyFor(url: string): URL | undefined {
    return this.#settings.proxy(new URL(url));
  }

  /** Milliseconds without a byte after which a try fails. */
  get stallMs(): number {
    return this.#settings.stallMs;
  }

  /** Bytes per second that a server must send, see {@link TransportSettings}. */
  get leastRate(): number {
    return this.#settings.leastRate;
  }

  /**
   * The result of `ask` for the first address that gives a usable file. Addresses are asked in the given order, but
   * servers that stalled before are asked last. src/io/http-places.ts defines how faults and tries are counted.
   *
   * @param ask uses the file at one address; its second parameter makes one request
   */
  async anywhere<T>(
    urls: readonly string[],
    { signal, ...options }: AnywhereOptions,
    ask: (url: string, once: AskOnce) => Promise<T>,
  ): Promise<T> {
    const once: AskOnce = async (url, more = {}) => await this.#once(url, { signal, ...more });
    return await this.#first(
      urls.map((url): Place => [url]),
      async (url) => await ask(url, once),
      { signal, ...options },
    );
  }

  /**
   * Downloads a file of known hash and size into the store, from the first place that has it. It does nothing if the
   * store has an undamaged copy. A broken download continues where it stopped, in this run or a later one. Parallel
   * requests for the same file share one download.
   *
   * @param where one address, or the places that may have the file; at least one. They are asked in this order, but
   * servers that stalled before are asked last
   *
   * Throws (for several addresses one error for all, src/io/http-places.ts) NET_NOT_FOUND, NET_STATUS, NET_STALLED,
   * NET_TRUNCATED, NET_UNREACHABLE, NET_TOO_LARGE, SOURCE_HASH_MISMATCH (nothing is kept), DISK_FULL, DISK_IO,
   * INTERRUPTED (received bytes are kept, to resume).
   */
  async download(
    where: string | readonly Place[],
    store: ContentStore,
    expected: StoredBlob,
    options: DownloadOptions = {},
  ): Promise<StoredBlob> {
    const key = `${store.root}\0${expected.sha256}`;
    for (;;) {
      throwIfInterrupted(options.signal);
      const other = this.#underWay.get(key);
      if (other === undefined) break;
      // The other caller may be interrupted while this one is not: then this one downloads the file.
      const done = await other.catch(() => undefined);
      if (done !== undefined) return done;
    }
    const fetching = this.#download(typeof where === 'string' ? [[where]] : where, store, expected, options);
    this.#underWay.set(key, fetching);
    try {
      return await fetching;
    } finally {
      this.#underWay.delete(key);
    }
  }

  /** Closes every connection. */
  close(): void {
    for (const agent of this.#transport?.agents.values() ?? []) agent.destroy();
  }

  async #download(
    places: readonly Place[],
    store: ContentStore,
    expected: StoredBlob,
    options: DownloadOptions,
  ): Promise<StoredBlob> {
    const { signal } = options;
    if (await store.holds(expected.sha256, { signal })) return expected;
    for (const url of places.flat()) parseUrl(url);
    // An empty file needs no request.
    const name = shownUrl(places[0]![0]);
    if (expected.size === 0) return await store.put('', expected, { signal, name });
    return await downloadInto(
      {
        request: async (url, more) => await this.#once(url.href, { signal, ...more }),
        first: async (ask, more) => await this.#first(places, ask, { ...options, ...more }),
        tries: this.#policy.tries,
        clock: this.#clock,
        isLate: this.#deadline(expected.size),
      },
      { name, store, expected, ...options },
    );
  }

  /** Begins to count; true when a transfer of this size takes too long, all tries together. */
  #deadline(size: number): () => boolean {
    const { elapsed, leastRate, stallMs } = this.#settings;
    const end = elapsed() + deadlineMs(size, this.#policy.tries, { leastRate, spanMs: stallMs });
    return () => elapsed() > end;
  }

  /** As firstPlace, but a server that stalled is asked after the others until it answers again. */
  async #first<T>(
    places: readonly Place[],
    ask: (url: string) => Promise<T>,
    options: Omit<Asking, 'policy' | 'clock'>,
  ): Promise<T> {
    const isStill = (place: Place): boolean => this.#still.has(serverOf(place[0]));
    const ordered = [...places.filter((one) => !isStill(one)), ...places.filter(isStill)];
    const noted = async (url: string): Promise<T> => {
      try {
        const given = await ask(url);
        this.#still.delete(serverOf(url));
        return given;
      } catch (error) {
        const code = error instanceof LockstepError ? error.code : '';
        if (code === 'NET_STALLED' || code === 'NET_UNREACHABLE') this.#still.add(serverOf(url));
        throw error;
      }
    };
    return await firstPlace(ordered, noted, { ...options, policy: this.#policy, clock: this.#clock });
  }

  async #once(url: string, options: GetOptions): Promise<HttpResponse> {
    const parsed = parseUrl(url);
    if (parsed.protocol === 'file:') return await fromFile(parsed);
    // Node's HTTP and TLS modules load slowly, so they are loaded only for requests
    const { connect, request } = await import('./http-request.js');
    this.#transport ??= connect(this.#settings);
    return await request(this.#transport, parsed, options);
  }
}

function serverOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function parseUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !['http:', 'https:', 'file:'].includes(parsed.protocol)) {
    throw new LockstepError('NET_UNREACHABLE', {
      message: `Not an http, https or file URL: ${shownUrl(url)}`,
      where: [{ value: shownUrl(url) }],
      // Marks the fault as not transient.
      cause: Object.assign(new Error('bad URL'), { code: 'ERR_INVALID_URL' }),
    });
  }
  return parsed;
}

async function fromFile(url: URL): Promise<HttpResponse> {
  const path = fileURLToPath(url);
  const found = await statIfThere(path);
  if (found?.isFile() !== true) throw new StatusError(url, 404);
  return {
    status: 200,
    headers: { 'content-length': String(found.size), 'last-modified': found.mtime.toUTCString() },
    url: url.href,
    body: readPieces(path),
    discard: () => undefined,
  };
}

function tooLarge(url: string, limit: number): LockstepError {
  return netFault('NET_TOO_LARGE', url, `Larger than the limit of ${limit} bytes`);
}
