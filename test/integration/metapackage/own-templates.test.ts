import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { planKeyring, planSet, templatesOf, type SetInput } from '../../../src/metapackage/compose.js';
import { keyringTemplate } from '../../../src/metapackage/pinned-packages.js';
import { readTemplates } from '../../../src/metapackage/template-folder.js';
import { checkWorkspace } from '../../../src/profile/load.js';
import type { Pin } from '../../../src/source/pin.js';

const project = resolve(import.meta.dirname, '../../..');
const key = { fingerprint: 'F'.repeat(40), binary: new Uint8Array([1]), date: 1_700_000_000 };
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

describe("this repository's profiles and templates", () => {
  const prepare = async () => {
    const { workspace, profiles } = await checkWorkspace(project);
    assert.ok(workspace !== undefined);
    return { workspace, profiles };
  };

  it('compose to the packages of each set', async () => {
    const { workspace, profiles } = await prepare();
    assert.equal(profiles.length, 2);
    for (const profile of profiles) {
      const built: SetInput['built'] = {
        mediawiki: ['mediawiki', 'mediawiki-classes'].map((name) => ({
          package: name,
          version: '1:1.39.17-1+lockstep1',
          architecture: 'all',
        })),
      };
      const templates = await readTemplates(project, templatesOf(profile));
      const groups = await planSet({ workspace, profile, profiles, pins, built, templates, key }, []);
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

  it('compose to the keyring package', async () => {
    const { workspace, profiles } = await prepare();
    const template = (await readTemplates(project, [keyringTemplate])).get(keyringTemplate)!;
    const { packages } = await planKeyring({ workspace, profiles, template, key }, []);
    assert.equal(packages[0]!.package, 'lockstep-archive-keyring');
    assert.ok(
      packages[0]!.entries.some((entry) => entry.path === '/usr/share/keyrings/lockstep-archive-keyring.gpg'),
    );
  });
});
