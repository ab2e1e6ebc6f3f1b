import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tarBytes, type TarInput } from '../../../src/deb/tar.js';
import { collect } from '../../../src/deb/bytes.js';
import { gzip, xzCompress } from '../../../src/io/compress.js';
import { ContentStore } from '../../../src/io/content-store.js';
import type { StoredFile } from '../../../src/source/pin.js';
import { readSourceTree } from '../../../src/source/source-tree.js';
import { tarOf } from '../../fixtures/packages.js';
import { wikiTree } from '../../fixtures/wiki-mirror.js';
import { fault } from './resolving.js';

describe('reading a tarball as a tree', () => {
  let folder: string;
  let store: ContentStore;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-tree-'));
    store = new ContentStore(folder);
  });

  after(() => rm(folder, { recursive: true, force: true }));

  async function stored(bytes: Buffer | AsyncIterable<Buffer>, name: string): Promise<StoredFile> {
    return { name, ...(await store.put(bytes)) };
  }

  async function tarball(entries: TarInput[]): Promise<StoredFile> {
    return await stored(gzip(tarBytes(entries, { prefix: '' })), 'x.orig.tar.gz');
  }

  async function read(archive: StoredFile, path: string): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for await (const member of readSourceTree(store, archive, path)) {
      found[member.path] =
        member.kind === 'file'
          ? (await collect(member.body)).toString('utf8')
          : member.kind === 'symlink'
            ? `-> ${member.linkTarget}`
            : 'folder';
    }
    return found;
  }

  const file = (path: string): TarInput => ({
    path,
    mtime: 0,
    kind: 'file',
    mode: 0o644,
    body: Buffer.from('x'),
  });

  it('takes the top folder off, and gives the folder that is asked for', async () => {
    const archive = await stored(gzip(await tarOf(wikiTree(), 'mediawiki-1.39.17')), 'm.orig.tar.gz');
    assert.deepEqual(await read(archive, 'vendor/wikimedia/parsoid'), {
      '': 'folder',
      'composer.json': '{"name":"wikimedia/parsoid"}',
      src: 'folder',
      'src/Parsoid.php': '<?php class Parsoid {}\n',
      'src/latest': '-> Parsoid.php',
    });
    assert.deepEqual(Object.keys(await read(archive, 'vendor/wikimedia/pars')), []);
    assert.ok('index.php' in (await read(archive, '')));
  });

  it('reads .xz, and names with ./ before them', async () => {
    const archive = await stored(
      xzCompress(await collect(tarBytes([file('top/a/b')], { prefix: './' }))),
      'x.orig.tar.xz',
    );
    assert.deepEqual(await read(archive, 'a'), { b: 'x' });
  });

  it('refuses more than one folder at the top', async () => {
    for (const second of ['other/file', 'file']) {
      const archive = await tarball([file('top/file'), file(second)]);
      await assert.rejects(read(archive, ''), fault('DEB_ARCHIVE', /more than one folder at its top/));
    }
  });

  it('refuses links that lead out of the folder, and hard links', async () => {
    const link = (linkTarget: string): TarInput => ({
      path: 'top/a/link',
      mtime: 0,
      kind: 'symlink',
      linkTarget,
    });
    assert.deepEqual(await read(await tarball([file('top/b'), link('../b')]), ''), {
      b: 'x',
      'a/link': '-> ../b',
    });
    for (const target of ['../b', '/etc/passwd', '../../../x']) {
      await assert.rejects(read(await tarball([file('top/b'), link(target)]), 'a'), fault('DEB_UNSAFE_NAME'));
    }
    const hard: TarInput = {
      path: 'top/a/hard',
      mtime: 0,
      kind: 'hardlink',
      mode: 0o644,
      linkTarget: 'top/b',
    };
    const archive = await tarball([file('top/b'), hard]);
    await assert.rejects(read(archive, 'a'), fault('DEB_ARCHIVE', /hardlink/));
    // Elsewhere in the tarball it does no harm
    assert.deepEqual(await read(archive, 'b'), { '': 'x' });
  });

  it('says that the store is damaged, not the tarball', async () => {
    const archive = await stored(gzip(await tarOf(wikiTree(), 'top')), 'm.orig.tar.gz');
    await chmod(store.path(archive.sha256), 0o644);
    await writeFile(store.path(archive.sha256), Buffer.alloc(archive.size));
    await assert.rejects(read(archive, ''), (error: unknown) =>
      /^STORE_(?:CORRUPT|MISSING)$/.test((error as { code: string }).code),
    );
    assert.equal(await store.has(archive.sha256), false);
  });

  it('says that a tarball is damaged whose hash is right', async () => {
    const archive = await stored(Buffer.from('no gzip at all'), 'm.orig.tar.gz');
    await assert.rejects(read(archive, ''), fault('DATA_DAMAGED'));
  });
});
