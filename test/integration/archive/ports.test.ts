import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskPort } from '../../../src/archive/disk-port.js';
import { parseRelease } from '../../../src/deb/release-file.js';
import { withoutArmour } from '../../../src/deb/stanza.js';
import { sha256Of, temporaryName } from '../../../src/io/disk.js';
import { MemoryPort, serveObjects } from '../../fixtures/memory-port.js';
import { FailingPort } from './failing-port.js';
import { IsolatedApt, Workbench } from '../../fixtures/archive-bench.js';
import { archivePortContract } from './port-contract.js';

archivePortContract('a folder', (folder) => new DiskPort(folder));
archivePortContract('an object store', () => new MemoryPort());

describe('a folder beyond what an object store can', () => {
  let root: string;
  let port: DiskPort;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lockstep-folder-'));
    port = new DiskPort(root);
  });
  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  it('reads through an alias what is put there later, and lists the alias alone', async () => {
    await port.alias('snapshot/1/pool', 'debian/pool');
    await port.put('debian/pool/a', 'a');
    assert.equal((await port.read('snapshot/1/pool/a'))?.toString(), 'a');
    const listed = await port.list('snapshot');
    assert.deepEqual(
      listed.map(({ path, kind }) => ({ path, kind })),
      [{ path: 'snapshot/1/pool', kind: 'alias' }],
    );
  });

  it('tells an alias from a folder', async () => {
    await mkdir(join(root, 'debian'));
    await symlink('nowhere', join(root, 'debian/link'));
    assert.equal(await port.aliasTarget('debian'), undefined);
    assert.equal(await port.aliasTarget('debian/link'), 'debian/nowhere');
    assert.equal((await port.list('debian'))[0]?.kind, 'alias');
  });

  it('sweeps what a killed writer left, and nothing else', async () => {
    await port.put('debian/a', 'a');
    const left = temporaryName(join(root, 'debian/b'));
    await writeFile(left, 'half');
    assert.equal((await port.sweep()).length, 1);
    assert.deepEqual(
      (await port.list('debian')).map(({ path }) => path),
      ['debian/a'],
    );
  });
});

describe('publishing to an object store', function () {
  this.timeout(120_000);
  const suite = 'debian/dists/set-stable';
  let bench: Workbench;
  let port: MemoryPort;

  beforeEach(async () => {
    bench = await Workbench.make();
    port = new MemoryPort(() => bench.clock.now());
  });
  afterEach(async () => {
    await bench.remove();
  });

  /** The versions of `tiny` that a client finds, each checked down to the bytes of its package. */
  async function versionsIn(place: MemoryPort, view: string): Promise<string[]> {
    const release = parseRelease(withoutArmour((await place.read(`${view}/InRelease`))!.toString()));
    for (const [path, { sha256, size }] of release.sha256) {
      if (!/\.(gz|xz)$/.test(path)) continue;
      const folder = `${view}/${path.slice(0, path.lastIndexOf('/'))}`;
      const byHash = await place.digest(`${folder}/by-hash/SHA256/${sha256}`);
      assert.deepEqual(byHash, { size, sha256 }, path);
    }
    const found = await place.list('debian/pool');
    return found.flatMap(({ path }) => /tiny_(.*)_all\.deb$/.exec(path)?.[1] ?? []);
  }

  it('is followed by apt, in the suite and in a frozen view, by one rule of the server', async () => {
    const first = await bench.snapshot([{ name: 'tiny', version: '1.0' }]);
    const second = await bench.snapshot([{ name: 'tiny', version: '2.0' }], first);
    const server = await serveObjects(port);
    try {
      bench.baseUrl = server.url;
      await bench.publish(first, [], port);
      await bench.publish(second, [first], port);
      const keyring = join(bench.root, 'keyring.gpg');
      await writeFile(keyring, (await port.read('debian/archive-keyring.gpg'))!);
      const views = [
        { place: 'debian', versions: ['2.0', '1.0'] },
        { place: `snapshot/${first.manifest.id}`, versions: ['1.0'] },
      ];
      for (const { place, versions } of views) {
        const root = join(bench.root, 'apt', place);
        const apt = await IsolatedApt.make(
          root,
          `Types: deb\nURIs: ${server.url}/${place}\nSuites: set-stable\nComponents: main\nSigned-By: ${keyring}\n`,
        );
        assert.deepEqual(await apt.update(), [], place);
        assert.deepEqual(await apt.versions('tiny'), versions, place);
        const { exitCode, stderr } = await apt.run('apt-get', 'download', `tiny=${versions[0]}`);
        assert.equal(exitCode, 0, stderr);
      }
    } finally {
      server.end();
    }
  });

  it('plans nothing the second time, and only Release files when half of their time is over', async () => {
    const first = await bench.snapshot([{ name: 'tiny', version: '1.0' }]);
    await bench.publish(first, [], port);
    bench.clock.move(86_400);
    assert.equal((await bench.publish(first, [], port)).verdict, 'nothing');
    bench.clock.move(8 * 86_400);
    assert.equal((await bench.publish(first, [], port)).verdict, 'refresh');
  });

  it('leaves the old archive or the new one, whichever write was the last, and is completed by the next', async () => {
    const first = await bench.snapshot([{ name: 'tiny', version: '1.0' }]);
    await bench.publish(first, [], port);
    const before = sha256Of((await port.read(`${suite}/InRelease`))!);
    const second = await bench.snapshot([{ name: 'tiny', version: '2.0' }], first);
    const counting = new FailingPort(port.clone(), Infinity, 'after');
    await bench.publish(second, [first], counting);
    assert.ok(counting.writes > 20, String(counting.writes));
    for (let at = 0; at < counting.writes; at++) {
      const place = port.clone();
      await assert.rejects(bench.publish(second, [first], new FailingPort(place, at, 'after')), /injected/);
      const isOld = sha256Of((await place.read(`${suite}/InRelease`))!) === before;
      // The last write alone commits
      assert.equal(isOld, at < counting.writes - 1, String(at));
      const versions = await versionsIn(place, suite);
      assert.ok(versions.includes(isOld ? '1.0' : '2.0'), String(at));
      await bench.publish(second, [first], place);
      assert.deepEqual(await versionsIn(place, suite), ['1.0', '2.0']);
      assert.equal((await bench.plan(second, [first], place)).verdict, 'nothing');
    }
  });
});
