/**
 * One HTTP request and its answer: redirects, proxies, stall limit, and the
 * check that a body has its announced length. Must not retry, and must not
 * write to the disk.
 */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import * as http from 'node:http';
import * as https from 'node:https';
import { isIPv6, type Socket } from 'node:net';
import { type Duplex, PassThrough } from 'node:stream';
import { LockstepError } from '../errors.js';
import { netFault, shownUrl, StatusError } from './http-fault.js';
import { interruptionOf, throwIfInterrupted, type Stoppable } from './interrupt.js';
import { RateWatch } from './least-rate.js';
import type { ProxyRule } from './proxy.js';

/** User and password for a server. */
export interface Account {
  user: string;
  password: string;
}

/** How servers are reached. `start` is the address that a caller asked for, and that redirected to this one. */
export interface Access {
  proxy: ProxyRule;
  /** The account for an address that names none. */
  account: (url: URL, start: URL) => Account | undefined;
}

export interface TransportSettings extends Access {
  /** Milliseconds without an answer or without a byte of the body; also the span in which leastRate is measured. */
  stallMs: number;
  /** Bytes per second that a server must send; 0 for no limit. */
  leastRate: number;
  /** Milliseconds of a clock that only goes forward. */
  elapsed: () => number;
  redirects: number;
  userAgent: string;
}

export interface Transport extends TransportSettings {
  /** By target of the connection: `http:`, `https:`, and the proxy's address for https through a proxy. */
  agents: Map<string, http.Agent>;
}

export interface HttpResponse {
  /** 200, 206, 304 or another status below 400, except redirects. */
  status: number;
  /** Names in lower case. */
  headers: http.IncomingHttpHeaders;
  /** Where the answer came from, after redirects. */
  url: string;
  /** Read it once, or discard it. Throws NET_STALLED, NET_TRUNCATED, INTERRUPTED. */
  body: AsyncIterable<Buffer>;
  /** Closes the connection without reading the body. */
  discard(): void;
}

export interface GetOptions extends Stoppable {
  headers?: Readonly<Record<string, string>>;
  /** Refuse a redirect to another host or port. A redirect from http's default port to https's is allowed. */
  sameHost?: boolean;
  /** Error statuses that count as an answer. */
  statuses?: readonly number[];
}

// Debian's mirrors ask for few connections from one client.
const pool = { keepAlive: true, maxSockets: 6, maxFreeSockets: 6 };

/** Opens a transport whose connections stay open between requests. */
export function connect(settings: TransportSettings): Transport {
  const agents = new Map([
    ['http:', new http.Agent(pool)],
    ['https:', new https.Agent(pool)],
  ]);
  return { ...settings, agents };
}

/**
 * One GET that follows redirects. Throws StatusError (NET_NOT_FOUND, NET_STATUS), NET_UNREACHABLE, NET_STALLED,
 * INTERRUPTED.
 */
export async function request(
  transport: Transport,
  start: URL,
  options: GetOptions = {},
): Promise<HttpResponse> {
  let url = start;
  for (let hops = 0; ; hops++) {
    const answer = await exchange(transport, url, start, options);
    const status = answer.statusCode ?? 0;
    const target = [301, 302, 303, 307, 308].includes(status) ? answer.headers.location : undefined;
    if (target !== undefined) {
      answer.destroy();
      if (hops >= transport.redirects) {
        throw netFault('NET_STATUS', start, `Redirected more than ${transport.redirects} times`);
      }
      const next = redirected(url, target);
      if (options.sameHost === true && !isSameHost(url, next)) throw notFollowed(url, target);
      url = next;
      continue;
    }
    const wanted =
      (status >= 200 && status < 300) || status === 304 || options.statuses?.includes(status) === true;
    if (!wanted) {
      answer.destroy();
      throw new StatusError(url, status, retryAfter(answer.headers['retry-after']));
    }
    return {
      status,
      headers: answer.headers,
      url: shownUrl(url),
      body: bodyOf(answer, url, transport, options.signal),
      discard: () => void answer.destroy(),
    };
  }
}

/** The target of a redirect. It refuses redirects from https to http and to other schemes, as apt does. */
function redirected(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  const safe = to?.protocol === 'https:' || (to?.protocol === 'http:' && from.protocol === 'http:');
  if (to === undefined || !safe) throw notFollowed(from, location);
  return to;
}

function isSameHost(from: URL, to: URL): boolean {
  const upgraded =
    from.protocol === 'http:' && to.protocol === 'https:' && from.port === '' && to.port === '';
  return from.hostname === to.hostname && (from.protocol === to.protocol ? from.port === to.port : upgraded);
}

function notFollowed(from: URL, location: string): LockstepError {
  return netFault('NET_STATUS', from, `Redirected to ${shownUrl(location)}, which Lockstep does not follow`);
}

function retryAfter(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) * 1000 : undefined;
}

async function exchange(
  transport: Transport,
  url: URL,
  start: URL,
  options: GetOptions,
  isSecond = false,
): Promise<IncomingMessage> {
  let sent: ClientRequest | undefined;
  try {
    return await new Promise<IncomingMessage>((resolve, reject) => {
      throwIfInterrupted(options.signal);
      const { headers, ...route } = routeTo(transport, url, start);
      sent = send(url, transport.stallMs, {
        ...route,
        headers: {
          'user-agent': transport.userAgent,
          'accept-encoding': 'identity',
          ...options.headers,
          ...headers,
        },
      });
      // Ends the body too: closing a request closes its answer
      const stop = (): void => {
        reject(interruptionOf(options.signal!));
        sent?.destroy();
      };
      options.signal?.addEventListener('abort', stop, { once: true });
      sent.once('close', () => options.signal?.removeEventListener('abort', stop));
      sent.on('response', resolve).on('error', reject).end();
    });
  } catch (error) {
    // The server closed an idle connection at the moment of its reuse: the request can be sent again.
    if (!isSecond && sent?.reusedSocket === true && (error as { code?: unknown }).code === 'ECONNRESET')
      return await exchange(transport, url, start, options, true);
    throw unreachable(url, error);
  }
}

function unreachable(url: URL, error: unknown): LockstepError {
  if (error instanceof LockstepError) return error;
  const said =
    error instanceof AggregateError ? error.errors.map(String).join(', ') : (error as Error).message;
  return netFault('NET_UNREACHABLE', url, `Could not reach the server (${said})`, error);
}

/**
 * A request that fails with NET_STALLED unless the head of its answer arrives in time. The time includes the
 * connection.
 */
function send(url: URL, stallMs: number, options: RequestOptions): ClientRequest {
  const sent = (options.protocol === 'https:' ? https : http).request(options);
  let timer: NodeJS.Timeout | undefined;
  const stalled = netFault('NET_STALLED', url, `No data arrived for ${stallMs / 1000} s`);
  // The time starts with the socket: waiting for a free connection of the pool is not a stall.
  sent.once('socket', () => (timer = setTimeout(() => sent.destroy(stalled), stallMs)));
  for (const event of ['response', 'connect', 'close']) sent.once(event, () => clearTimeout(timer));
  return sent;
}

type Route = RequestOptions & { headers: Record<string, string> };

/** Direct, or through the proxy: http by absolute form (RFC 9112 3.2.2), https by CONNECT. */
function routeTo(transport: Transport, url: URL, start: URL): Route {
  const { agents } = transport;
  const path = url.pathname + url.search;
  const direct = {
    ...serverOf(url),
    path,
    headers: accountOf(url, 'authorization', transport.account(url, start)),
  };
  const proxy = transport.proxy(url, start);
  if (proxy === undefined) return { ...direct, agent: agents.get(url.protocol) };
  if (url.protocol === 'https:') {
    const agent = agents.get(proxy.href) ?? new TunnelAgent(proxy, transport.stallMs);
    agents.set(proxy.href, agent);
    return { ...direct, agent };
  }
  const headers = { ...direct.headers, ...accountOf(proxy, 'proxy-authorization'), host: url.host };
  return { ...serverOf(proxy), path: url.origin + path, headers, agent: agents.get(proxy.protocol) };
}

function serverOf({ protocol, hostname, port }: URL): RequestOptions {
  return { protocol, hostname: hostname.replace(/^\[|\]$/g, ''), port };
}

function accountOf(url: URL, header: string, other?: Account): Record<string, string> {
  const own = { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  const account = own.user === '' && own.password === '' ? other : own;
  if (account === undefined) return {};
  return { [header]: `Basic ${Buffer.from(`${account.user}:${account.password}`).toString('base64')}` };
}

/** Connections to https servers through a proxy: a tunnel (RFC 9110 9.3.6), and TLS in it. */
class TunnelAgent extends https.Agent {
  readonly #proxy: URL;
  readonly #stallMs: number;

  constructor(proxy: URL, stallMs: number) {
    super(pool);
    this.#proxy = proxy;
    this.#stallMs = stallMs;
  }

  override createConnection(
    target: https.RequestOptions,
    done: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const host = isIPv6(target.host ?? '') ? `[${target.host}]` : target.host;
    const sent = send(this.#proxy, this.#stallMs, {
      ...serverOf(this.#proxy),
      method: 'CONNECT',
      path: `${host}:${target.port}`,
      headers: accountOf(this.#proxy, 'proxy-authorization'),
      agent: false,
    });
    const fail = done as (error: Error) => void;
    sent.once('error', fail).once('connect', ({ statusCode = 0 }, socket: Socket) => {
      const inTunnel = { ...target, socket };
      if (statusCode === 200) return done(null, super.createConnection(inTunnel)!);
      socket.destroy();
      fail(new StatusError(this.#proxy, statusCode));
    });
    sent.end();
  }
}

/** Bytes of a body that are buffered before Lockstep stops reading from the server. */
const readAhead = 1024 * 1024;

/**
 * The body's pieces. Only the time in which Lockstep waits for the server counts as a stall: a slow reader is not the
 * server's fault. Bytes that arrived before a break are returned before the fault. Node's own stream would drop them,
 * and a download could not continue there. If the reader stops early, the connection is closed.
 */
function bodyOf(
  answer: IncomingMessage,
  url: URL,
  { stallMs, leastRate, elapsed }: Transport,
  signal: AbortSignal | undefined,
): AsyncIterable<Buffer> {
  const rate = new RateWatch({ leastRate, spanMs: stallMs });
  const arrived = new PassThrough({ highWaterMark: readAhead });
  let broken: Error | undefined;
  answer.on('error', (error) => (broken = error)).on('close', () => arrived.end());
  answer.pipe(arrived);
  const stalled = netFault('NET_STALLED', url, `No further data arrived for ${stallMs / 1000} s`);
  return pieces();

  async function* pieces(): AsyncGenerator<Buffer, void, undefined> {
    const reading = arrived[Symbol.asyncIterator]() as AsyncIterator<Buffer, unknown>;
    try {
      for (;;) {
        throwIfInterrupted(signal);
        const timer = setTimeout(() => answer.destroy(stalled), stallMs);
        const asked = elapsed();
        const piece = await reading.next().finally(() => clearTimeout(timer));
        if (piece.done === true) break;
        const tooSlow = rate.add(elapsed() - asked, piece.value.length);
        if (tooSlow !== undefined) throw netFault('NET_STALLED', url, tooSlow);
        yield piece.value;
      }
      throwIfInterrupted(signal);
      if (broken === stalled) throw stalled;
      if (!answer.complete) {
        const said =
          broken === undefined ? 'The answer ended too soon' : `The connection broke (${broken.message})`;
        throw netFault('NET_TRUNCATED', url, said, broken);
      }
    } finally {
      if (!answer.readableEnded) answer.destroy();
      arrived.destroy();
    }
  }
}
