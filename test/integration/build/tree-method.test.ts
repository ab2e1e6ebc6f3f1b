import assert from 'node:assert/strict';
import { join } from 'node:path';
import { applyBuild, planBuild, prepareBuild } from '../../../src/build/build-plan.js';
import type { TreeRequest } from '../../../src/build/builder-port.js';
import type { BuildOutput } from '../../../src/build/built.js';
import { gzip } from '../../../src/io/compress.js';
import { run } from '../../../src/io/process.js';
import { needs } from '../../fixtures/machine.js';
import { tarOf } from '../../fixtures/packages.js';
import { file, samplePackage } from '../../fixtures/sample-packages.js';
import { Builds, fault } from '../../fixtures/builds.js';

/** Packages written without Debian's tools, and read with them. */
describe('building by the tree method', () => {
  let builds: Builds;

  beforeEach(async () => {
    builds = await Builds.make();
  });

  afterEach(async () => {
    await builds.end();
  });

  async function build(request: Omit<TreeRequest, 'method' | 'component'>): Promise<BuildOutput> {
    const context = builds.context();
    const whole: TreeRequest = { method: 'tree', component: 'sample', ...request };
    return await applyBuild(planBuild(await prepareBuild(whole, context)), context);
  }

  async function archive(): Promise<{ name: string; size: number; sha256: string }> {
    const tar = await tarOf(
      {
        'vendor/lib/composer.json': '{}\n',
        'vendor/lib/src/Main.php': '<?php\n',
        'vendor/lib/src/Alias.php': '-> Main.php',
        'vendor/lib/tests/MainTest.php': '<?php\n',
        'vendor/lib/docs/README.md': 'text\n',
        'other/file': 'x',
      },
      'top-1.0',
    );
    return { name: 'sample.tar.gz', ...(await builds.store.put(gzip(tar))) };
  }

  async function listing(output: BuildOutput): Promise<string[]> {
    const path = builds.store.path(output.packages[0]!.file.sha256);
    const { stdout } = await run('dpkg-deb', ['--contents', path], { env: { TZ: 'UTC' } });
    return stdout.trimEnd().split('\n');
  }

  it('makes what dpkg-deb reads: files, folders, links, conffiles, scripts, triggers', async function () {
    await needs(this, { tools: ['dpkg-deb'] });
    const stored = await builds.store.put('from the store\n');
    const tree = {
      ...samplePackage(),
      conffiles: ['/etc/sample.conf'],
      scripts: { postinst: '#!/bin/sh\nset -e\n' },
      triggers: 'interest-noawait sample\n',
    };
    tree.entries.push({
      kind: 'file',
      path: '/usr/share/sample/stored',
      mode: 0o644,
      content: { sha256: stored.sha256 },
    });
    const output = await build({ tree });
    assert.deepEqual(
      (await listing(output)).map((line) =>
        line
          .split(/\s+/)
          .filter((_, index) => index !== 2)
          .join(' '),
      ),
      [
        'drwxr-xr-x root/root 2023-11-14 22:13 ./',
        'drwxr-xr-x root/root 2023-11-14 22:13 ./etc/',
        '-rw-r--r-- root/root 2023-11-14 22:13 ./etc/sample.conf',
        'drwxr-xr-x root/root 2023-11-14 22:13 ./usr/',
        'drwxr-xr-x root/root 2023-11-14 22:13 ./usr/share/',
        'drwxr-xr-x root/root 2023-11-14 22:13 ./usr/share/sample/',
        '-rw-r--r-- root/root 2023-11-14 22:13 ./usr/share/sample/a',
        'lrwxrwxrwx root/root 2023-11-14 22:13 ./usr/share/sample/link -> ../sample/a',
        '-rw-r--r-- root/root 2023-11-14 22:13 ./usr/share/sample/stored',
        'drwxr-xr-x root/root 2023-11-14 22:13 ./var/',
        'drwxr-xr-x root/root 2023-11-14 22:13 ./var/lib/',
        'drwxr-x--- root/root 2023-11-14 22:13 ./var/lib/sample/',
      ],
    );
    const [built] = output.packages;
    const path = builds.store.path(built!.file.sha256);
    const target = join(builds.folder, 'control');
    await run('dpkg-deb', ['--control', path, target]);
    const { stdout } = await run('sh', ['-c', 'cd "$1" && tail -n +1 -- *', 'sh', target]);
    assert.match(stdout, /==> conffiles <==\n\/etc\/sample\.conf\n/);
    assert.match(stdout, /==> postinst <==\n#!\/bin\/sh\n/);
    assert.match(stdout, /==> triggers <==\ninterest-noawait sample\n/);
    assert.match(
      stdout,
      /==> control <==\nPackage: sample-tree\nSource: sample\nVersion: 1\.2-1\nArchitecture: all\n/,
    );
    assert.ok(stdout.includes(built!.control));
    assert.equal(built!.file.name, 'sample-tree_1.2-1_all.deb');
  });

  it('takes a folder of a tarball, without what is excluded', async function () {
    await needs(this, { tools: ['dpkg-deb'] });
    const from = [
      {
        archive: await archive(),
        path: 'vendor/lib',
        to: '/usr/share/php/Lib',
        exclude: ['tests/**', '**/*.md'],
      },
    ];
    const names = (await listing(await build({ tree: samplePackage(), from }))).map((line) =>
      line.replace(/^.* \.\//, './'),
    );
    assert.deepEqual(
      names.filter((name) => name.startsWith('./usr/share/php/')),
      [
        './usr/share/php/',
        './usr/share/php/Lib/',
        './usr/share/php/Lib/composer.json',
        './usr/share/php/Lib/src/',
        './usr/share/php/Lib/src/Alias.php -> Main.php',
        './usr/share/php/Lib/src/Main.php',
      ],
    );
  });

  it('makes the same bytes each time, whatever the order of entries and the number of threads', async () => {
    const from = [{ archive: await archive(), path: 'vendor', to: '/usr/share/php', exclude: [] }];
    const first = await build({ tree: samplePackage(), from });
    const other = await Builds.make();
    await other.store.put({ file: builds.store.path(from[0]!.archive.sha256) });
    const tree = samplePackage();
    tree.entries.reverse();
    const context = other.context({ builder: other.builder({ cores: 4 }) });
    const request: TreeRequest = { method: 'tree', component: 'sample', tree, from };
    const second = await applyBuild(planBuild(await prepareBuild(request, context)), context);
    await other.end();
    assert.deepEqual(second, first);
  });

  it('is taken from the cache while nothing changes', async () => {
    const prepare = async (version: string) =>
      planBuild(
        await prepareBuild(
          { method: 'tree', component: 'sample', tree: { ...samplePackage(), version } },
          builds.context(),
        ),
      );
    const first = await prepare('1');
    assert.equal(first.action, 'build');
    const output = await applyBuild(first, builds.context());
    const second = await prepare('1');
    assert.equal(second.action, 'take');
    assert.deepEqual(await applyBuild(second, builds.context()), output);
    assert.equal((await prepare('2')).action, 'build');
  });

  it('refuses what would be there twice, and a folder that is not there', async () => {
    const stored = await archive();
    const lib = { archive: stored, path: 'vendor/lib', to: '/usr/share/php/Lib', exclude: [] };
    const tree = { ...samplePackage(), entries: [file('/usr/share/php/Lib/composer.json', 'x')] };
    await assert.rejects(build({ tree, from: [lib] }), fault('DEB_INVALID', /occurs twice/));
    await assert.rejects(
      build({ tree: samplePackage(), from: [{ ...lib, path: 'vendor/none' }] }),
      fault('SOURCE_PATH_MISSING', /sample\.tar\.gz has no folder vendor\/none/),
    );
    await assert.rejects(
      build({ tree: { ...samplePackage(), conffiles: ['/usr/share/php/Lib/none'] }, from: [lib] }),
      fault('DEB_INVALID', /is not a file of the package/),
    );
  });
});
