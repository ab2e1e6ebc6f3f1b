import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tarBytes, type TarInput } from '../../../src/deb/tar.js';
import { LockstepError } from '../../../src/errors.js';
import { xzCompress } from '../../../src/io/compress.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { readSchema, type SchemaRequest, type SchemaSource } from '../../../src/snapshot/schema-reader.js';
import type { StoredFile } from '../../../src/source/pin.js';
import { Workbench } from '../../fixtures/archive-bench.js';

const tables = 'CREATE TABLE page (id INT);\n';
const updater = '<?php\nreturn [];\n';
const patch = `--- a/includes/Updater.php
+++ b/includes/Updater.php
@@ -1,2 +1,2 @@
 <?php
-return [];
+return [ 'b' ];
`;
const paths = ['maintenance/**/*.sql', 'includes/*Updater.php'];

describe('reading the database schema of a component', () => {
  let root: string;
  let store: ContentStore;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lockstep-schema-'));
    store = new ContentStore(join(root, 'store'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const tarball = async (name: string, files: Record<string, string>): Promise<StoredFile> => {
    const inputs = Object.entries(files).map(([path, text]): TarInput => ({
      kind: 'file',
      path,
      mode: 0o644,
      mtime: 1_700_000_000,
      size: Buffer.byteLength(text),
      body: Buffer.from(text),
    }));
    return { name, ...(await store.put(xzCompress(tarBytes(inputs, { prefix: '' })))) };
  };
  const read = async (from: SchemaSource, changes: Partial<SchemaRequest> = {}) =>
    await readSchema(
      { component: 'wiki', upstreamVersion: '1.39.17', paths, from, ...changes },
      { store, cache: join(root, 'cache') },
    );
  const original = {
    'wiki-1.39.17/maintenance/tables.sql': tables,
    'wiki-1.39.17/includes/Updater.php': updater,
    'wiki-1.39.17/index.php': '<?php\n',
  };

  it('takes a source package with its patches, a tree and packages for the same where they hold the same', async () => {
    const upstream = await tarball('wiki_1.39.17.orig.tar.xz', original);
    const packaging = await tarball('wiki_1.39.17-1+lockstep1.debian.tar.xz', {
      'debian/changelog': 'x',
      'debian/patches/series': '# ours\nb.patch -p1 # why\n\n',
      'debian/patches/b.patch': patch,
      'debian/patches/unused.patch': 'no patch at all',
    });
    const schema = await read({ kind: 'source', files: [upstream, packaging] });
    assert.deepEqual([schema.component, schema.version], ['wiki', '1.39']);

    const patched = { ...original, 'wiki-1.39.17/includes/Updater.php': "<?php\nreturn [ 'b' ];\n" };
    const tree = await tarball('patched.tar.xz', patched);
    assert.equal((await read({ kind: 'tree', archive: tree, path: '' })).digest, schema.digest);

    const bench = await Workbench.make();
    try {
      const deb = await bench.deb({
        name: 'wiki',
        version: '1.39.17-1+lockstep1',
        files: {
          '/maintenance/tables.sql': tables,
          '/includes/Updater.php': "<?php\nreturn [ 'b' ];\n",
          '/etc/x': '',
        },
      });
      const file = { name: 'wiki.deb', ...(await store.put(bench.store.open(deb.file.sha256))) };
      assert.equal((await read({ kind: 'packages', files: [file] })).digest, schema.digest);
    } finally {
      await bench.remove();
    }

    const plain = await read({ kind: 'source', files: [upstream] });
    assert.notEqual(plain.digest, schema.digest);
  });

  it('puts further tarballs into the folder they are named after', async () => {
    const upstream = await tarball('wiki_1.39.17.orig.tar.xz', original);
    const further = await tarball('wiki_1.39.17.orig-maintenance.tar.xz', {
      'x/more.sql': 'CREATE TABLE more;\n',
    });
    const whole = await tarball('whole.tar.xz', {
      ...original,
      'wiki-1.39.17/maintenance/more.sql': 'CREATE TABLE more;\n',
    });
    assert.equal(
      (await read({ kind: 'source', files: [upstream, further] })).digest,
      (await read({ kind: 'tree', archive: whole, path: '' })).digest,
    );
  });

  it('remembers what it read by the hashes of the files and the patterns', async () => {
    const upstream = await tarball('wiki_1.39.17.orig.tar.xz', original);
    const { digest } = await read({ kind: 'source', files: [upstream] });
    await rm(join(root, 'store'), { recursive: true });
    assert.equal((await read({ kind: 'source', files: [upstream] })).digest, digest);
    await assert.rejects(
      read({ kind: 'source', files: [upstream] }, { paths: ['maintenance'] }),
      (error) => error instanceof LockstepError && error.code === 'STORE_MISSING',
    );
  });

  it('says so where no file is meant', async () => {
    const upstream = await tarball('wiki_1.39.17.orig.tar.xz', original);
    for (let time = 0; time < 2; time++) {
      await assert.rejects(read({ kind: 'source', files: [upstream] }, { paths: ['sql/**'] }), (error) => {
        assert.ok(error instanceof LockstepError);
        assert.equal(error.code, 'SOURCE_PATH_MISSING');
        assert.deepEqual(error.where, [{ path: 'metapackage.database.paths', value: 'sql/**' }]);
        return true;
      });
    }
  });
});
