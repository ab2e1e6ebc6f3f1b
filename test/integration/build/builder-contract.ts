/** What every adapter of Builder promises; an adapter's test calls it once. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { prepareBuild } from '../../../src/build/build-plan.js';
import type { BuildRecord } from '../../../src/build/build-cache.js';
import type { Builder, BuildRequest } from '../../../src/build/builder-port.js';
import { sha256Of } from '../../../src/io/disk.js';
import { silentPhase } from '../../../src/io/progress.js';
import { samplePackage } from '../../fixtures/sample-packages.js';
import { Builds } from '../../fixtures/builds.js';

/** @param make a builder that reads from and writes to the store of `builds` */
export function builderContract(name: string, make: (builds: Builds) => Builder): void {
  describe(`${name} as a builder`, () => {
    let builds: Builds;
    let builder: Builder;

    beforeEach(async () => {
      builds = await Builds.make();
      builder = make(builds);
    });
    afterEach(async () => {
      await builds.end();
    });

    const tree = (version = '1'): BuildRequest => {
      return { method: 'tree', component: 'sample', tree: { ...samplePackage(), version } };
    };

    async function build(request: BuildRequest, signal?: AbortSignal): Promise<BuildRecord> {
      const prepared = await prepareBuild(request, builds.context({ builder }));
      const record = await builder.build(prepared, { phase: silentPhase, signal });
      assert.equal(record.inputs, prepared.inputs);
      await assertWhole(builds, record);
      return record;
    }

    it('says what it builds for as dpkg names it', async () => {
      assert.match(await builder.architecture(), /^[a-z0-9-]+$/);
    });

    it('writes a tree as a package, the same bytes each time', async () => {
      const record = await build(tree());
      assert.deepEqual(
        record.packages.map(({ package: of, version, architecture }) => [of, version, architecture]),
        [['sample-tree', '1', 'all']],
      );
      assert.deepEqual(record.sources, []);
      assert.deepEqual(await build(tree()), record);
    });

    it('builds side by side', async () => {
      const records = await Promise.all(['1', '2', '3'].map((version) => build(tree(version))));
      assert.deepEqual(
        records.map(({ packages }) => packages[0]!.version),
        ['1', '2', '3'],
      );
    });

    it('fails where the store lacks what the tree is made from', async () => {
      const request = { method: 'tree' as const, component: 'sample', tree: samplePackage() };
      const content = { sha256: sha256Of('never put') };
      request.tree.entries.push({ kind: 'file', path: '/usr/share/sample/b', mode: 0o644, content });
      await assert.rejects(build(request), { code: 'STORE_MISSING' });
    });

    it('makes nothing once it was interrupted', async () => {
      await assert.rejects(build(tree(), AbortSignal.abort()), { code: 'INTERRUPTED' });
    });
  });

  describe(`${name} as a builder of Debian's packages`, function () {
    this.timeout(600_000);
    let builds: Builds;

    before(async function () {
      builds = await Builds.forSuite(this);
    });
    after(async () => {
      await builds?.end();
    });

    it('builds a source package, keeps its source, and leaves the log where it was asked to', async () => {
      const builder = make(builds);
      const prepared = await prepareBuild(await builds.request(), builds.context({ builder }));
      const record = await builder.build(prepared, { phase: silentPhase });
      assert.equal(record.inputs, prepared.inputs);
      assert.deepEqual(
        record.packages.map(({ package: of, version }) => [of, version]),
        [['sample', '1:1.0-1+lockstep1']],
      );
      assert.deepEqual(
        record.sources.map(({ package: of }) => of),
        ['sample'],
      );
      await assertWhole(builds, record);
      assert.match(await readFile(builds.log, 'utf8'), /sample/);
    });
  });
}

/** That the store has every file of a record, with its bytes. */
async function assertWhole({ store }: Builds, { packages, sources }: BuildRecord): Promise<void> {
  for (const { sha256, size, name } of [
    ...packages.map(({ file }) => file),
    ...sources.flatMap(({ files }) => files),
  ]) {
    assert.equal(await store.size(sha256), size, name);
    assert.ok(await store.holds(sha256), name);
  }
}
