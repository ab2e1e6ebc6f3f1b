/**
 * Gives the published archive over HTTP, for trying it out and for tests. It
 * owns the way from a request to an open file below the root; it never writes,
 * and gives nothing from outside the root.
 */
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { LockstepError } from '../errors.js';
import { errnoOf } from '../io/disk-fault.js';
import { folderPage, type FolderEntry } from './folder-page.js';
import { answerFor } from './http-answer.js';

export interface ServeOptions {
  /** The folder to give, usually `public/`. */
  root: string;
  /** Address to listen on. Default 127.0.0.1: nobody else's business. */
  host?: string;
  /** 0 takes a free one. */
  port: number;
  /** Ends the server: what is under way is finished first. */
  signal: AbortSignal;
  /** How long that may take, in milliseconds; then it is cut off. Default 2000. */
  graceMs?: number;
  /** Told of every answer. */
  onAnswer?: (answer: { method: string; url: string; status: number; bytes: number }) => void;
}

export interface RunningServer {
  /** Without a slash at its end: `http://127.0.0.1:8470`. */
  url: string;
  port: number;
  /** Resolves when the last connection is closed. */
  closed: Promise<void>;
}

/**
 * Starts the server.
 *
 * @throws LockstepError SERVE_ADDRESS when it cannot listen there
 */
export async function serveArchive(options: ServeOptions): Promise<RunningServer> {
  const host = options.host ?? '127.0.0.1';
  const server = createServer((request, response) => {
    // A keep-alive connection that was busy when the server stopped is idle only now.
    response.once('close', () => {
      if (options.signal.aborted) setImmediate(() => server.closeIdleConnections());
    });
    handle(options, request, response).catch((error: unknown) => {
      // A client that disconnects is not a fault; any other error must not end the server.
      if (!response.headersSent && !response.destroyed) {
        refuse(response, request, errnoOf(error) === undefined ? 500 : 404);
      } else response.destroy();
    });
  });
  await listen(server, host, options.port);
  const { port } = server.address() as AddressInfo;
  const closed = closeOn(server, options.signal, options.graceMs ?? 2000);
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, port, closed };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      fail(
        new LockstepError('SERVE_ADDRESS', {
          message: taken
            ? `Another program uses port ${port} of ${host}`
            : `Cannot listen on port ${port} of ${host}: ${error.message}`,
          hint: taken ? 'Choose another port with --port, or use --port 0 for any free port' : undefined,
          cause: error,
        }),
      );
    });
    server.listen(port, host, () => done());
  });
}

async function closeOn(server: Server, signal: AbortSignal, graceMs: number): Promise<void> {
  const closed = new Promise<void>((done) => server.once('close', () => done()));
  let force: NodeJS.Timeout | undefined;
  const stop = (): void => {
    server.close();
    server.closeIdleConnections();
    force = setTimeout(() => server.closeAllConnections(), graceMs);
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  await closed;
  clearTimeout(force);
  signal.removeEventListener('abort', stop);
}

async function handle(
  options: ServeOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const method = request.method ?? 'GET';
  const url = request.url ?? '/';
  let bytes = 0;
  response.once('close', () => options.onAnswer?.({ method, url, status: response.statusCode, bytes }));
  if (options.signal.aborted) response.setHeader('Connection', 'close');
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return refuse(response, request, 405);
  }
  const path = pathOf(url);
  if (path === undefined) return refuse(response, request, 400);
  const target = await locate(options.root, path);
  if (target === undefined) return refuse(response, request, 404);
  if (target.kind === 'folder') {
    if (!path.endsWith('/')) {
      // Relative, so that it holds behind a proxy that gives the archive below another path.
      const last = path.slice(path.lastIndexOf('/') + 1);
      response.writeHead(301, { Location: `./${encodeURIComponent(last)}/`, 'Content-Length': '0' }).end();
      return;
    }
    return sendText(response, request, 200, folderPage(path, await entriesOf(target.path)), {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-cache',
      'Content-Security-Policy': "default-src 'none'",
      'X-Content-Type-Options': 'nosniff',
    });
  }
  // Opened first, so that size and bytes belong to the same file, even if another file replaces it meanwhile.
  const handle = await open(target.path, 'r');
  try {
    const found = await handle.stat({ bigint: true });
    if (!found.isFile() || path.endsWith('/')) return refuse(response, request, 404);
    const answer = answerFor(request.headers, {
      path: path.slice(1),
      size: Number(found.size),
      modified: new Date(Number(found.mtimeMs)),
      etag: `"${found.ino.toString(36)}-${found.size.toString(36)}-${found.mtimeNs.toString(36)}"`,
    });
    response.writeHead(answer.status, answer.headers);
    if (method === 'HEAD' || answer.body === undefined) {
      response.end();
      return;
    }
    bytes = answer.body.end - answer.body.start + 1;
    const range = { ...answer.body, autoClose: false, highWaterMark: 256 * 1024 };
    await pipeline(handle.createReadStream(range), response);
  } finally {
    await handle.close().catch(() => undefined);
  }
}

/**
 * The decoded path of a request, beginning with a slash, or undefined when it is malformed. Segments that
 * climb stay in: they name nothing ({@link locate}).
 */
function pathOf(url: string): string | undefined {
  const raw = url.startsWith('/') ? url : /^https?:\/\/[^/?#]*(\/[^?#]*)?/i.exec(url)?.[1];
  if (raw === undefined) return undefined;
  try {
    const path = decodeURIComponent(raw.replace(/[?#].*$/s, ''));
    return path.includes('\0') ? undefined : path;
  } catch {
    return undefined;
  }
}

/**
 * The file or folder a path names: nothing hidden (temporary files among them), nothing that climbs, and
 * nothing whose real place, symbolic links followed, is outside of the root.
 */
async function locate(
  root: string,
  path: string,
): Promise<{ kind: 'file' | 'folder'; path: string } | undefined> {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.some((part) => part.startsWith('.') || part.includes('\\'))) return undefined;
  try {
    const base = await realpath(resolve(root));
    const real = await realpath(join(base, ...parts));
    const inside = relative(base, real);
    if (inside === '..' || inside.startsWith(`..${sep}`)) return undefined;
    const found = await stat(real);
    if (found.isDirectory()) return { kind: 'folder', path: real };
    return found.isFile() ? { kind: 'file', path: real } : undefined;
  } catch (error) {
    if (errnoOf(error) !== undefined) return undefined;
    throw error;
  }
}

async function entriesOf(folder: string): Promise<FolderEntry[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  const entries: FolderEntry[] = [];
  for (const name of names) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found?.isDirectory() === true) entries.push({ name, kind: 'folder' });
    else if (found?.isFile() === true) entries.push({ name, kind: 'file', size: found.size });
  }
  return entries;
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad request',
  404: 'Not found',
  405: 'Only GET and HEAD are served',
  500: 'Internal server error',
};

function refuse(response: ServerResponse, request: IncomingMessage, status: number): void {
  sendText(response, request, status, `${reasons[status] ?? 'Refused'}\n`, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
  });
}

function sendText(
  response: ServerResponse,
  request: IncomingMessage,
  status: number,
  text: string,
  headers: Record<string, string>,
): void {
  response.writeHead(status, { ...headers, 'Content-Length': String(Buffer.byteLength(text)) });
  response.end(request.method === 'HEAD' ? undefined : text);
}
