import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { declaredIn } from '../../../src/source/declarations.js';
import type { SourceContext } from '../../../src/source/source-context.js';
import type { Declared } from '../../../src/source/declared.js';
import type { StoredFile } from '../../../src/source/pin.js';
import { TestMirror, type Tree } from '../../fixtures/mirror.js';
import { tarOf } from '../../fixtures/packages.js';
import { wikiTree } from '../../fixtures/wiki-mirror.js';
import { fault, Resolving } from './resolving.js';

describe('declarations in a tarball', () => {
  let mirror: TestMirror;
  let resolving: Resolving;

  before(async () => {
    mirror = await TestMirror.start({});
    resolving = await Resolving.with(mirror);
  });
  after(async () => {
    await resolving.end();
    await mirror.stop();
  });

  const stored = async (tree: Tree): Promise<StoredFile> => {
    const bytes = gzipSync(await tarOf(tree, 'x-1.0'), { level: 1 });
    return { name: 'x_1.0.orig.tar.gz', ...(await resolving.store.put(bytes)) };
  };

  const declared = async (
    archive: StoredFile,
    path: string,
    context: SourceContext = resolving.context(),
  ): Promise<Declared> => await declaredIn('it', { archive, path }, '1.0', context);

  it('are read once for all the folders that components are made of, and never again', async () => {
    const archive = await stored({
      ...wikiTree(),
      'includes/Defines.php': "<?php define( 'MW_VERSION', '1.39.17' );",
      'extensions/Cite/extension.json': '{"name": "Cite", "requires": {"MediaWiki": ">= 1.39"}}',
    });
    const context = resolving.context();
    let opened = 0;
    const open = context.store.open.bind(context.store);
    context.store.open = (sha256) => {
      opened += 1;
      return open(sha256);
    };
    try {
      const paths = ['', 'extensions/Cite', 'vendor/wikimedia/parsoid', 'vendor/wikimedia/zest-css'];
      const [core, cite] = await Promise.all(paths.map((path) => declared(archive, path, context)));
      assert.equal(opened, 1);
      assert.equal(core?.version, '1.39.17');
      assert.deepEqual(
        cite?.demands.map(({ thing, constraint }) => `${thing} ${constraint}`),
        ['mediawiki >= 1.39'],
      );
      // Another run, on a machine that has not even the tarball
      await rm(context.store.path(archive.sha256));
      assert.deepEqual(await declared(archive, 'extensions/Cite'), cite);
      assert.equal(opened, 1);
    } finally {
      context.store.open = open;
    }
  });

  it('are refused where a file is larger than any that is meant', async () => {
    const archive = await stored({ 'extension.json': `{"name": "X", "a": "${'x'.repeat(5 << 20)}"}` });
    await assert.rejects(
      declared(archive, ''),
      fault('SOURCE_DECLARATION', /extension\.json is larger than 4 MiB/),
    );
  });

  it('are refused where there are more of them than in any software', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 5001 }, (_, index) => [`e/${index}/extension.json`, '{"name": "X"}']),
    );
    const archive = await stored(many);
    await assert.rejects(declared(archive, ''), fault('SOURCE_DECLARATION', /more composer\.json/));
  });

  it('are not taken from a symlink, nor from a folder of that name', async () => {
    const archive = await stored({
      'composer.json/x': '1',
      'real.json': '{"name": "X"}',
      'extension.json': '-> real.json',
    });
    assert.deepEqual(await declared(archive, ''), {
      component: 'it',
      version: '1.0',
      supplies: [],
      demands: [],
    });
  });
});
