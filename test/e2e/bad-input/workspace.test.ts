import assert from 'node:assert/strict';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkResult } from '../../../src/workflows/release/release-results.js';
import { exitStatus } from '../../../src/errors.js';
import { lockstep, scratch } from '../../fixtures/lockstep.js';
import { wikiMirror, wikiSource, wikiTree } from '../../fixtures/wiki-mirror.js';
import { Bench, failedWith, keepsTo, profile, suite } from '../../fixtures/bad-input-bench.js';

const profileFile = `profiles/${profile}.yaml`;

describe('what a person wrote wrong', function () {
  this.timeout(60_000);
  let bench: Bench;

  before(async () => {
    bench = await Bench.make();
  });
  after(async () => bench?.end());

  /** Runs with a file changed, and puts it back. */
  async function withEdit(
    file: string,
    change: (text: string) => string,
    work: () => Promise<void>,
  ): Promise<void> {
    let before = '';
    await bench.edit(file, (text) => {
      before = text;
      return change(text);
    });
    try {
      await work();
    } finally {
      await bench.write(file, before);
    }
  }

  describe('a profile with three faults', () => {
    const faulty = (text: string): string =>
      text
        .replace('metapackage:', 'metapackage:\n  setings: {}')
        .replace('codename: bookworm', 'codename: trixie')
        .replace("version: '>=1.6 <2'", "version: 'one point six'");
    const expected = [
      [3, 56, 'base.codename', /the codename of Debian 12 is bookworm, not trixie/],
      [6, 65, 'components.memcached.source.version', /must be a range of upstream versions/],
      [
        9,
        3,
        'metapackage.setings',
        /unknown key "setings"; did you mean "settings"\? Allowed here: name, lead/,
      ],
    ] as const;

    it('is told of all of them by every command, each with its place', async () => {
      await withEdit(profileFile, faulty, async () => {
        for (const command of ['resolve', 'release']) {
          const { where, stderr } = await bench.fails([command, profile], {
            code: 'PROFILE_INVALID',
            says: [/profiles\/cache\.yaml has 3 faults/],
          });
          assert.equal(where!.length, 3, stderr);
          for (const [index, [line, column, path, message]] of expected.entries()) {
            const place = where![index]!;
            assert.deepEqual(
              [place.file, place.line, place.column, place.path],
              [profileFile, line, column, path],
            );
            assert.match(place.message!, message);
            assert.ok(stderr.includes(`${profileFile}:${line}:${column}: ${path}: ${place.message}`), stderr);
          }
        }
      });
    });

    it('is told of all of them by check, which prints them as data', async () => {
      await withEdit(profileFile, faulty, async () => {
        const { status, stdout, stderr } = await bench.run(['check', '--json']);
        assert.equal(status, exitStatus.input);
        const result = keepsTo(checkResult, stdout);
        assert.equal(result.ok, false);
        assert.deepEqual(
          result.faults.map(({ code, file, line, column, path }) => [code, file, line, column, path]),
          expected.map(([line, column, path]) => ['PROFILE_INVALID', profileFile, line, column, path]),
        );
        assert.deepEqual(result.profiles, [
          'mediawiki-1.39',
          'mediawiki-1.43',
          'mediawiki-extensions',
          'mediawiki-wmf',
        ]);
        assert.match(stderr, /^Error PROFILE_INVALID: profiles\/cache\.yaml has 3 faults$/m);
      });
    });

    it('says the same without --json, and nothing on stdout', async () => {
      await withEdit(profileFile, faulty, async () => {
        const { status, stdout, stderr } = await bench.run(['release', profile]);
        assert.equal(status, exitStatus.input);
        assert.equal(stdout, '');
        assert.match(stderr, /^Error PROFILE_INVALID: [^]*setings[^]*To do: /);
      });
    });
  });

  it('is lockstep.yaml', async () => {
    const faulty = (text: string): string =>
      text.replace('versionSuffix:', 'versionSufix:').replace(`{ profile: ${profile},`, '{ profile: cahce,');
    await withEdit('lockstep.yaml', faulty, async () => {
      await bench.fails(['release', profile], {
        code: 'WORKSPACE_INVALID',
        says: [
          /lockstep\.yaml:\d+:1: versionSufix: unknown key "versionSufix"; did you mean "versionSuffix"\?/,
          /lockstep\.yaml:\d+:\d+: suites\.cache-unstable\.profile: no profile "cahce" .*did you mean "cache"\?/,
        ],
      });
    });
  });

  it('is not a workspace', async () => {
    const folder = await scratch('empty');
    for (const args of [['check'], ['key', 'generate', '--no-passphrase'], ['resolve', profile], ['serve']]) {
      const outcome = await lockstep([...args, '--json'], { cwd: folder, env: bench.env });
      failedWith(outcome, {
        code: 'WORKSPACE_MISSING',
        says: [
          new RegExp(`${folder} is not in a Lockstep workspace: neither it nor a folder above it has`),
          /^ {2}\/lockstep\.yaml: does not exist$/m,
          /lockstep init/,
        ],
      });
    }
    assert.deepEqual(await readdir(folder), []);
  });

  it('is a folder where a workspace is', async () => {
    await bench.fails(['init', bench.workspace], {
      code: 'WORKSPACE_EXISTS',
      says: [/is already a Lockstep workspace/],
    });
    const folder = await scratch('taken');
    await mkdir(join(folder, 'templates'));
    await writeFile(join(folder, 'templates/README.md'), 'mine');
    const outcome = await lockstep(['init', folder, '--json']);
    failedWith(outcome, { code: 'WORKSPACE_EXISTS', says: [/templates\/README\.md/] });
    assert.deepEqual(await readdir(folder), ['templates']);
  });

  it('names what there is not, and hears what there is', async () => {
    for (const command of ['check', 'resolve', 'release']) {
      await bench.fails([command, 'cahce'], {
        code: 'PROFILE_UNKNOWN',
        says: [/no profile "cahce"; did you mean "cache"\?/, /cache, mediawiki-1\.39, mediawiki-1\.43/],
      });
    }
    await bench.fails(['release', profile, '--suite', 'cache-stabel'], {
      code: 'SUITE_UNKNOWN',
      says: [/did you mean "cache-stable"\?/],
    });
    await bench.fails(['release', profile, '--suite', 'mediawiki-1.39-stable'], {
      code: 'SUITE_UNKNOWN',
      says: [/takes the profile mediawiki-1\.39, not cache/, /cache-unstable, cache-stable/],
    });
    await bench.fails(['publish', '20260101T000000Z', suite], {
      code: 'SNAPSHOT_UNKNOWN',
      says: [/20260101T000000Z/],
    });
  });

  it('is a flag, an argument or a setting of the environment', async () => {
    await bench.fails(['resolv', profile], {
      code: 'USAGE',
      says: [/no command "resolv"; did you mean "resolve"\?/],
    });
    await bench.fails(['key', 'generat'], {
      code: 'USAGE',
      says: [/"key generat"; did you mean "key generate"\?/],
    });
    await bench.fails(['resolve'], { code: 'USAGE', says: [/profile/] });
    await bench.fails(['resolve', profile, '--jsno'], { code: 'USAGE', says: [/--jsno/] });
    await bench.fails(['resolve', profile], {
      code: 'USAGE',
      env: { LOCKSTEP_TRIES: 'many' },
      says: [/LOCKSTEP_TRIES must be a whole number from 1 to 100/, /found many/],
    });
    await bench.fails(['resolve', profile], {
      code: 'USAGE',
      env: { LOCKSTEP_STALL_SECONDS: '-1' },
      says: [/LOCKSTEP_STALL_SECONDS must be a number of seconds/],
    });
    await bench.fails(['resolve', profile], {
      code: 'MIRROR_UNKNOWN',
      env: { LOCKSTEP_MIRROR: 'somewhere' },
      says: [/LOCKSTEP_MIRROR is not a mirror address: "somewhere"/],
    });
    await bench.fails(['resolve', profile], {
      code: 'KEYRING_MISSING',
      env: { LOCKSTEP_KEYRING: join(bench.cache, 'no-keyring.gpg') },
      says: [/no-keyring\.gpg/],
    });
  });

  it('is a range that nothing satisfies: told what there is', async () => {
    await withEdit(
      profileFile,
      (text) => text.replace('>=1.6 <2', '>=2 <3'),
      async () => {
        const { where } = await bench.fails(['release', profile], {
          code: 'RESOLVE_UNSATISFIABLE',
          says: [/memcached/, />=2 <3/, /1\.6\.18-1/, /bookworm-security/],
        });
        assert.equal(where?.[0]?.path, 'components.memcached.source.version');
      },
    );
  });

  describe('a template', () => {
    const file = 'templates/cache-full/package.yaml';

    it('names a variable that there is not: found before anything is built', async () => {
      await withEdit(
        file,
        (text) => text.replace('components.memcached.upstreamVersion', 'components.memcachd.upstreamVersion'),
        async () => {
          for (const command of ['build', 'release']) {
            const { where } = await bench.fails([command, profile], {
              code: 'TEMPLATE_UNKNOWN_VARIABLE',
              says: [/unknown variable "components\.memcachd"; did you mean "components\.memcached"\?/],
            });
            assert.deepEqual([where?.[0]?.file, where?.[0]?.line, where?.[0]?.column], [file, 10, 37]);
          }
        },
      );
    });

    it('has an unknown field', async () => {
      await withEdit(
        file,
        (text) => text.replace('depends:', 'depend:'),
        async () => {
          await bench.fails(['release', profile], {
            code: 'TEMPLATE_INVALID',
            says: [
              /templates\/cache-full\/package\.yaml:4:1: depend: unknown key "depend"; did you mean "depends"\?/,
            ],
          });
        },
      );
    });

    it('is not there', async () => {
      await withEdit(
        profileFile,
        (text) => text.replace('templates: [cache-full]', 'templates: [cache-full, cache-ful]'),
        async () => {
          await bench.fails(['release', profile], {
            code: 'TEMPLATE_MISSING',
            says: [/templates\/cache-ful; did you mean "cache-full"\?/],
          });
        },
      );
    });
  });
});

describe('a Parsoid that does not fit', function () {
  this.timeout(60_000);
  let bench: Bench;

  before(async () => {
    bench = await Bench.make({ mirror: wikiMirror() });
  });
  after(async () => bench?.end());

  async function onlyTheNewest(): Promise<void> {
    await bench.edit('profiles/mediawiki-1.39.yaml', (text) => text.replace("'~1.39.0'", "'1.39.18'"));
  }

  it('is refused where MediaWiki demands another one', async () => {
    const upstream = wikiTree({ demands: '0.16.7', installed: 'v0.16.6' });
    await bench.mirror.publish({
      ...wikiMirror(),
      security: { sources: [wikiSource('1:1.39.18-1', { upstream })] },
    });
    // An older one fits, and it is said why the newest was not taken
    const fallback = await bench.run(['resolve', 'mediawiki-1.39']);
    assert.equal(fallback.status, 0, fallback.stderr);
    assert.match(fallback.stdout, /mediawiki +1:1\.39\.8-1~deb12u1/);
    assert.match(fallback.stderr, /Not chosen: mediawiki 1\.39\.18.*wikimedia\/parsoid 0\.16\.7/s);
    await onlyTheNewest();
    for (const command of ['resolve', 'release']) {
      await bench.fails([command, 'mediawiki-1.39'], {
        code: 'RESOLVE_DEMAND',
        says: [/wikimedia\/parsoid/, /0\.16\.7/, /0\.16\.6/, /composer\.json/],
      });
    }
  });

  it('is missed where MediaWiki does not have it', async () => {
    const { ...upstream } = wikiTree() as Record<string, string>;
    for (const path of Object.keys(upstream)) if (path.includes('/parsoid/')) delete upstream[path];
    await bench.mirror.publish({
      ...wikiMirror(),
      security: { sources: [wikiSource('1:1.39.18-1', { upstream })] },
    });
    await bench.freshCache();
    await bench.fails(['resolve', 'mediawiki-1.39'], {
      code: 'SOURCE_PATH_MISSING',
      says: [/vendor\/wikimedia\/parsoid/],
    });
    await rm(bench.cache, { recursive: true });
  });
});
