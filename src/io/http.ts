/**
 * Getting things over HTTP(S) and from file: URLs, with retries, resume and
 * limits. Must not trust what comes: size and hash are the caller's promise,
 * and are checked by the store.
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
import type { GetOptions, HttpResponse, Transport, TransportSettings } from './http-request.js';
import { throwIfInterrupted, type Stoppable } from './interrupt.js';
import type { Item } from './progress.js';
import { noProxy } from './proxy.js';

export type { GetOptions, HttpResponse } from './http-request.js';
export type { Place, Refusal } from './http-places.js';

/** Without a proxy unless one is given: the environment is the caller's to read. */
export interface HttpOptions extends Partial<RetryPolicy>, Partial<TransportSettings> {
  /** For the waits between tries. */
  clock: Clock;
}

const defaultSettings: TransportSettings = {
  proxy: noProxy,
  stallMs: 30_000,
  redirects: 5,
  userAgent: 'lockstep',
};
const defaultPolicy: RetryPolicy = { tries: 5, backoffMs: 500, random: Math.random };

export interface WholeOptions extends GetOptions {
  /** Default 64 MiB. */
  maxBytes?: number;
}

export interface DownloadOptions extends Stoppable {
  /** Told of new bytes and of retries; ending it is the caller's. */
  item?: Item;
  /** Told when an address gave nothing and another one is asked. */
  onRefusal?: ((refusal: Refusal) => void) | undefined;
}

export interface AnywhereOptions extends Pick<DownloadOptions, 'signal' | 'onRefusal'> {
  /** Whether a fault is one of the place, so that the next is asked; see src/io/http-places.ts. */
  isOfPlace?: (error: unknown) => error is LockstepError;
}

/** One request to an address, without tries of its own. */
export type AskOnce = (url: string, options?: GetOptions) => Promise<HttpResponse>;

const defaultMaxBytes = 64 * 1024 * 1024;

/** A client with connections of its own, kept alive between requests. */
export class Http {
  readonly #settings: TransportSettings;
  #transport: Transport | undefined;
  readonly #policy: RetryPolicy;
  readonly #clock: Clock;
  readonly #underWay = new Map<string, Promise<StoredBlob>>();
  /** Servers that stood still or could not be reached, and have not answered since. */
  readonly #still = new Set<string>();

  constructor({ clock, ...options }: HttpOptions) {
    this.#clock = clock;
    this.#settings = { ...defaultSettings, ...options };
    this.#policy = { ...defaultPolicy, ...options };
  }

  /**
   * The answer to one GET, its body unread; tried again while no answer comes, but not once the body has
   * begun. 304 is an answer. Throws NET_NOT_FOUND, NET_STATUS, NET_STALLED, NET_UNREACHABLE, INTERRUPTED;
   * its body may throw NET_STALLED, NET_TRUNCATED, INTERRUPTED. Of a file: URL, only `body` says anything.
   */
  async get(url: string, options: GetOptions = {}): Promise<HttpResponse> {
    return await this.retried(url, options.signal, async () => await this.#once(url, options));
  }

  /**
   * One request and what is made of its answer, tried again as a whole: for a body that is of no use in part.
   * Throws as {@link get}, and what `use` throws.
   */
  async use<T>(url: string, options: GetOptions, use: (answer: HttpResponse) => Promise<T>): Promise<T> {
    return await this.retried(url, options.signal, async () => await use(await this.#once(url, options)));
  }

  /** All of a small file, tried again as a whole. As {@link get}, and NET_TOO_LARGE. */
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
   * Tries something that asks the server of an address as often as a request of this client is tried: for programs
   * that make requests of their own. What `attempt` throws is read as a request's faults are.
   */
  async retried<T>(url: string, signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
    return await this.#first([[url]], attempt, { signal });
  }

  /** The proxy that a request to this address goes through, or undefined. */
  proxyFor(url: string): URL | undefined {
    return this.#settings.proxy(new URL(url));
  }

  /** Milliseconds without a byte after which a try has failed. */
  get stallMs(): number {
    return this.#settings.stallMs;
  }

  /**
   * What is made of a file that has several addresses, from the first that gives something of use, in the order
   * given but for servers that stood still before. How faults and tries are counted: src/io/http-places.ts.
   *
   * @param ask makes something of the file at one address, with the means to ask for it once
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
   * Brings a file whose hash and size are known into the store, unless it is there and whole, from the first of
   * its places that gives it. Interrupted and broken downloads go on where they stopped, in this run or the next;
   * the same file asked for twice at once is fetched once.
   *
   * @param where one address, or the places that may have it, in the order in which they are asked but for
   * servers that stood still before; at least one
   *
   * Throws (of several addresses one error for all, src/io/http-places.ts) NET_NOT_FOUND, NET_STATUS, NET_STALLED, NET_TRUNCATED, NET_UNREACHABLE, NET_TOO_LARGE,
   * SOURCE_HASH_MISMATCH (nothing is kept), DISK_FULL, DISK_IO, INTERRUPTED (what came is kept for resuming).
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
      // Whoever began it may be stopped without us being stopped; then it is ours to fetch.
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
    // Of an empty file there is nothing to ask for.
    const name = shownUrl(places[0]![0]);
    if (expected.size === 0) return await store.put('', expected, { signal, name });
    return await downloadInto(
      {
        request: async (url, more) => await this.#once(url.href, { signal, ...more }),
        first: async (ask, more) => await this.#first(places, ask, { ...options, ...more }),
        tries: this.#policy.tries,
        clock: this.#clock,
      },
      { name, store, expected, ...options },
    );
  }

  /** As firstPlace; a server that stood still is asked after the others until it has answered again. */
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
    // Node's own HTTP and TLS take a while to load: who asks no server does without
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
      // Marks it as not worth another try.
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
