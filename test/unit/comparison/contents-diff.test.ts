import assert from 'node:assert/strict';
import { diffContents, makerOf, noContents } from '../../../src/comparison/contents-diff.js';
import { textPatch } from '../../../src/comparison/text-patch.js';
import type { KeptText, PackageContents, PackageFile } from '../../../src/comparison/package-contents.js';
import { sha256 } from '../../fixtures/packages.js';
import { aptComponent, treeComponent } from '../../fixtures/snapshots.js';
import { sampleSnapshot } from '../../fixtures/sample-snapshot.js';

interface Wish extends Partial<PackageFile> {
  text?: string;
  conffile?: boolean;
}

function contents(files: Record<string, Wish>, scripts: Record<string, KeptText> = {}): PackageContents {
  const made = { ...noContents, files: new Map<string, PackageFile>(), texts: new Map<string, KeptText>() };
  made.conffiles = new Set(Object.keys(files).filter((path) => files[path]!.conffile === true));
  for (const [path, { text, ...wish }] of Object.entries(files)) {
    const file = { ...wish, conffile: undefined };
    made.files.set(path, {
      path,
      kind: 'file',
      mode: 0o644,
      owner: 'root:root',
      size: text?.length ?? 1,
      sha256: sha256(text ?? ''),
      linkTarget: null,
      ...file,
    });
    if (text !== undefined) made.texts.set(path, { text });
  }
  return { ...made, scripts: new Map(Object.entries(scripts)) };
}

describe('what changed inside of a package', () => {
  it('is files: added, removed, and each way in which one changed', () => {
    const before = contents({
      '/a': {},
      '/content': { text: 'x' },
      '/gone': {},
      '/kind': {},
      '/link': { kind: 'symlink', sha256: null, linkTarget: 'a', mode: 0o777 },
      '/mode': {},
      '/owner': {},
      '/both': {},
    });
    const after = contents({
      '/a': {},
      '/content': { text: 'yy' },
      '/kind': { kind: 'dir', mode: 0o755, sha256: null },
      '/link': { kind: 'symlink', sha256: null, linkTarget: 'b', mode: 0o755 },
      '/mode': { mode: 0o4755 },
      '/new': {},
      '/owner': { owner: 'root:www-data' },
      '/both': { mode: 0o600, owner: 'www-data:www-data' },
    });
    const { files } = diffContents(before, after, 'all');
    assert.deepEqual(
      files.map(({ path, change, aspects }) => [path, change, aspects.join(' ')]),
      [
        ['/both', 'changed', 'mode owner'],
        ['/content', 'changed', 'content'],
        ['/gone', 'removed', ''],
        ['/kind', 'changed', 'kind mode'],
        ['/link', 'changed', 'link'],
        ['/mode', 'changed', 'mode'],
        ['/new', 'added', ''],
        ['/owner', 'changed', 'owner'],
      ],
    );
    assert.deepEqual(
      files.filter(({ path }) => path === '/mode').map(({ from, to }) => [from!.mode, to!.mode]),
      [['0644', '4755']],
    );
  });

  it('marks conffiles, and tells when a file became one', () => {
    const { files } = diffContents(
      contents({ '/etc/a': { text: 'x', conffile: true }, '/etc/b': { text: 'x' } }),
      contents({ '/etc/a': { text: 'y', conffile: true }, '/etc/b': { text: 'x', conffile: true } }),
      'conffiles',
    );
    assert.deepEqual(
      files.map(({ path, conffile, aspects }) => [path, conffile, aspects]),
      [
        ['/etc/a', true, ['content']],
        ['/etc/b', true, ['conffile']],
      ],
    );
  });

  it('shows texts as a unified diff: all, or conffiles alone', () => {
    const before = contents({ '/etc/a': { text: 'one\n', conffile: true }, '/usr/x.php': { text: '1\n' } });
    const after = contents({ '/etc/a': { text: 'two\n', conffile: true }, '/usr/x.php': { text: '2\n' } });
    assert.deepEqual(
      diffContents(before, after, 'conffiles').texts.map(({ path, kind }) => [path, kind]),
      [['/etc/a', 'conffile']],
    );
    const { texts } = diffContents(before, after, 'all');
    assert.deepEqual(
      texts.map(({ kind }) => kind),
      ['conffile', 'configuration'],
    );
    assert.equal(texts[0]!.patch, '--- a/etc/a\n+++ b/etc/a\n@@ -1,1 +1,1 @@\n-one\n+two\n');
  });

  it('shows what came and went against nothing', () => {
    const { texts } = diffContents(
      noContents,
      contents({ '/etc/a': { text: 'one\n', conffile: true } }),
      'all',
    );
    assert.match(texts[0]!.patch!, /^--- \/dev\/null\n\+\+\+ b\/etc\/a\n/);
  });

  it('shows maintainer scripts, and knows a binary one that stayed', () => {
    const binary = { not: 'binary', sha256: sha256('x') } as const;
    const { texts } = diffContents(
      contents({}, { postinst: { text: '#!/bin/sh\n' }, preinst: binary }),
      contents(
        {},
        { postinst: { text: '#!/bin/sh\nset -e\n' }, preinst: binary, triggers: { text: 'interest x\n' } },
      ),
      'conffiles',
    );
    assert.deepEqual(
      texts.map(({ path, change }) => [path, change]),
      [
        ['DEBIAN/postinst', 'changed'],
        ['DEBIAN/triggers', 'added'],
      ],
    );
  });

  it('says why a text is not shown', () => {
    const one = { not: 'too large', sha256: sha256('1') } as const;
    const two = { not: 'too large', sha256: sha256('2') } as const;
    const { texts } = diffContents(contents({}, { config: one }), contents({}, { config: two }), 'all');
    assert.deepEqual(
      texts.map(({ patch, omitted }) => [patch, omitted]),
      [[null, 'too large']],
    );
    const lines = (start: number): string =>
      Array.from({ length: 6000 }, (_, n) => `line ${start + n}\n`).join('');
    assert.deepEqual(textPatch('/x', { text: lines(0) }, { text: lines(100_000) }), { not: 'too different' });
  });
});

describe('who made the files of a package', () => {
  const { manifest } = sampleSnapshot(
    ['wiki', 'parsoid', 'config', 'imported'].map((name) => ({ name, version: '1' })),
    '2026-11-01T00:00:00Z',
  );
  const set = {
    ...manifest,
    components: { wiki: aptComponent('wiki', '1-1', '1'), parsoid: treeComponent('parsoid', 'wiki', '1') },
    builds: ['wiki', 'parsoid', 'config'].map((name) => ({
      package: name,
      version: '1',
      inputs: sha256(name),
    })),
  };
  it('is told by its component, and by what was built', () => {
    assert.deepEqual(Object.fromEntries(set.packages.map((entry) => [entry.package, makerOf(set, entry)])), {
      wiki: 'source',
      parsoid: 'tree',
      config: 'template',
      imported: 'source',
    });
  });
});
