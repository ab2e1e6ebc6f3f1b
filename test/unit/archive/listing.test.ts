import assert from 'node:assert/strict';
import { contentsText, packagesOf, packagesText, sectionOf } from '../../../src/archive/index-text.js';
import { listingOf } from '../../../src/archive/listing.js';
import type { Snapshot } from '../../../src/snapshot/manifest.js';
import { samplePackage, sampleSnapshot, type PackageWish } from '../snapshot/sample.js';

const days = (...sets: PackageWish[][]): Snapshot[] =>
  sets.map((wishes, index) => sampleSnapshot(wishes, `2026-01-0${index + 1}T00:00:00Z`));

describe('what a suite lists', () => {
  const [one, two, three] = days(
    [{ name: 'tiny', version: '1.0' }],
    [
      { name: 'tiny', version: '2.0' },
      { name: 'late', version: '1' },
    ],
    [{ name: 'tiny', version: '10.0' }],
  ) as [Snapshot, Snapshot, Snapshot];

  it('is the snapshot and the good ones before it, sorted as versions are', () => {
    const listing = listingOf(three, [two, one], 3);
    assert.deepEqual(
      listing.packages.map((entry) => `${entry.package} ${entry.version}`),
      ['late 1', 'tiny 1.0', 'tiny 2.0', 'tiny 10.0'],
    );
    assert.deepEqual(
      listing.pool.map(({ path }) => path).sort(),
      listing.pool.map(({ path }) => path),
    );
  });

  it('ends at as many snapshots as are retained, and has each once', () => {
    assert.deepEqual(listingOf(three, [two, one], 2).snapshots, [three, two]);
    assert.deepEqual(listingOf(three, [two, one], 1).snapshots, [three]);
    assert.deepEqual(listingOf(three, [three, two, two, one], 9).snapshots, [three, two, one]);
  });

  it('leaves out a snapshot that has anything higher: apt would take that', () => {
    const listing = listingOf(two, [three, one], 3);
    assert.deepEqual(listing.snapshots, [two, one]);
    assert.deepEqual(listing.left, [{ id: three.manifest.id, reason: 'its tiny 10.0 is higher than 2.0' }]);
  });

  it('refuses two files of one name', () => {
    const [here, there] = days(
      [{ name: 'tiny', version: '1.0', bytes: 'a' }],
      [{ name: 'tiny', version: '1.0', bytes: 'b' }],
    ) as [Snapshot, Snapshot];
    assert.throws(() => listingOf(there, [here], 2), { code: 'ARCHIVE_CONFLICT' });
  });
});

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
      Buffer.concat(packagesText([first])).toString(),
      `${first.stanza}Filename: ${first.path}\nSize: 1000\nSHA256: ${first.sha256}\n\n`,
    );
    assert.deepEqual(packagesText([]), []);
  });

  it('of Contents names every owner of a path once, in one order', () => {
    const files = [
      { package: 'b', section: 'web', files: ['usr/x', 'etc/b'] },
      { package: 'a', section: undefined, files: ['usr/x'] },
      { package: 'b', section: 'web', files: ['usr/x'] },
    ];
    const text = Buffer.concat(contentsText(files)).toString();
    assert.deepEqual(
      text.split('\n').map((line) => line.split(/\s+/)),
      [['etc/b', 'web/b'], ['usr/x', 'a,web/b'], ['']],
    );
    assert.equal(Buffer.concat(contentsText(files.slice().reverse())).toString(), text);
  });

  it('takes time in proportion to the packages, also where all have one path', () => {
    const many = Array.from({ length: 50_000 }, (_, at) => ({
      package: `p${at}`,
      section: 'x',
      files: ['usr/share/common'],
    }));
    const line = Buffer.concat(contentsText(many)).toString();
    assert.equal(line.split(',').length, 50_000);
  });

  it('reads the section of a paragraph', () => {
    assert.equal(sectionOf('Package: x\nSection: web\n'), 'web');
    assert.equal(sectionOf('Package: x\nDescription: y\n Section: z\n'), undefined);
  });
});
