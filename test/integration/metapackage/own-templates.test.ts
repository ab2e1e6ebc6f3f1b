import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { planKeyring, planSet, templatesOf, type SetInput } from '../../../src/metapackage/compose.js';
import { keyringTemplate } from '../../../src/metapackage/pinned-packages.js';
import type { ComposedPackage } from '../../../src/metapackage/tree-from-template.js';
import { readTemplates } from '../../../src/metapackage/template-folder.js';
import { checkWorkspace } from '../../../src/profile/profiles.js';
import type { Pin } from '../../../src/source/pin.js';
import { run } from '../../../src/io/process.js';
import { needs } from '../../fixtures/machine.js';

const project = resolve(import.meta.dirname, '../../..');
const key = { fingerprint: 'F'.repeat(40), binary: new Uint8Array([1]), date: 1_700_000_000, suites: [] };
const common = { date: 1_700_000_000, provenance: [] };
const file = { name: 'x', size: 1, sha256: 'a'.repeat(64) };

const binaryPin = (name: string, upstreamVersion: string): Pin => ({
  ...common,
  kind: 'apt-binary',
  component: name,
  upstreamVersion,
  packages: [
    {
      package: name,
      version: `${upstreamVersion}-1`,
      architecture: 'amd64',
      source: name,
      sourceVersion: `${upstreamVersion}-1`,
      suite: 'base',
      stanza: '',
      file,
    },
  ],
});

const pins: Record<string, Pin> = {
  mediawiki: {
    ...common,
    kind: 'apt-source',
    component: 'mediawiki',
    upstreamVersion: '1.39.17',
    package: 'mediawiki',
    version: '1:1.39.17-1',
    suite: 'base',
    dsc: 'mediawiki.dsc',
    files: [],
  },
  parsoid: {
    ...common,
    kind: 'within',
    component: 'parsoid',
    upstreamVersion: '0.16.0-a17',
    within: 'mediawiki',
    path: 'vendor/wikimedia/parsoid',
    archive: file,
  },
  varnish: binaryPin('varnish', '7.1.1'),
  memcached: binaryPin('memcached', '1.6.18'),
};

const built: SetInput['built'] = {
  mediawiki: ['mediawiki', 'mediawiki-classes'].map((name) => ({
    package: name,
    version: '1:1.39.17-1+lockstep1',
    architecture: 'all',
  })),
};

const textOf = (item: ComposedPackage, path: string): string => {
  const entry = item.entries.find((one) => one.path === path);
  assert.ok(entry?.kind === 'file' && entry.content instanceof Uint8Array, path);
  return Buffer.from(entry.content).toString('utf8');
};

describe("this repository's profiles and templates", () => {
  const schema = { component: 'mediawiki', version: '1.39', digest: 'd'.repeat(64) };

  const prepare = async () => {
    const { workspace, profiles } = await checkWorkspace(project);
    assert.ok(workspace !== undefined);
    return { workspace, profiles };
  };

  /** The packages of the first profile. */
  const composed = async (changes: Partial<SetInput> = {}) => {
    const { workspace, profiles } = await prepare();
    const profile = profiles[0]!;
    const templates = await readTemplates(project, templatesOf(profile));
    const input = { workspace, profile, profiles, pins, built, templates, key, schema, ...changes };
    const packages = (await planSet(input, [])).flatMap((group) => group.packages);
    const named = (name: string): ComposedPackage => packages.find((item) => item.package === name)!;
    return { parsoid: named('mediawiki-parsoid'), config: named('mediawiki-full-config') };
  };

  it('compose to the packages of each set', async () => {
    const { workspace, profiles } = await prepare();
    const lts = profiles.filter(({ name }) => /^mediawiki-1\./.test(name));
    assert.equal(lts.length, 2);
    for (const profile of lts) {
      const templates = await readTemplates(project, templatesOf(profile));
      const input = { workspace, profile, profiles, pins, built, templates, key, schema };
      const groups = await planSet(input, []);
      const packages = groups.flatMap((group) => group.packages);
      assert.deepEqual(
        packages.map((item) => `${item.source} ${item.package} ${item.version}`),
        [
          'mediawiki-parsoid mediawiki-parsoid 0.16.0~a17+lockstep1',
          'mediawiki-full mediawiki-full 1.39.17+lockstep1',
          'mediawiki-full mediawiki-full-config 1.39.17+lockstep1',
        ],
      );
      const depends = packages[1]!.control['Depends']!.split(', ');
      assert.equal(packages[1]!.control['Recommends'], 'lockstep-archive-keyring');
      for (const relation of [
        'mediawiki (= 1:1.39.17-1+lockstep1)',
        'mediawiki-parsoid (= 0.16.0~a17+lockstep1)',
        'varnish (>= 7.1.1-1)',
        'memcached (>= 1.6.18-1)',
      ]) {
        assert.ok(depends.includes(relation), relation);
      }
    }
  });

  it("demand what the set's trees demand of PHP, each package once", async () => {
    const php = ['php8.2-curl', 'php8.2-intl', 'php8.2-common'];
    const { config } = await composed({ php });
    const depends = config.control['Depends']!.split(', ');
    for (const name of php) assert.equal(depends.filter((one) => one === name).length, 1, name);
    assert.ok(!(await composed()).config.control['Depends']!.includes('php8.2-intl'), 'nobody types it');
    // Before mediawiki, which asks for php first: apt would take Apache's mod_php for it
    const mediawiki = depends.findIndex((one) => one.startsWith('mediawiki '));
    assert.ok(depends.indexOf('php8.2-intl') < mediawiki);
  });

  it('use the PHP of the base release alone, whatever another archive calls php', async () => {
    const packages = Object.values(await composed({ php: ['php8.2-intl'] }));
    for (const { package: name, control, entries, scripts } of packages) {
      for (const field of ['Pre-Depends', 'Depends', 'Recommends']) {
        for (const relation of (control[field] ?? '').split(/[,|]/)) {
          assert.doesNotMatch(relation.trim(), /^php(?:-|$)/, `${name}: ${field}`);
        }
      }
      const texts = entries.flatMap((entry) =>
        entry.kind === 'file' && entry.content instanceof Uint8Array ? [entry.content] : [],
      );
      const all = [...texts.map((bytes) => Buffer.from(bytes).toString('latin1')), ...Object.values(scripts)];
      for (const text of all) assert.doesNotMatch(text, /\/usr\/bin\/php(?![\d'])|env php/, name);
    }
  });

  it('hold the set together without the metapackage too, and say which schema it needs', async () => {
    const { parsoid, config } = await composed();
    const exact = ['mediawiki (= 1:1.39.17-1+lockstep1)', 'mediawiki-parsoid (= 0.16.0~a17+lockstep1)'];
    const depends = config.control['Depends']!.split(', ');
    for (const relation of [...exact, 'mediawiki-classes (= 1:1.39.17-1+lockstep1)']) {
      assert.ok(depends.includes(relation), relation);
    }
    assert.equal(parsoid.control['Depends'], exact[0]);
    assert.equal(config.control['Lockstep-Schema'], schema.digest);
    const set = JSON.parse(textOf(config, '/usr/share/mediawiki-full/set.json')) as Record<string, unknown>;
    assert.deepEqual(set['schema'], { version: '1.39', digest: schema.digest });
    assert.deepEqual(Object.keys(set['archive'] as object).sort(), [
      'baseUrl',
      'identities',
      'keyringPackage',
      'keyringPath',
      'label',
      'name',
      'origin',
      'versionSuffix',
    ]);
    const { config: none } = await composed({ schema: undefined });
    assert.equal(none.control['Lockstep-Schema'], undefined);
  });

  it('are programs that their interpreters can read', async function () {
    this.timeout(60_000);
    await needs(this, { tools: ['php', 'dash'] });
    const { config } = await composed();
    const texts = [
      ...config.entries.flatMap((entry) => (entry.kind === 'file' ? [textOf(config, entry.path)] : [])),
      ...Object.values(config.scripts),
    ];
    let read = 0;
    for (const text of texts) {
      const isPhp = /^(#!.*php\n)?<\?php/.test(text);
      if (!isPhp && !text.startsWith('#!/bin/sh')) continue;
      read += 1;
      const [program, args] = isPhp ? ['php', ['-l']] : ['dash', ['-n']];
      await run(program, args, { input: Buffer.from(text) });
    }
    assert.ok(read >= 15, `${read} programs were read`);
  });

  it('compose to the keyring package', async () => {
    const { workspace, profiles } = await prepare();
    const template = (await readTemplates(project, [keyringTemplate])).get(keyringTemplate)!;
    const { packages } = await planKeyring(
      { workspace, profiles, imported: [], published: new Map(), template, key },
      [],
    );
    assert.equal(packages[0]!.package, 'lockstep-archive-keyring');
    assert.ok(
      packages[0]!.entries.some((entry) => entry.path === '/usr/share/keyrings/lockstep-archive-keyring.gpg'),
    );
    for (const [name, text] of Object.entries(packages[0]!.scripts)) {
      if (name !== 'templates') await run('dash', ['-n'], { input: Buffer.from(text) });
    }
  });
});
