import assert from 'node:assert/strict';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { applyBuild, planBuild, prepareBuild } from '../../../src/build/build-plan.js';
import type { DebianRequest } from '../../../src/build/builder-port.js';
import { prepareSource } from '../../../src/build/prepared-source.js';
import { gzip } from '../../../src/io/compress.js';
import { run } from '../../../src/io/process.js';
import type { TreePin } from '../../../src/source/pin.js';
import { needs } from '../../fixtures/machine.js';
import { tarOf, type Tree } from '../../fixtures/packages.js';
import { Builds, control, date, fault, rules } from '../../fixtures/builds.js';

const tree: Tree = { 'data.txt': 'data\n', 'more/deep.txt': 'deep\n', 'debian/control': 'not ours\n' };

/** Source packages for what no distribution has packaged: a tree of git, an upstream's tarball. */
describe('a source package made of a tracked tree', function () {
  this.timeout(300_000);
  let builds: Builds;
  let packaging: string;

  beforeEach(async () => {
    builds = await Builds.make();
    packaging = join(builds.folder, 'packaging/sample/debian');
    await write({
      control,
      rules,
      facts: 'echo none\n',
      changelog: changelog('1:0.9-1'),
      'source/format': '3.0 (quilt)\n',
      'patches/series': '',
    });
  });

  afterEach(async () => {
    await builds.end();
  });

  function changelog(version: string): string {
    const day = new Date(date * 1000).toUTCString().replace('GMT', '+0000');
    return `sample (${version}) unstable; urgency=medium\n\n  * Ours.\n\n -- Ops <ops@example.invalid>  ${day}\n`;
  }

  async function write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(packaging, name)), { recursive: true });
      await writeFile(join(packaging, name), text);
    }
  }

  async function gitPin(more: Partial<TreePin> = {}): Promise<TreePin> {
    return {
      kind: 'git',
      component: 'sample',
      upstreamVersion: '1.0.0-rc.1+git20231120.1a2b3c4d',
      date: date + 60,
      provenance: [],
      url: 'https://git.example.org/sample',
      ref: 'refs/heads/main',
      commit: '1a2b3c4d'.repeat(5),
      submodules: [],
      signedBy: null,
      archive: { name: 'sample.tar', ...(await builds.store.put(await tarOf(tree, 'sample-1a2b'))) },
      ...more,
    } as TreePin;
  }

  async function tarballPin(): Promise<TreePin> {
    const bytes = await builds.store.put(gzip(Buffer.from(await tarOf(tree, 'sample-1.0'))));
    return await gitPin({
      kind: 'tarball',
      upstreamVersion: '1.0',
      archive: { name: 'v1.0.tar.gz', ...bytes },
    });
  }

  const prepare = async (pin: TreePin, folder: string | undefined = packaging) =>
    await prepareSource(
      pin,
      folder,
      { suffix: '+lockstep1', distribution: 'bookworm', maintainer: 'A <a@example.invalid>', changes: ['x'] },
      builds.context(),
    );

  it("has upstream's version with the epoch that machines know, and the later of the two dates", async () => {
    const { source, date: dated } = await prepare(await gitPin());
    const version = '1.0.0~rc.1+git20231120.1a2b3c4d';
    assert.equal(source.version, `1:${version}-1+lockstep1`);
    assert.deepEqual(source.files.map(({ name }) => name).sort(), [
      `sample_${version}-1+lockstep1.debian.tar.xz`,
      `sample_${version}-1+lockstep1.dsc`,
      `sample_${version}.orig.tar.xz`,
    ]);
    assert.equal(dated, date + 61);
  });

  it('is the same bytes from empty caches', async () => {
    const first = await prepare(await gitPin());
    await rm(join(builds.cacheDir, 'sources'), { recursive: true });
    assert.deepEqual(await prepare(await gitPin()), first);
  });

  it("takes the version of the changelog's top entry where that is of this upstream version", async () => {
    await write({ changelog: changelog('2:1.0-4wiki2') });
    const { source } = await prepare(await tarballPin());
    assert.equal(source.version, '2:1.0-4wiki2+lockstep1');
  });

  it("takes upstream's tarball as it is", async () => {
    const pin = await tarballPin();
    const { source } = await prepare(pin);
    const orig = source.files.find(({ name }) => name === 'sample_1.0.orig.tar.gz');
    assert.equal(orig?.sha256, pin.archive.sha256);
  });

  it('is unpacked by dpkg-source, with our debian/ and none of the tree', async function () {
    await needs(this, { tools: ['dpkg-source'] });
    for (const pin of [await gitPin(), await tarballPin()]) {
      const { source } = await prepare(pin);
      const folder = join(builds.folder, `unpack-${pin.kind}`);
      await mkdir(folder);
      for (const { name, sha256 } of source.files)
        await symlink(builds.store.path(sha256), join(folder, name));
      const target = join(folder, 'tree');
      await run('dpkg-source', ['--no-check', '-x', join(folder, source.dsc), target]);
      assert.equal(await readFile(join(target, 'more/deep.txt'), 'utf8'), 'deep\n');
      assert.match(await readFile(join(target, 'debian/control'), 'utf8'), /^Source: sample\n/);
      const text = await readFile(join(target, 'debian/changelog'), 'utf8');
      assert.match(text, /^sample \(\S+\+lockstep1\) bookworm;[^]*\nsample \(1:0\.9-1\) unstable;/);
    }
  });

  it('needs packaging of the workspace, in the quilt format, that is not newer than what was fetched', async () => {
    await assert.rejects(
      prepareSource(
        await gitPin(),
        undefined,
        { suffix: '+x1', distribution: 'b', maintainer: 'A <a@b>', changes: [] },
        builds.context(),
      ),
      fault('BUILD_PACKAGING', /the workspace has no packaging\/sample\/debian/),
    );
    await write({ changelog: changelog('1:1.0.0-1') });
    await assert.rejects(
      prepare(await gitPin()),
      fault('BUILD_PACKAGING', /which is higher than 1:1\.0\.0~rc\.1\+git20231120\.1a2b3c4d-1/),
    );
    await write({ changelog: changelog('1:0.9-1'), 'source/format': '3.0 (native)\n' });
    await assert.rejects(prepare(await gitPin()), fault('BUILD_PACKAGING', /must be "3\.0 \(quilt\)"/));
  });

  it('builds', async function () {
    const shared = await Builds.forSuite(this);
    try {
      const archive = await shared.store.put(await tarOf(tree, 'sample-1a2b'));
      const pin = await gitPin({ archive: { name: 'sample.tar', ...archive } });
      const request: DebianRequest = { ...(await shared.request()), pin, packaging };
      const output = await applyBuild(
        planBuild(await prepareBuild(request, shared.context())),
        shared.context(),
      );
      assert.equal(output.packages[0]!.version, '1:1.0.0~rc.1+git20231120.1a2b3c4d-1+lockstep1');
      assert.equal(output.sources[0]!.files.length, 3);
    } finally {
      await shared.end();
    }
  });
});
