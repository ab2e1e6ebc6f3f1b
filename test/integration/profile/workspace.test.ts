import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { LockstepError } from '../../../src/errors.js';
import { check } from '../../../src/workflows/release/check.js';
import { applyInit, planInit, readBeginnings } from '../../../src/profile/init.js';
import { loadWorkspace } from '../../../src/profile/load.js';
import { checkWorkspace, Profiles } from '../../../src/profile/profiles.js';

const project = resolve(import.meta.dirname, '../../..');

async function fails(work: Promise<unknown> | (() => unknown)): Promise<LockstepError> {
  const error = await (typeof work === 'function' ? (async () => work())() : work).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof LockstepError, String(error));
  return error;
}

describe('a workspace on disk', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lockstep-profile-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const make = async (): Promise<void> =>
    applyInit(dir, planInit({ name: 'farm' }, await readBeginnings(project)));

  it("reads this repository's own workspace and its profiles", async () => {
    const { workspace, profiles, errors } = await checkWorkspace(project);
    assert.deepEqual(errors, []);
    assert.deepEqual(workspace?.profileNames, [
      'mediawiki-1.39',
      'mediawiki-1.43',
      'mediawiki-extensions',
      'mediawiki-wmf',
    ]);
    const more = ['parserfunctions', 'wikieditor', 'cite', 'templatestyles', 'maps', 'cologneblue'];
    assert.deepEqual(
      profiles.map((profile) => [profile.base.codename, Object.keys(profile.components)]),
      [
        ['bookworm', ['mediawiki', 'parsoid', 'varnish', 'memcached']],
        ['trixie', ['mediawiki', 'parsoid', 'varnish', 'memcached']],
        ['trixie', ['mediawiki', 'parsoid', ...more, 'varnish', 'memcached']],
        ['trixie', ['mediawiki', 'parsoid', 'varnish', 'memcached']],
      ],
    );
  });

  it('is made by init, and is good', async () => {
    await make();
    const workspace = await loadWorkspace(dir);
    assert.equal(workspace.archive.name, 'farm');
    // Those whose addresses are to be filled in have no suites yet
    assert.deepEqual(
      [...new Set(Object.values(workspace.suites).map(({ profile }) => profile))],
      ['mediawiki-1.39', 'mediawiki-1.43'],
    );
    assert.equal((await Profiles.read(workspace.root)).withComponents('mediawiki-1.39').base.release, '12');
    assert.equal(
      await readFile(join(dir, 'profiles/mediawiki-1.39.yaml'), 'utf8'),
      await readFile(join(project, 'profiles/mediawiki-1.39.yaml'), 'utf8'),
    );
  });

  it('of the web stack or without an example is good too, and speaks of no MediaWiki', async () => {
    const begun = [
      { starter: 'web-stack', profiles: ['web-stack'], suites: ['web-stack-unstable', 'web-stack-stable'] },
      { starter: null, profiles: [], suites: [] },
    ] as const;
    for (const { starter, profiles, suites } of begun) {
      const folder = join(dir, starter ?? 'empty');
      const plan = planInit({ name: 'farm' }, await readBeginnings(project, starter));
      await applyInit(folder, plan);
      const { result, errors } = await check(folder, undefined, new Date('2026-11-30T00:00:00Z'));
      assert.deepEqual(errors, []);
      assert.deepEqual(result.profiles, profiles);
      assert.deepEqual(Object.keys((await loadWorkspace(folder)).suites), suites);
      for (const { path, content } of plan.filter((file) => !file.path.startsWith('schemas/')))
        assert.doesNotMatch(Buffer.from(content).toString(), /wiki/i, path);
      assert.ok(plan.some(({ path }) => path === 'templates/archive-keyring/package.yaml'));
    }
  });

  it('is never overwritten, and nothing is half-written', async () => {
    await make();
    const again = await fails(make());
    assert.equal(again.code, 'WORKSPACE_EXISTS');
    assert.match(again.message, /is already a Lockstep workspace/);
    const other = join(dir, 'other');
    await mkdir(join(other, 'profiles'), { recursive: true });
    await writeFile(join(other, 'profiles/mediawiki-1.39.yaml'), 'mine');
    const blocked = await fails(applyInit(other, planInit({ name: 'farm' }, await readBeginnings(project))));
    assert.deepEqual(
      blocked.where.map((place) => place.file),
      ['profiles/mediawiki-1.39.yaml'],
    );
    await assert.rejects(stat(join(other, '.gitignore')), { code: 'ENOENT' });
  });

  it('keeps the mode of programs that it begins with', async () => {
    const home = join(dir, 'home');
    await mkdir(join(home, 'templates/x'), { recursive: true });
    await writeFile(join(home, 'templates/x/run'), '#!/bin/sh\n');
    await chmod(join(home, 'templates/x/run'), 0o755);
    const files = await readBeginnings(home);
    assert.deepEqual(
      files.map((file) => [file.path, file.mode]),
      [['templates/x/run', 0o755]],
    );
  });

  it('is missing where there is no lockstep.yaml', async () => {
    const error = await fails(loadWorkspace(dir));
    assert.equal(error.code, 'WORKSPACE_MISSING');
    assert.match(error.hint ?? '', /lockstep init/);
    const looked = error.where.map(({ file }) => file);
    assert.equal(looked[0], join(dir, 'lockstep.yaml'));
    assert.equal(looked[1], join(dirname(dir), 'lockstep.yaml'));
    assert.equal(looked.at(-1), '/lockstep.yaml');
  });

  it('is found from each of its folders, and the nearest one counts', async () => {
    await make();
    const inner = join(dir, 'snapshots/deep/down');
    await mkdir(inner, { recursive: true });
    assert.equal((await loadWorkspace(inner)).root, dir);
    const checked = await checkWorkspace(inner);
    assert.equal(checked.root, dir);
    assert.ok(checked.profiles.length > 0);
    await writeFile(join(dir, 'snapshots/lockstep.yaml'), 'format: 3\n');
    assert.equal((await checkWorkspace(inner)).root, join(dir, 'snapshots'));
  });

  it('is not the one around a folder that is not there', async () => {
    await make();
    const error = await fails(loadWorkspace(join(dir, 'profils')));
    assert.equal(error.code, 'WORKSPACE_MISSING');
    assert.match(error.message, /The folder .*profils does not exist/);
  });

  it('names the nearest profile, and takes no path for a name', async () => {
    await make();
    const read = await Profiles.read(dir);
    const error = await fails(() => read.withComponents('mediawiki-1.93'));
    assert.equal(error.code, 'PROFILE_UNKNOWN');
    assert.match(error.message, /did you mean "mediawiki-1\.(39|43)"\?/);
    for (const name of ['../lockstep', '/etc/passwd', '', '.', 'a/b', 'a\0b']) {
      assert.equal((await fails(() => read.withComponents(name))).code, 'PROFILE_UNKNOWN');
    }
  });

  it('tells the faults of every file', async () => {
    await make();
    await writeFile(join(dir, 'lockstep.yaml'), 'format: 3\n');
    await writeFile(join(dir, 'profiles/mediawiki-1.43.yaml'), Buffer.from([0x61, 0xff]));
    const { workspace, profiles, errors } = await checkWorkspace(dir);
    assert.equal(workspace, undefined);
    assert.deepEqual(
      profiles.map((profile) => profile.name),
      ['mediawiki-1.39', 'mediawiki-extensions', 'mediawiki-wmf'],
    );
    assert.deepEqual(
      errors.map((error) => [error.code, error.exit, error.where[0]?.file]),
      [
        ['WORKSPACE_INVALID', 3, 'lockstep.yaml'],
        ['PROFILE_INVALID', 3, 'profiles/mediawiki-1.43.yaml'],
      ],
    );
    assert.equal(errors[1]?.where[0]?.message, 'is not UTF-8 text');
    assert.equal((await fails(loadWorkspace(dir))).where.length, 4);
  });

  it('tells profiles with components and those of imported packages apart', async () => {
    await make();
    await writeFile(
      join(dir, 'profiles/tools.yaml'),
      'format: 1\nkind: imported\ndescription: Tools\nbase: { distribution: debian, release: "12", codename: bookworm, architectures: [amd64] }\n',
    );
    const { profiles, imported, errors } = await checkWorkspace(dir);
    assert.deepEqual(errors, []);
    assert.deepEqual(
      imported.map(({ name }) => name),
      ['tools'],
    );
    assert.equal(
      profiles.some(({ name }) => name === 'tools'),
      false,
    );
    const read = await Profiles.read(dir);
    assert.equal(read.imported('tools').base.release, '12');
    for (const wrong of [() => read.withComponents('tools'), () => read.imported('mediawiki-1.39')]) {
      const { code, where } = await fails(wrong);
      assert.equal(code, 'USAGE');
      assert.match(where[0]!.file!, /^profiles\//);
      assert.ok(where[0]!.line! > 1);
    }
  });
});
