import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { parseChangelogTop } from '../../../src/deb/changelog.js';
import { LockstepError } from '../../../src/errors.js';
import {
  composeKeyring,
  inputsOf,
  planKeyring,
  planSet,
  templatesOf,
} from '../../../src/metapackage/compose.js';
import { exactPackages } from '../../../src/metapackage/pinned-packages.js';
import type { ComposedPackage } from '../../../src/metapackage/tree-from-template.js';
import type { Pin } from '../../../src/source/pin.js';
import { built, folder, key, pins, profile, setInput, templates, workspace } from './sample.js';

const content = (item: ComposedPackage, path: string): string => {
  const entry = item.entries.find((candidate) => candidate.path === path);
  assert.ok(entry?.kind === 'file' && entry.content instanceof Uint8Array, path);
  const bytes = Buffer.from(entry.content);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
};

const withConfig = (files: Record<string, string>) =>
  setInput({
    templates: new Map(
      Object.entries({ ...templates, 'wiki-full-config': folder('wiki-full-config', files) }),
    ),
  });

async function fails(work: Promise<unknown>): Promise<LockstepError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof LockstepError, String(error));
  return error;
}

const configHead = 'package: wiki-full-config\nsection: web\ndescription: config\n';

describe('composing a set', () => {
  it('makes the tree component, then the metapackage and its config at one version', async () => {
    const groups = await planSet(setInput(), []);
    assert.deepEqual(
      groups.map((group) => [
        group.source,
        group.component,
        group.version,
        group.packages.map((item) => item.package),
      ]),
      [
        ['wiki-parser', 'parser', '0.16.0~a17+lockstep1', ['wiki-parser']],
        ['wiki-full', undefined, '1.39.17+lockstep1', ['wiki-full', 'wiki-full-config']],
      ],
    );
    const [parser, full] = groups.flatMap((group) => group.packages);
    assert.deepEqual(parser!.trees, [
      {
        archive: { name: 'wiki_1.39.17.orig.tar.gz', size: 3, sha256: 'a'.repeat(64) },
        path: 'vendor/wiki/parser',
        to: '/usr/share/wiki-parser',
        exclude: ['tests/**'],
      },
    ]);
    assert.equal(parser!.date, 1_600_000_000);
    assert.deepEqual(full!.control, {
      Maintainer: 'Farm Team <farm@example.org>',
      Depends:
        'varnish (>= 7.1~), varnish (<< 7.2~), wiki (= 1:1.39.17-1+lockstep1), wiki-data (= 1:1.39.17-1+lockstep1), ' +
        'wiki-parser (= 0.16.0~a17+lockstep1), wiki-full-config (= 1.39.17+lockstep1)',
      Section: 'web',
      Priority: 'optional',
      Description: 'about wiki-full',
    });
    assert.equal(full!.date, 1_700_000_000);
    assert.deepEqual(full!.trees, []);
  });

  it('is the same each time', async () => {
    assert.deepEqual(await planSet(setInput(), []), await planSet(setInput(), []));
  });

  it('keeps the version of what is the same, and counts on where something changed', async () => {
    const first = await planSet(setInput(), []);
    const history = first.map(({ source, version, inputs }) => ({ package: source, version, inputs }));
    const versionsOf = async (input = setInput()): Promise<string[]> =>
      (await planSet(input, history)).map((group) => group.version);
    assert.deepEqual(await versionsOf(), ['0.16.0~a17+lockstep1', '1.39.17+lockstep1']);
    // a rebuilt wiki: the metapackage changes, the parser does not
    const rebuilt = built.wiki.map((item) => ({ ...item, version: '1:1.39.17-1+lockstep2' }));
    assert.deepEqual(await versionsOf(setInput({ built: { wiki: rebuilt } })), [
      '0.16.0~a17+lockstep1',
      '1.39.17+lockstep2',
    ]);
    // another parser: both change, since the metapackage names its version
    const parser = templates['wiki-parser'];
    const changed = folder('wiki-parser', {
      'package.yaml': `${new TextDecoder().decode(parser.files.get('package.yaml')!.bytes)}suggests: [x1]\n`,
    });
    const input = setInput({ templates: new Map(Object.entries({ ...templates, 'wiki-parser': changed })) });
    assert.deepEqual(await versionsOf(input), ['0.16.0~a17+lockstep2', '1.39.17+lockstep2']);
  });

  it('writes changelog and copyright', async () => {
    const groups = await planSet(setInput(), []);
    const [parser, full] = groups.flatMap((group) => group.packages);
    const text = content(full!, '/usr/share/doc/wiki-full/changelog.gz');
    const top = parseChangelogTop(text);
    assert.deepEqual(
      [top.source, top.version, top.distribution, top.date],
      ['wiki-full', '1.39.17+lockstep1', 'bookworm', 1_700_000_000],
    );
    assert.match(text, / {2}\* varnish 7\.1\.1-2\n/);
    assert.match(
      content(parser!, '/usr/share/doc/wiki-parser/changelog.gz'),
      /\* parser 0\.16\.0-a17\n {2}\* From wiki 1:1\.39\.17-1\n {2}\* Path vendor\/wiki\/parser\n/,
    );
    assert.match(content(full!, '/usr/share/doc/wiki-full/copyright'), /^Format: .*\n\nFiles: \*\n/);
    const gz = full!.entries.find((entry) => entry.path.endsWith('changelog.gz'));
    assert.ok(gz?.kind === 'file' && gz.content instanceof Uint8Array);
    // gzip -9n: no name, no time, best compression, Unix
    assert.deepEqual([...gz.content.subarray(0, 10)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3]);
  });

  it('places files with their modes, renders .hbs only, and finds conffiles', async () => {
    const input = withConfig({
      'package.yaml': `${configHead}files:
  - { from: a.hbs, to: /etc/wiki/a }
  - { from: raw, to: /usr/share/wiki/raw, mode: "0600" }
  - { from: run, to: /usr/sbin/run }
symlinks: [{ path: /usr/share/wiki/link, target: ../x }]
dirs: [{ path: /var/lib/wiki, mode: "0750" }]
scripts: { postinst: postinst.hbs, templates: questions }
triggers: triggers
copyright: copyright
lintianOverrides: overrides.hbs
`,
      'a.hbs': 'name={{shell settings.siteName}}\n',
      raw: '{{not rendered}}',
      'run*': '#!/bin/sh\n',
      'postinst.hbs': '#!/bin/sh\nset -e\n# {{profile.name}} {{base.phpVersion}} {{archive.host}}\n',
      questions: 'Template: x\n',
      triggers: 'interest-noawait /x\n',
      copyright: 'mine\n',
      'overrides.hbs': 'wiki-full-config: {{version}}\n',
    });
    const config = (await planSet(input, []))[1]!.packages[1]!;
    assert.deepEqual(
      config.entries.map((entry) => [entry.path, entry.kind, 'mode' in entry ? entry.mode : entry.target]),
      [
        ['/etc/wiki/a', 'file', 0o644],
        ['/usr/sbin/run', 'file', 0o755],
        ['/usr/share/doc/wiki-full-config/changelog.gz', 'file', 0o644],
        ['/usr/share/doc/wiki-full-config/copyright', 'file', 0o644],
        ['/usr/share/lintian/overrides/wiki-full-config', 'file', 0o644],
        ['/usr/share/wiki/link', 'symlink', '../x'],
        ['/usr/share/wiki/raw', 'file', 0o600],
        ['/var/lib/wiki', 'dir', 0o750],
      ],
    );
    assert.deepEqual(config.conffiles, ['/etc/wiki/a']);
    assert.equal(content(config, '/etc/wiki/a'), "name='Ours'\n");
    assert.equal(content(config, '/usr/share/wiki/raw'), '{{not rendered}}');
    assert.equal(content(config, '/usr/share/doc/wiki-full-config/copyright'), 'mine\n');
    assert.equal(config.scripts.postinst, '#!/bin/sh\nset -e\n# wiki 8.2 apt.example.org\n');
    assert.equal(config.scripts.templates, 'Template: x\n');
    assert.equal(config.triggers, 'interest-noawait /x\n');
  });

  it('tells the faults of all files of a template', async () => {
    const error = await fails(
      planSet(
        withConfig({
          'package.yaml': `${configHead}files: [{ from: a.hbs, to: /etc/a }]\nscripts: { postinst: postinst, prerm: prerm.hbs }\n`,
          'a.hbs': 'x\n{{settings.siteNam}}\n',
          postinst: 'echo no interpreter\n',
          'prerm.hbs': '#!/bin/sh\n{{#if}}\n',
        }),
        [],
      ),
    );
    assert.equal(error.code, 'TEMPLATE_UNKNOWN_VARIABLE');
    assert.deepEqual(
      error.where.map((at) => [at.file, at.line]),
      [
        ['templates/wiki-full-config/a.hbs', 2],
        ['templates/wiki-full-config/postinst', 1],
        ['templates/wiki-full-config/prerm.hbs', 3],
      ],
    );
    assert.match(error.where[0]!.message!, /did you mean "settings\.siteName"\?/);
  });

  it('refuses conffiles that are not shipped, and its own doc files twice', async () => {
    const bad = await fails(
      planSet(withConfig({ 'package.yaml': `${configHead}conffiles: [/etc/none]\n` }), []),
    );
    assert.match(bad.message, /conffiles that are not among its files: \/etc\/none/);
    const twice = await fails(
      planSet(
        withConfig({
          'package.yaml': `${configHead}files: [{ from: c, to: /usr/share/doc/wiki-full-config/copyright }]\n`,
          c: '',
        }),
        [],
      ),
    );
    assert.match(twice.message, /Lockstep writes .* itself/);
  });

  it('refuses a set of which a package is missing', async () => {
    const noData = await fails(planSet(setInput({ built: { wiki: built.wiki.slice(0, 1) } }), []));
    assert.equal(noData.code, 'BUILD_OUTPUT');
    assert.match(noData.message, /wiki has no package wiki-data/);
    const noCache = setInput({
      pins: { ...pins, cache: { ...pins['cache']!, packages: [] } as Pin },
    });
    assert.equal((await fails(planSet(noCache, []))).code, 'SOURCE_UNKNOWN_PACKAGE');
  });

  it('knows which templates a profile needs', () => {
    assert.deepEqual(templatesOf(profile), ['wiki-parser', 'wiki-full', 'wiki-full-config']);
  });

  it('digests what packages say, not the order of keys', async () => {
    const [first] = (await planSet(setInput(), [])).flatMap((group) => group.packages);
    const turned = Object.fromEntries(Object.entries(first!).reverse()) as unknown as ComposedPackage;
    assert.equal(inputsOf([turned]), inputsOf([first!]));
    assert.notEqual(inputsOf([{ ...first!, date: 1 }]), inputsOf([first!]));
  });
});

describe('the keyring package', () => {
  const template = folder('archive-keyring', {
    'package.yaml': `package: {{archive.keyringPackage}}
section: misc
description: key of {{archive.origin}}
files:
  - { from: key, to: "{{archive.keyringPath}}" }
  - { from: pin.hbs, to: "/etc/apt/preferences.d/{{archive.name}}" }
  - { from: sources.hbs, to: "/usr/share/doc/{{archive.keyringPackage}}/sources" }
`,
    'pin.hbs':
      'Package: {{join pinnedPackages " "}}\nPin: release o={{archive.origin}}\nPin-Priority: 1001\n',
    'sources.hbs':
      '{{#each suites}}\n{{name}} {{codename}}{{#if proposed}} proposed{{/if}} {{areas}}\n{{/each}}\n{{key.fingerprint}}\n',
  });
  const published = new Map([['wiki-unstable', ['contrib', 'main']]]);
  const input = { workspace, profiles: [profile], imported: [], published, template, key };

  it('carries key, suites and a pin for the packages of the set alone', async () => {
    const group = await planKeyring(input, []);
    assert.deepEqual([group.source, group.version], ['farm-archive-keyring', '1+lockstep1']);
    const [item] = group.packages;
    const placed = item!.entries.find(
      (entry) => entry.path === '/usr/share/keyrings/farm-archive-keyring.gpg',
    );
    assert.ok(placed?.kind === 'file');
    assert.deepEqual(placed.content, key.binary);
    assert.equal(
      content(item!, '/etc/apt/preferences.d/farm'),
      'Package: farm-archive-keyring wiki wiki-data wiki-full wiki-full-config wiki-parser\nPin: release o=Farm\nPin-Priority: 1001\n',
    );
    assert.equal(
      content(item!, '/usr/share/doc/farm-archive-keyring/sources'),
      `wiki-stable bookworm main\nwiki-unstable bookworm proposed contrib main\n${'F'.repeat(40)}\n`,
    );
    assert.equal(item!.date, key.date);
  });

  it('keeps its version until key, suites or pinned packages change', async () => {
    const { version, inputs } = await planKeyring(input, []);
    const history = [{ package: 'farm-archive-keyring', version, inputs }];
    assert.equal((await planKeyring(input, history)).version, '1+lockstep1');
    const other = { ...key, binary: new Uint8Array([9]) };
    assert.equal((await planKeyring({ ...input, key: other }, history)).version, '1+lockstep2');
    // Another suite that is published changes it where it is the one to propose
    const both = new Map([...published, ['wiki-stable', ['main']]]);
    assert.equal((await planKeyring({ ...input, published: both }, history)).version, '1+lockstep2');
    const also = new Map([...published, ['other', ['main']]]);
    assert.equal((await planKeyring({ ...input, published: also }, history)).version, '1+lockstep1');
    // Nothing of it ever goes back to a lower version
    const later = [...history, { package: 'farm-archive-keyring', version: '1+lockstep2', inputs: 'b' }];
    assert.equal((await planKeyring(input, later)).version, '1+lockstep3');
  });

  it('knows the suites of imported sets, after those that are made here, and pins nothing of them', async () => {
    const suites = {
      ...workspace.suites,
      'tools-stable': { ...workspace.suites['wiki-stable']!, profile: 'tools' },
    };
    const imported = [{ name: 'tools', base: profile.base }];
    const group = await planKeyring({ ...input, workspace: { ...workspace, suites }, imported }, []);
    const [item] = group.packages;
    assert.match(
      content(item!, '/usr/share/doc/farm-archive-keyring/sources'),
      /^wiki-stable bookworm main\nwiki-unstable bookworm proposed contrib main\ntools-stable bookworm main\n/,
    );
    assert.doesNotMatch(content(item!, '/etc/apt/preferences.d/farm'), /tools/);
  });

  it('is not made while the profile of a suite is not good', async () => {
    assert.equal((await fails(composeKeyring({ ...input, profiles: [] }, '1'))).code, 'PROFILE_UNKNOWN');
  });

  it('pins nothing that is not exact', () => {
    const names = exactPackages(workspace, [profile]);
    assert.ok(!names.includes('varnish'));
    const exactCache = {
      ...profile,
      components: {
        ...profile.components,
        cache: { ...profile.components['cache']!, relation: 'exact' as const },
      },
    };
    assert.ok(exactPackages(workspace, [exactCache]).includes('varnish'));
  });
});
