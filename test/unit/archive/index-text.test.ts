import assert from 'node:assert/strict';
import fc from 'fast-check';
import { runsOf, stretchesOf, type BlockRef } from '../../../src/archive/blocks.js';
import {
  ContentsOwners,
  mergedContents,
  mergedParagraphs,
  packageItems,
  packagesOf,
  poolFilesOf,
  poolItems,
  sectionOf,
  versionItems,
  versionsOf,
  type PackageFiles,
} from '../../../src/archive/index-text.js';
import { sha256Of } from '../../../src/io/disk.js';
import { samplePackage } from '../../fixtures/sample-snapshot.js';

const textOf = (items: Iterable<{ text: string }>): string => [...items].map(({ text }) => text).join('');

function contentsItems(packages: Iterable<PackageFiles>): Iterable<{ text: string }> {
  const owners = new ContentsOwners();
  for (const one of packages) owners.add(one);
  return owners.items();
}

describe('the text of indices', () => {
  const packages = [
    samplePackage({ name: 'any', version: '1' }),
    samplePackage({ name: 'here', version: '1', architecture: 'amd64' }),
    samplePackage({ name: 'there', version: '1', architecture: 'arm64' }),
    samplePackage({ name: 'other', version: '1', area: 'extra' }),
  ];

  it('has the packages of an architecture, and those of all', () => {
    assert.deepEqual(
      packagesOf(packages, 'main', 'amd64').map((entry) => entry.package),
      ['any', 'here'],
    );
  });

  it('of Packages is the paragraph and where the file is', () => {
    const [first] = packages as [(typeof packages)[0]];
    assert.equal(
      textOf(packageItems([first])),
      `${first.stanza}Filename: ${first.path}\nSize: 1000\nSHA256: ${first.sha256}\n\n`,
    );
    assert.deepEqual([...packageItems([])], []);
  });

  it('of Packages keeps all versions of a name together, the lowest first', () => {
    const wishes = ['10.0', '2.0', '1.0'].map((version) => samplePackage({ name: 'tiny', version }));
    const items = [...packageItems([...wishes, samplePackage({ name: 'a', version: '1' })])];
    assert.deepEqual(
      items.map(({ key }) => key),
      ['a', 'tiny'],
    );
    assert.deepEqual(
      [...items[1]!.text.matchAll(/^Version: (.*)$/gm)].map((match) => match[1]),
      ['1.0', '2.0', '10.0'],
    );
  });

  it('of several snapshots has the first paragraph of a version, and the others', () => {
    const [one] = packageItems([samplePackage({ name: 'tiny', version: '1' })]);
    const overridden = one!.text.replace(/^Version/m, 'Section: new\nVersion');
    const [two] = packageItems([samplePackage({ name: 'tiny', version: '2' })]);
    assert.equal(textOf(mergedParagraphs([two!.text, overridden, one!.text])), overridden + two!.text);
  });

  it('of Contents names every owner of a path once, in one order', () => {
    const files = [
      { package: 'b', section: 'web', files: ['usr/x', 'etc/b'] },
      { package: 'a', section: undefined, files: ['usr/x'] },
      { package: 'b', section: 'web', files: ['usr/x'] },
    ];
    const text = textOf(contentsItems(files));
    assert.deepEqual(
      text.split('\n').map((line) => line.split(/\s+/)),
      [['etc/b', 'web/b'], ['usr/x', 'a,web/b'], ['']],
    );
    assert.equal(textOf(contentsItems(files.slice().reverse())), text);
    const apart = files.map((each) => textOf(contentsItems([each])));
    assert.equal(textOf(mergedContents(apart)), text);
  });

  it('of Contents takes paths with blanks and long ones', () => {
    const long = `usr/share/${'long/'.repeat(30)}name with blanks`;
    const held = [{ package: 'a', section: 'web', files: [long, 'usr/a b'] }];
    const text = textOf(contentsItems(held));
    const other = textOf(contentsItems([{ package: 'b', section: 'web', files: [long] }]));
    assert.equal(
      textOf(mergedContents([text, other])),
      `${'usr/a b'.padEnd(60)} web/a\n${long} web/a,web/b\n`,
    );
  });

  it('takes time in proportion to the packages, also where all have one path', () => {
    const many = Array.from({ length: 50_000 }, (_, at) => ({
      package: `p${at}`,
      section: 'x',
      files: ['usr/share/common'],
    }));
    assert.equal(textOf(contentsItems(many)).split(',').length, 50_000);
  });

  it('of pool and versions is read back', () => {
    const files = packages.map(({ path, size, sha256 }) => ({ path, size, sha256 }));
    assert.deepEqual(
      poolFilesOf(textOf(poolItems(files))),
      files.slice().sort((a, b) => (a.path < b.path ? -1 : 1)),
    );
    assert.deepEqual(versionsOf(textOf(versionItems(packages)))[0], {
      package: 'any',
      version: '1',
      architecture: 'all',
    });
  });

  it('reads the section of a paragraph', () => {
    assert.equal(sectionOf('Package: x\nSection: web\n'), 'web');
    assert.equal(sectionOf('Package: x\nDescription: y\n Section: z\n'), undefined);
  });
});

describe('blocks of an index', () => {
  const keys = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { maxLength: 80 });
  const items = (names: readonly string[]): { key: string; text: string }[] =>
    names
      .slice()
      .sort()
      .map((key) => ({ key, text: `${key}\n` }));
  const refs = (names: readonly string[]): BlockRef[] =>
    [...runsOf(items(names), 8)].map(({ first, last, text }) => {
      return { first, last, size: text.length, sha256: sha256Of(text) };
    });

  it('hold every item, in order', () => {
    fc.assert(
      fc.property(keys, (names) => {
        const runs = [...runsOf(items(names), 8)];
        assert.equal(textOf(runs), textOf(items(names)));
        for (const [at, run] of runs.entries()) assert.ok(at === 0 || run.first > runs[at - 1]!.last);
      }),
    );
  });

  it('change where an item was added, and nowhere else', () => {
    const names = Array.from({ length: 1000 }, (_, at) => `package-${at}`);
    const before = new Set(refs(names).map(({ sha256 }) => sha256));
    for (const extra of ['package-5000', 'a', 'z', 'package-500x']) {
      const after = refs([...names, extra]);
      assert.ok(after.filter(({ sha256 }) => !before.has(sha256)).length <= 2, extra);
    }
    const lengths = [...runsOf(items(names), 8)].length;
    assert.ok(lengths > 60 && lengths < 250, String(lengths));
  });

  it('are walked side by side in stretches that none reaches across', () => {
    fc.assert(
      fc.property(fc.array(keys, { minLength: 1, maxLength: 4 }), (sets) => {
        const indices = sets.map(refs);
        const seen: BlockRef[][] = sets.map(() => []);
        let last = '';
        for (const stretch of stretchesOf(indices)) {
          const all = stretch.blocks.flat();
          assert.ok(all.length > 0);
          assert.ok(all.every(({ first }) => first > last || last === ''));
          last = all.reduce((max, block) => (block.last > max ? block.last : max), '');
          for (const [at, blocks] of stretch.blocks.entries()) seen[at]!.push(...blocks);
          const texts = new Set(
            stretch.blocks.filter((list) => list.length > 0).map((list) => JSON.stringify(list)),
          );
          assert.equal(
            stretch.same !== undefined,
            texts.size === 1 && all.every((block) => block.sha256 === all[0]!.sha256),
          );
        }
        assert.deepEqual(seen, indices);
      }),
    );
  });
});
