import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { outdatedResult, type OutdatedResult } from '../../../src/workflows/release/release-results.js';
import { loadWorkspace } from '../../../src/profile/load.js';
import type { Snapshot, SnapshotComponent } from '../../../src/snapshot/manifest.js';
import type { Context } from '../../../src/workflows/workspace/context.js';
import { outdated, type OutdatedRequest } from '../../../src/workflows/release/outdated.js';
import { GitRepository } from '../../fixtures/git-repository.js';
import { FileServer } from '../../fixtures/mirror-server.js';
import { SnapshotWorkspace, treeComponent } from '../../fixtures/snapshots.js';

describe('lockstep outdated', function () {
  this.timeout(60_000);
  let server: FileServer;
  let workspace: SnapshotWorkspace;
  let repository: GitRepository;
  let context: Context;

  beforeEach(async () => {
    server = await FileServer.start();
    workspace = await SnapshotWorkspace.make();
    repository = new GitRepository(join(workspace.root, '../repository'));
    for (const version of ['1.0.0', '1.1.0', '2.0.0']) {
      repository.commit({ 'version.txt': version });
      repository.git('tag', version);
    }
    server.files.set(
      '/lib/',
      Buffer.from('<a href="lib-3.1.tar.gz">3.1</a> <a href="lib-3.0.tar.gz">3.0</a>'),
    );
    await profile('set', repository.path);
    context = {
      ...workspace.context,
      workspace: await loadWorkspace(workspace.root),
      env: { LOCKSTEP_MIRROR: server.origin, LOCKSTEP_SECURITY_MIRROR: server.origin },
    };
  });
  afterEach(async () => {
    await server.stop();
    await workspace.remove();
  });

  async function profile(name: string, url: string): Promise<void> {
    await writeFile(
      join(workspace.root, `profiles/${name}.yaml`),
      `format: 1
description: a set
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64] }
components:
  wiki:
    source: { kind: git, url: '${url}', version: ^1 }
    build: { method: debian }
    packages: [wiki]
  parser:
    source: { kind: within, component: wiki, path: lib/parser }
    build: { method: tree, template: parser }
  lib:
    source: { kind: tarball, url: '${server.origin}/lib/lib-{version}.tar.gz', version: latest, listing: '${server.origin}/lib/', signature: '${server.origin}/lib/lib-{version}.tar.gz.asc', signedBy: keys/lib.asc }
    build: { method: tree, template: lib }
metapackage: { name: set-full, lead: wiki, templates: [set-full] }
`,
    );
  }

  /** The component as a snapshot has it, at a tag. */
  function pinned(version: string): SnapshotComponent {
    return {
      pin: {
        kind: 'git',
        component: 'wiki',
        upstreamVersion: version,
        date: 1_700_000_000,
        provenance: [],
        url: repository.path,
        ref: `refs/tags/${version}`,
        commit: repository.git('rev-parse', `${version}^{commit}`),
        submodules: [],
        signedBy: null,
        archive: { name: 'wiki.tar', size: 1, sha256: 'a'.repeat(64) },
      },
      build: { inputs: 'b'.repeat(64), method: 'debian' },
    };
  }

  function cut(version: string): Promise<Snapshot> {
    return workspace.cut({
      packages: [{ package: 'wiki', version }],
      components: { wiki: pinned(version), parser: treeComponent('parser', 'wiki', '0.5') },
    });
  }

  async function look(request: Partial<OutdatedRequest> = {}): Promise<OutdatedResult> {
    const report = await outdated(context, { profile: 'set', suite: undefined, ...request });
    assert.deepEqual(outdatedResult.parse(report), report);
    return report;
  }

  const rows = (report: OutdatedResult): unknown[][] =>
    report.profiles[0]!.components.map((one) => [
      one.component,
      one.current,
      one.newestInRange,
      one.newest,
      one.standing,
    ]);

  it('compares the last snapshot with tags and listings, and fetches none of them', async () => {
    await cut('1.0.0');
    const report = await look();
    assert.deepEqual(rows(report), [
      ['lib', null, '3.1', '3.1', 'new'],
      ['parser', '0.5', null, null, 'current'],
      ['wiki', '1.0.0', '1.1.0', '2.0.0', 'behind'],
    ]);
    assert.notEqual(report.profiles[0]!.snapshot, null);
    assert.deepEqual(server.asked(), ['/lib/']);
    const kept = await readdir(join(workspace.cache, 'store'), { recursive: true }).catch(() => []);
    assert.ok(!kept.some((name) => name.includes('lib')));
  });

  it('says so when there is nothing newer, and when there is no snapshot', async () => {
    assert.equal((await look()).profiles[0]!.snapshot, null);
    await cut('1.1.0');
    assert.deepEqual(rows(await look())[2], ['wiki', '1.1.0', '1.1.0', '2.0.0', 'current']);
  });

  it('compares with what a suite points at', async () => {
    await workspace.move('set-stable', await cut('1.0.0'));
    await cut('1.1.0');
    const report = await look({ profile: undefined, suite: 'set-stable' });
    assert.deepEqual(rows(report)[2], ['wiki', '1.0.0', '1.1.0', '2.0.0', 'behind']);
    assert.equal(report.profiles[0]!.suite, 'set-stable');
  });

  it('leaves out what each site has to fill in, where it was not asked for by name', async () => {
    await profile('other', 'https://git.example.org/wiki.git');
    const report = await look({ profile: undefined });
    assert.deepEqual(
      report.profiles.map((one) => one.profile),
      ['set'],
    );
    assert.match(report.notes[0] ?? '', /^The profile other is left out/);
    await assert.rejects(look({ profile: 'other' }), { code: 'PROFILE_PLACEHOLDER' });
  });

  it('refuses a suite of another profile, and names that are not known', async () => {
    const [suite] = Object.keys(context.workspace.suites);
    await assert.rejects(look({ profile: 'other', suite: suite! }), { code: 'USAGE' });
    await assert.rejects(look({ profile: 'sett' }), { code: 'PROFILE_UNKNOWN' });
    await assert.rejects(look({ profile: undefined, suite: 'nowhere' }), { code: 'SUITE_UNKNOWN' });
  });
});
