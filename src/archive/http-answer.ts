/**
 * What to answer to a request for a file (RFC 9110): whole, part or not at all,
 * with which headers. Pure; static-server.ts opens files and sends them.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isChangelog } from '../snapshot/pool-path.js';

/** What is known of a file that is asked for. */
export interface FileFacts {
  /** Path below the root, with `/`, without a leading one. */
  path: string;
  /** Bytes. */
  size: number;
  modified: Date;
  /** A strong entity tag with its quotes. */
  etag: string;
}

export interface FileAnswer {
  status: 200 | 206 | 304 | 412 | 416;
  headers: Record<string, string>;
  /** The bytes to send, both ends included; undefined: no body. Only for GET is it sent. */
  body: { start: number; end: number } | undefined;
}

/** The answer to GET or HEAD of a file. */
export function answerFor(headers: IncomingHttpHeaders, file: FileFacts): FileAnswer {
  const base = {
    ETag: file.etag,
    'Last-Modified': file.modified.toUTCString(),
    'Cache-Control': cacheControl(file.path),
    'Accept-Ranges': 'bytes',
  };
  const { path, size } = file;
  const answer = (
    status: FileAnswer['status'],
    more: Record<string, string> = {},
    body?: FileAnswer['body'],
  ): FileAnswer => ({ status, headers: { ...base, ...more }, body });
  if (!preconditionsHold(headers, file)) return answer(412);
  if (notModified(headers, file)) return answer(304);
  const range = rangeApplies(headers, file) ? parseRange(headers.range, size) : undefined;
  if (range === 'unsatisfiable') {
    return answer(416, { 'Content-Range': `bytes */${size}`, 'Content-Length': '0' });
  }
  const type = { 'Content-Type': contentType(path), 'X-Content-Type-Options': 'nosniff' };
  if (range === undefined) {
    const whole = size === 0 ? undefined : { start: 0, end: size - 1 };
    return answer(200, { ...type, 'Content-Length': String(size) }, whole);
  }
  const { start, end } = range;
  const part = {
    'Content-Range': `bytes ${start}-${end}/${size}`,
    'Content-Length': String(end - start + 1),
  };
  return answer(206, { ...type, ...part }, range);
}

/** RFC 9110, 13.2.2, steps 1 and 2. */
function preconditionsHold(headers: IncomingHttpHeaders, file: FileFacts): boolean {
  const match = headers['if-match'];
  if (match !== undefined) return tagsOf(match).some((tag) => tag === '*' || tag === file.etag);
  const since = httpDate(headers['if-unmodified-since']);
  return since === undefined || seconds(file.modified) <= since;
}

/** RFC 9110, 13.2.2, steps 3 and 4: a tag is better evidence than a date. */
function notModified(headers: IncomingHttpHeaders, file: FileFacts): boolean {
  const none = headers['if-none-match'];
  if (none !== undefined) {
    return tagsOf(none).some((tag) => tag === '*' || tag.replace(/^W\//, '') === file.etag);
  }
  const since = httpDate(headers['if-modified-since']);
  return since !== undefined && seconds(file.modified) <= since;
}

/** If-Range: a part is of use only to who has the rest of the same file. */
function rangeApplies(headers: IncomingHttpHeaders, file: FileFacts): boolean {
  const condition = headers['if-range'];
  if (headers.range === undefined) return false;
  if (typeof condition !== 'string') return true;
  if (condition.startsWith('"')) return condition.trim() === file.etag;
  return httpDate(condition) === seconds(file.modified);
}

/**
 * The one range asked for. Undefined: several, another unit or not well-formed, which all get the whole
 * file (RFC 9110, 14.2: a server may ignore Range).
 */
export function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(header ?? '');
  if (match === null) return undefined;
  const [, from, to] = match as unknown as [string, string, string];
  if (from === '' && to === '') return undefined;
  if (from === '') {
    const last = Number(to);
    if (last === 0 || size === 0) return 'unsatisfiable';
    return { start: Math.max(0, size - last), end: size - 1 };
  }
  const start = Number(from);
  const end = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== '' && Number(to) < start) return undefined;
  return start >= size ? 'unsatisfiable' : { start, end };
}

function tagsOf(header: string): string[] {
  return header.split(',').map((tag) => tag.trim());
}

function httpDate(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : time / 1000;
}

/** HTTP dates have whole seconds. */
function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

const unchanging = 'public, max-age=31536000, immutable';

/**
 * Pool files, by-hash files and frozen indices never change. The Release files of a frozen view do: they are
 * signed again before they expire, so clients revalidate them like files of a suite.
 */
export function cacheControl(path: string): string {
  const isRelease = /(^|\/)(InRelease|Release|Release\.gpg)$/.test(path);
  if (/^debian\/pool\/|\/by-hash\/SHA(256|512)\//.test(path)) return unchanging;
  return path.startsWith('snapshot/') && !isRelease ? unchanging : 'no-cache';
}

const text = 'text/plain; charset=utf-8';

const types: Readonly<Record<string, string>> = {
  deb: 'application/vnd.debian.binary-package',
  udeb: 'application/vnd.debian.binary-package',
  dsc: text,
  changes: text,
  buildinfo: text,
  sources: text,
  txt: text,
  asc: 'application/pgp-keys',
  gpg: 'application/pgp-keys',
  gz: 'application/gzip',
  xz: 'application/x-xz',
  bz2: 'application/x-bzip2',
  zst: 'application/zstd',
  json: 'application/json',
};

/** By the ending of the name; never an encoding, because apt needs the compressed bytes. */
export function contentType(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === 'Release.gpg' || name.endsWith('.sig')) return 'application/pgp-signature';
  if (/^(InRelease|Release|Packages|Sources)$/.test(name) || isChangelog(name)) return text;
  // A signature of a source tarball, not a key.
  if (/\.(tar\.\w+|dsc)\.asc$/.test(name)) return 'application/pgp-signature';
  const ending = /\.([a-z0-9]+)$/.exec(name)?.[1];
  return (ending === undefined ? undefined : types[ending]) ?? 'application/octet-stream';
}
