import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { applyBuild, planBuild, prepareBuild } from '../../../src/build/build-plan.js';
import type { DebianRequest } from '../../../src/build/builder-port.js';
import type { BuildOutput } from '../../../src/build/built.js';
import { enterScript } from '../../../src/build/build-scripts.js';
import { readDeb } from '../../../src/deb/deb-file.js';
import { collect } from '../../../src/deb/bytes.js';
import { decompressByName } from '../../../src/io/compress.js';
import { needs } from '../../fixtures/machine.js';
import { Builds, control, date, fault, rules, sampleSpec } from '../../fixtures/builds.js';

const execute = promisify(execFile);

/** Real builds: of a package that takes a second, in a build root that is kept between runs. */
describe('building by the debian method', function () {
  // The first run on a machine fetches and makes the build root
  this.timeout(300_000);
  let builds: Builds;

  before(async function () {
    builds = await Builds.forSuite(this);
  });

  after(async () => {
    await builds?.end();
  });

  async function build(request: DebianRequest, signal?: AbortSignal): Promise<BuildOutput> {
    const context = builds.context({ signal });
    return await applyBuild(planBuild(await prepareBuild(request, context)), context);
  }

  /** Forgets what was built, not the build root. */
  async function forget(): Promise<void> {
    await rm(join(builds.cacheDir, 'builds'), { recursive: true, force: true });
  }

  async function factsOf(output: BuildOutput): Promise<Map<string, string>> {
    const { files } = await readDeb(builds.store.path(output.packages[0]!.file.sha256), {
      decompress: decompressByName,
    });
    let text = '';
    for await (const { header, body } of files) {
      assert.ok(header.mtime <= date + 1, header.path);
      if (header.path.endsWith('/facts')) text = (await collect(body)).toString();
    }
    return new Map(
      text.split('\n').map((line) => /^(\S*)\s*(.*)$/.exec(line)!.slice(1, 3) as [string, string]),
    );
  }

  describe('a package', () => {
    let output: BuildOutput;

    before(async () => {
      await forget();
      output = await build(await builds.request());
    });

    it('has the version with the suffix, and says what it is of', () => {
      const [built] = output.packages;
      assert.equal(output.packages.length, 1);
      assert.equal(built!.version, '1:1.0-1+lockstep1');
      assert.equal(built!.file.name, 'sample_1.0-1+lockstep1_all.deb');
      assert.equal(built!.source, 'sample');
      assert.equal(built!.sourceVersion, '1:1.0-1+lockstep1');
      assert.match(built!.control, /^Package: sample\n/);
    });

    it('was built by nobody in particular, with no network, no home and nothing of this machine', async () => {
      const facts = await factsOf(output);
      assert.equal(facts.get('uid'), '1000 1000 1000');
      assert.equal(facts.get('umask'), '0022');
      assert.equal(facts.get('pwd'), '/build/sample-1.0');
      assert.equal(facts.get('host'), 'lockstep');
      assert.equal(facts.get('HOME'), '/nonexistent');
      assert.equal(facts.get('LC_ALL'), 'C.UTF-8');
      assert.equal(facts.get('TZ'), 'UTC');
      assert.equal(facts.get('SOURCE_DATE_EPOCH'), String(date + 1));
      assert.equal(facts.get('DEB_BUILD_OPTIONS'), 'parallel=2');
      assert.equal(facts.get('network'), 'lo ');
      assert.equal(facts.get('homes'), '');
      assert.equal(facts.get('CapBnd:'), '0000000000000000');
      assert.equal(facts.get('NoNewPrivs:'), '1');
      assert.equal(facts.get('processes'), 'own');
      assert.ok(!facts.has('writes'));
    });

    it('leaves its log, and nothing else', async () => {
      assert.match(
        await readFile(output.log!, 'utf8'),
        /dpkg-buildpackage: info: source version 1:1\.0-1\+lockstep1/,
      );
      assert.deepEqual(await builds.leftovers(), []);
    });

    it('comes with its source, upstream byte for byte', async () => {
      const { pin } = await builds.request();
      assert.ok(pin.kind === 'apt-source');
      const [source] = output.sources;
      const orig = (files: readonly { name: string; sha256: string }[]) =>
        files.filter(({ name }) => name.includes('.orig.')).map(({ name, sha256 }) => [name, sha256]);
      assert.deepEqual(orig(source!.files), orig(pin.files));
      assert.match(source!.stanza, /^Package: sample\n/);
      assert.match(source!.stanza, /\n [0-9a-f]{64} [0-9]+ sample_1\.0-1\+lockstep1\.dsc\n/);
    });

    it('is taken from the cache while nothing changes', async () => {
      const plan = planBuild(await prepareBuild(await builds.request(), builds.context()));
      assert.equal(plan.action, 'take');
      assert.deepEqual(await applyBuild(plan, builds.context()), output);
    });

    it('is built again when anything changes, or is damaged', async () => {
      const actionOf = async (request: DebianRequest): Promise<string> =>
        planBuild(await prepareBuild(request, builds.context())).action;
      assert.equal(await actionOf(await builds.request({ suffix: '+lockstep2' })), 'build');
      const other = { ...sampleSpec, upstream: { 'data.txt': 'other\n' } };
      assert.equal(await actionOf(await builds.request({}, other)), 'build');
      const path = builds.store.path(output.packages[0]!.file.sha256);
      await chmod(path, 0o644);
      await writeFile(path, 'damaged');
      assert.equal(await actionOf(await builds.request()), 'build');
    });

    it('is the same bytes when it is built again', async () => {
      await forget();
      const again = await build(await builds.request());
      assert.deepEqual(again, output);
    });
  });

  /** The sample with more commands before `binary`, and more paragraphs of control. */
  const sampleWith = (commands: string, paragraphs = ''): typeof sampleSpec => ({
    ...sampleSpec,
    debian: {
      ...sampleSpec.debian,
      rules: `${rules}\nbinary: more\nmore: binary-indep\n${commands.trim().replace(/^/gm, '\t')}\n`,
      control: control + paragraphs,
    },
  });
  const second = '\nPackage: second\nArchitecture: all\nDescription: another\n More.\n';
  const makeSecond = (options = ''): string =>
    [
      'mkdir -p debian/second/DEBIAN',
      `dpkg-gencontrol -psecond -Pdebian/second ${options}`,
      'dpkg-deb --root-owner-group --build debian/second ..',
    ].join('\n');

  it('takes what is wanted of a source', async () => {
    const spec = sampleWith(makeSecond(), second);
    const names = async (packages: string[]): Promise<string[]> =>
      (await build(await builds.request({ packages }, spec))).packages.map((one) => one.package);
    assert.deepEqual(await names(['sample']), ['sample']);
    assert.deepEqual(await names(['second', 'sample']), ['sample', 'second']);
  });

  const strange: [string, string, RegExp][] = [
    ['a symbolic link', 'ln -s /etc/hostname ../evil_1_all.deb', /"evil_1_all.deb".*symbolic link/],
    ['a hard link', 'ln ../sample_*.deb ../evil_1_all.deb', /"evil_1_all.deb".*hard link/],
    ['a named pipe', 'mkfifo ../evil_1_all.deb', /"evil_1_all.deb".*not a regular file/],
    ['a folder', 'mkdir ../evil_1_all.deb', /"evil_1_all.deb".*not a regular file/],
  ];
  for (const [what, command, says] of strange) {
    it(`refuses ${what} in the place of a package, and reads nothing through it`, async () => {
      await assert.rejects(
        async () => build(await builds.request({}, sampleWith(command))),
        fault('BUILD_OUTPUT', says),
      );
      assert.deepEqual(await builds.leftovers(), []);
    });
  }

  it('takes nothing while a process of the build lives that could exchange it', async () => {
    const mark = `lockstep-late-${process.pid}`;
    const late = `setsid sh -c 'sleep 1000; : ${mark}' < /dev/null > /dev/null 2>&1 &`;
    const request = await builds.request({}, sampleWith(late));
    const context = builds.context();
    const alive: boolean[] = [];
    // Its first look at what was built is when it puts that into the store
    const put = builds.store.put.bind(builds.store);
    const planned = planBuild(await prepareBuild(request, context));
    builds.store.put = async (...args) => {
      alive.push((await execute('ps', ['-eo', 'args'])).stdout.includes(mark));
      return await put(...args);
    };
    try {
      await applyBuild(planned, context);
    } finally {
      builds.store.put = put;
    }
    assert.deepEqual(alive, [false]);
    // And nothing runs in the namespace once the build has ended
    assert.match(enterScript.trim(), /\nchroot root "\$@" \|\| status=\$\?\nexit "\$status"$/);
  });

  it('refuses packages that are not of the source', async () => {
    const control_ = 'debian/second/DEBIAN/control';
    const cases: [string, string, RegExp][] = [
      [
        `${makeSecond()}\nsed -i 's/^Package: .*/Package: openssh-server/' ${control_}\ndpkg-deb --root-owner-group --build debian/second ..`,
        second,
        /produced openssh-server_\S+: debian\/control does not list the package openssh-server/,
      ],
      [
        `${makeSecond()}\nsed -i 's/^Architecture: .*/Architecture: riscv64/' ${control_}\ndpkg-deb --root-owner-group --build debian/second ..`,
        second,
        /it is for riscv64/,
      ],
      [makeSecond('-v9:9'), second, /produced second_9_all.deb: it has the version 9:9/],
    ];
    for (const [commands, paragraphs, says] of cases) {
      await assert.rejects(
        async () => build(await builds.request({}, sampleWith(commands, paragraphs))),
        fault('BUILD_OUTPUT', says),
      );
    }
    const { packages } = await build(
      await builds.request(
        { packages: ['second'], ownVersions: ['second'] },
        sampleWith(makeSecond('-v9:9'), second),
      ),
    );
    assert.deepEqual(
      packages.map(({ package: name, version }) => [name, version]),
      [['second', '9:9']],
    );
  });

  it('says when a package of the profile was not made', async () => {
    const spec = {
      ...sampleSpec,
      debian: {
        ...sampleSpec.debian,
        control: `${control}\nPackage: second\nArchitecture: all\nDescription: x\n`,
      },
    };
    await assert.rejects(
      async () => build(await builds.request({ packages: ['second'] }, spec)),
      fault('BUILD_OUTPUT', /did not produce second; it produced sample/),
    );
  });

  it('shows the last lines of a build that fails, and leaves only the log', async () => {
    const failing = rules.replace('sh debian/facts >', 'echo "it broke: 7 < 8" >&2; exit 3;');
    const spec = { ...sampleSpec, debian: { ...sampleSpec.debian, rules: failing } };
    const error = await build(await builds.request({}, spec)).then(
      () => assert.fail('it was built'),
      (thrown: unknown) => thrown as Error & { hint: string },
    );
    assert.ok(fault('BUILD_FAILED', /\n {2}it broke: 7 < 8\n/)(error));
    assert.equal(error.hint, `The full log is ${builds.log}`);
    assert.match(await readFile(builds.log, 'utf8'), /it broke/);
    assert.deepEqual(await builds.leftovers(), []);
  });

  it('stops everything when it is stopped, and leaves nothing', async () => {
    const mark = `lockstep-test-${process.pid}`;
    const waiting = rules.replace('sh debian/facts >', `echo "waits here"; sh -c 'sleep 1000; : ${mark}';`);
    const spec = { ...sampleSpec, debian: { ...sampleSpec.debian, rules: waiting } };
    const stop = new AbortController();
    const running = build(await builds.request({}, spec), stop.signal);
    let isEnded = false;
    const ended = running
      .then(
        () => false,
        (error: unknown) => fault('INTERRUPTED')(error),
      )
      .finally(() => (isEnded = true));
    while (!isEnded) {
      if ((await readFile(builds.log, 'utf8').catch(() => '')).includes('\nwaits here\n')) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    stop.abort();
    assert.equal(await ended, true);
    assert.deepEqual(await builds.leftovers(), []);
    const { stdout } = await execute('ps', ['-eo', 'args']);
    assert.ok(!stdout.includes(mark), stdout);
    assert.ok(!(await readFile('/proc/self/mounts', 'utf8')).includes(builds.temporary));
  });

  it('builds a native source, and several at once', async () => {
    const native = {
      ...sampleSpec,
      version: '1.0',
      format: '3.0 (native)' as const,
      debian: { control, rules, facts: 'true\n' },
    };
    const [one, two] = await Promise.all([
      build(await builds.request({ log: join(builds.folder, 'one.log') }, native)),
      build(await builds.request({ suffix: '+other1', log: join(builds.folder, 'two.log') })),
    ]);
    assert.equal(one.packages[0]!.version, '1.0+lockstep1');
    assert.deepEqual(
      one.sources[0]!.files.map(({ name }) => name),
      ['sample_1.0+lockstep1.dsc', 'sample_1.0+lockstep1.tar.xz'],
    );
    assert.equal(two.packages[0]!.version, '1:1.0-1+other1');
    assert.deepEqual(await builds.leftovers(), []);
  });
});

/** Nothing that an earlier run left: a build root of its own, in a cache of its own. */
describe('the first build with a cache', function () {
  this.timeout(300_000);
  let builds: Builds;
  const mounted: string[] = [];

  before(async function () {
    builds = await Builds.make({ shared: 'downloads' });
    await needs(this, {
      root: true,
      tools: ['mmdebstrap', 'apt-get', 'unshare', 'dpkg-deb', 'mount'],
      also: () => builds.useMirror(),
    });
  });

  after(async () => {
    for (const path of mounted) await execute('umount', ['--lazy', path]);
    await builds?.end();
  });

  it('makes its root while scratch space and roots are file systems of their own', async () => {
    for (const path of [builds.temporary, join(builds.cacheDir, 'roots')]) {
      await mkdir(path, { recursive: true });
      await execute('mount', ['-t', 'tmpfs', '-o', 'size=2g', 'lockstep-test', path]);
      mounted.push(path);
    }
    const killed = join(builds.cacheDir, 'roots', 'build-999999999-1-killed');
    await mkdir(killed);
    const context = builds.context();
    const output = await applyBuild(planBuild(await prepareBuild(await builds.request(), context)), context);
    assert.deepEqual(
      output.packages.map((one) => one.package),
      ['sample'],
    );
    assert.deepEqual(await builds.leftovers(), []);
    const roots = await readdir(join(builds.cacheDir, 'roots'));
    assert.equal(roots.length, 1, roots.join(', '));
  });
});
