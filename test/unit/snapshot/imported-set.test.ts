import assert from 'node:assert/strict';
import {
  planImportedSet,
  unaskedChanges,
  type Imported,
  type ImportedSet,
} from '../../../src/snapshot/imported-set.js';
import type { SnapshotPackage, SnapshotSource } from '../../../src/snapshot/manifest.js';
import { samplePackage, sampleSnapshot, type PackageWish } from '../../fixtures/sample-snapshot.js';

function read(wishes: readonly PackageWish[]): Imported<SnapshotPackage>[] {
  return wishes.map((wish, index) => ({ file: `/in/${index}-${wish.name}.deb`, entry: samplePackage(wish) }));
}

function source(name: string, version: string, sha256 = 'a'.repeat(64)): SnapshotSource {
  const files = [{ name: `${name}_${version}.dsc`, size: 1, sha256 }];
  const stanza = `Package: ${name}\nVersion: ${version}\n`;
  return { package: name, version, area: 'main', directory: `pool/main/${name[0]}/${name}`, stanza, files };
}

type Wish = Partial<Parameters<typeof planImportedSet>[0]>;

const outcome = (request: Wish): ReturnType<typeof planImportedSet> =>
  planImportedSet({
    packages: [],
    sources: [],
    previous: null,
    add: false,
    remove: [],
    versions: 1,
    ...request,
  });

function planned(request: Wish): ImportedSet {
  const set = outcome(request);
  assert.ok(!('faults' in set), JSON.stringify(set));
  return set;
}

function faults(request: Wish): string[] {
  const set = outcome(request);
  assert.ok('faults' in set);
  return set.faults.map(({ file, message }) => `${file}: ${message}`);
}

describe('an imported set', () => {
  const previous = sampleSnapshot(
    [
      { name: 'aa', version: '1' },
      { name: 'bb', version: '1' },
      { name: 'bb', version: '1', architecture: 'amd64' },
    ],
    '2026-03-01T10:15:30Z',
  );

  /** The same with a package for two architectures. */
  const two = sampleSnapshot(
    [
      { name: 'aa', version: '1' },
      { name: 'bb', version: '1', architecture: 'arm64' },
      { name: 'bb', version: '1', architecture: 'amd64' },
    ],
    '2026-03-01T10:15:30Z',
  );

  it('is exactly what was read', () => {
    const set = planned({
      packages: read([
        { name: 'bb', version: '2' },
        { name: 'cc', version: '1' },
      ]),
      previous,
    });
    assert.deepEqual(set.packages.map(({ package: name, version }) => `${name} ${version}`).sort(), [
      'bb 2',
      'cc 1',
    ]);
    assert.deepEqual(set.changes, [
      { package: 'aa', architecture: 'all', from: '1', to: null },
      { package: 'bb', architecture: 'all', from: '1', to: '2' },
      { package: 'bb', architecture: 'amd64', from: '1', to: null },
      { package: 'cc', architecture: 'all', from: null, to: '1' },
    ]);
  });

  it('has the newest versions of each name, as many as the profile says, and tells what is news', () => {
    const first = planned({
      versions: 2,
      packages: read([
        { name: 'bb', version: '2' },
        { name: 'bb', version: '10' },
        { name: 'bb', version: '9~rc1', architecture: 'amd64' },
        { name: 'cc', version: '1' },
      ]),
    });
    const shown = ({ packages }: ImportedSet): string[] =>
      packages.map(({ package: name, version, architecture }) => `${name} ${version} ${architecture}`).sort();
    assert.deepEqual(shown(first), ['bb 10 all', 'bb 2 all', 'bb 9~rc1 amd64', 'cc 1 all']);
    const before = sampleSnapshot(
      [
        { name: 'bb', version: '9' },
        { name: 'bb', version: '10' },
        { name: 'cc', version: '1' },
      ],
      '2026-03-01T10:15:30Z',
    );
    const next = planned({
      versions: 2,
      add: true,
      previous: before,
      packages: read([{ name: 'bb', version: '11' }]),
    });
    assert.deepEqual(shown(next), ['bb 10 all', 'bb 11 all', 'cc 1 all']);
    assert.deepEqual(next.changes, [{ package: 'bb', architecture: 'all', from: '10', to: '11' }]);
    const older = planned({
      versions: 3,
      add: true,
      previous: before,
      packages: read([{ name: 'cc', version: '0.5' }]),
    });
    assert.deepEqual(older.changes, [{ package: 'cc', architecture: 'all', from: null, to: '0.5' }]);
    assert.deepEqual(unaskedChanges(older.changes, { add: true, remove: [] }), { replace: [], lower: [] });
    const fewer = planned({
      versions: 1,
      add: true,
      previous: before,
      packages: read([{ name: 'cc', version: '1' }]),
    });
    assert.deepEqual([shown(fewer), fewer.changes], [['bb 10 all', 'cc 1 all'], []]);
    // In whatever order the snapshot has them
    const turned = {
      ...before,
      manifest: { ...before.manifest, packages: before.manifest.packages.toReversed() },
    };
    const again = planned({
      versions: 1,
      add: true,
      previous: turned,
      packages: read([{ name: 'cc', version: '1' }]),
    });
    assert.deepEqual(shown(again), ['bb 10 all', 'cc 1 all']);
  });

  it('or that over the snapshot before: what has the same name and architecture goes', () => {
    const packages = read([
      { name: 'bb', version: '0.9', architecture: 'arm64' },
      { name: 'cc', version: '1' },
    ]);
    const set = planned({ packages, previous: two, add: true });
    assert.deepEqual(
      set.packages.map((entry) => `${entry.package} ${entry.version} ${entry.architecture}`).sort(),
      ['aa 1 all', 'bb 0.9 arm64', 'bb 1 amd64', 'cc 1 all'],
    );
    assert.equal(set.changes.length, 2);
    assert.equal(planned({ packages, previous: null, add: true }).packages.length, 2);
  });

  it('takes the same bytes twice once', () => {
    assert.equal(
      planned({
        packages: read([
          { name: 'aa', version: '1' },
          { name: 'aa', version: '1' },
        ]),
      }).packages.length,
      1,
    );
  });

  it('tells of everything that is there twice, at once', () => {
    const packages = read([
      { name: 'aa', version: '1' },
      { name: 'aa', version: '1', bytes: 'others' },
      { name: 'bb', version: '1' },
      { name: 'bb', version: '2' },
    ]);
    const sources = [
      { file: '/in/x.dsc', entry: source('aa', '1') },
      { file: '/in/y.dsc', entry: source('aa', '1', 'b'.repeat(64)) },
    ];
    assert.deepEqual(faults({ packages, sources }), [
      '/in/1-aa.deb: aa 1 all occurs twice, with different content: see /in/0-aa.deb',
      '/in/3-bb.deb: bb all has two versions, 1 and 2; `versions: N` in the profile keeps the newest N: see /in/2-bb.deb',
      '/in/y.dsc: the source aa 1 occurs twice, with different files: see /in/x.dsc',
    ]);
  });

  it('needs a new version where the bytes are others than before', () => {
    const [told] = faults({ packages: read([{ name: 'aa', version: '1', bytes: 'others' }]), previous });
    assert.match(
      told!,
      /aa 1 all is in snapshot 20260301T101530Z with different content; .* needs a new version/,
    );
    assert.deepEqual(
      planned({ packages: read([{ name: 'aa', version: '1' }]), previous, add: true }).changes,
      [],
    );
  });

  it('keeps the sources of what stays, and no others', () => {
    const before = {
      ...two,
      manifest: { ...two.manifest, sources: [source('aa', '1'), source('bb', '1')] },
    };
    const packages = read([
      { name: 'bb', version: '2', architecture: 'arm64' },
      { name: 'bb', version: '2', architecture: 'amd64' },
    ]);
    const sources = [{ file: '/in/bb.dsc', entry: source('bb', '2') }];
    const names = (set: ImportedSet): string[] =>
      set.sources.map((entry) => `${entry.package} ${entry.version}`).sort();
    assert.deepEqual(names(planned({ packages, sources, previous: before, add: true })), ['aa 1', 'bb 2']);
    assert.deepEqual(names(planned({ packages, sources, previous: before })), ['bb 2']);
    assert.deepEqual(planned({ packages, sources, previous: before, add: true }).changes, [
      { package: 'bb', architecture: 'amd64', from: '1', to: '2' },
      { package: 'bb', architecture: 'arm64', from: '1', to: '2' },
      { package: 'bb', architecture: 'source', from: '1', to: '2' },
    ]);
    // One package of the old source is still there
    assert.deepEqual(names(planned({ packages: packages.slice(0, 1), previous: before, add: true })), [
      'aa 1',
      'bb 1',
    ]);
  });

  it('keeps source packages that nothing was built from, until another version of them comes', () => {
    const alone = [source('doc', '1'), source('bb', '1')];
    const before = { ...previous, manifest: { ...previous.manifest, sources: alone } };
    const names = (set: ImportedSet): string[] =>
      set.sources.map((entry) => `${entry.package} ${entry.version}`).sort();
    const packages = read([{ name: 'cc', version: '1' }]);
    assert.deepEqual(names(planned({ packages, previous: before, add: true })), ['bb 1', 'doc 1']);
    const sources = [{ file: '/in/doc.dsc', entry: source('doc', '2') }];
    assert.deepEqual(names(planned({ packages, sources, previous: before, add: true })), ['bb 1', 'doc 2']);
    const { changes } = planned({ packages, previous: before });
    assert.ok(
      changes.some((one) => one.package === 'doc' && one.architecture === 'source' && one.to === null),
    );
  });

  it('lets go what is named: a package, or a source package with all that was built from it', () => {
    const sources = [source('aa', '1'), source('bb', '1'), source('doc', '1')];
    const before = { ...previous, manifest: { ...previous.manifest, sources } };
    const left = (...remove: string[]): string[] => {
      const set = planned({ previous: before, remove });
      return [...set.packages, ...set.sources].map((entry) => entry.package).sort();
    };
    assert.deepEqual(left('bb'), ['aa', 'aa', 'doc']);
    assert.deepEqual(left('doc'), ['aa', 'aa', 'bb', 'bb', 'bb']);
    assert.deepEqual(faults({ previous: before, remove: ['bc'] }), [
      'undefined: the last snapshot has no package bc; did you mean "bb"?',
    ]);
    assert.deepEqual(faults({ previous: before, remove: ['aa', 'bb', 'doc'] }), [
      'undefined: the set would be empty',
    ]);
  });

  it('asks before something leaves it, or goes down', () => {
    const packages = read([{ name: 'bb', version: '0.9' }]);
    const { changes } = planned({ packages, previous });
    const names = (ask: { add: boolean; remove: string[] }): string[][] =>
      Object.values(unaskedChanges(changes, ask)).map((list) =>
        list.map((one) => `${one.package} ${one.architecture}`),
      );
    assert.deepEqual(names({ add: false, remove: [] }), [['aa all', 'bb amd64'], ['bb all']]);
    assert.deepEqual(names({ add: true, remove: [] }), [[], ['bb all']]);
  });

  it('has a package for every architecture or for single ones, not both', () => {
    const one = sampleSnapshot(
      [
        { name: 'aa', version: '1', architecture: 'amd64' },
        { name: 'aa', version: '1.1', architecture: 'arm64' },
        { name: 'bb', version: '1' },
        { name: 'cc', version: '1' },
      ],
      '2026-03-01T10:15:30Z',
    );
    const arriving = [
      { name: 'aa', version: '2' },
      { name: 'bb', version: '0', architecture: 'amd64' },
    ];
    const wish = { packages: read(arriving), previous: one };
    const added = planned({ ...wish, add: true });
    assert.deepEqual(
      added.packages.map((item) => `${item.package} ${item.version} ${item.architecture}`).sort(),
      ['aa 2 all', 'bb 0 amd64', 'cc 1 all'],
    );
    const changes = [
      { package: 'aa', architecture: 'all', from: '1.1', to: '2' },
      { package: 'bb', architecture: 'amd64', from: '1', to: '0' },
    ];
    assert.deepEqual(added.changes, changes);
    // A lower version is one also where the architecture changes; and nothing of them was removed
    assert.deepEqual(unaskedChanges(added.changes, { add: true, remove: [] }).lower, [changes[1]]);
    const alone = planned(wish).changes;
    assert.deepEqual(
      unaskedChanges(alone, { add: false, remove: [] }).replace.map((change) => change.package),
      ['cc'],
    );
    const both = read([
      { name: 'aa', version: '2' },
      { name: 'aa', version: '1', architecture: 'amd64' },
    ]);
    assert.deepEqual(faults({ packages: both }), [
      '/in/0-aa.deb: aa is for all architectures here and for amd64 in /in/1-aa.deb',
    ]);
    assert.equal(planned({ packages: both, versions: 2 }).packages.length, 2);
  });

  it('does not give two versions the file name of one', () => {
    const withEpoch = (version: string, path: string): Imported<SnapshotPackage> => ({
      file: `/in/${version}.deb`,
      entry: { ...samplePackage({ name: 'aa', version }), path },
    });
    const path = 'pool/main/a/aa/aa_1_all.deb';
    const message =
      '/in/1:1.deb: aa 1:1 all would have the file name of 1, because file names have no epoch; it needs a version that differs in more than the epoch';
    for (const add of [true, false])
      assert.deepEqual(faults({ packages: [withEpoch('1:1', path)], previous, add }), [message]);
    assert.deepEqual(faults({ packages: [withEpoch('1', path), withEpoch('1:1', path)], versions: 2 }), [
      message,
    ]);
    planned({ packages: [withEpoch('1:1.1', 'pool/main/a/aa/aa_1.1_all.deb')], previous, add: true });
  });
});
