import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import { schemaContents, seriesOf, type SchemaFile } from '../../../src/snapshot/database-schema.js';

const paths = ['maintenance/**/*.sql', 'includes/*Updater.php'];

const tree = {
  'maintenance/tables.sql': 'CREATE TABLE page (id INT);\n-- the end\n',
  'maintenance/archives/patch-a.sql': 'ALTER TABLE page;\n',
  'includes/Updater.php': "<?php\nreturn [\n\t'a',\n];\n",
  'includes/Page.php': '<?php\n',
  'index.php': '<?php\n',
};

async function* filesOf(entries: [string, string | Uint8Array][]): AsyncGenerator<SchemaFile> {
  for (const [path, content] of entries) {
    await Promise.resolve();
    const bytes = Buffer.from(content as string);
    yield {
      path,
      body: (async function* () {
        await Promise.resolve();
        // In pieces, as a tarball gives them
        yield bytes.subarray(0, 3);
        yield bytes.subarray(3);
      })(),
    };
  }
}

const contentsOf = async (files: Record<string, string | Uint8Array>, patches: Record<string, string> = {}) =>
  await schemaContents(
    filesOf(Object.entries(files)),
    paths,
    Object.entries(patches).map(([name, text]) => ({ name, bytes: Buffer.from(text, 'latin1') })),
  );

const digestOf = async (...args: Parameters<typeof contentsOf>): Promise<string> =>
  (await contentsOf(...args)).digest;

describe('the digest of a database schema', () => {
  it('is over the files that are meant, in whatever order they come', async () => {
    const { files, digest } = await contentsOf(tree);
    assert.deepEqual([...files.keys()].sort(), [
      'includes/Updater.php',
      'maintenance/archives/patch-a.sql',
      'maintenance/tables.sql',
    ]);
    assert.match(digest, /^[0-9a-f]{64}$/);
    const reversed = Object.fromEntries(Object.entries(tree).reverse());
    assert.equal(await digestOf(reversed), digest);
    assert.equal(await digestOf({ ...tree, 'index.php': 'another' }), digest);
  });

  it('changes with a byte, a name and a file more or less', async () => {
    const digests = await Promise.all([
      digestOf(tree),
      digestOf({ ...tree, 'maintenance/tables.sql': 'CREATE TABLE page (id INT);\n' }),
      digestOf({ ...tree, 'maintenance/new.sql': '' }),
      digestOf(
        Object.fromEntries(
          Object.entries(tree).map(([path, text]) => [path.replace('patch-a', 'patch-b'), text]),
        ),
      ),
      digestOf(Object.fromEntries(Object.entries(tree).filter(([path]) => !path.includes('patch-a')))),
    ]);
    assert.equal(new Set(digests).size, digests.length);
  });

  it('is that of the patched files, wherever in them the lines are by now', async () => {
    const patch = `From: Somebody <s@example.org>
Subject: one more table

---
 includes/Updater.php | 1 +
 2 files changed

--- a/includes/Updater.php
+++ b/includes/Updater.php
@@ -40,3 +40,4 @@ class
 return [
 \t'a',
+\t'b',
 ];
--- /dev/null
+++ b/maintenance/archives/patch-b.sql
@@ -0,0 +1,2 @@
+CREATE TABLE b;
+-- made
--- a/maintenance/tables.sql
+++ b/maintenance/tables.sql
@@ -1,2 +1,1 @@
 CREATE TABLE page (id INT);
--- the end
-- 
2.53.0

`;
    const patched = {
      ...tree,
      'includes/Updater.php': "<?php\nreturn [\n\t'a',\n\t'b',\n];\n",
      'maintenance/archives/patch-b.sql': 'CREATE TABLE b;\n-- made\n',
      'maintenance/tables.sql': 'CREATE TABLE page (id INT);\n',
    };
    assert.equal(await digestOf(tree, { 'add.patch': patch }), await digestOf(patched));
  });

  it('follows patches on one another, and files that go', async () => {
    const first =
      '--- a/maintenance/tables.sql\n+++ b/maintenance/tables.sql\n@@ -1 +1 @@\n-CREATE TABLE page (id INT);\n+CREATE TABLE page (id BIGINT);\n';
    const second =
      '--- a/maintenance/tables.sql\n+++ b/maintenance/tables.sql\n@@ -1 +1 @@\n-CREATE TABLE page (id BIGINT);\n+CREATE TABLE page (no INT);\n';
    const third =
      '--- a/maintenance/archives/patch-a.sql\n+++ /dev/null\n@@ -1 +0,0 @@\n-ALTER TABLE page;\n';
    const rest = Object.fromEntries(Object.entries(tree).filter(([path]) => !path.includes('patch-a')));
    const wanted = { ...rest, 'maintenance/tables.sql': 'CREATE TABLE page (no INT);\n-- the end\n' };
    assert.equal(
      await digestOf(tree, { '1.patch': first, '2.patch': second, '3.patch': third }),
      await digestOf(wanted),
    );
  });

  it('keeps bytes that are no text', async () => {
    const bytes = Buffer.from([0x61, 0x0a, 0xff, 0xfe, 0x0a]);
    const patch = '--- a/maintenance/x.sql\n+++ b/maintenance/x.sql\n@@ -1 +1 @@\n-a\n+b\n';
    assert.equal(
      await digestOf({ 'maintenance/x.sql': bytes }, { 'x.patch': patch }),
      await digestOf({ 'maintenance/x.sql': Buffer.from([0x62, 0x0a, 0xff, 0xfe, 0x0a]) }),
    );
  });

  it('is none of what patches of other files look like, or whether they apply', async () => {
    const odd = '--- a/index.php\n+++ b/index.php\n@@ broken @@\n nonsense\n';
    assert.equal(await digestOf(tree, { 'odd.patch': odd }), await digestOf(tree));
  });

  it('is not made up where a patch does not apply', async () => {
    const patch =
      '--- a/maintenance/tables.sql\n+++ b/maintenance/tables.sql\n@@ -1 +1 @@\n-nothing like it\n+x\n';
    const error = await contentsOf(tree, { 'debian/patches/x.patch': patch }).then(
      () => assert.fail('it was read'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof LockstepError);
    assert.equal(error.code, 'BUILD_PACKAGING');
    assert.match(error.message, /^debian\/patches\/x\.patch: it does not apply to maintenance\/tables\.sql$/);
  });
});

describe('the series of a version', () => {
  it('is its first two numbers', () => {
    assert.deepEqual(['1.39.17', '1.43.9+dfsg', '7', 'r2026'].map(seriesOf), ['1.39', '1.43', '7', 'r2026']);
  });
});
