import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  buildResult,
  checkResult,
  cutResult,
  releaseResult,
  resolveResult,
} from '../../../src/workflows/release/release-results.js';
import { initResult } from '../../../src/workflows/workspace/workspace-results.js';
import { keyResult } from '../../../src/workflows/keys/key-results.js';
import { publishResult } from '../../../src/workflows/move/move-results.js';
import { serveResult } from '../../../src/workflows/reading/reading-results.js';
import { lockstep, scratch } from '../../fixtures/lockstep.js';
import {
  Bench,
  cacheMirror,
  failedWith,
  keepsTo,
  profile,
  suite,
  until,
} from '../../fixtures/bad-input-bench.js';

describe('the JSON of commands that succeed', function () {
  this.timeout(60_000);
  let bench: Bench;

  before(async () => {
    bench = await Bench.make();
  });
  after(async () => bench?.end());

  it('of init', async () => {
    const workspace = join(await scratch('json'), 'wiki');
    const made = async (...args: string[]) => {
      const { status, stdout, stderr } = await lockstep(['init', workspace, '--json', ...args]);
      assert.equal(status, 0, stderr);
      return keepsTo(initResult, stdout);
    };
    const planned = await made('--dry-run');
    assert.ok(planned.files.includes('lockstep.yaml'));
    assert.deepEqual(await made(), planned);
    assert.equal(planned.workspace, workspace);
    assert.equal(planned.template, 'mediawiki');
    const small = join(await scratch('json'), 'small');
    for (const [flags, template] of [
      [['--template', 'web-stack'], 'web-stack'],
      [['--empty'], null],
    ] as const) {
      const { status, stdout } = await lockstep(['init', join(small, String(template)), '--json', ...flags]);
      assert.equal(status, 0);
      const made = keepsTo(initResult, stdout);
      assert.equal(made.template, template);
      // What is proposed next works where it needs no key
      assert.ok(made.next.includes('lockstep check'));
      assert.equal((await lockstep(['check'], { cwd: made.workspace })).status, 0);
      assert.equal(made.next.includes('lockstep release web-stack --dry-run'), template !== null);
    }
    const both = await lockstep(['init', small, '--empty', '--template', 'web-stack', '--json']);
    failedWith(both, { code: 'USAGE', says: [/--empty/] });
  });

  it('of check', async () => {
    const all = await bench.succeeds(checkResult, ['check']);
    assert.deepEqual(all, {
      ok: true,
      profiles: [profile, 'mediawiki-1.39', 'mediawiki-1.43', 'mediawiki-extensions', 'mediawiki-wmf'],
      faults: [],
      notes: [
        ...['mediawiki-extensions', 'mediawiki-wmf'].map(
          (name) =>
            `lockstep.yaml has no suite for the profile ${name}, so it cannot be published. Add one under "suites": ${name}-unstable: { profile: ${name}, trust: unstable }`,
        ),
        `snapshots.commit is true, but nothing is committed: ${bench.workspace} is not in a git repository. Create one with "git init", or set snapshots.commit to false`,
      ],
    });
    const one = await bench.succeeds(checkResult, ['check', profile]);
    assert.deepEqual(one.profiles, [profile]);
  });

  it('of key generate', async () => {
    await rm(bench.path('.lockstep/keys'), { recursive: true });
    const key = await bench.succeeds(keyResult, ['key', 'generate', '--no-passphrase']);
    assert.equal(key.protected, false);
    assert.match(await readFile(key.keyFile, 'utf8'), /PRIVATE KEY/);
  });

  it('of resolve', async () => {
    const { components } = await bench.succeeds(resolveResult, ['resolve', profile]);
    assert.equal(components['memcached']!.upstreamVersion, '1.6.18');
  });

  it('of build, cut and publish', async () => {
    const planned = await bench.succeeds(buildResult, ['build', profile, '--dry-run']);
    assert.deepEqual(planned.packages, []);
    assert.deepEqual(
      planned.builds.map(({ package: name, state }) => [name, state]),
      [
        ['cache-full', 'to build'],
        ['bench-archive-keyring', 'to build'],
        ['memcached', 'taken'],
      ],
    );
    const built = await bench.succeeds(buildResult, ['build', profile]);
    for (const { file } of built.packages) assert.match(await readFile(file, 'latin1'), /^!<arch>\n/);
    assert.deepEqual(built.packages.map(({ package: name }) => name).sort(), [
      'bench-archive-keyring',
      'cache-full',
    ]);
    const again = await bench.succeeds(buildResult, ['build', profile]);
    assert.deepEqual(again.packages, built.packages);
    assert.deepEqual(
      again.builds.map(({ state }) => state),
      ['cached', 'cached', 'taken'],
    );

    const before = await bench.state();
    const dry = await bench.succeeds(cutResult, ['cut', profile, '--dry-run']);
    assert.equal(dry.manifest, null);
    assert.deepEqual(await bench.state(), before);
    const cut = await bench.succeeds(cutResult, ['cut', profile]);
    assert.equal(cut.cut, true);
    assert.equal(cut.inputs, dry.inputs);
    const same = await bench.succeeds(cutResult, ['cut', profile]);
    assert.deepEqual([same.cut, same.id, same.manifest], [false, cut.id, null]);

    const unpublished = await bench.state();
    const plan = await bench.succeeds(publishResult, ['publish', cut.id, suite, '--dry-run']);
    assert.deepEqual(await bench.state(), unpublished);
    const published = await bench.succeeds(publishResult, ['publish', cut.id, suite]);
    assert.deepEqual([published.verdict, published.writes], ['publish', plan.writes]);
    const nothing = await bench.succeeds(publishResult, ['publish', cut.id, suite]);
    assert.deepEqual([nothing.verdict, nothing.writes], ['nothing', 0]);
  });

  it('of release', async () => {
    await bench.mirror.publish(cacheMirror('1.6.19-1'));
    const plan = await bench.succeeds(releaseResult, ['release', profile, '--dry-run']);
    assert.deepEqual([plan.snapshot, plan.cut, plan.publication], [null, false, null]);
    const made = await bench.succeeds(releaseResult, ['release', profile, '--reason', 'a test']);
    assert.deepEqual([made.cut, made.suite, made.metapackage], [true, suite, 'cache-full']);
    assert.equal(made.publication!.listed.length, 2);
    const again = await bench.succeeds(releaseResult, ['release', profile]);
    assert.deepEqual([again.cut, again.snapshot, again.publication!.writes], [false, made.snapshot, 0]);
  });

  it('of serve: one line when it listens, and no more until Ctrl-C', async () => {
    const server = bench.start(['serve', '--port', '0', '--json']);
    await until(() => server.stdout().endsWith('\n'));
    const { url, root } = keepsTo(serveResult, server.stdout());
    assert.equal(root, bench.path('public'));
    const answer = await fetch(`${url}/debian/dists/${suite}/InRelease`);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /^-----BEGIN PGP SIGNED MESSAGE-----\n/);
    const { port } = new URL(url);
    await bench.fails(['serve', '--port', port], {
      code: 'SERVE_ADDRESS',
      says: [new RegExp(`port ${port} `), /--port/],
    });
    server.kill('SIGINT');
    const { status, stdout, stderr } = await server.ended;
    assert.equal(status, 0, stderr);
    assert.equal(keepsTo(serveResult, stdout).url, url);
  });
});
