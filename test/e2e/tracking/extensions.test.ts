import { evidenceBeside } from '../../fixtures/snapshots.js';
/**
 * Every extension that comes with MediaWiki, as a component with a repository
 * of its own and no packaging: added by command, resolved, built, cut and
 * published by the built command, judged by lintian and apt.
 */
import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReleaseResult, ResolveResult } from '../../../src/workflows/release/release-results.js';
import type { AddExtensionResult } from '../../../src/workflows/workspace/workspace-results.js';
import { exitStatus } from '../../../src/errors.js';
import { cacheFolder } from '../../../src/cli/environment.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { run } from '../../../src/io/process.js';
import type { SnapshotManifest } from '../../../src/snapshot/manifest.js';
import { GitServer } from '../../fixtures/git-server.js';
import { lockstep, lockstepJson, newWorkspace, scratch } from '../../fixtures/lockstep.js';
import { needs } from '../../fixtures/machine.js';
import { released } from '../../fixtures/releases.js';
import { useWholeVersions } from '../../fixtures/whole-versions.js';
import { commit, wikiRepositories, type WikiRepositories } from '../../fixtures/wiki-repositories.js';

const profile = 'mediawiki-1.39';

describe('a profile with all the extensions of MediaWiki in repositories of their own', () => {
  let workspace: string;
  let made: WikiRepositories;
  let server: GitServer;
  let manifest: SnapshotManifest;

  before(async function () {
    this.timeout(2_400_000);
    await needs(this, { tools: ['lintian', 'apt-get'] });
    // MediaWiki itself is the one of the release, built once
    await released(profile);
    workspace = await newWorkspace();
    await useWholeVersions(workspace, profile);
    const { components } = await lockstepJson<ResolveResult>(['resolve', profile], { cwd: workspace });
    const mediawiki = components['mediawiki'];
    assert.ok(mediawiki?.kind === 'apt-source');
    const orig = mediawiki.files.find(({ name }) => /\.orig\.tar\./.test(name))!;
    const cache = cacheFolder(process.env);
    const tarball = new ContentStore(join(cache, 'store')).path(orig.sha256);
    made = await wikiRepositories(tarball, await scratch('repositories'), mediawiki.upstreamVersion, {
      history: false,
    });
    server = await GitServer.start(made.folder);
  });
  after(() => server?.stop());

  it('is written by one command for each, and is good', async function () {
    this.timeout(300_000);
    await commit(join(made.folder, 'extensions/Nuke.git'), {
      files: { NEWS: '1' },
      message: '1',
      tag: 'v1.0.0',
    });
    await lockstepJson<AddExtensionResult>(
      [
        'add',
        'extension',
        'Nuke',
        '--git',
        server.url('extensions/Nuke.git'),
        '--version',
        '^1',
        '--profile',
        profile,
      ],
      { cwd: workspace },
    );
    for (const name of made.extensions.filter((one) => one !== 'Nuke')) {
      const added = await lockstepJson<AddExtensionResult>(
        [
          'add',
          'extension',
          name,
          '--git',
          server.url(`extensions/${name}.git`),
          '--branch',
          'master',
          '--profile',
          profile,
        ],
        { cwd: workspace },
      );
      assert.ok(added);
    }
    const checked = await lockstep(['check', profile], { cwd: workspace });
    assert.equal(checked.status, 0, checked.stderr);
    assert.ok(made.extensions.length >= 29, `${made.extensions.length} extensions`);
  });

  it('resolves, builds and is published, with no packaging of anybody', async function () {
    this.timeout(900_000);
    const report = await lockstepJson<ReleaseResult>(['release', profile], { cwd: workspace });
    manifest = JSON.parse(
      await readFile(join(workspace, 'snapshots', profile, `${report.snapshot}.json`), 'utf8'),
    ) as SnapshotManifest;
    const packages = manifest.packages.filter(({ package: name }) => /^mediawiki-extension-/.test(name));
    assert.equal(packages.length, made.extensions.length);
    for (const { package: name, version } of packages) {
      if (name === 'mediawiki-extension-nuke') assert.equal(version, '1.0.0+lockstep1');
      else assert.match(version, /\+git\d{8}\.\d{6}\.[0-9a-f]{8}\+lockstep1$/);
    }
  });

  it('was proven to install, by apt itself', async () => {
    const evidence = await evidenceBeside(join(workspace, 'snapshots'), manifest);
    const proof = evidence.find(({ gate }) => gate === 'installability');
    assert.equal(proof?.state, 'passed');
    assert.equal(proof.parameters['metapackage'], 'mediawiki-full');
    const passed = proof.tests?.passed ?? [];
    for (const test of ['fresh install', 'fresh install without Recommends'])
      assert.ok(passed.includes(test));
    assert.ok(passed.includes("upgrade from the distribution's mediawiki"));
  });

  it('has packages that lintian has no error for', async function () {
    this.timeout(300_000);
    const pool = join(workspace, 'public/debian');
    // Of each sort one: with tables, with programs, with several licences, with modules
    const sorts = [
      'cite',
      'codeeditor',
      'oathauth',
      'scribunto',
      'syntaxhighlight-geshi',
      'visualeditor',
      'wikieditor',
    ];
    const files = manifest.packages
      .filter(({ package: name }) => sorts.some((sort) => name === `mediawiki-extension-${sort}`))
      .map(({ path }) => join(pool, path));
    assert.equal(files.length, sorts.length);
    const { stdout } = await run('lintian', ['--fail-on', 'none', '--allow-root', ...files], {
      allowFailure: true,
    });
    // Of programs that an extension itself brings along (Scribunto's Lua, pygments) its authors decide
    const brought = [
      'arch-dependent-file-in-usr-share',
      'arch-independent-package-contains-binary-or-object',
      'missing-dependency-on-libc',
      'python3-script-but-no-python3-dep',
      'unstripped-binary-or-object',
    ];
    const errors = stdout.split('\n').filter((line) => line.startsWith('E:'));
    assert.deepEqual(
      errors.filter((line) => !brought.some((tag) => line.includes(`: ${tag} `))),
      [],
    );
  });

  it('needs no second build for a second run', async function () {
    this.timeout(300_000);
    const again = await lockstepJson<ReleaseResult>(['release', profile], { cwd: workspace });
    assert.equal(again.cut, false);
    assert.equal(again.snapshot, manifest.id);
  });

  it('refuses a tag that was moved since, and says from where to where', async function () {
    this.timeout(300_000);
    const repository = join(made.folder, 'extensions/Nuke.git');
    const { pin } = manifest.components['nuke']!;
    assert.ok(pin.kind === 'git');
    await run('git', ['-C', repository, 'tag', '-d', 'v1.0.0']);
    const moved = await commit(repository, { files: { NEWS: '2' }, message: '2', tag: 'v1.0.0' });
    const { status, stderr } = await lockstep(['release', profile], { cwd: workspace });
    assert.equal(status, exitStatus.untrusted, stderr);
    assert.match(stderr, /Error SOURCE_MOVED/);
    for (const commitId of [pin.commit, moved]) assert.ok(stderr.includes(commitId.slice(0, 12)), stderr);
    assert.doesNotMatch(stderr, /\n\s+at /);
    await run('git', ['-C', repository, 'tag', '-d', 'v1.0.0']);
    await run('git', ['-C', repository, 'tag', 'v1.0.0', pin.commit]);
  });

  it("takes a developer's own tree into the lowest suite and no other", async function () {
    this.timeout(600_000);
    const tree = join(await scratch('own'), 'Cite');
    await cp(join(made.folder, 'extensions/Cite.git'), tree, { recursive: true });
    await writeFile(join(tree, 'own.txt'), 'mine');
    const own = ['--with', `cite=${tree}`];
    const stable = `${profile}-stable`;
    const early = await lockstep(['release', profile, ...own, '--suite', stable], { cwd: workspace });
    assert.equal(early.status, exitStatus.input, early.stderr);
    assert.match(early.stderr, /Error MOVE_TRUST: .*cite was built from a local tree/);
    const report = await lockstepJson<ReleaseResult>(['release', profile, ...own], { cwd: workspace });
    assert.equal(report.cut, true);
    const late = await lockstep(['promote', `${profile}-unstable`, stable], { cwd: workspace });
    assert.match(late.stderr, /Error MOVE_TRUST: .*cite was built from a local tree, which is unverified/);
    const shown = await lockstep(['show', report.snapshot ?? ''], { cwd: workspace });
    assert.match(shown.stdout, /\+local\d{8}\.\d{6}\.[0-9a-f]{8}/);
    // Without it the set is the one from before, below what its machines have, and may go on
    const unseen = await lockstep(['release', profile], { cwd: workspace });
    assert.match(unseen.stderr, /Error MOVE_LOWER: .*mediawiki-extension-cite \S*\+local\S+ -> /);
    const back = await lockstepJson<ReleaseResult>(['release', profile, '--lower'], { cwd: workspace });
    // The run that was refused has cut it
    assert.equal(back.cut, false);
    const promoted = await lockstep(['promote', `${profile}-unstable`, stable], { cwd: workspace });
    assert.equal(promoted.status, 0, promoted.stderr);
  });
});
