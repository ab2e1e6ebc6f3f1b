/**
 * Other tools as clients of an archive, on its live suite and on the frozen
 * view of a snapshot: docs/how-to/read-with-other-tools.md has what is typed.
 */
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { serveArchive } from '../../../src/archive/static-server.js';
import { run, type RunResult } from '../../../src/io/process.js';
import { importedArchive, must, suite, type ImportedArchive } from '../../fixtures/imported-archive.js';
import { scratch } from '../../fixtures/lockstep.js';
import { needs } from '../../fixtures/machine.js';
import { IsolatedApt } from '../../fixtures/archive-bench.js';
import { GnupgHome } from '../../fixtures/signing-machine.js';

const complaint = /^(?:W|E|N|Err|Ign):|\bwarning\b|\berror\b/im;

/** Where a tool is pointed at. */
interface Place {
  name: 'live' | 'frozen';
  /** What has `dists/` below it. */
  url: string;
}

describe('other tools as clients of an archive', function () {
  this.timeout(60_000);
  const stop = new AbortController();
  const address = '127.83.7.1';
  let archive: ImportedArchive;
  let base: string;
  let keyring: string;
  let fingerprint: string;
  let folder: string;
  const homes: GnupgHome[] = [];

  before(async function () {
    await needs(this, {
      tools: [
        'aptly',
        'reprepro',
        'debmirror',
        'apt-mirror',
        'apt-cacher-ng',
        'apt-file',
        'mmdebstrap',
        'gpg',
      ],
    });
    const root = join(await scratch('served'), 'public');
    await mkdir(root);
    // The port that an address needs not to name: apt-mirror and apt-cacher-ng want no other
    await serveArchive({ root, host: address, port: 80, signal: stop.signal });
    base = `http://${address}`;
    archive = await importedArchive(['1.0'], base);
    await rm(root, { recursive: true });
    await run('ln', ['-s', join(archive.workspace, 'public'), root]);
    await must(['publish', archive.ids[0]!, suite], archive.workspace, archive.env);
    keyring = join(archive.workspace, 'public/debian/archive-keyring.gpg');
    const shown = await run('gpg', ['--show-keys', '--with-colons', keyring]);
    fingerprint = /^fpr:{9}([0-9A-F]{40}):/m.exec(shown.stdout)![1]!;
  });
  after(async () => {
    stop.abort();
    for (const home of homes) await home.remove();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(await scratch('consumer'), 'tool-'));
  });

  const places: ((id: string) => Place)[] = [
    () => ({ name: 'live', url: `${base}/debian` }),
    (id) => ({ name: 'frozen', url: `${base}/snapshot/${id}` }),
  ];

  /** Runs a tool that has to succeed and to complain of nothing. */
  async function quiet(
    command: string,
    args: readonly string[],
    env: Record<string, string> = {},
  ): Promise<RunResult> {
    const result = await run(command, args, { cwd: folder, env: { HOME: folder, ...env } });
    const said = `${result.stdout}\n${result.stderr}`;
    assert.doesNotMatch(said, complaint);
    return result;
  }

  /** A gpg home that has the archive's key, for tools that look there. */
  async function gpgHome(): Promise<string> {
    const home = await GnupgHome.make();
    homes.push(home);
    await home.gpg(['--quiet', '--import', keyring]);
    return home.homedir;
  }

  /** All .deb files below the tool's folder, by the name of their package. */
  async function debs(): Promise<string[]> {
    const names = await readdir(folder, { recursive: true });
    return [...new Set(names.flatMap((name) => /([a-z-]+)_1\.0_all\.deb$/.exec(name)?.[1] ?? []))].sort();
  }

  const both = ['mediawiki', 'mediawiki-full'];

  for (const placeOf of places) {
    const title = placeOf('ID').name;
    const place = (): Place => placeOf(archive.ids[0]!);
    describe(`on the ${title} view`, () => {
      it('aptly mirrors it, with gpg', async () => {
        await writeFile(
          join(folder, 'aptly.conf'),
          JSON.stringify({ rootDir: join(folder, 'aptly'), gpgProvider: 'gpg', architectures: ['amd64'] }),
        );
        const aptly = (...args: string[]): Promise<RunResult> =>
          quiet('aptly', [`-config=${join(folder, 'aptly.conf')}`, ...args]);
        await aptly('mirror', 'create', `-keyring=${keyring}`, 'lockstep', place().url, suite, 'main');
        await aptly('mirror', 'update', `-keyring=${keyring}`, 'lockstep');
        assert.deepEqual(await debs(), both);
      });

      it('reprepro takes it as an update', async () => {
        await mkdir(join(folder, 'conf'));
        await writeFile(
          join(folder, 'conf/distributions'),
          `Codename: ${suite}\nArchitectures: amd64 source\nComponents: main\nUpdate: lockstep\n`,
        );
        await writeFile(
          join(folder, 'conf/updates'),
          `Name: lockstep\nMethod: ${place().url}\nSuite: ${suite}\nVerifyRelease: ${fingerprint.slice(-16)}\n`,
        );
        await quiet('reprepro', ['--basedir', folder, 'update'], { GNUPGHOME: await gpgHome() });
        assert.deepEqual(await debs(), both);
      });

      it('debmirror mirrors it', async () => {
        const { host, pathname } = new URL(place().url);
        const where = [`--host=${host}`, `--root=${pathname}`, '--method=http', `--keyring=${keyring}`];
        const what = [`--dist=${suite}`, '--section=main', '--arch=amd64', '--nosource'];
        // It warns where trace files are not asked for, which an archive of ours has not
        const result = await run('debmirror', [
          ...where,
          ...what,
          '--rsync-extra=none',
          join(folder, 'mirror'),
        ]);
        assert.doesNotMatch(
          result.stdout + result.stderr.replace(/^Warning: --rsync-extra .*\n.*\n/, ''),
          complaint,
        );
        assert.deepEqual(await debs(), both);
      });

      it('apt-mirror mirrors it', async () => {
        const paths = ['mirror', 'skel', 'var'].map((name) => `set ${name}_path ${join(folder, name)}`);
        await Promise.all(['mirror', 'skel', 'var'].map((name) => mkdir(join(folder, name))));
        await writeFile(
          join(folder, 'mirror.list'),
          [
            `set base_path ${folder}`,
            ...paths,
            'set run_postmirror 0',
            `deb-amd64 ${place().url} ${suite} main`,
            '',
          ].join('\n'),
        );
        await quiet('apt-mirror', [join(folder, 'mirror.list')]);
        assert.deepEqual(await debs(), both);
      });

      it('apt reads it through apt-cacher-ng', async () => {
        // It takes none above 32767
        const port = 3142;
        const settings = [
          `CacheDir: ${join(folder, 'cache')}`,
          `LogDir: ${join(folder, 'log')}`,
          `Port: ${port}`,
        ];
        await Promise.all(['conf', 'cache', 'log'].map((name) => mkdir(join(folder, name))));
        await writeFile(
          join(folder, 'conf/acng.conf'),
          [
            ...settings,
            `BindAddress: ${address}`,
            `SocketPath: ${join(folder, 'socket')}`,
            'ForeGround: 1',
            '',
          ].join('\n'),
        );
        const cacher = spawn('apt-cacher-ng', ['-c', join(folder, 'conf')], { stdio: 'ignore' });
        try {
          await answers(address, port);
          const apt = await aptOf(place());
          await writeFile(
            join(apt.root, 'etc/apt.conf.d/proxy'),
            `Acquire::http::Proxy "http://${address}:${port}";\n`,
          );
          assert.deepEqual(await apt.update(), []);
          const { exitCode, stderr } = await apt.run('apt-get', 'download', 'mediawiki');
          assert.equal(exitCode, 0, stderr);
          const kept = await readdir(join(folder, 'cache'), { recursive: true });
          assert.ok(
            kept.some((name) => name.endsWith('mediawiki_1.0_all.deb')),
            'it went through the cache',
          );
        } finally {
          cacher.kill();
        }
      });

      it('apt shows the changelog of a package', async () => {
        const apt = await aptOf(place());
        const env = { APT_CONFIG: join(apt.root, 'apt.conf'), PAGER: 'cat' };
        assert.deepEqual(await apt.update(), []);
        const { stdout } = await quiet('apt-get', ['changelog', 'mediawiki'], env);
        assert.match(stdout, /^mediawiki \(1\.0\) unstable; urgency=medium\n\n {2}\* Say 1\.0\.\n/m);
      });

      it('apt-file finds the package of a file', async () => {
        const apt = await aptOf(place());
        await copyFile(
          '/etc/apt/apt.conf.d/50apt-file.conf',
          join(apt.root, 'etc/apt.conf.d/50apt-file.conf'),
        );
        const env = { APT_CONFIG: join(apt.root, 'apt.conf') };
        assert.deepEqual(await apt.update(), []);
        const { stdout } = await quiet('apt-file', ['search', '/usr/share/wiki'], env);
        assert.match(stdout, /^mediawiki: \/usr\/share\/wiki$/m);
      });

      it('mmdebstrap unpacks its packages', async () => {
        const source = `deb [signed-by=${keyring}] ${place().url} ${suite} main`;
        const options = ['--variant=extract', '--include=mediawiki-full', '--architectures=amd64'];
        await quiet('mmdebstrap', ['--quiet', ...options, suite, join(folder, 'root'), source]);
        assert.equal(await readFile(join(folder, 'root/usr/share/wiki'), 'utf8'), '1.0');
      });
    });
  }

  it("aptly's own OpenPGP knows no Ed25519 before 1.6, and takes an archive with an RSA key", async () => {
    const aptly = async (url: string, keys: string): Promise<RunResult> => {
      const rootDir = await mkdtemp(join(folder, 'aptly-'));
      await writeFile(
        join(rootDir, 'aptly.conf'),
        JSON.stringify({ rootDir, gpgProvider: 'internal', architectures: ['amd64'] }),
      );
      const args = [`-config=${join(rootDir, 'aptly.conf')}`, 'mirror', 'create', `-keyring=${keys}`];
      return await run('aptly', [...args, 'lockstep', url, suite, 'main'], {
        env: { HOME: folder },
        allowFailure: true,
      });
    };
    const plain = await aptly(`${base}/debian`, keyring);
    const [, major, minor] = /(\d+)\.(\d+)/.exec((await run('aptly', ['version'])).stdout)!;
    const isOld = Number(major) * 100 + Number(minor) < 106;
    assert.equal(plain.exitCode === 0, !isOld, plain.stdout + plain.stderr);

    const home = await GnupgHome.make();
    homes.push(home);
    // As docs/how-to/read-with-other-tools.md has it
    const user = 'RSA Archive <archive@example.invalid>';
    await home.gpg(['--quick-generate-key', user, 'rsa4096', 'sign', 'never']);
    const { stdout: armored } = await home.gpg(['--armor', '--export-secret-keys']);
    const root = join(folder, 'public');
    await mkdir(root);
    const server = await serveArchive({ root, port: 0, signal: stop.signal });
    const rsa = await importedArchive(['1.0'], server.url, armored);
    await rm(root, { recursive: true });
    await run('ln', ['-s', join(rsa.workspace, 'public'), root]);
    await must(['publish', rsa.ids[0]!, suite], rsa.workspace, rsa.env);
    const taken = await aptly(
      `${server.url}/debian`,
      join(rsa.workspace, 'public/debian/archive-keyring.gpg'),
    );
    assert.equal(taken.exitCode, 0, taken.stdout + taken.stderr);
  });

  /** apt with the archive as its only source. */
  async function aptOf({ url }: Place): Promise<IsolatedApt> {
    const source = [
      'Types: deb',
      `URIs: ${url}`,
      `Suites: ${suite}`,
      'Components: main',
      `Signed-By: ${keyring}`,
      '',
    ];
    return await IsolatedApt.make(join(folder, 'apt'), source.join('\n'));
  }
});

/** Waits until something listens there. The test's own time limit ends it when nothing ever does. */
async function answers(host: string, port: number): Promise<void> {
  for (;;) {
    const there = await new Promise<boolean>((done) => {
      const socket = connect(port, host, () => {
        socket.destroy();
        done(true);
      });
      socket.on('error', () => done(false));
    });
    if (there) return;
    await new Promise((done) => setTimeout(done, 50));
  }
}
