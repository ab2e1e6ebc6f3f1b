import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError } from '../../../src/errors.js';
import { openpgpSigner } from '../../../src/signing/signer.js';

import { FailingPort } from '../archive/failing-port.js';
import { MoveBench } from './move-bench.js';
import { atFault, everything, flipped, isLink, repaired, replace, troubles, verified } from './tampering.js';

describe('repairing', function () {
  this.timeout(300_000);
  let bench: MoveBench;
  let first: string;

  beforeEach(async () => {
    bench = await MoveBench.make();
    first = await bench.cutWiki('1.0-1');
    await bench.publish(first);
    await bench.publish(await bench.cutWiki('1.1-1', { cache: '1.1-1' }));
    await bench.promote('set-unstable', 'set-stable');
  });
  afterEach(async () => bench.end());

  const at = (path: string): string => join(bench.work.root, path);

  async function assertUsable(): Promise<void> {
    assert.deepEqual((await verified(bench.context)).faults, []);
    assert.deepEqual(await troubles(bench, 'unstable', 'set-unstable'), []);
    assert.deepEqual(await troubles(bench, 'stable', 'set-stable'), []);
    assert.deepEqual(await troubles(bench, 'frozen', 'set-unstable', first), []);
  }

  /** All but what nothing can bring back: manifests and histories. */
  async function repairable(): Promise<string[]> {
    return (await everything(bench.work.root)).filter((path) => path.startsWith('public/'));
  }

  it('restores a file of public/ after a flipped bit in it', async () => {
    for (const [seed, path] of (await repairable()).entries()) {
      // Every fifth: which it is makes no difference but for its kind
      if (seed % 5 !== 0 || (await isLink(at(path)))) continue;
      await replace(at(path), flipped(await readFile(at(path)), seed));
      const { faults, repairs } = await repaired(bench.context);
      assert.deepEqual(faults, [], path);
      assert.ok(repairs.some(({ how }) => how !== null));
    }
    await assertUsable();
  });

  it('restores all of them at once, whatever of it is gone or damaged', async () => {
    const before = await repairable();
    for (const [seed, path] of before.entries()) {
      // Something of each view stays: without it nobody knows what it listed
      if (path.endsWith('/InRelease')) continue;
      if (seed % 2 === 0) await rm(at(path));
      else if (!(await isLink(at(path)))) await replace(at(path), flipped(await readFile(at(path)), seed));
    }
    const report = await repaired(bench.context);
    assert.deepEqual(report.faults, []);
    assert.ok(report.repairs.length > 20);
    await assertUsable();
  });

  it('makes a view anew out of its snapshot where nothing vouches for what it listed', async () => {
    const names = ['InRelease', 'Release', 'Release.gpg'];
    const before = await bench.release('set-stable');
    for (const view of ['public/debian/dists/set-stable', `public/snapshot/${first}/dists/set-unstable`]) {
      for (const name of names) await rm(at(`${view}/${name}`));
    }
    const view = 'public/debian/dists/set-unstable';
    for (const name of names)
      await replace(at(`${view}/${name}`), flipped(await readFile(at(`${view}/${name}`)), 5));
    const { faults, repairs } = await repaired(bench.context);
    assert.deepEqual(faults, []);
    assert.deepEqual(
      repairs.map(({ how }) => how?.slice(0, 20)),
      Array(3).fill('published again from'),
    );
    assert.deepEqual([...(await bench.release('set-stable')).sha256], [...before.sha256]);
    await assertUsable();
  });

  it('signs again what is expired, under a later Date', async () => {
    const before = await bench.release('set-stable');
    bench.work.clock.move(20 * 86_400);
    assert.deepEqual((await repaired(bench.context)).faults, []);
    const now = await bench.release('set-stable');
    assert.ok(now.date > before.date);
    assert.deepEqual([...now.sha256], [...before.sha256]);
  });

  it('says what it cannot restore, and why, and restores the rest', async () => {
    const packages = 'public/debian/pool/main/w/wiki/wiki_1.0-1_all.deb';
    const index = 'public/debian/dists/set-stable/main/binary-amd64/Packages.xz';
    const manifest = `snapshots/set/${first}.json`;
    await rm(join(bench.work.root, 'store'), { recursive: true });
    await rm(at(packages));
    await rm(at(index));
    await replace(at(manifest), flipped(await readFile(at(manifest)), 1));
    await writeFile(at('public/debian/stray'), 'x');
    const report = await repaired(bench.context);
    assert.deepEqual(atFault(report), ['public/debian/stray', packages, manifest].sort());
    assert.deepEqual(
      report.repairs.map(({ path, how }) => [path, how]),
      [
        [packages, null],
        [index, 'from the file under its hash'],
      ],
    );
    assert.match(report.repairs[0]!.reason!, /content store does not have/);
    assert.equal(await readFile(at('public/debian/stray'), 'utf8'), 'x');
  });

  it('takes an index from wherever in the archive the same bytes are', async () => {
    await rm(join(bench.work.root, 'store'), { recursive: true });
    const folder = 'public/debian/dists/set-stable/main/binary-amd64';
    for (const name of ['by-hash/SHA256', '.']) {
      for (const entry of await readdir(at(`${folder}/${name}`), { withFileTypes: true })) {
        if (entry.isFile()) await rm(at(`${folder}/${name}/${entry.name}`));
      }
    }
    const { faults, repairs } = await repaired(bench.context);
    assert.deepEqual(faults, []);
    assert.ok(
      repairs.some(
        ({ how }) => how?.startsWith('from snapshot/') === true || how?.startsWith('from debian/') === true,
      ),
    );
    await assertUsable();
  });

  it('restores what needs no signature where the key is protected', async () => {
    const { signer, root } = bench.work;
    const file = join(root, 'key.asc');
    const { encryptKey, readPrivateKey } = await import('openpgp');
    const privateKey = await readPrivateKey({ armoredKey: await readFile(file, 'utf8') });
    const locked = await encryptKey({ privateKey, passphrase: 'secret' });
    await rm(file);
    await writeFile(file, locked.armor(), { mode: 0o600 });
    const unlocked = await openpgpSigner({ keyFile: file, passphrase: 'secret' });
    assert.equal(unlocked.fingerprint, signer.fingerprint);
    const { verify } = await import('../../../src/workflows/upkeep/verify.js');
    const packages = 'public/debian/pool/main/w/wiki/wiki_1.0-1_all.deb';
    const release = 'public/debian/dists/set-stable/Release';
    await rm(at(packages));
    await rm(at(release));
    const report = await verify(bench.context, { target: undefined, repair: true, keyrings: [] });
    assert.deepEqual(atFault(report), [release]);
    const failed = report.repairs.find(({ how }) => how === null);
    assert.match(failed!.reason!, /needs a passphrase, and none/);
  });

  it('leaves no fault that was not there before, wherever it is interrupted', async () => {
    const view = 'public/debian/dists/set-unstable';
    const saved = new Map<string, Buffer>();
    for (const path of await repairable())
      if (!(await isLink(at(path)))) saved.set(path, await readFile(at(path)));
    for (let write = 0, ended = false; !ended; write++) {
      for (const [path, bytes] of saved) await replace(at(path), bytes);
      const damaged = ['Release', 'Release.gpg', 'main/binary-amd64/Packages.xz'].map(
        (name) => `${view}/${name}`,
      );
      damaged.push('public/debian/pool/main/c/cache/cache_1.1-1_all.deb');
      for (const path of damaged) await replace(at(path), flipped(await readFile(at(path)), 7));
      await rm(at(`public/snapshot/${first}/pool`), { force: true });
      const port = new FailingPort(bench.context.archive, write, write % 2 === 0 ? 'torn' : 'after');
      ended = await repaired({ ...bench.context, archive: port }).then(
        ({ faults }) => faults.length === 0,
        (error: unknown) => {
          assert.ok(error instanceof LockstepError && error.code === 'DISK_IO', String(error));
          return false;
        },
      );
      const found = (await verified(bench.context)).faults.filter(({ kind }) => kind !== 'unfinished');
      assert.ok(
        found.every(
          ({ path }) => damaged.includes(path) || path.endsWith('/pool') || path === `${view}/InRelease`,
        ),
      );
      await bench.context.archive.folder?.sweep();
    }
    await assertUsable();
  });
});
