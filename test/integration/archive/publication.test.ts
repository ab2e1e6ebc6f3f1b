import assert from 'node:assert/strict';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DiskPort } from '../../../src/archive/disk-port.js';
import { sha256Of } from '../../../src/io/disk.js';
import { readCleartextMessage, type CleartextMessage, type SignaturePacket } from 'openpgp';
import { run } from '../../../src/io/process.js';
import { Workbench } from '../../fixtures/archive-bench.js';

function signaturesOf(message: CleartextMessage): SignaturePacket[] {
  const { signature } = message as unknown as { signature: { packets: SignaturePacket[] } };
  return [...signature.packets];
}

describe('publishing to a disk', function () {
  this.timeout(60_000);
  const benches: Workbench[] = [];
  let bench: Workbench;

  async function newBench(): Promise<Workbench> {
    const made = await Workbench.make();
    benches.push(made);
    return made;
  }
  beforeEach(async () => {
    bench = await newBench();
  });
  afterEach(async () => {
    for (const made of benches.splice(0)) await made.remove();
  });

  /** Hash of every file below a folder but for Release files, links followed as files. */
  async function tree(root: string): Promise<Record<string, string>> {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const hashes: Record<string, string> = {};
    for (const file of files.sort()) hashes[file.slice(root.length + 1)] = sha256Of(await readFile(file));
    return hashes;
  }

  it('does nothing the second time', async () => {
    const first = await bench.snapshot([{ name: 'tiny', version: '1.0' }]);
    await bench.publish(first);
    const before = await tree(bench.public);
    bench.clock.move(86_400);
    const plan = await bench.publish(first);
    assert.equal(plan.verdict, 'nothing');
    assert.deepEqual(await tree(bench.public), before);
  });

  it('renews only the Release files when half of their time is over', async () => {
    const first = await bench.snapshot([{ name: 'tiny', version: '1.0' }]);
    await bench.publish(first);
    const before = await tree(bench.public);
    bench.clock.move(8 * 86_400);
    assert.equal((await bench.publish(first)).verdict, 'refresh');
    const now = await tree(bench.public);
    const changed = Object.keys(now).filter((path) => now[path] !== before[path]);
    assert.deepEqual([...new Set(changed.map((path) => path.replace(/^.*\//, '')))].sort(), [
      'InRelease',
      'Release',
      'Release.gpg',
    ]);
    assert.deepEqual(Object.keys(now), Object.keys(before));
  });

  it('signs nothing later than now, though releases in quick succession are dated ahead', async () => {
    const sets = [
      await bench.snapshot([{ name: 'tiny', version: '1.0' }]),
      await bench.snapshot([{ name: 'tiny', version: '1.1' }]),
    ];
    const now = bench.clock.now().getTime();
    for (const set of [...sets, sets[0]!]) await bench.publish(set);
    const inline = await readFile(join(bench.public, 'debian/dists/set-stable/InRelease'), 'utf8');
    const message = await readCleartextMessage({ cleartextMessage: inline });
    const dated = Date.parse(/^Date: (.*)$/m.exec(inline)![1]!);
    assert.ok(dated > now);
    for (const packet of signaturesOf(message))
      assert.ok(packet.created!.getTime() <= now, String(packet.created));
  });

  it('gives the same indices from empty caches', async () => {
    const wishes = [
      { name: 'tiny', version: '1.0', files: { '/usr/bin/tiny': 'x', '/etc/tiny': 'y' } },
      { name: 'other', version: '2.0' },
    ];
    const sets = [];
    for (const place of [bench, await newBench()]) {
      await place.publish(await place.snapshot(wishes));
      const hashes = Object.entries(await tree(join(place.public, 'debian/dists/set-stable')));
      sets.push(Object.fromEntries(hashes.filter(([path]) => path.includes('/'))));
    }
    assert.deepEqual(sets[0], sets[1]);
    assert.ok(Object.keys(sets[0]!).length >= 10);
  });

  it('gives the same indices when it comes back to a snapshot, without rendering them', async () => {
    const first = await bench.snapshot([{ name: 'tiny', version: '1.0' }]);
    await bench.publish(first);
    const view = join(bench.public, 'debian/dists/set-stable/main/binary-amd64');
    const before = await readFile(join(view, 'Packages.xz'));
    const second = await bench.snapshot([{ name: 'tiny', version: '2.0' }], first);
    await bench.publish(second, [first]);
    assert.notDeepEqual(await readFile(join(view, 'Packages.xz')), before);
    const back = await bench.plan(first);
    assert.ok(!back.writes.some(({ kind }) => kind === 'blob'));
    await bench.apply(back);
    assert.deepEqual(await readFile(join(view, 'Packages.xz')), before);
    const { mtime } = await stat(join(view, 'Packages.xz'));
    assert.equal(mtime.getTime(), back.date!.getTime());
  });

  it('keeps the by-hash files of earlier generations', async () => {
    const first = await bench.snapshot([{ name: 'tiny', version: '1.0' }]);
    await bench.publish(first);
    const folder = join(bench.public, 'debian/dists/set-stable/main/binary-amd64/by-hash/SHA256');
    const before = await readdir(folder);
    await bench.publish(await bench.snapshot([{ name: 'tiny', version: '2.0' }], first), [first]);
    const now = await readdir(folder);
    assert.equal(now.length, 4);
    assert.ok(before.every((name) => now.includes(name)));
  });

  it('dates releases in quick succession a second apart, and waits until clients would take them', async () => {
    let last = null;
    const dates: number[] = [];
    for (let at = 0; at < 10; at++) {
      const next: Awaited<ReturnType<Workbench['snapshot']>> = await bench.snapshot(
        [{ name: 'tiny', version: `1.${at}` }],
        last,
      );
      // All within one second of the clock that publishes.
      bench.clock.move(-60);
      const plan = await bench.publish(next);
      dates.push(plan.date!.getTime());
      assert.ok(plan.date!.getTime() - bench.clock.now().getTime() <= 5000);
      const inRelease = join(bench.public, 'debian/dists/set-stable/InRelease');
      assert.equal((await stat(inRelease)).mtime.getTime(), plan.date!.getTime());
      last = next;
    }
    assert.equal(new Set(dates).size, 10);
    assert.deepEqual(dates, dates.slice().sort());
    assert.ok(bench.clock.slept.length > 0);
  });

  it('goes on, with a later Date, when the clock ran backwards by hours', async () => {
    const first = await bench.snapshot([{ name: 'tiny', version: '1.0' }]);
    const before = await bench.publish(first);
    bench.clock.move(-7200);
    const plan = await bench.publish(await bench.snapshot([{ name: 'tiny', version: '2.0' }], first), [
      first,
    ]);
    assert.equal(plan.date!.getTime(), before.date!.getTime() + 1000);
    assert.deepEqual(bench.clock.slept, []);
  });

  it('never overwrites a pool file: other bytes under its name are a conflict', async () => {
    const first = await bench.snapshot([{ name: 'tiny', version: '1.0' }]);
    await bench.publish(first);
    const wish = { name: 'tiny', version: '1.0', files: { '/usr/bin/tiny': 'other' } };
    const changed = await bench.snapshot([wish], first);
    const before = await tree(bench.public);
    await assert.rejects(bench.publish(changed), { code: 'ARCHIVE_CONFLICT' });
    await assert.rejects(bench.publish(changed, [first]), { code: 'ARCHIVE_CONFLICT' });
    assert.deepEqual(await tree(bench.public), before);
  });

  it('finds a foreign pool file of the same size', async () => {
    const first = await bench.snapshot([{ name: 'tiny', version: '1.0' }]);
    const path = `debian/${first.manifest.packages[0]!.path}`;
    await bench.port.put(path, Buffer.alloc(first.manifest.packages[0]!.size));
    await assert.rejects(bench.publish(first), { code: 'ARCHIVE_CONFLICT' });
  });

  it('publishes nothing out of a damaged store', async () => {
    const first = await bench.snapshot([{ name: 'tiny', version: '1.0' }]);
    const plan = await bench.plan(first);
    const { sha256 } = first.manifest.packages[0]!;
    await rm(bench.store.path(sha256));
    await writeFile(bench.store.path(sha256), 'damaged');
    await assert.rejects(bench.apply(plan), { code: 'STORE_CORRUPT' });
    assert.equal(await bench.port.read('debian/dists/set-stable/InRelease'), undefined);
  });

  it('shares no file with the store', async () => {
    const first = await bench.snapshot([{ name: 'tiny', version: '1.0' }]);
    const { path, sha256 } = first.manifest.packages[0]!;
    await bench.publish(first);
    const { ino } = await stat(bench.store.path(sha256));
    assert.notEqual((await stat(join(bench.public, 'debian', path))).ino, ino);
  });

  it('is for everybody to read, whatever the umask', async () => {
    const first = await bench.snapshot([{ name: 'tiny', version: '1.0' }]);
    const before = process.umask(0o077);
    const other = join(bench.root, 'narrow');
    try {
      await bench.publish(first, [], new DiskPort(other));
    } finally {
      process.umask(before);
    }
    const entries = await readdir(other, { recursive: true, withFileTypes: true });
    const modes = new Set<string>([`folder ${((await stat(other)).mode & 0o777).toString(8)}`]);
    for (const entry of entries) {
      if (entry.isSymbolicLink()) continue;
      const { mode } = await stat(join(entry.parentPath, entry.name));
      modes.add(`${entry.isDirectory() ? 'folder' : 'file'} ${(mode & 0o777).toString(8)}`);
    }
    assert.deepEqual([...modes].sort(), ['file 644', 'folder 755']);
  });

  it('places files of any size', async () => {
    const big = { name: 'big', version: '1', files: { '/usr/big': 'x'.repeat(10) } };
    const built = await bench.deb(big);
    const blob = await bench.store.put(Buffer.alloc(700_000, 'y'));
    const snapshot = bench.cut(
      [built],
      [
        {
          package: 'big',
          version: '1',
          stanza: 'Package: big\nVersion: 1\n',
          files: [{ name: 'big_1.tar.xz', ...blob }],
        },
      ],
      null,
    );
    await bench.publish(snapshot);
    const file = join(bench.public, 'debian/pool/main/b/big/big_1.tar.xz');
    assert.equal(sha256Of(await readFile(file)), blob.sha256);
    assert.equal((await stat(file)).mode & 0o777, 0o644);
  });

  it('lists what is in each package in Contents', async () => {
    const files = { '/usr/bin/tiny': 'x', '/etc/tiny.conf': 'y' };
    await bench.publish(await bench.snapshot([{ name: 'tiny', version: '1.0', files, section: 'net' }]));
    const path = join(bench.public, 'debian/dists/set-stable/main/Contents-amd64.gz');
    const lines = gunzipSync(await readFile(path))
      .toString()
      .trimEnd()
      .split('\n');
    assert.deepEqual(
      lines.map((line) => line.split(/\s+/)),
      [
        ['etc/tiny.conf', 'net/tiny'],
        ['usr/bin/tiny', 'net/tiny'],
      ],
    );
  });

  it('gives xz that the program xz reads, and the hashes of what is inside', async () => {
    await bench.publish(await bench.snapshot([{ name: 'tiny', version: '1.0' }]));
    const view = join(bench.public, 'debian/dists/set-stable');
    const { stdoutBytes } = await run('xz', ['-dc', join(view, 'main/binary-amd64/Packages.xz')]);
    const release = await readFile(join(view, 'Release'), 'utf8');
    assert.match(
      release,
      new RegExp(`^ ${sha256Of(stdoutBytes)} +${stdoutBytes.length} main/binary-amd64/Packages$`, 'm'),
    );
  });

  it('shows the key and the lines a machine needs', async () => {
    await bench.publish(await bench.snapshot([{ name: 'tiny', version: '1.0' }]));
    const { stdout } = await run('gpg', ['--show-keys', '--with-colons', bench.keyring]);
    assert.ok(stdout.includes(bench.signer.fingerprint));
    const armored = await readFile(join(bench.public, 'debian/archive-keyring.asc'), 'utf8');
    assert.match(armored, /^-----BEGIN PGP PUBLIC KEY BLOCK-----/);
    const sources = await readFile(join(bench.public, 'debian/set-stable.sources'), 'utf8');
    assert.match(sources, /^Suites: set-stable$/m);
    assert.match(sources, /^Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n \.\n/m);
  });

  it('stops when it is told to, with the old archive in place', async () => {
    const first = await bench.snapshot([{ name: 'tiny', version: '1.0' }]);
    const plan = await bench.plan(first);
    const { store, signer, clock, port } = bench;
    const { applyPublication } = await import('../../../src/archive/apply.js');
    await assert.rejects(
      applyPublication(port, plan, { store, signer, clock, signal: AbortSignal.abort() }),
      {
        code: 'INTERRUPTED',
      },
    );
    assert.equal(await port.read('debian/dists/set-stable/InRelease'), undefined);
  });
});
