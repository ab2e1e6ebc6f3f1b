/** A cache that is deleted, and an archive that is: what the other copies still have, and what nobody has any more. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listSnapshots } from '../../../src/snapshot/snapshot-folder.js';
import { importPackages } from '../../../src/workflows/release/import.js';
import { makeBinary } from '../../fixtures/packages.js';
import { copyTree } from '../../fixtures/imported-archive.js';
import { MoveBench } from './move-bench.js';
import { replace, repaired, verified } from './tampering.js';

const profile = `format: 1
kind: imported
description: Tools
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64] }
`;

describe('a file that the content store has lost', function () {
  this.timeout(120_000);
  let bench: MoveBench;
  let first: string;

  beforeEach(async () => {
    bench = await MoveBench.make();
    await writeFile(join(bench.work.root, 'profiles/other.yaml'), profile);
    first = await imported('aa', '1.0');
  });
  afterEach(async () => bench.end());

  async function imported(name: string, version: string, add = false): Promise<string> {
    const folder = join(bench.work.root, 'incoming', `${name}-${version}`);
    await mkdir(folder, { recursive: true });
    const { file } = await makeBinary({ package: name, version, architecture: 'all' });
    await writeFile(join(folder, file.name), file.bytes);
    bench.work.clock.move(60);
    const { id } = await importPackages(bench.context, {
      ...{ profile: 'other', paths: [folder], cwd: folder, add, replace: false, remove: [], lower: false },
      ...{ keyring: undefined, dryRun: false },
    });
    return id;
  }

  async function loseCache(): Promise<void> {
    await rm(bench.context.places.cache, { recursive: true, force: true });
    await rm(bench.context.store.root, { recursive: true, force: true });
    await rm(join(bench.context.places.state, 'indices'), { recursive: true, force: true });
  }

  it('is taken from the pool: what is imported next can be published', async () => {
    await bench.publish(first, 'other-stable');
    await loseCache();
    const second = await imported('bb', '1.0', true);
    await bench.publish(second, 'other-stable');
    assert.deepEqual((await verified(bench.context)).faults, []);
    const pool = await readdir(join(bench.work.public, 'debian/pool/main'), { recursive: true });
    assert.deepEqual(pool.filter((name) => name.endsWith('.deb')).sort(), [
      'a/aa/aa_1.0_all.deb',
      'b/bb/bb_1.0_all.deb',
    ]);
  });

  it('is not taken from a pool that has other bytes, and then nothing is cut', async () => {
    await bench.publish(first, 'other-stable');
    await loseCache();
    const deb = join(bench.work.public, 'debian/pool/main/a/aa/aa_1.0_all.deb');
    await replace(deb, Buffer.from('other bytes'));
    await assert.rejects(imported('bb', '1.0', true), { code: 'STORE_MISSING', message: /aa_1\.0_all\.deb/ });
    assert.deepEqual(
      (await listSnapshots(bench.context.places.snapshots, 'other')).map(({ id }) => id),
      [first],
    );
  });

  it('is taken from another workspace that shares the cache', async () => {
    const other = `${bench.work.root}-other`;
    await bench.publish(first, 'other-stable');
    await copyTree(bench.work.root, other);
    await rm(bench.work.public, { recursive: true });
    await rm(bench.context.store.root, { recursive: true, force: true });
    const addresses = join(bench.context.places.cache, 'workspaces');
    await mkdir(addresses, { recursive: true });
    await writeFile(join(addresses, 'other.json'), JSON.stringify({ workspace: other }));
    const { faults } = await repaired(bench.context);
    assert.deepEqual(faults, []);
    await rm(other, { recursive: true });
  });

  it('is lost for good with the last copy: verify says which set cannot be published, and how it can again', async () => {
    await loseCache();
    const { faults } = await verified(bench.context);
    assert.deepEqual(
      faults.map(({ code, path, kind }) => [code, path, kind]),
      [['STORE_MISSING', `snapshots/other/${first}.json`, 'missing']],
    );
    assert.match(faults[0]!.message, /aa_1\.0_all\.deb/);
    await assert.rejects(imported('bb', '1.0', true), { code: 'STORE_MISSING' });
    // The same packages again change nothing but that they are there
    assert.equal(await imported('aa', '1.0'), first);
    assert.deepEqual((await verified(bench.context)).faults, []);
    await bench.publish(first, 'other-stable');
    assert.ok((await readFile(join(bench.work.public, 'debian/pool/main/a/aa/aa_1.0_all.deb'))).length > 0);
  });
});
