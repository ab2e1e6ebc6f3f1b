import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openBase } from '../../../src/build/base-digest.js';
import { baseIndices } from '../../../src/build/base-index.js';
import { BuildCache, type BuildRecord } from '../../../src/build/build-cache.js';
import { fetchRootPackages } from '../../../src/build/root-packages.js';
import { makeWork, sweepWork } from '../../../src/build/work-folder.js';
import { removeIsolated } from '../../../src/build/namespace.js';
import { parseRelations } from '../../../src/deb/relation.js';
import { silentPhase } from '../../../src/io/progress.js';
import { noAptConfiguration } from '../../../src/source/apt-configuration.js';
import type { SourceContext } from '../../../src/source/source-context.js';
import { chooseMirror } from '../../../src/source/mirror.js';
import { FileServer, TestMirror } from '../../fixtures/mirror.js';
import { fault, Resolving } from '../source/resolving.js';
import { Builds } from '../../fixtures/builds.js';

describe('the base of a build, from a mirror', () => {
  let mirror: TestMirror;
  let resolving: Resolving;

  beforeEach(async () => {
    mirror = await TestMirror.start({
      release: {
        binaries: [
          { package: 'build-essential', version: '1', depends: 'make' },
          { package: 'make', version: '1' },
          { package: 'tool', version: '1' },
        ],
      },
      security: { binaries: [{ package: 'make', version: '1+fixed' }] },
    });
    resolving = await Resolving.with(mirror);
  });

  afterEach(async () => {
    await resolving.end();
    await mirror.stop();
  });

  async function open(context: SourceContext = resolving.context()) {
    const indices = await baseIndices(context, 'amd64', silentPhase);
    const base = await openBase(indices, 'amd64', parseRelations('tool'), context.cacheDir);
    return { ...base, names: base.closure.map(({ name, version }) => `${name} ${version}`) };
  }

  it('is worked out from the suites, each package with where it is', async () => {
    const { names, closure } = await open();
    assert.deepEqual(names, ['build-essential 1', 'make 1+fixed', 'tool 1']);
    assert.equal(closure[1]!.suite, 'bookworm-security');
    assert.equal(closure[1]!.filename, 'pool/main/m/make/make_1+fixed_amd64.deb');
  });

  it('is fetched from every mirror of its suites: from the second what the first lacks', async () => {
    const base = { distribution: 'debian', codename: 'bookworm', architectures: ['amd64'] };
    const second = await FileServer.start(mirror.server.files);
    try {
      mirror.server.fault(/debian-security\/pool/, 'missing');
      mirror.server.fault(/debian\/pool\/.*tool/, 'flipped');
      const environment = { LOCKSTEP_MIRROR: `${mirror.url} ${second.origin}/debian` };
      const context = resolving.context({
        mirror: chooseMirror({ base, environment, apt: noAptConfiguration }),
      });
      const opened = await open(context);
      await fetchRootPackages(opened, { ...context, phase: silentPhase });
      for (const { sha256 } of opened.closure) await resolving.store.verify(sha256);
      assert.deepEqual(second.asked(), [
        '/debian-security/pool/main/m/make/make_1+fixed_amd64.deb',
        '/debian/pool/main/t/tool/tool_1_amd64.deb',
      ]);
    } finally {
      await second.stop();
    }
  });

  it('names the package and the suite where no mirror has it', async () => {
    const opened = await open();
    mirror.server.fault(/make_1/, 'missing');
    await assert.rejects(
      fetchRootPackages(opened, { ...resolving.context(), phase: silentPhase }),
      fault(
        'SOURCE_NOT_ON_MIRROR',
        /^No mirror has make 1\+fixed \(make_1\+fixed_amd64\.deb\), which bookworm-security lists$/,
      ),
    );
  });

  it('reads no index while none has changed', async () => {
    const first = await open();
    mirror.server.asked();
    const second = await open();
    assert.deepEqual(second, first);
    assert.ok(mirror.server.asked().every((path) => path.endsWith('/InRelease')));
  });

  it('has the same digest when something else has changed', async () => {
    const first = await open();
    await mirror.publish({
      release: {
        binaries: [
          { package: 'build-essential', version: '1', depends: 'make' },
          { package: 'make', version: '1' },
          { package: 'tool', version: '1' },
          { package: 'unrelated', version: '1' },
        ],
      },
      security: { binaries: [{ package: 'make', version: '1+fixed' }] },
    });
    assert.equal((await open()).digest, first.digest);
  });

  it('fetches an index anew that was damaged on the disk, and does without by-hash', async () => {
    const first = await open();
    mirror.server.fault(/\/by-hash\//, 'missing');
    for await (const { path } of resolving.store.list()) {
      await chmod(path, 0o644);
      await writeFile(path, 'x'.repeat(10));
    }
    await resolving.store.sweep(new Date());
    const context = { ...resolving.context(), cacheDir: join(resolving.folder, 'other') };
    assert.equal((await open(context)).digest, first.digest);
  });
});

describe('records of builds', () => {
  const inputs = 'a'.repeat(64);

  async function record(builds: Builds): Promise<BuildRecord> {
    const file = { name: 'sample.deb', ...(await builds.store.put('package')) };
    const built = {
      package: 'sample',
      version: '1',
      architecture: 'all',
      source: 'sample',
      sourceVersion: '1',
    };
    return { format: 1, inputs, packages: [{ ...built, control: 'Package: sample\n', file }], sources: [] };
  }

  it('count only while every byte is there and right', async () => {
    const builds = await Builds.make();
    const cache = new BuildCache(builds.cacheDir, builds.store);
    const kept = await record(builds);
    assert.equal(await cache.find(inputs), undefined);
    await cache.keep(kept);
    assert.deepEqual(await cache.find(inputs), kept);
    const path = builds.store.path(kept.packages[0]!.file.sha256);
    await chmod(path, 0o644);
    await writeFile(path, 'pAckage');
    assert.equal(await cache.find(inputs), undefined);
    // The record went too: bytes that come back by chance do not bring it back
    await record(builds);
    assert.equal(await cache.find(inputs), undefined);
    await builds.end();
  });

  it('do not count when they cannot be read, or are of something else', async () => {
    const builds = await Builds.make();
    const cache = new BuildCache(builds.cacheDir, builds.store);
    const path = join(builds.cacheDir, 'builds', `${inputs}.json`);
    const kept = await record(builds);
    for (const text of [
      '{',
      '{}',
      JSON.stringify({ ...kept, inputs: 'b'.repeat(64) }),
      JSON.stringify({ ...kept, format: 2 }),
    ]) {
      await mkdir(join(builds.cacheDir, 'builds'), { recursive: true });
      await writeFile(path, text);
      assert.equal(await cache.find(inputs), undefined);
    }
    await builds.end();
  });
});

describe('scratch folders of builds', () => {
  it('of killed runs are removed, others stay', async () => {
    const builds = await Builds.make();
    const own = await makeWork(builds.temporary);
    // A pid beyond pid_max, and our own with another start
    const dead = ['build-99999999-1-abc', `build-${process.pid}-1-abc`];
    for (const name of [...dead, 'something-else']) {
      await mkdir(join(builds.temporary, name, 'inside'), { recursive: true });
    }
    const swept = await sweepWork('root', builds.temporary);
    assert.deepEqual(swept, dead.map((name) => join(builds.temporary, name)).sort());
    await removeIsolated('root', [own]);
    assert.deepEqual(await readdir(builds.temporary), ['something-else']);
    await builds.end();
  });
});
