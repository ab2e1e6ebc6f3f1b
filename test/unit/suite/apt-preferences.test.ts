import assert from 'node:assert/strict';
import { recordedParagraph } from '../../../src/deb/one-paragraph.js';
import type { SnapshotManifest, SnapshotPackage } from '../../../src/snapshot/manifest.js';
import { planPinFile } from '../../../src/suite/apt-preferences.js';

const entry = (
  name: string,
  version: string,
  component: string,
  depends = '',
  architecture = 'all',
): SnapshotPackage => ({
  package: name,
  version,
  architecture,
  component,
  source: name,
  sourceVersion: version,
  area: 'main',
  path: `pool/main/${name}.deb`,
  size: 1,
  sha256: 'a'.repeat(64),
  stanza: recordedParagraph(
    `Package: ${name}\nVersion: ${version}\nArchitecture: ${architecture}\n${depends === '' ? '' : `Depends: ${depends}\n`}`,
  ),
});

const build = (method: string) => ({ pin: {}, build: { inputs: 'b'.repeat(64), method } });

const manifest = {
  id: '20261123T101530Z',
  profile: 'mediawiki-1.39',
  components: {
    mediawiki: build('debian'),
    varnish: build('none'),
    helper: build('none'),
  },
  packages: [
    entry('mediawiki', '1:1.39.17-1+x1', 'mediawiki', 'php, mediawiki-classes (= 1:1.39.17-1+x1)'),
    entry('mediawiki-classes', '1:1.39.17-1+x1', 'mediawiki'),
    entry('varnish', '7.1.1-2', 'varnish', '', 'amd64'),
    entry('helper', '2.0-1', 'helper', 'other (= 3)', 'amd64'),
    entry('other', '3', 'helper', '', 'amd64'),
    entry('farm-archive-keyring', '1+x1', 'farm-archive-keyring'),
    entry(
      'mediawiki-full',
      '1.39.17+x1',
      'mediawiki-full',
      'mediawiki (= 1:1.39.17-1+x1), varnish (>= 7.1.1-2), helper (= 2.0-1), farm-archive-keyring (= 1+x1), varnish (= 7.1.1-2) | none',
    ),
  ],
} as unknown as SnapshotManifest;

const request = { manifest, keyringPackage: 'farm-archive-keyring' };

describe('the apt preferences that hold a snapshot', () => {
  it('name what is built here and what that demands in one version, and nothing else', () => {
    assert.deepEqual(planPinFile(request).packages, [
      { package: 'helper', version: '2.0-1' },
      { package: 'mediawiki', version: '1:1.39.17-1+x1' },
      { package: 'mediawiki-classes', version: '1:1.39.17-1+x1' },
      { package: 'mediawiki-full', version: '1.39.17+x1' },
      { package: 'other', version: '3' },
    ]);
  });

  it('are one record a package, above the pin that follows the suite', () => {
    const frozen = { baseUrl: 'https://apt.example.org', suite: 'stable' };
    const { text, priority } = planPinFile({ ...request, frozen });
    assert.equal(priority, 1002);
    const records = text.split('\n\n');
    assert.equal(records.length, 5);
    assert.equal(
      records[1],
      [
        'Explanation: snapshot 20261123T101530Z of mediawiki-1.39',
        'Explanation: permanently listed by https://apt.example.org/snapshot/20261123T101530Z stable',
        'Package: mediawiki',
        'Pin: version 1:1.39.17-1+x1',
        'Pin-Priority: 1002',
      ].join('\n'),
    );
    assert.match(text, /[^\n]\n$/);
  });

  it('tell architectures apart only where their versions differ', () => {
    const two = (version: string, architecture: string) =>
      entry('cache', version, 'mediawiki', '', architecture);
    const held = (packages: SnapshotPackage[]) =>
      planPinFile({ ...request, manifest: { ...manifest, packages } }).packages;
    assert.deepEqual(held([two('1', 'amd64'), two('1', 'arm64')]), [{ package: 'cache', version: '1' }]);
    assert.deepEqual(held([two('1', 'amd64'), two('1+b1', 'arm64')]), [
      { package: 'cache:amd64', version: '1' },
      { package: 'cache:arm64', version: '1+b1' },
    ]);
  });
});
