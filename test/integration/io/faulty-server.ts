/**
 * An HTTP server on 127.0.0.1 that misbehaves as told, and remembers what it
 * was asked. For tests only.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  path: string;
  range: string | undefined;
  ifRange: string | undefined;
}

export type Answer = (request: IncomingMessage, response: ServerResponse, nth: number) => void;

export class FaultyServer {
  readonly asked: Asked[] = [];
  readonly #answers = new Map<string, Answer>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const path = request.url ?? '';
      const { range, 'if-range': ifRange } = request.headers;
      const nth = this.asked.filter((earlier) => earlier.path === path).length;
      this.asked.push({ path, range, ifRange: typeof ifRange === 'string' ? ifRange : undefined });
      const answer = this.#answers.get(path);
      if (answer === undefined) response.writeHead(404).end('not here');
      else answer(request, response, nth);
    });
  }

  static async start(): Promise<FaultyServer> {
    const server = new FaultyServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get base(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What to do with requests for a path. Returns its URL. */
  on(path: string, answer: Answer): string {
    this.#answers.set(path, answer);
    return this.base + path;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The whole file, or the range that was asked for, when If-Range agrees. */
export function sendFile(
  bytes: Buffer,
  options: { etag?: string; ranges?: boolean } = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const etag = options.etag === undefined ? {} : { etag: options.etag };
    const from =
      options.ranges === false ? undefined : /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
    const fits = request.headers['if-range'] === undefined || request.headers['if-range'] === options.etag;
    if (from === undefined || !fits) {
      response.writeHead(200, { 'content-length': bytes.length, ...etag }).end(bytes);
    } else if (Number(from) >= bytes.length) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    } else {
      const rest = bytes.subarray(Number(from));
      const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
      response.writeHead(206, { 'content-length': rest.length, 'content-range': range, ...etag }).end(rest);
    }
  };
}

/** Announces the whole, sends this many bytes, and then cuts the connection (or, with `stall`, sends no more). */
export function breakAfter(
  bytes: Buffer,
  sent: number,
  options: { etag?: string; stall?: boolean } = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  return (_request, response) => {
    const etag = options.etag === undefined ? {} : { etag: options.etag };
    response.writeHead(200, { 'content-length': bytes.length, ...etag });
    response.write(bytes.subarray(0, sent));
    if (options.stall !== true) cutOff(response);
  };
}

/** Announces the whole, and sends it a byte at a time, for as long as somebody reads. */
export function trickle(bytes: Buffer): (request: IncomingMessage, response: ServerResponse) => void {
  return (_request, response) => {
    response.socket?.setNoDelay(true);
    response.writeHead(200, { 'content-length': bytes.length });
    let at = 0;
    const next = (): void => {
      if (response.destroyed || at >= bytes.length) return;
      response.write(bytes.subarray(at, ++at), () => setTimeout(next, 2));
    };
    next();
  };
}

/** Closes the connection in mid-body, behind what was written: destroying it could take that back. */
export function cutOff(response: ServerResponse): void {
  response.socket?.end();
}
