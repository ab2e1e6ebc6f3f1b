import assert from 'node:assert/strict';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repackPackage, type RepackRequest } from '../../../src/build/repack.js';
import type { BuiltPackage } from '../../../src/build/built.js';
import { LockstepError } from '../../../src/errors.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { run } from '../../../src/io/process.js';
import { needs } from '../../fixtures/machine.js';

const from = '1:1.0-1+lockstep1';
const to = '1:2.0-1+lockstep1+really1.0+1+lockstep1';
const moves = new Map([['sample-data', [{ from, to }]]]);

const control = `Package: sample
Version: ${from}
Architecture: all
Maintainer: Test Maintainer <test@example.invalid>
Depends: php (>= 2:8.2), sample-data (= ${from}) | sample-light
Breaks: sample-old (<< 0.5~)
Section: web
Priority: optional
Homepage: https://example.org/
Description: a sample for a test
 It is made by dpkg-deb, with a field that
   is indented.
 .
 And two paragraphs.
`;

/** A package made by Debian's own tool, and what Lockstep makes of it. */
describe('repacking', () => {
  let folder: string;
  let store: ContentStore;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-repack-'));
    store = new ContentStore(join(folder, 'store'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function original(compression: string): Promise<{ path: string; request: RepackRequest }> {
    const root = join(folder, 'root');
    const files: Record<string, [mode: number, text: string]> = {
      'DEBIAN/control': [0o644, control],
      'DEBIAN/conffiles': [0o644, '/etc/sample.conf\n'],
      'DEBIAN/postinst': [0o755, '#!/bin/sh\nset -e\nexit 0\n'],
      'DEBIAN/triggers': [0o644, 'interest-noawait /usr/share/sample\n'],
      'DEBIAN/md5sums': [0o644, `${'0'.repeat(32)}  usr/share/sample/data\n`],
      'etc/sample.conf': [0o640, 'x=1\n'],
      'usr/share/sample/data': [0o644, 'data\n'.repeat(9000)],
      'usr/share/doc/sample/copyright': [0o644, 'Copyright: nobody\n'],
    };
    for (const [path, [mode, text]] of Object.entries(files)) {
      await mkdir(join(root, dirname(path)), { recursive: true });
      await writeFile(join(root, path), text);
      await chmod(join(root, path), mode);
    }
    for (const path of [
      '.',
      'DEBIAN',
      'etc',
      'usr',
      'usr/share',
      'usr/share/sample',
      'usr/share/doc',
      'usr/share/doc/sample',
    ])
      await chmod(join(root, path), 0o755);
    const path = join(folder, 'sample.deb');
    await run('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '--build', root, path]);
    const file = { name: 'sample.deb', ...(await store.put({ file: path })) };
    const names = { package: 'sample', architecture: 'all', source: 'sample' };
    return { path, request: { ...names, version: from, sourceVersion: from, file, to, moves } };
  }

  const repack = (request: RepackRequest, cacheDir = join(folder, 'cache')): Promise<BuiltPackage> =>
    repackPackage(request, { store, cacheDir });
  const pathOf = (built: BuiltPackage): string => store.path(built.file.sha256);
  const output = async (...command: string[]): Promise<string> => {
    const [program, ...args] = command;
    return (await run(program!, args)).stdout;
  };
  const dataOf = async (deb: string): Promise<Buffer> =>
    (await run('dpkg-deb', ['--fsys-tarfile', deb])).stdoutBytes;

  for (const compression of ['xz', 'gzip', 'zstd', 'none']) {
    it(`is accepted by dpkg-deb, with the same data, compressed with ${compression}`, async function () {
      await needs(this, { tools: ['dpkg-deb', 'ar', ...(compression === 'zstd' ? ['zstd'] : [])] });
      const { path, request } = await original(compression);
      const built = await repack(request);
      const deb = pathOf(built);
      assert.equal(built.file.name, 'sample_2.0-1+lockstep1+really1.0+1+lockstep1_all.deb');
      assert.ok((await dataOf(deb)).equals(await dataOf(path)));
      const member = (await output('ar', 't', path)).trim().split('\n').at(-1)!;
      const raw = async (file: string): Promise<Buffer> => (await run('ar', ['p', file, member])).stdoutBytes;
      assert.ok((await raw(deb)).equals(await raw(path)), 'not even compressed anew');
      assert.equal(await output('dpkg-deb', '--contents', deb), await output('dpkg-deb', '--contents', path));
      assert.equal(
        await output('dpkg-deb', '--field', deb),
        control
          .replace('Package: sample\n', `Package: sample\nSource: sample (${from})\n`)
          .replace(`Version: ${from}`, `Version: ${to}`)
          .replace(`(= ${from})`, `(= ${to})`),
      );
      assert.equal(built.control, await output('dpkg-deb', '--field', deb));
      const members = async (file: string): Promise<string> => {
        const tar = (await run('dpkg-deb', ['--ctrl-tarfile', file])).stdoutBytes;
        const listed = await run('tar', ['--list', '--verbose', '--full-time'], {
          input: tar,
          env: { TZ: 'UTC' },
        });
        return listed.stdout.replace(/ \d+ (\S+ \S+ \.\/control)$/m, ' $1');
      };
      assert.equal(await members(deb), await members(path));
      for (const name of ['conffiles', 'postinst', 'triggers', 'md5sums'])
        assert.equal(
          await output('dpkg-deb', '--info', deb, name),
          await output('dpkg-deb', '--info', path, name),
        );
    });
  }

  it('gives the same bytes each time, and does it once', async function () {
    await needs(this, { tools: ['dpkg-deb'] });
    const { request } = await original('xz');
    const first = await repack(request);
    const [record] = await readdir(join(folder, 'cache/builds'));
    assert.deepEqual(await repack(request), first);
    assert.deepEqual(await repack(request, join(folder, 'another')), first);
    assert.deepEqual(await readdir(join(folder, 'cache/builds')), [record]);
    const other = await repack({ ...request, moves: new Map() });
    assert.notEqual(other.file.sha256, first.file.sha256);
  });

  it('gives lintian no new cause to complain', async function () {
    await needs(this, { tools: ['dpkg-deb', 'lintian'] });
    this.timeout(120_000);
    const { request } = await original('xz');
    const built = await repack(request);
    const tags = async (name: string, sha256: string): Promise<string> => {
      const path = join(folder, name);
      await copyFile(store.path(sha256), path);
      return (await run('lintian', ['--no-cfg', '--allow-root', path], { allowFailure: true })).stdout;
    };
    const before = await tags('sample_1.0-1+lockstep1_all.deb', request.file.sha256);
    assert.notEqual(before, '');
    assert.equal(await tags(built.file.name, built.file.sha256), before);
  });

  it('is installed by dpkg as an upgrade of what it exceeds', async function () {
    await needs(this, { root: true, tools: ['dpkg', 'dpkg-deb'] });
    const { request } = await original('xz');
    const withdrawn = await repack({ ...request, to: '1:2.0-1+lockstep1', moves: new Map() });
    const built = await repack(request);
    const root = join(folder, 'machine');
    await mkdir(join(root, 'var/lib/dpkg/info'), { recursive: true });
    await mkdir(join(root, 'var/lib/dpkg/updates'));
    await writeFile(join(root, 'var/lib/dpkg/status'), '');
    const install = async (deb: BuiltPackage): Promise<string> => {
      // No shell in that root: unpacking is what is tried
      const done = await run('dpkg', [`--root=${root}`, '--force-depends', '--unpack', pathOf(deb)]);
      return done.stdout + done.stderr;
    };
    await install(withdrawn);
    const said = await install(built);
    assert.match(said, /Unpacking sample .*really.* over \(1:2\.0-1\+lockstep1\)/);
    assert.doesNotMatch(said, /downgrading/);
    const status = await output(
      'dpkg-query',
      `--admindir=${root}/var/lib/dpkg`,
      '-W',
      '-f',
      '${Version} ${source:Version}',
      'sample',
    );
    assert.equal(status, `${to} ${from}`);
  });

  it('refuses a file of another package, and keeps nothing of a damaged one', async function () {
    await needs(this, { tools: ['dpkg-deb'] });
    const { request } = await original('xz');
    const code = (expected: string) => (error: unknown) =>
      error instanceof LockstepError && error.code === expected;
    await assert.rejects(repack({ ...request, version: '1:1.1-1' }), code('SOURCE_MISMATCH'));
    const path = store.path(request.file.sha256);
    await chmod(path, 0o644);
    const { stdoutBytes: bytes } = await run('cat', [path]);
    bytes[bytes.length - 40]! ^= 1;
    await writeFile(path, bytes);
    await assert.rejects(repack(request), code('STORE_CORRUPT'));
    assert.deepEqual(await readdir(store.partialDir), []);
    assert.deepEqual(await readdir(join(folder, 'cache')).catch(() => []), []);
    await assert.rejects(repack(request), code('STORE_MISSING'));
  });
});
