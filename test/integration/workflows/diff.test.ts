import assert from 'node:assert/strict';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { renderDiffMarkdown } from '../../../src/cli/render/diff-markdown.js';
import { noLimits, renderDiff } from '../../../src/cli/render/diff.js';
import { renderShow } from '../../../src/cli/render/snapshots.js';
import { diffResult, type DiffResult } from '../../../src/comparison/diff-shape.js';
import { formatChangelogEntry } from '../../../src/deb/changelog.js';
import type { Snapshot } from '../../../src/snapshot/manifest.js';
import { show } from '../../../src/workflows/reading/show.js';
import { diff } from '../../../src/workflows/reading/diff.js';
import { makeBinary } from '../../fixtures/packages.js';
import {
  aptComponent,
  SnapshotWorkspace,
  treeComponent,
  type SetPackage,
  type SetSpec,
} from '../../fixtures/snapshots.js';

const changelog = (...entries: [version: string, line: string][]): Buffer =>
  gzipSync(
    entries
      .map(([version, line]) =>
        formatChangelogEntry('wiki', {
          version,
          distribution: 'bookworm-security',
          lines: [line],
          maintainer: 'Someone <someone@example.invalid>',
          date: 1_700_000_000,
        }),
      )
      .join('\n'),
  );

const old: [string, string] = ['1:1.39.14-1', 'New upstream version 1.39.14.'];

const wikiBefore: SetPackage = {
  package: 'wiki',
  version: '1:1.39.14-1+lockstep1',
  depends: 'php, wiki-classes (= 1:1.39.14-1+lockstep1)',
  files: {
    '/etc/wiki/site.conf': 'name = Wiki\ncache = off\n',
    '/usr/share/wiki/index.php': '<?php // 14\n',
    '/usr/share/wiki/logo.png': '\u0000\u0001old',
    '/usr/share/wiki/run': '#!/bin/sh\n',
    '/usr/share/wiki/link': '-> index.php',
    '/usr/share/doc/wiki/changelog.Debian.gz': changelog(['1:1.39.14-1+lockstep1', 'Built.'], old),
    '/usr/share/doc/wiki/RELEASE-NOTES-1.39': '== MediaWiki 1.39.14 ==\n* Old.\n',
  },
  conffiles: ['/etc/wiki/site.conf'],
  scripts: { postinst: '#!/bin/sh\nexit 0\n' },
};

const wikiAfter: SetPackage = {
  package: 'wiki',
  version: '1:1.39.17-1+lockstep1',
  depends: 'php, wiki-classes (= 1:1.39.17-1+lockstep1)',
  recommends: 'varnish',
  files: {
    '/etc/wiki/site.conf': 'name = Wiki\ncache = on\n',
    '/usr/share/wiki/index.php': '<?php // 17\n',
    '/usr/share/wiki/logo.png': '\u0000\u0001new',
    '/usr/share/wiki/run': '#!/bin/sh\n',
    '/usr/share/wiki/link': '-> start.php',
    '/usr/share/wiki/new.php': '<?php\n',
    '/usr/share/doc/wiki/changelog.Debian.gz': changelog(
      ['1:1.39.17-1+lockstep1', 'Built.'],
      ['1:1.39.17-1', 'New upstream version, fixing CVE-2025-67475 and CVE-2025-67477.'],
      old,
    ),
    '/usr/share/doc/wiki/RELEASE-NOTES-1.39':
      '== MediaWiki 1.39.16 ==\n* (CVE-2025-67475) SECURITY: Escape.\n\n== MediaWiki 1.39.14 ==\n* Old.\n',
  },
  modes: { '/usr/share/wiki/run': 0o755 },
  conffiles: ['/etc/wiki/site.conf'],
  scripts: { postinst: '#!/bin/sh\nset -e\nexit 0\n' },
};

const config = (name: string, version: string): SetPackage => ({
  package: 'wiki-config',
  version,
  source: 'wiki-full',
  files: {
    '/usr/share/wiki-full/settings.php': `<?php\n$wgSitename = '${name}';\n`,
    '/usr/bin/wiki-full': '\u0000bin',
  },
});

const same: SetPackage = { package: 'memcached', version: '1.6.18-1' };

const earlier: SetSpec = {
  components: {
    wiki: aptComponent('wiki', '1:1.39.14-1', '1.39.14'),
    parsoid: treeComponent('parsoid', 'wiki', '0.16.5'),
    memcached: aptComponent('memcached', '1.6.18-1', '1.6.18'),
  },
  composed: ['wiki', 'wiki-full', 'wiki-parsoid'],
  packages: [
    wikiBefore,
    config('Old Name', '1.39.14+lockstep1'),
    {
      package: 'wiki-parsoid',
      component: 'parsoid',
      version: '0.16.5+lockstep1',
      files: { '/usr/share/parsoid/a.php': '<?php // 5\n' },
    },
    same,
    { package: 'gone', version: '1' },
  ],
  schema: { component: 'wiki', version: '1.39', digest: 'a'.repeat(64) },
};

const later: SetSpec = {
  components: {
    wiki: aptComponent('wiki', '1:1.39.17-1', '1.39.17'),
    parsoid: treeComponent('parsoid', 'wiki', '0.16.6'),
    memcached: aptComponent('memcached', '1.6.18-1', '1.6.18'),
  },
  composed: ['wiki', 'wiki-full', 'wiki-parsoid'],
  packages: [
    wikiAfter,
    config('New Name', '1.39.17+lockstep1'),
    {
      package: 'wiki-parsoid',
      component: 'parsoid',
      version: '0.16.6+lockstep1',
      files: { '/usr/share/parsoid/a.php': '<?php // 6\n' },
    },
    same,
    { package: 'fresh', version: '2', files: { '/etc/fresh.conf': 'x\n' }, conffiles: ['/etc/fresh.conf'] },
  ],
  schema: { component: 'wiki', version: '1.39', digest: 'b'.repeat(64) },
  security: ['CVE-2025-67475'],
};

describe('a diff of two snapshots', function () {
  this.timeout(60_000);
  let place: SnapshotWorkspace;
  let first: Snapshot;
  let second: Snapshot;
  let report: DiffResult;

  before(async () => {
    place = await SnapshotWorkspace.make();
    first = await place.cut(earlier);
    second = await place.cut(later);
    await place.move('set-stable', first);
    await place.move('set-stable', second, { from: first.manifest.id });
    report = await compare('set-stable~1', 'set-stable');
  });
  after(async () => {
    await place.remove();
  });

  async function compare(from: string, to: string, contents = true): Promise<DiffResult> {
    return await diff(place.context, { from, to, contents });
  }

  const of = (name: string, from = report): DiffResult['contents'][number] =>
    from.contents.find((item) => item.package === name)!;

  it('has the documented shape', () => {
    assert.deepEqual(
      diffResult.parse(JSON.parse(JSON.stringify(report))),
      JSON.parse(JSON.stringify(report)),
    );
    assert.deepEqual(report.notes, []);
    assert.equal(report.from.id, first.manifest.id);
    assert.equal(report.to.name, 'set-stable');
  });

  it('names components, packages, relations, the database and the flag', () => {
    assert.deepEqual(
      report.components.map(({ component, change, from, to }) => [component, change, from, to]),
      [
        ['parsoid', 'up', '0.16.5', '0.16.6'],
        ['wiki', 'up', '1:1.39.14-1', '1:1.39.17-1'],
      ],
    );
    assert.deepEqual(
      report.packages.map(({ package: name, change }) => [name, change]),
      [
        ['fresh', 'added'],
        ['gone', 'removed'],
        ['wiki', 'up'],
        ['wiki-config', 'up'],
        ['wiki-parsoid', 'up'],
      ],
    );
    assert.deepEqual(
      report.relations.map(({ package: name, field, removed, added }) => [name, field, removed, added]),
      [
        [
          'wiki',
          'Depends',
          ['wiki-classes (= 1:1.39.14-1+lockstep1)'],
          ['wiki-classes (= 1:1.39.17-1+lockstep1)'],
        ],
        ['wiki', 'Recommends', [], ['varnish']],
      ],
    );
    assert.equal(report.schema.changed, 'yes');
    assert.deepEqual(report.security.added, ['CVE-2025-67475']);
  });

  it('takes changelogs out of the packages, and the fixes they name', () => {
    const [told, ...others] = report.changelogs;
    assert.deepEqual(others, []);
    assert.deepEqual(
      told!.packaging.map(({ version, own }) => [version, own]),
      [
        ['1:1.39.17-1+lockstep1', true],
        ['1:1.39.17-1', false],
      ],
    );
    assert.deepEqual(
      told!.upstream.map(({ version }) => version),
      ['1.39.16'],
    );
    assert.deepEqual(
      told!.fixes.map(({ id, where }) => [id, where]),
      [
        ['CVE-2025-67475', 'MediaWiki 1.39.16'],
        ['CVE-2025-67477', 'wiki (1:1.39.17-1)'],
      ],
    );
  });

  it('compares files by content, mode and link, text and binary', () => {
    assert.deepEqual(
      of('wiki').files.map(({ path, change, conffile, aspects }) => [
        path,
        change,
        conffile,
        aspects.join(' '),
      ]),
      [
        ['/etc/wiki/site.conf', 'changed', true, 'content'],
        ['/usr/share/doc/wiki/RELEASE-NOTES-1.39', 'changed', false, 'content'],
        ['/usr/share/doc/wiki/changelog.Debian.gz', 'changed', false, 'content'],
        ['/usr/share/wiki/index.php', 'changed', false, 'content'],
        ['/usr/share/wiki/link', 'changed', false, 'link'],
        ['/usr/share/wiki/logo.png', 'changed', false, 'content'],
        ['/usr/share/wiki/new.php', 'added', false, ''],
        ['/usr/share/wiki/run', 'changed', false, 'mode'],
      ],
    );
  });

  it("shows configuration and scripts, and not a component's code", () => {
    const texts = (name: string): unknown[] =>
      of(name).texts.map(({ path, kind, change }) => [path, kind, change]);
    assert.deepEqual(texts('wiki'), [
      ['/etc/wiki/site.conf', 'conffile', 'changed'],
      ['DEBIAN/postinst', 'script', 'changed'],
    ]);
    assert.deepEqual(texts('wiki-config'), [
      ['/usr/share/wiki-full/settings.php', 'configuration', 'changed'],
    ]);
    assert.deepEqual(texts('wiki-parsoid'), []);
    assert.deepEqual(texts('fresh').slice(0, 1), [['/etc/fresh.conf', 'conffile', 'added']]);
    assert.match(
      of('wiki-config').texts[0]!.patch!,
      /^-\$wgSitename = 'Old Name';\n\+\$wgSitename = 'New Name';$/m,
    );
    assert.match(of('wiki').texts[0]!.patch!, /^--- a\/etc\/wiki\/site\.conf$/m);
  });

  it('is nothing for a snapshot and itself, and the other way round for the other way', async () => {
    const none = await compare('set-stable', second.manifest.id);
    assert.equal(none.same, true);
    assert.match(renderDiff(none), /There is no difference that affects/);
    const back = await compare('set-stable', 'set-stable~1');
    assert.equal(back.components.find(({ component }) => component === 'wiki')!.change, 'down');
    assert.equal(back.changelogs[0]!.direction, 'down');
    assert.deepEqual(back.security.removed, ['CVE-2025-67475']);
    assert.match(renderDiff(back), /reverts the fixes of CVE-2025-67475/);
  });

  it('opens no package that is the same on both sides, and keeps what it read', async () => {
    const { cache } = place;
    const folder = join(cache, 'package-contents');
    const read = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.json.gz'));
    const memcached = second.manifest.packages.find((entry) => entry.package === 'memcached')!;
    assert.equal(read.length, 8);
    assert.ok(!read.some((name) => name.includes(memcached.sha256)));
    const again = await compare('set-stable~1', 'set-stable');
    assert.deepEqual(again.contents, report.contents);
    assert.deepEqual(again.changelogs, report.changelogs);
  });

  it('compares manifests alone when it is told so', async () => {
    const quick = await compare('set-stable~1', 'set-stable', false);
    assert.deepEqual(quick.contents, []);
    assert.deepEqual(quick.packages, report.packages);
    assert.match(quick.notes.join(), /no package was opened/);
  });

  it('takes no changelog of a package that comes from another source now', async () => {
    const of = (source: string, version: string): SetSpec => ({
      profile: 'moved',
      components: { [source]: aptComponent(source, version, version) },
      packages: [
        {
          package: 'tool',
          source,
          component: source,
          version,
          files: { '/usr/share/doc/tool/changelog.Debian.gz': changelog([version, 'New.']) },
        },
      ],
    });
    const before = await place.cut(of('tool', '1.0-1'));
    const after = await place.cut(of('tools', '2.0-1'));
    const moved = await compare(before.manifest.id, after.manifest.id);
    assert.deepEqual(moved.changelogs, []);
    assert.deepEqual(moved.notes, []);
  });

  it('takes the flags of the snapshots in between, and of no others', async () => {
    const cut = (cve: string): Promise<Snapshot> =>
      place.cut({
        profile: 'flagged',
        packages: [{ package: 'tool', version: cve.slice(4) }],
        security: [cve],
      });
    const [, from, , , to] = [
      await cut('CVE-2026-0001'),
      await cut('CVE-2026-0002'),
      await cut('CVE-2026-0003'),
      await cut('CVE-2026-0004'),
      await cut('CVE-2026-0005'),
      await cut('CVE-2026-0006'),
    ];
    const { security } = await compare(from.manifest.id, to.manifest.id, false);
    assert.deepEqual(security.added, ['CVE-2026-0003', 'CVE-2026-0004', 'CVE-2026-0005']);
  });

  it('is well-formed Markdown with tables and a fenced diff', () => {
    const text = renderDiffMarkdown(report);
    assert.match(text, /^# set `\d{8}T\d{6}Z`\n/);
    for (const title of [
      'Security',
      'Database',
      'Components',
      'Changelogs',
      'Packages',
      'Relations',
      'Files',
    ])
      assert.match(text, new RegExp(`^## ${title}$`, 'm'));
    assert.match(text, /^\| CVE-2025-67477 \| wiki \|/m);
    assert.match(text, /^```diff\n--- a\/usr\/share\/wiki-full\/settings\.php$/m);
    const fences = text.split('\n').filter((line) => line.startsWith('```'));
    assert.equal(fences.length % 2, 0);
    // A table begins after an empty line and has as many cells in each line
    for (const block of text.split('\n\n').filter((part) => part.startsWith('|'))) {
      const cells = block.split('\n').map((line) => line.replaceAll('\\|', '').split('|').length);
      assert.deepEqual([...new Set(cells)].length, 1, block);
    }
  });

  it('speaks of no database schema where no component has one, and says which side records none', async () => {
    const without = (version: string): SetSpec => ({
      profile: 'web',
      packages: [{ package: 'proxy', version }],
    });
    const [a, b] = [await place.cut(without('1')), await place.cut(without('2'))];
    const silent = await compare(a.manifest.id, b.manifest.id);
    assert.doesNotMatch(renderDiff(silent), /schema|database/i);
    assert.doesNotMatch(renderDiffMarkdown(silent), /schema|database/i);
    assert.doesNotMatch(renderShow(await show(place.context, b.manifest.id)), /schema/);
    const half = await compare(first.manifest.id, b.manifest.id);
    assert.match(
      renderDiff(half),
      new RegExp(`It is not known whether the database schema changes: ${b.manifest.id} does not record one`),
    );
  });

  it('is short on a terminal, and whole when asked', async () => {
    const many = (count: number, text: string): Record<string, string> =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`/usr/share/many/${n}`, text]));
    const a = await place.cut({
      profile: 'other',
      packages: [{ package: 'many', version: '1', files: many(40, 'a') }],
    });
    const b = await place.cut({
      profile: 'other',
      packages: [{ package: 'many', version: '2', files: { ...many(40, 'b'), '/etc/last': 'x' } }],
    });
    const found = await compare(a.manifest.id, b.manifest.id);
    const short = renderDiff(found);
    assert.match(short, /Files of many: 1 added, 40 changed/);
    assert.match(short, /\.\.\. 29 more; see them all with --full/);
    assert.doesNotMatch(renderDiff(found, noLimits), /more; see/);
  });

  describe('where packages are hostile', () => {
    const escape = '\u001b[2J\u009b31m\u202e';
    let hostile: DiffResult;

    before(async () => {
      const set = (version: string, text: string): SetSpec => ({
        profile: 'other',
        components: { wiki: aptComponent('wiki', version, version) },
        packages: [
          {
            package: 'wiki',
            version,
            files: {
              '/etc/wiki/x`|*.conf': `${text}${escape}\n\`\`\`\n# heading\n`,
              '/usr/share/doc/wiki/changelog.Debian.gz': changelog([
                version,
                `CVE-2026-1234 ${escape} <script>alert(1)</script> @everyone | [x](https://evil.example)`,
              ]),
            },
            conffiles: ['/etc/wiki/x`|*.conf'],
          },
        ],
      });
      await place.cut(set('1', 'a'));
      const last = await place.cut(set('2', 'b'));
      hostile = await compare(`${last.manifest.id}~1`, last.manifest.id);
    });

    it('gives a terminal nothing to obey', () => {
      const text = renderDiff(hostile, noLimits);
      assert.match(text, /CVE-2026-1234 \\x1b\[2J/);
      assert.ok(!/[^\P{Cc}\n\t]|\p{Cf}/u.test(text));
    });

    it('gives Markdown nothing to render', () => {
      const text = renderDiffMarkdown(hostile);
      assert.ok(!/[^\P{Cc}\n\t]|\p{Cf}/u.test(text));
      const outside = text.replace(/^(`{3,})[^\n]*\n[\s\S]*?\n\1$/gm, '').replace(/(`+)[^`][\s\S]*?\1/g, '');
      assert.doesNotMatch(outside, /(?<!\\)<script|@everyone|(?<!\\)\]\(|(?<!\\)\[x/);
      assert.doesNotMatch(outside, /^# heading/m);
    });
  });

  describe('where a package cannot be read', () => {
    it('says so and goes on, and finds its bytes in the pool', async () => {
      const one = await place.cut({ profile: 'other', packages: [{ package: 'lost', version: '1' }] });
      const two = await place.cut({ profile: 'other', packages: [{ package: 'lost', version: '2' }] });
      const [was, is] = [one.manifest.packages[0]!, two.manifest.packages[0]!];
      const { store, places } = place.context;
      await rm(store.path(was.sha256), { force: true });
      const found = await compare(one.manifest.id, two.manifest.id);
      assert.match(
        of('lost', found).notCompared!,
        /^1: its file is neither in the content store nor in the pool/,
      );
      assert.match(renderDiff(found), /contents not compared/);
      assert.match(renderDiffMarkdown(found), /Contents not compared/);

      const pool = join(places.public, 'debian', was.path);
      await mkdir(dirname(pool), { recursive: true });
      const made = await makeBinary({ package: 'lost', version: '1', architecture: 'all' });
      await writeFile(pool, Buffer.concat([made.file.bytes, Buffer.from('x')]));
      assert.notEqual(of('lost', await compare(one.manifest.id, two.manifest.id)).notCompared, null);
      await writeFile(pool, made.file.bytes);
      const whole = await compare(one.manifest.id, two.manifest.id);
      assert.equal(whole.contents.length, 0, JSON.stringify(whole.contents));
      assert.equal(whole.packages[0]!.change, 'up');

      // A damaged file of the store is passed over, and stays where it is
      const damaged = store.path(is.sha256);
      await rm(join(places.cache, 'package-contents'), { recursive: true });
      await rm(damaged, { force: true });
      await writeFile(damaged, 'damaged');
      const third = await compare(one.manifest.id, two.manifest.id);
      assert.match(of('lost', third).notCompared!, /^2: /);
      assert.ok((await readdir(dirname(damaged))).length > 0);
    });

    it('does not trust the cache', async () => {
      const { cache } = place;
      const folder = join(cache, 'package-contents');
      await compare('set-stable~1', 'set-stable');
      for (const name of await readdir(folder, { recursive: true })) {
        if (name.endsWith('.json.gz')) await writeFile(join(folder, name), 'damaged');
      }
      assert.deepEqual((await compare('set-stable~1', 'set-stable')).contents, report.contents);
    });
  });
});
