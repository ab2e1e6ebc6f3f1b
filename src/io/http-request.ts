/**
 * One HTTP request and its answer: redirects, proxies, stall limit, and the
 * check that a body has its announced length. Must not retry, and must not
 * write to the disk.
 */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import * as http from 'node:http';
import * as https from 'node:https';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { LockstepError } from '../errors.js';
import { netFault, shownUrl, StatusError } from './http-fault.js';
import { interruptionOf, throwIfInterrupted } from './interrupt.js';
import type { ProxyRule } from './proxy.js';

export interface Transport {
  agents: { http: http.Agent; https: https.Agent };
  proxy: ProxyRule;
  /** Milliseconds without an answer or a byte of the body. */
  stallMs: number;
  redirects: number;
  userAgent: string;
}

export interface HttpResponse {
  /** 200, 206, 304 or another status below 400 that is no redirect. */
  status: number;
  /** Names in lower case. */
  headers: http.IncomingHttpHeaders;
  /** Where the answer came from, after redirects. */
  url: string;
  /** To be read once, or discarded. Throws NET_STALLED, NET_TRUNCATED, INTERRUPTED. */
  body: AsyncIterable<Buffer>;
  /** Drops the body unread and its connection. */
  discard(): void;
}

export interface GetOptions {
  signal?: AbortSignal;
  headers?: Readonly<Record<string, string>>;
  /** Refuse a redirect to another host, or to another port of it but from http's own to https's. */
  sameHost?: boolean;
}

/** Connections that are kept alive between requests. */
export function connect(settings: Omit<Transport, 'agents'>): Transport {
  // Debian's mirrors ask for few connections from one client.
  const pool = { keepAlive: true, maxSockets: 6, maxFreeSockets: 6 };
  return { ...settings, agents: { http: new http.Agent(pool), https: new https.Agent(pool) } };
}

/**
 * One GET, following redirects. Throws StatusError (NET_NOT_FOUND, NET_STATUS), NET_UNREACHABLE,
 * NET_STALLED, INTERRUPTED.
 */
export async function request(
  transport: Transport,
  start: URL,
  options: GetOptions = {},
  failure: { statuses?: readonly number[] } = {},
): Promise<HttpResponse> {
  let url = start;
  for (let hops = 0; ; hops++) {
    const answer = await exchange(transport, url, options);
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
      (status >= 200 && status < 300) || status === 304 || failure.statuses?.includes(status) === true;
    if (!wanted) {
      answer.destroy();
      throw new StatusError(url, status, retryAfter(answer.headers['retry-after']));
    }
    return {
      status,
      headers: answer.headers,
      url: shownUrl(url),
      body: bodyOf(answer, url, transport.stallMs, options.signal),
      discard: () => void answer.destroy(),
    };
  }
}

/** Where a redirect leads. Never from https to http, nor to another scheme: apt's rule too. */
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
  return netFault('NET_STATUS', from, `Redirected to ${shownUrl(location)}, which is not followed`);
}

function retryAfter(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) * 1000 : undefined;
}

async function exchange(transport: Transport, url: URL, options: GetOptions): Promise<IncomingMessage> {
  for (let again = false; ; again = true) {
    let sent: ClientRequest | undefined;
    try {
      return await answerTo(transport, url, options, (made) => (sent = made));
    } catch (error) {
      if (options.signal?.aborted === true) throw interruptionOf(options.signal);
      // The server closed an idle connection just as we reused it: no fault of anyone's.
      if (!again && sent?.reusedSocket === true && (error as { code?: unknown }).code === 'ECONNRESET')
        continue;
      throw unreachable(url, error);
    }
  }
}

function unreachable(url: URL, error: unknown): LockstepError {
  if (error instanceof LockstepError) return error;
  const said =
    error instanceof AggregateError ? error.errors.map(String).join(', ') : (error as Error).message;
  return netFault('NET_UNREACHABLE', url, `Could not reach the server (${said})`, error);
}

/** Sends one request and resolves with the head of its answer; the stall limit covers connecting too. */
async function answerTo(
  transport: Transport,
  url: URL,
  options: GetOptions,
  onSent: (sent: ClientRequest) => void,
): Promise<IncomingMessage> {
  const watch = stallWatch(transport.stallMs, url);
  const signal =
    options.signal === undefined ? watch.signal : AbortSignal.any([watch.signal, options.signal]);
  try {
    const route = await routeTo(transport, url, signal, () => watch.start());
    return await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = {
        'user-agent': transport.userAgent,
        'accept-encoding': 'identity',
        ...options.headers,
      };
      const make = route.secure ? https.request : http.request;
      const sent = make({ ...route.options, headers: { ...headers, ...route.headers } }, resolve);
      onSent(sent);
      const abort = (): void => void sent.destroy(watch.signal.aborted ? watch.fault : undefined);
      signal.addEventListener('abort', abort, { once: true });
      sent.once('close', () => signal.removeEventListener('abort', abort));
      sent.once('response', () => signal.removeEventListener('abort', abort));
      sent.on('error', reject);
      // Waiting for a free connection of the pool is no stall.
      sent.once('socket', () => watch.start());
      if (signal.aborted) abort();
      sent.end();
    });
  } catch (error) {
    throw watch.signal.aborted ? watch.fault : error;
  } finally {
    watch.stop();
  }
}

interface Route {
  options: RequestOptions;
  headers: Record<string, string>;
  secure: boolean;
}

/** Direct, or through the proxy: http by absolute form (RFC 9112 3.2.2), https by CONNECT. */
async function routeTo(
  transport: Transport,
  url: URL,
  signal: AbortSignal,
  onConnecting: () => void,
): Promise<Route> {
  const secure = url.protocol === 'https:';
  const authority = { hostname: url.hostname.replace(/^\[|\]$/g, ''), port: url.port };
  const account = accountOf(url);
  const own = account === undefined ? {} : { authorization: account };
  const proxy = transport.proxy(url);
  if (proxy === undefined) {
    const agent = secure ? transport.agents.https : transport.agents.http;
    return { secure, headers: own, options: { ...authority, path: url.pathname + url.search, agent } };
  }
  const proxyAccount = accountOf(proxy);
  const proxyHeaders: Record<string, string> =
    proxyAccount === undefined ? {} : { 'proxy-authorization': proxyAccount };
  const proxyOptions = { hostname: proxy.hostname.replace(/^\[|\]$/g, ''), port: proxy.port };
  if (!secure) {
    const absolute = new URL(url.href);
    absolute.username = absolute.password = absolute.hash = '';
    return {
      secure: proxy.protocol === 'https:',
      headers: { ...own, ...proxyHeaders, host: url.host },
      options: {
        ...proxyOptions,
        path: absolute.href,
        agent: proxy.protocol === 'https:' ? transport.agents.https : transport.agents.http,
      },
    };
  }
  onConnecting();
  const socket = await tunnel(
    proxy,
    proxyOptions,
    `${url.hostname}:${url.port || '443'}`,
    proxyHeaders,
    signal,
  );
  const host = authority.hostname;
  const createConnection = (): Socket =>
    connectTls({ socket, host, servername: host, ALPNProtocols: ['http/1.1'] });
  return {
    secure,
    headers: own,
    options: { ...authority, path: url.pathname + url.search, agent: false, createConnection },
  };
}

async function tunnel(
  proxy: URL,
  options: RequestOptions,
  target: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Socket> {
  return await new Promise((resolve, reject) => {
    const make = proxy.protocol === 'https:' ? https.request : http.request;
    const sent = make({ ...options, method: 'CONNECT', path: target, headers, agent: false, signal });
    sent.once('connect', (answer, socket: Socket) => {
      if (answer.statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new StatusError(proxy, answer.statusCode ?? 0));
    });
    sent.once('error', reject);
    sent.end();
  });
}

function accountOf(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined;
  const account = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return `Basic ${Buffer.from(account).toString('base64')}`;
}

/** A signal that is aborted when the limit has passed since `start`; `fault` is what to throw then. */
function stallWatch(
  stallMs: number,
  url: URL,
): { signal: AbortSignal; fault: LockstepError; start(): void; stop(): void } {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => clearTimeout(timer);
  return {
    signal: controller.signal,
    fault: netFault('NET_STALLED', url, `Nothing came for ${stallMs / 1000} s`),
    start: () => {
      stop();
      timer = setTimeout(() => controller.abort(), stallMs);
    },
    stop,
  };
}

/** How much of a body may lie unread before the server is made to wait, in bytes. */
const readAhead = 1024 * 1024;

/**
 * The body's pieces. Only the time in which we wait for the server counts as a stall: a slow reader is no
 * fault of the server's. What came before a break is given before the fault: Node's own stream would drop
 * it, and a download could not go on from there. A body that is left early takes its connection with it.
 */
function bodyOf(
  answer: IncomingMessage,
  url: URL,
  stallMs: number,
  signal: AbortSignal | undefined,
): AsyncIterable<Buffer> {
  const arrived = new PassThrough({ highWaterMark: readAhead });
  let broken: Error | undefined;
  answer.on('error', (error) => (broken = error)).on('close', () => arrived.end());
  answer.pipe(arrived);
  const stalled = netFault('NET_STALLED', url, `Nothing more came for ${stallMs / 1000} s`);
  return pieces();

  async function* pieces(): AsyncGenerator<Buffer, void, undefined> {
    const reading = arrived[Symbol.asyncIterator]() as AsyncIterator<Buffer, unknown>;
    const onAbort = (): void => void answer.destroy();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        throwIfInterrupted(signal);
        const timer = setTimeout(() => answer.destroy(stalled), stallMs);
        const piece = await reading.next().finally(() => clearTimeout(timer));
        if (piece.done === true) break;
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
      signal?.removeEventListener('abort', onAbort);
      if (!answer.readableEnded) answer.destroy();
      arrived.destroy();
    }
  }
}
