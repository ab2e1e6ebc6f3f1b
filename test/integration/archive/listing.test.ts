import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { BlockStore } from '../../../src/archive/block-store.js';
import { listingOf, poolBeyond, type Listing } from '../../../src/archive/listing.js';
import { SnapshotRecords, type SnapshotRecord } from '../../../src/archive/snapshot-record.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { run } from '../../../src/io/process.js';
import type { Snapshot } from '../../../src/snapshot/manifest.js';
import { samplePackage, sampleSnapshot, type PackageWish } from '../../fixtures/sample-snapshot.js';

describe('what a suite lists', function () {
  this.timeout(60_000);
  let root: string;
  let store: ContentStore;
  let records: SnapshotRecords;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lockstep-listing-'));
    store = new ContentStore(join(root, 'store'));
    records = recordsIn(root);
  });
  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  function recordsIn(folder: string): SnapshotRecords {
    const blocks = new BlockStore(join(folder, 'blocks'));
    return new SnapshotRecords(folder, { area: 'main', fileLists: undefined, store, blocks });
  }

  async function days(...sets: PackageWish[][]): Promise<SnapshotRecord[]> {
    const made: SnapshotRecord[] = [];
    for (const [index, wishes] of sets.entries()) {
      made.push(await records.make(sampleSnapshot(wishes, `2026-01-0${index + 1}T00:00:00Z`)));
    }
    return made;
  }

  async function packagesFile(listing: Pick<Listing, 'files'>): Promise<string> {
    const file = listing.files.find(({ path }) => path === 'main/binary-amd64/Packages.gz')!;
    const text = gunzipSync(await store.read(file.sha256)).toString();
    const xz = listing.files.find(({ path }) => path === 'main/binary-amd64/Packages.xz')!;
    const plain = await run('xz', ['-dc', store.path(xz.sha256)]);
    assert.ok(plain.stdout === text, 'xz and gz hold the same');
    return text;
  }

  const versionsIn = (text: string): string[] =>
    [...text.matchAll(/^Package: (.*)\nVersion: (.*)$/gm)].map(([, name, version]) => `${name} ${version}`);

  async function threeDays(): Promise<[SnapshotRecord, SnapshotRecord, SnapshotRecord]> {
    return (await days(
      [{ name: 'tiny', version: '1.0' }],
      [
        { name: 'tiny', version: '2.0' },
        { name: 'late', version: '1' },
      ],
      [{ name: 'tiny', version: '10.0' }],
    )) as [SnapshotRecord, SnapshotRecord, SnapshotRecord];
  }

  it('is the snapshot and the good ones before it, sorted as versions are', async () => {
    const [one, two, three] = await threeDays();
    const listing = await listingOf(three, [two, one], 3, records.places);
    const text = await packagesFile(listing);
    assert.deepEqual(versionsIn(text), ['late 1', 'tiny 1.0', 'tiny 2.0', 'tiny 10.0']);
  });

  it('ends at as many snapshots as are retained, and has each once', async () => {
    const [one, two, three] = await threeDays();
    const ids = async (earlier: SnapshotRecord[], retain: number): Promise<string[]> =>
      (await listingOf(three, earlier, retain, records.places)).snapshots;
    assert.deepEqual(await ids([two, one], 2), [three.id, two.id]);
    assert.deepEqual(await ids([two, one], 1), [three.id]);
    assert.deepEqual(await ids([three, two, two, one], 9), [three.id, two.id, one.id]);
  });

  it('leaves out a snapshot that has anything higher: apt would take that', async () => {
    const [one, two, three] = await threeDays();
    const listing = await listingOf(two, [three, one], 3, records.places);
    assert.deepEqual(listing.snapshots, [two.id, one.id]);
    assert.deepEqual(listing.left, [{ id: three.id, reason: 'its tiny 10.0 is higher than 2.0' }]);
  });

  it('refuses two files of one name', async () => {
    const [here, there] = await days(
      [{ name: 'tiny', version: '1.0', bytes: 'a' }],
      [{ name: 'tiny', version: '1.0', bytes: 'b' }],
    );
    await assert.rejects(listingOf(there!, [here!], 2, records.places), { code: 'ARCHIVE_CONFLICT' });
  });

  it('knows the pool files that only one snapshot has', async () => {
    const [one, two] = await threeDays();
    assert.deepEqual(
      poolBeyond(two, [one], records.places).map(({ path }) => path),
      ['pool/main/l/late/late_1_all.deb', 'pool/main/t/tiny/tiny_2.0_all.deb'],
    );
    assert.deepEqual(poolBeyond(two, [one, two], records.places), []);
  });

  it('keeps the blocks of what did not change', async () => {
    const many = Array.from({ length: 2000 }, (_, at) => ({ name: `p${at}`, version: '1' }));
    const changed = many.map((wish) => (wish.name === 'p777' ? { ...wish, version: '2' } : wish));
    const [first, second] = await days(many, changed);
    const blocksOf = (record: SnapshotRecord): string[] =>
      record.indices.find(({ path }) => path.endsWith('/Packages'))!.blocks.map(({ sha256 }) => sha256);
    const fresh = blocksOf(second!).filter((sha256) => !blocksOf(first!).includes(sha256));
    assert.ok(blocksOf(first!).length > 4, String(blocksOf(first!).length));
    assert.equal(fresh.length, 1);
    const before = await readdir(join(root, 'blocks'), { recursive: true });
    const listing = await listingOf(second!, [first!], 2, records.places);
    assert.equal(versionsIn(await packagesFile(listing)).length, 2001);
    const made = (await readdir(join(root, 'blocks'), { recursive: true })).length - before.length;
    assert.ok(made <= 2, `${made} blocks and folders were made`);
  });

  it('is the same whether blocks are merged or all is rendered at once, whatever the snapshots hold', async () => {
    const set = fc.uniqueArray(
      fc.record({ at: fc.nat({ max: 400 }), version: fc.constantFrom('1', '2', '10') }),
      { selector: ({ at }) => at, maxLength: 300 },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(set, { minLength: 2, maxLength: 3 }), async (sets) => {
        const made: SnapshotRecord[] = [];
        const all = new Map<string, PackageWish>();
        for (const [index, wishes] of sets.entries()) {
          // Versions rise from one day to the next, so that none is left out
          const packages = wishes.map(({ at, version }) => ({
            name: `p${at}`,
            version: `${index}.${version}`,
          }));
          for (const wish of packages) all.set(`${wish.name} ${wish.version}`, wish);
          made.push(await records.make(sampleSnapshot(packages, `2026-01-0${index + 1}T00:00:00Z`)));
        }
        const [current, ...earlier] = made.reverse();
        const listing = await listingOf(current!, earlier, 3, records.places);
        const text = await packagesFile(listing);
        const expected = [...all.values()]
          .map((wish) => samplePackage(wish))
          .sort((a, b) =>
            a.package < b.package ? -1 : a.package > b.package ? 1 : a.version < b.version ? -1 : 1,
          )
          .map(
            ({ stanza, path, size, sha256 }) =>
              `${stanza}Filename: ${path}\nSize: ${size}\nSHA256: ${sha256}\n\n`,
          );
        // Two versions of a day sort as text does here but for 10 and 2, which no package has both of
        assert.equal(text, expected.join(''));
      }),
      { numRuns: 20 },
    );
  });

  it('finds a damaged record or block, and makes it again', async () => {
    const snapshot = sampleSnapshot([{ name: 'tiny', version: '1.0' }], '2026-01-01T00:00:00Z');
    const made = await records.make(snapshot);
    const file = records.path(snapshot.sha256);
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, 100));
    const load = (): Promise<Snapshot> => Promise.resolve(snapshot);
    const { id, profile } = snapshot.manifest;
    const listed = { id, profile, sha256: snapshot.sha256, load };
    assert.deepEqual(await recordsIn(root).of(listed), made);
    await assert.rejects(recordsIn(root).of({ ...listed, id: '20260102T000000Z' }), /holds the snapshot/);
    const block = made.indices.find(({ kind }) => kind === 'packages')!.blocks[0]!;
    const path = join(root, 'blocks', block.sha256.slice(0, 2), block.sha256);
    const bytes = await readFile(path);
    for (const at of [5, bytes.length >> 1, bytes.length - 1]) {
      const bad = Buffer.from(bytes);
      bad[at] = bad[at]! ^ 1;
      await writeFile(path, bad);
      assert.deepEqual(await recordsIn(root).make(snapshot), made);
      assert.deepEqual(await readFile(path), bytes);
    }
  });
});
