/** Reads a file as its first argument says. For hostile-size.test.ts. */
import { join } from 'node:path';
import { parseRelease } from '../../../src/deb/release-file.js';
import { LockstepError } from '../../../src/errors.js';
import { hashFile, readIfThere } from '../../../src/io/disk.js';
import { readNamedFile } from '../../../src/io/named-file.js';
import { Http } from '../../../src/io/http.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { systemClock } from '../../../src/io/clock.js';
import { loadWorkspace } from '../../../src/profile/load.js';
import { AptIndex } from '../../../src/source/apt-index.js';
import { StanzaIndex } from '../../../src/deb/stanza-index.js';
import { readUpload } from '../../../src/vetting/foreign-source.js';
import { answer } from '../../fixtures/peak-memory.js';

const [what, path] = process.argv.slice(2) as [string, string];
const signal = new AbortController().signal;

async function index(listed: number | undefined): Promise<StanzaIndex> {
  const store = new ContentStore(join(path, '..', 'store'));
  const hash = await hashFile(path);
  await store.put({ file: path }, hash);
  const sha256 = new Map([['main/source/Sources', { size: listed ?? 0, sha256: '' }]]);
  const release = { suite: 'bookworm', release: { sha256: listed === undefined ? new Map() : sha256 } };
  const opened = new AptIndex('main/source/Sources.xz', hash, release as never);
  return await opened.whole({ store } as never);
}

const readers: Readonly<Record<string, () => Promise<unknown>>> = {
  'index-listed': () => index(100 * 1024 * 1024),
  'index-unlisted': () => index(undefined),
  paragraphs: async () => new StanzaIndex((await readIfThere(path))!),
  changes: () =>
    readUpload(path, { keyring: undefined, taken: { kind: 'arriving', now: new Date() }, signal }).then(
      (read) => {
        if ('faults' in read) throw new LockstepError('IMPORT_INVALID', { message: 'it has faults' });
      },
    ),
  release: async () => parseRelease((await readIfThere(path))!.toString('utf8')),
  named: () => readNamedFile({ path, flag: '--keyring' }, 'Keys'),
  workspace: () => loadWorkspace(path),
  record: () => readIfThere(path),
  http: async () => {
    const http = new Http({ clock: systemClock });
    try {
      await http.bytes(path);
    } finally {
      http.close();
    }
  },
};

await answer(readers[what]!);
