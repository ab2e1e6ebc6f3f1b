/**
 * Fills a small file system by each way of writing, and tells what came of it
 * as JSON. For full-disk.test.ts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LockstepError } from '../../../src/errors.js';
import type { ByteSource } from '../../../src/deb/bytes.js';
import { systemClock } from '../../../src/io/clock.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { sha256Of, writeFileAtomic } from '../../../src/io/disk.js';
import { Http } from '../../../src/io/http.js';
import { withLock } from '../../../src/io/lock.js';

export interface Report {
  codes: Record<string, string>;
  old: string;
  files: string[];
}

const [folder = '', url = ''] = process.argv.slice(2);
const at = (name: string): string => join(folder, name);
const codes: Record<string, string> = {};

async function attempt(name: string, work: () => Promise<unknown>): Promise<void> {
  codes[name] = await work().then(
    () => 'no fault',
    (error: unknown) => (error instanceof LockstepError ? error.code : String(error)),
  );
}

async function* tooMuch(): AsyncGenerator<Buffer> {
  for (let nth = 0; nth < 64; nth++) yield Buffer.alloc(64 * 1024, nth);
}

const store = new ContentStore(at('store'));
const http = new Http({ clock: systemClock });
const body: ByteSource = tooMuch();
await writeFileAtomic(at('file'), 'old');
await attempt('file', () => writeFileAtomic(at('file'), tooMuch()));
await attempt('put', () => store.put(body));
const expected = { sha256: sha256Of(Buffer.alloc(4 * 1024 * 1024)), size: 4 * 1024 * 1024 };
await attempt('download', () => http.download(url, store, expected));
await attempt('lock', async () => {
  // Nothing is left for even the smallest file
  for (let size = 64 * 1024; size >= 512; size /= 2) {
    for (let nth = 0; nth < 40; nth++)
      await writeFileAtomic(at(`fill-${size}-${nth}`), Buffer.alloc(size)).catch(() => 0);
  }
  await withLock(at('locks/lock'), { command: 'x', clock: systemClock }, async () => undefined);
});
http.close();
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
  (name) => !/fill-/.test(name),
);
const report: Report = { codes, old: readFileSync(at('file'), 'utf8'), files: files.sort() };
console.log(JSON.stringify(report));
