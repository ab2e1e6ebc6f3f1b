import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { releaseResult, resolveResult } from '../../../src/workflows/release/release-results.js';
import { testCacheDir } from '../../fixtures/debian-root.js';
import { needs } from '../../fixtures/machine.js';
import { Builds } from '../../fixtures/builds.js';
import { Bench, failedWith, until } from '../../fixtures/bad-input-bench.js';

const execute = promisify(execFile);

/** A real source of the base release, small, with a debian/ directory of the test that needs nothing but dpkg-dev. */
const name = 'hello';

const profileText = `format: 1
description: a greeting
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64] }
components:
  ${name}:
    source: { kind: apt-source, package: ${name}, version: '>=2' }
    build: { method: debian }
    packages: [${name}]
    relation: exact
metapackage: { name: hello-full, lead: ${name}, templates: [hello-full] }
`;

const packageText = `package: hello-full
section: metapackages
depends:
{{#each relations}}
  - "{{this}}"
{{/each}}
description: |
  hello as a set
  This package installs hello.
copyright: copyright
`;

const control = `Source: ${name}
Section: misc
Priority: optional
Maintainer: Test Maintainer <test@example.invalid>
Build-Depends: dpkg-dev (>= 1.18)
Standards-Version: 4.6.2
Rules-Requires-Root: no

Package: ${name}
Architecture: all
Description: a greeting
 It is made by a test.
`;

/** @param step a line of a shell that the build comes to */
const rules = (step: string): string => `#!/usr/bin/make -f
clean:
	rm -rf debian/tmp debian/files
build build-arch build-indep:
binary-arch:
binary-indep:
	mkdir -p debian/tmp/DEBIAN debian/tmp/usr/share/doc/${name}
	cp debian/copyright debian/tmp/usr/share/doc/${name}/
	${step}
	dpkg-gencontrol -p${name} -Pdebian/tmp
	dpkg-deb --root-owner-group --build debian/tmp ..
binary: binary-arch binary-indep
.PHONY: clean build build-arch build-indep binary-arch binary-indep binary
`;

describe('a build in a build root', function () {
  // The first one on a machine makes the build root
  this.timeout(300_000);
  let bench: Bench;
  let log: string;

  before(async function () {
    await needs(this, { tools: ['mmdebstrap', 'apt-get', 'unshare', 'dpkg-deb'], also: unfitForBuilds });
    bench = await Bench.make();
    // Where test/integration/build has its root
    bench.useMachine(join(testCacheDir(), 'build'));
    log = bench.path(`.lockstep/logs/build-${name}-${name}.log`);
    await bench.write(`profiles/${name}.yaml`, profileText);
    await bench.write('templates/hello-full/package.yaml', packageText);
    await bench.write('templates/hello-full/copyright', 'Nobody holds any right in this.\n');
    await bench.edit('lockstep.yaml', (text) =>
      text.replace('suites:\n', `suites:\n  hello-unstable: { profile: ${name}, trust: unstable }\n`),
    );
    const { components } = await bench.succeeds(resolveResult, ['resolve', name]);
    const debian = (file: string, text: string): Promise<void> =>
      bench.write(`packaging/${name}/debian/${file}`, text);
    await debian('control', control);
    await debian('copyright', 'Nobody holds any right in this.\n');
    await debian('source/format', '3.0 (quilt)\n');
    await debian(
      'changelog',
      `${name} (${components[name]!.upstreamVersion}-9test1) bookworm; urgency=medium\n\n  * Made for a test.\n\n -- Test <test@example.invalid>  Tue, 14 Nov 2023 22:13:20 +0000\n`,
    );
  });
  after(async () => bench?.end());

  async function unfitForBuilds(): Promise<string | null> {
    const builds = await Builds.make({ shared: true });
    try {
      return await builds.useMirror();
    } finally {
      await builds.end();
    }
  }

  async function withStep(step: string): Promise<void> {
    // Otherwise than in every earlier run of this test: what was built is in the cache
    await bench.write(`packaging/${name}/debian/rules`, rules(`: ${bench.workspace}; ${step}`));
  }

  async function waitsInBuild(mark: string) {
    await withStep(`echo "waiting: ${mark}"; sh -c 'sleep 1000; : ${mark}'`);
    const running = bench.startInTerminal(['release', name, '--json']);
    await until(async () => (await readFile(log, 'utf8').catch(() => '')).includes(`\nwaiting: ${mark}\n`));
    return running;
  }

  async function isRunning(mark: string): Promise<boolean> {
    return (await execute('ps', ['-eo', 'args'])).stdout.includes(mark);
  }

  async function assertNoMounts(): Promise<void> {
    assert.ok(!(await readFile('/proc/self/mounts', 'utf8')).includes(bench.cache));
  }

  it('that fails shows its last lines and where the log is', async () => {
    const colours = String.raw`printf '\033[2Jred\302\233\342\200\256 http://me:pw@host/\n'`;
    await withStep(`${colours}; echo "it broke: 7 < 8" >&2; exit 3`);
    for (const command of ['build', 'release']) {
      const { where } = await bench.fails([command, name], {
        code: 'BUILD_FAILED',
        says: [
          new RegExp(`The build of ${name} \\(${name} \\S+\\) failed, exit status \\d+\\. It ended with:\n`),
          /^ {2}it broke: 7 < 8$/m,
          /^ {2}dpkg-buildpackage: error: debian\/rules binary/m,
          new RegExp(`^To do: The full log is ${log}$`, 'm'),
        ],
      });
      assert.equal(where![0]!.file, log);
      const printed = await readFile(log, 'utf8');
      assert.match(printed, /^it broke: 7 < 8$/m);
      // What a build prints does not control the terminal of who reads the log
      assert.ok(printed.includes(String.raw`\x1b[2Jred\x9b\u202e http://***@host/`), printed);
      assert.doesNotMatch(printed, /(?!\n|\t)[\p{Cc}\p{Cf}]/u);
      await assertNoMounts();
    }
  });

  it('that makes another package than the profile names is refused', async () => {
    await bench.edit(`profiles/${name}.yaml`, (text) =>
      text.replace('packages: [hello]', 'packages: [hello, helo]'),
    );
    try {
      await bench.fails(['build', name], {
        code: 'BUILD_OUTPUT',
        says: [/does not build helo; it builds hello/, /components\.hello\.packages/],
      });
    } finally {
      await bench.write(`profiles/${name}.yaml`, profileText);
    }
  });

  it('that is interrupted leaves no process, mount or folder behind, and no lock', async () => {
    const mark = `lockstep-sigint-${process.pid}`;
    const before = await bench.state();
    const running = await waitsInBuild(mark);
    assert.ok(await isRunning(mark));
    running.kill('SIGINT');
    failedWith(await running.ended, { code: 'INTERRUPTED', says: [/\(SIGINT\)/] });
    assert.ok(!(await isRunning(mark)));
    await assertNoMounts();
    assert.deepEqual(await bench.state(), before);
    await bench.assertNothingHalfWritten();
  });

  it('that is killed takes its processes with it; the next one clears up and completes', async () => {
    const mark = `lockstep-sigkill-${process.pid}`;
    const running = await waitsInBuild(mark);
    running.kill('SIGKILL');
    await running.ended;
    await until(async () => !(await isRunning(mark)));
    await assertNoMounts();
    assert.notDeepEqual(await readdir(join(bench.cache, 'tmp')), []);
    await withStep('true');
    const { cut } = await bench.succeeds(releaseResult, ['release', name]);
    assert.equal(cut, true);
    await bench.assertNothingHalfWritten();
  });
});
