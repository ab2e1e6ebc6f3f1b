import assert from 'node:assert/strict';
import type { IndexFile } from '../../../src/archive/index-set.js';
import { keyringFiles } from '../../../src/archive/layout.js';
import {
  planPublication,
  writeSteps,
  type PublicationInput,
  type PresentFiles,
  type PlannedIndices,
  type Write,
} from '../../../src/archive/publication-plan.js';
import { readReleaseFiles, type PublishedRelease } from '../../../src/archive/release.js';
import { sampleSnapshot } from '../../fixtures/sample-snapshot.js';

const day = 86_400;
const now = new Date('2026-01-10T00:00:00Z');
const none: PublishedRelease = { release: null, latestDate: null, whole: false };
const empty: PresentFiles = {
  live: none,
  frozen: none,
  sizes: new Map(),
  digests: new Map(),
  linked: new Set(),
  alias: undefined,
  data: new Map(),
};
const hex = (digit: string): string => digit.repeat(64);
const indices: PlannedIndices = {
  areas: ['main'],
  architectures: ['amd64'],
  files: [
    { path: 'main/binary-amd64/Packages', size: 3, sha256: hex('1'), stored: false },
    { path: 'main/binary-amd64/Packages.gz', size: 2, sha256: hex('2'), stored: true },
  ],
};
const snapshot = sampleSnapshot([{ name: 'tiny', version: '1.0' }], '2026-01-01T00:00:00Z');
const [id, [entry]] = [snapshot.manifest.id, snapshot.manifest.packages];

function live(
  view: PlannedIndices,
): Pick<PublicationInput['listing'], 'areas' | 'architectures' | 'files' | 'left'> {
  return { areas: [...view.areas], architectures: [...view.architectures], files: [...view.files], left: [] };
}

function input(over: Partial<PublicationInput> = {}): PublicationInput {
  return {
    archive: { origin: 'O', label: 'L', description: 'D', baseUrl: 'http://x.invalid' },
    suite: { name: 's', validFor: 14 * day, retain: 3 },
    listing: { ...live(indices), snapshots: [id] },
    frozen: indices,
    pool: [{ path: entry!.path, size: entry!.size, sha256: entry!.sha256 }],
    publicKey: { armored: 'ARMORED', binary: Uint8Array.of(1) },
    keyEnds: null,
    keyring: { suites: [], area: 'main' },
    there: empty,
    anew: false,
    now,
    ...over,
  };
}

/** What is there after the writes: the effect of a plan, without a disk. */
function after(there: PresentFiles, writes: readonly Write[]): PresentFiles {
  const sizes = new Map(there.sizes);
  const digests = new Map(there.digests);
  const linked = new Set(there.linked);
  const data = new Map(there.data);
  const texts = new Map<string, string>();
  let { alias } = there;
  for (const write of writes) {
    if (write.kind === 'blob') sizes.set(write.path, write.size).set(`${write.path} of`, 0);
    if (write.kind === 'blob') digests.set(write.path, write.sha256);
    if (write.kind === 'link') linked.add(write.path);
    if (write.kind === 'data') data.set(write.path, Buffer.from(write.data));
    if (write.kind === 'alias') alias = write.target;
    if ('text' in write) {
      const inline = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${write.text}-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n`;
      texts.set(write.path, write.kind === 'clearsigned' ? inline : write.text);
    }
  }
  const view = (path: string, before: PublishedRelease): PublishedRelease => {
    const [plain, signature, inline] = ['Release', 'Release.gpg', 'InRelease'].map((name) =>
      texts.get(`${path}/${name}`),
    );
    return inline === undefined ? before : readReleaseFiles({ plain, signature, inline });
  };
  return {
    live: view('debian/dists/s', there.live),
    frozen: view(`snapshot/${id}/dists/s`, there.frozen),
    sizes,
    digests,
    linked,
    alias,
    data,
  };
}

describe('the plan of a publication', () => {
  it('writes the pool first and the InRelease that machines follow last', () => {
    const { writes, verdict } = planPublication(input());
    assert.equal(verdict, 'publish');
    const steps = writes.map(({ step }) => writeSteps.indexOf(step));
    assert.deepEqual(
      steps,
      steps.slice().sort((a, b) => a - b),
    );
    assert.equal(writes[0]!.path, `debian/${entry!.path}`);
    assert.deepEqual(
      writes.slice(-2).map(({ path }) => path),
      [`snapshot/${id}/dists/s/InRelease`, 'debian/dists/s/InRelease'],
    );
    assert.equal(new Set(writes.map(({ path }) => path)).size, writes.length);
  });

  it('is empty the second time', () => {
    const there = after(empty, planPublication(input()).writes);
    const again = planPublication(input({ there }));
    assert.deepEqual(again.writes, []);
    assert.equal(again.verdict, 'nothing');
    assert.equal(again.before, id);
  });

  it('writes only Release files when half of their time is over', () => {
    const there = after(empty, planPublication(input()).writes);
    const later = planPublication(input({ there, now: new Date(now.getTime() + 8 * day * 1000) }));
    assert.equal(later.verdict, 'refresh');
    assert.deepEqual(
      later.writes.map(({ path }) => path.replace(/^.*\//, '')),
      ['Release', 'Release.gpg', 'InRelease'],
    );
  });

  it('dates a Release after the one that is there though the clock ran backwards', () => {
    const there = after(empty, planPublication(input()).writes);
    const moved = { ...indices, files: indices.files.map((file) => ({ ...file, sha256: hex('3') })) };
    const plan = planPublication(
      input({ there, listing: { ...live(moved), snapshots: [id] }, now: new Date(now.getTime() - 9000_000) }),
    );
    assert.equal(plan.date!.getTime(), now.getTime() + 1000);
  });

  it('writes a by-hash file anew only when it is missing, a named one when it is another', () => {
    const there = after(empty, planPublication(input()).writes);
    const linked = new Set(there.linked);
    linked.delete('debian/dists/s/main/binary-amd64/Packages.gz');
    const plan = planPublication(input({ there: { ...there, linked } }));
    assert.deepEqual(
      plan.writes.map(({ kind, path }) => `${kind} ${path}`),
      ['link debian/dists/s/main/binary-amd64/Packages.gz'],
    );
    assert.equal(plan.verdict, 'publish');
  });

  it('puts a lost pool file back', () => {
    const there = after(empty, planPublication(input()).writes);
    const sizes = new Map(there.sizes);
    sizes.delete(`debian/${entry!.path}`);
    const plan = planPublication(input({ there: { ...there, sizes } }));
    assert.deepEqual(
      plan.writes.map(({ step }) => step),
      ['pool'],
    );
  });

  it('refuses to overwrite a pool file with other bytes', () => {
    const path = `debian/${entry!.path}`;
    const longer: PresentFiles = { ...empty, sizes: new Map([[path, 5]]) };
    assert.throws(() => planPublication(input({ there: longer })), { code: 'ARCHIVE_CONFLICT' });
    const other: PresentFiles = {
      ...empty,
      sizes: new Map([[path, entry!.size]]),
      digests: new Map([[path, hex('f')]]),
    };
    assert.throws(() => planPublication(input({ there: other })), { code: 'ARCHIVE_CONFLICT' });
    const same: PresentFiles = { ...other, digests: new Map([[path, entry!.sha256]]) };
    assert.ok(planPublication(input({ there: same })).writes.every(({ step }) => step !== 'pool'));
  });

  it('never changes a frozen view: other compressed bytes are left, another listing is a fault', () => {
    const there = after(empty, planPublication(input()).writes);
    const [plain, packed] = indices.files as [IndexFile, IndexFile];
    const newer = { ...indices, files: [plain, { ...packed, sha256: hex('7') }] };
    const plan = planPublication(input({ there, frozen: newer }));
    assert.deepEqual(plan.writes, []);
    const foreign = { ...indices, files: [{ ...plain, sha256: hex('8') }, packed] };
    assert.throws(() => planPublication(input({ there, frozen: foreign })), { code: 'ARCHIVE_CONFLICT' });
  });

  it('signs anew when the key is another one', () => {
    const there = after(empty, planPublication(input()).writes);
    const publicKey = { armored: 'OTHER', binary: Uint8Array.of(2) };
    const plan = planPublication(input({ there, publicKey }));
    assert.ok(plan.writes.some(({ path }) => path === keyringFiles.binary));
    assert.ok(plan.writes.some(({ path }) => path === 'debian/dists/s/InRelease'));
  });
});
