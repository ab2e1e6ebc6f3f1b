import assert from 'node:assert/strict';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serveArchive } from '../../../src/archive/static-server.js';
import { run } from '../../../src/io/process.js';
import { splitClearsigned } from '../../../src/signing/clearsigned.js';
import { IsolatedApt, Workbench } from '../../fixtures/archive-bench.js';

describe('a published archive, seen by the tools of Debian', function () {
  this.timeout(60_000);
  let bench: Workbench;

  beforeEach(async () => {
    bench = await Workbench.make();
  });
  afterEach(async () => {
    await bench.remove();
  });

  async function aptFor(name: string): Promise<IsolatedApt> {
    const sources = await readFile(join(bench.public, 'debian/set-stable.sources'), 'utf8');
    return await IsolatedApt.make(join(bench.root, name), sources);
  }

  it('is accepted by gpgv and sqv', async () => {
    await bench.publish(await bench.snapshot([{ name: 'tiny', version: '1.0' }]));
    const view = join(bench.public, 'debian/dists/set-stable');
    await run('gpgv', ['--keyring', bench.keyring, join(view, 'InRelease')]);
    await run('gpgv', ['--keyring', bench.keyring, join(view, 'Release.gpg'), join(view, 'Release')]);
    await run('sqv', ['--keyring', bench.keyring, join(view, 'Release.gpg'), join(view, 'Release')]);
    // As apt 3 does it: sqv knows detached signatures only, so InRelease is taken apart first.
    const parts = splitClearsigned(await readFile(join(view, 'InRelease')));
    const [data, signature] = [join(bench.root, 'data'), join(bench.root, 'data.asc')];
    await writeFile(data, parts.text.replace(/\n$/, ''));
    await writeFile(signature, parts.signature);
    await run('sqv', ['--keyring', bench.keyring, signature, data]);
  });

  it('gives apt-get update and download no cause to warn, by file:', async () => {
    await bench.publish(await bench.snapshot([{ name: 'tiny', version: '1.0' }]));
    const apt = await aptFor('apt');
    assert.deepEqual(await apt.update(), []);
    const { exitCode, stderr } = await apt.run('apt-get', 'download', 'tiny');
    assert.equal(exitCode, 0, stderr);
    const shown = await apt.run('apt-cache', 'show', 'tiny');
    assert.match(
      shown.stdout,
      /^Description: test package tiny\n with a long description\n \.\n of two paragraphs$/m,
    );
  });

  it('gives indices of many blocks that apt reads to their end, as xz and as gzip', async () => {
    const names = Array.from({ length: 300 }, (_, at) => `tiny-${at}`);
    const built = await Promise.all(names.map((name) => bench.deb({ name, version: '1.0' })));
    await bench.publish(bench.cut(built, [], null));
    for (const ending of ['xz', 'gz']) {
      const apt = await aptFor(ending);
      const order = `Acquire::CompressionTypes::Order { "${ending}"; };\n`;
      await writeFile(join(apt.root, 'etc/apt.conf.d/order'), order);
      // Another ending is not there: what apt reads is this one
      const index = join(bench.public, 'debian/dists/set-stable/main/binary-amd64/Packages');
      const other = `${index}.${ending === 'xz' ? 'gz' : 'xz'}`;
      await rename(other, `${other}.away`);
      assert.deepEqual(await apt.update(), []);
      await rename(`${other}.away`, other);
      const { stdout } = await apt.run('apt-cache', 'pkgnames');
      assert.deepEqual(stdout.trim().split('\n').sort(), names.slice().sort());
    }
  });

  it('gives apt-get update, download and source no cause to warn, by http', async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    const server = await serveArchive({
      root: bench.public,
      port: 0,
      signal: stop.signal,
      onAnswer: ({ status, url }) => seen.push(`${status} ${url}`),
    });
    try {
      bench.baseUrl = server.url;
      await bench.publish(await bench.snapshot([{ name: 'tiny', version: '1:1.0-1+b~1' }]));
      const apt = await aptFor('apt');
      assert.deepEqual(await apt.update(), []);
      assert.ok(
        seen.some((line) => /^200 .*\/by-hash\/SHA256\//.test(line)),
        seen.join('\n'),
      );
      const { exitCode, stderr } = await apt.run('apt-get', 'download', 'tiny');
      assert.equal(exitCode, 0, stderr);
      const [file] = await readdir(join(apt.root, 'download'));
      const { stdout } = await run('dpkg-deb', ['--field', join(apt.root, 'download', file!), 'Version']);
      assert.equal(stdout.trim(), '1:1.0-1+b~1');
      assert.deepEqual(await apt.update(), []);
      assert.ok(seen.includes('304 /debian/dists/set-stable/InRelease'), seen.join('\n'));
    } finally {
      stop.abort();
      await server.closed;
    }
  });

  it('gives source packages', async () => {
    await bench.publish(await bench.snapshot([{ name: 'tiny', version: '1.0' }]));
    const apt = await aptFor('apt');
    const file = join(apt.root, 'etc/sources.list.d/test.sources');
    await writeFile(file, (await readFile(file, 'utf8')).replace('Types: deb', 'Types: deb deb-src'));
    assert.deepEqual(await apt.update(), []);
    const { exitCode, stderr } = await apt.run('apt-get', 'source', '--download-only', 'tiny');
    assert.equal(exitCode, 0, stderr);
    assert.ok((await readdir(join(apt.root, 'download'))).includes('tiny_1.0.tar.xz'));
  });

  it('gives the frozen view of a snapshot, with its pool', async () => {
    const first = await bench.snapshot([{ name: 'tiny', version: '1.0' }]);
    await bench.publish(first);
    const second = await bench.snapshot([{ name: 'tiny', version: '2.0' }], first);
    await bench.publish(second, [first]);
    const apt = await aptFor('apt');
    assert.deepEqual(await apt.update(), []);
    assert.deepEqual(await apt.versions('tiny'), ['2.0', '1.0']);

    const file = join(apt.root, 'etc/sources.list.d/test.sources');
    const live = await readFile(file, 'utf8');
    await writeFile(
      file,
      live.replace(/^URIs:.*$/m, `URIs: file:${bench.public}/snapshot/${first.manifest.id}`),
    );
    assert.deepEqual(await apt.update(), []);
    assert.deepEqual(await apt.versions('tiny'), ['1.0']);
    const { exitCode, stderr } = await apt.run('apt-get', 'download', 'tiny');
    assert.equal(exitCode, 0, stderr);
  });

  it('takes machines back: the withdrawn version is no longer listed', async () => {
    const first = await bench.snapshot([{ name: 'tiny', version: '1.0' }]);
    await bench.publish(first);
    const second = await bench.snapshot([{ name: 'tiny', version: '2.0' }], first);
    await bench.publish(second, [first]);
    const apt = await aptFor('apt');
    assert.deepEqual(await apt.update(), []);
    const plan = await bench.publish(first, []);
    assert.deepEqual(plan.before, second.manifest.id);
    assert.deepEqual(await apt.update(), []);
    assert.deepEqual(await apt.versions('tiny'), ['1.0']);
  });

  it('still serves the indices of the generation before to a client that read its InRelease', async () => {
    const first = await bench.snapshot([{ name: 'tiny', version: '1.0' }]);
    await bench.publish(first);
    const view = join(bench.public, 'debian/dists/set-stable');
    const old = await Promise.all(
      ['InRelease', 'Release', 'Release.gpg'].map((name) => readFile(join(view, name))),
    );
    await bench.publish(await bench.snapshot([{ name: 'tiny', version: '2.0' }], first), [first]);
    await Promise.all(
      ['InRelease', 'Release', 'Release.gpg'].map((name, at) => writeFile(join(view, name), old[at]!)),
    );
    for (const name of ['Packages.gz', 'Packages.xz']) await rm(join(view, 'main/binary-amd64', name));
    const apt = await aptFor('apt');
    assert.deepEqual(await apt.update(), []);
    assert.deepEqual(await apt.versions('tiny'), ['1.0']);
  });
});
