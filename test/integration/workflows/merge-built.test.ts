import assert from 'node:assert/strict';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parentsOf, type SnapshotManifest } from '../../../src/snapshot/manifest.js';
import { readSnapshot } from '../../../src/snapshot/snapshot-folder.js';
import { cut } from '../../../src/workflows/release/cut.js';
import { merge } from '../../../src/workflows/release/merge.js';
import { verify } from '../../../src/workflows/upkeep/verify.js';
import type { BinarySpec } from '../../fixtures/mirror.js';
import { higher, libc, lower, memcached, SmallSet } from './small-set.js';

const profileText = `format: 1
description: two caches
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64] }
components:
  memcached:
    source: { kind: apt-binary, packages: [memcached], version: '>=1.6 <2' }
    relation: minimum
  helper:
    source: { kind: apt-binary, packages: [helper], version: '>=1' }
    relation: minimum
metapackage: { name: set-full, lead: memcached, templates: [set-full] }
`;
const helper = (version: string): BinarySpec => ({ package: 'helper', version, depends: 'libc6' });

describe('merging snapshots of a profile that is built', function () {
  this.timeout(120_000);
  let small: SmallSet;

  beforeEach(async () => {
    small = await SmallSet.make();
    await writeFile(join(small.bench.root, 'profiles/set.yaml'), profileText);
  });
  afterEach(async () => small.end());

  /** Cuts while the mirror has these updates besides the release. */
  async function cutWith(...updates: BinarySpec[]): Promise<string> {
    small.bench.now = new Date(small.bench.now.getTime() + 60_000);
    await small.mirror.publish({
      release: { binaries: [memcached(lower), helper('1'), libc] },
      security: { binaries: updates, validFor: 300 * 86_400 },
    });
    const asked = { dryRun: false, security: [], trees: {}, olderBase: false };
    return (await cut(small.context, 'set', asked)).id;
  }

  const manifestOf = async (id: string): Promise<SnapshotManifest> =>
    (await readSnapshot(small.context.places.snapshots, { profile: 'set', id })).manifest;
  const versionOf = ({ packages }: SnapshotManifest, name: string): string =>
    packages.find((one) => one.package === name)!.version;

  it('takes from each side what that one changed, and follows both', async () => {
    const base = await cutWith();
    const one = await cutWith(memcached(higher));
    // The second person has not pulled what the first one cut
    const folder = join(small.context.places.snapshots, 'set');
    const away = join(small.bench.root, 'away');
    await mkdir(away);
    const ofOne = (await readdir(folder)).filter((name) => name.startsWith(one));
    for (const name of ofOne) await rename(join(folder, name), join(away, name));
    const two = await cutWith(helper('2'));
    for (const name of ofOne) await rename(join(away, name), join(folder, name));

    assert.deepEqual(
      parentsOf(await manifestOf(two)).map(({ id }) => id),
      [base],
    );
    await assert.rejects(cutWith(memcached(higher), helper('2')), { code: 'SNAPSHOT_FORKED' });
    const report = await merge(small.context, { name: 'set', prefer: undefined, dryRun: false });
    const merged = await manifestOf(report.id);
    assert.deepEqual(
      parentsOf(merged)
        .map(({ id }) => id)
        .sort(),
      [one, two].sort(),
    );
    assert.equal(versionOf(merged, 'memcached'), higher);
    assert.equal(versionOf(merged, 'helper'), '2');
    assert.deepEqual(Object.fromEntries(report.steps.map((step) => [step.name, step.side])), {
      helper: two,
      memcached: one,
    });
    const { faults } = await verify(small.context, { target: undefined, repair: false, keyrings: [] });
    assert.deepEqual(faults, []);
  });
});
