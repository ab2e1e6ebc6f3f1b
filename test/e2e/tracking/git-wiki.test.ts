/**
 * MediaWiki as its own people keep it: core, vendor, extensions and skins in
 * repositories of their own, made of Debian's real sources and served as git
 * over HTTP; followed by the built command.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ResolveResult } from '../../../src/workflows/release/release-results.js';
import { compareVersions, debianVersionOf } from '../../../src/deb/version.js';
import { cacheFolder } from '../../../src/cli/environment.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { readSourceTree } from '../../../src/source/source-tree.js';
import { GitServer } from '../../fixtures/git-server.js';
import {
  lockstep,
  lockstepJson,
  newWorkspace,
  scratch,
  type CommandOutcome,
} from '../../fixtures/lockstep.js';
import { useWholeVersions } from '../../fixtures/whole-versions.js';
import { commit, wikiRepositories, type WikiRepositories } from '../../fixtures/wiki-repositories.js';

type GitPin = Extract<ResolveResult['components'][string], { kind: 'git' }>;

/** Each question is asked of one of the two, for the time that it takes to fetch MediaWiki. */
for (const { profile, series, tags } of [
  { profile: 'mediawiki-1.39', series: '1.39', tags: true },
  { profile: 'mediawiki-1.43', series: '1.43', tags: false },
]) {
  describe(`MediaWiki ${series} in git`, () => {
    let workspace: string;
    let cache: string;
    let made: WikiRepositories;
    let server: GitServer;
    let original: string;
    /** Of Debian's MediaWiki: `1.39.17`. */
    let version: string;

    before(async function () {
      this.timeout(600_000);
      workspace = await newWorkspace();
      const file = join(workspace, `profiles/${profile}.yaml`);
      // Without the skip, which speaks of Debian's versions
      original = await readFile(file, 'utf8');
      await useWholeVersions(workspace, profile);
      const { components } = await lockstepJson<ResolveResult>(['resolve', profile], { cwd: workspace });
      const mediawiki = components['mediawiki'];
      assert.ok(mediawiki?.kind === 'apt-source');
      const orig = mediawiki.files.find(({ name }) => /\.orig\.tar\./.test(name))!;
      cache = cacheFolder(process.env);
      const tarball = new ContentStore(join(cache, 'store')).path(orig.sha256);
      made = await wikiRepositories(tarball, await scratch('repositories'), mediawiki.upstreamVersion);
      ({ version } = made);
      server = await GitServer.start(made.folder);
    });
    after(() => server?.stop());

    /** The shipped profile, MediaWiki and Parsoid out of git. */
    async function write(
      name: string,
      { core, parsoid = "version: '*'", more = '' }: { core: string; parsoid?: string; more?: string },
    ): Promise<void> {
      const text = original
        .replace(
          /source: \{ kind: apt-source, package: mediawiki, .*\}/,
          `source: { kind: git, url: "${server.url('core.git')}", ${core} }`,
        )
        .replace(
          /source:\n\s+kind: within\n(?:\s+(?:component|path|library): .*\n)+/,
          `source: { kind: git, url: "${server.url('parsoid.git')}", ${parsoid} }\n`,
        )
        .replace(/\nmetapackage:/, `${more}\nmetapackage:`);
      await writeFile(join(workspace, `profiles/${name}.yaml`), text);
    }

    async function pinsOf(name: string): Promise<Record<string, GitPin>> {
      const { components } = await lockstepJson<ResolveResult>(['resolve', name], { cwd: workspace });
      return components as Record<string, GitPin>;
    }

    const refused = async (name: string, code: string, ...says: RegExp[]): Promise<CommandOutcome> => {
      const outcome = await lockstep(['resolve', name], { cwd: workspace });
      assert.notEqual(outcome.status, 0, outcome.stdout);
      assert.match(outcome.stderr, new RegExp(`Error ${code}: `));
      for (const said of says) assert.match(outcome.stderr.replace(/\s+/g, ' '), said);
      assert.doesNotMatch(outcome.stderr, /\n\s+at /);
      return outcome;
    };

    if (tags) {
      it('is taken at the highest tag in the range, with the Parsoid that its composer.json demands', async function () {
        this.timeout(600_000);
        await write('tagged', { core: `version: '~${series}.0'` });
        const { mediawiki, parsoid } = await pinsOf('tagged');
        assert.equal(mediawiki!.ref, `refs/tags/${version}`);
        assert.equal(mediawiki!.commit, made.commits[`refs/tags/${version}`]);
        assert.equal(mediawiki!.upstreamVersion, version);
        // The newest Parsoid is too new for it
        assert.equal(parsoid!.upstreamVersion, made.parsoid);
        assert.equal(parsoid!.ref, `refs/tags/v${made.parsoid}`);
      });

      it('has its submodules in place, each at the commit that the tree names', async function () {
        this.timeout(600_000);
        const { mediawiki } = await pinsOf('tagged');
        assert.deepEqual(
          mediawiki!.submodules
            .map(({ path }) => path)
            .filter((path) => path.startsWith('extensions/'))
            .sort(),
          made.extensions.map((name) => `extensions/${name}`).sort(),
        );
        const seen = new Set<string>();
        for await (const { path, kind } of readSourceTree(
          new ContentStore(join(cache, 'store')),
          mediawiki!.archive,
          '',
        )) {
          if (kind === 'file') seen.add(path);
        }
        for (const path of [
          'index.php',
          'vendor/autoload.php',
          'vendor/composer/installed.json',
          'extensions/Cite/extension.json',
          'skins/Vector/skin.json',
        ]) {
          assert.ok(seen.has(path), `${path} is missing`);
        }
      });

      it('is not fetched again', async function () {
        this.timeout(120_000);
        server.forget();
        await pinsOf('tagged');
        assert.deepEqual(
          server.asked.filter(
            ({ method, path }) =>
              method === 'POST' && !path.startsWith('/core.git') && !path.startsWith('/parsoid.git'),
          ),
          [],
        );
        assert.ok(server.sent < 100_000, `${server.sent} bytes were sent`);
      });

      it('tells which Parsoid it demands where that one is out of the range', async function () {
        this.timeout(600_000);
        const [major, minor] = made.parsoid.split('.').map(Number) as [number, number];
        await write('misfit', {
          core: `version: '~${series}.0'`,
          parsoid: `version: '^${major}.${minor + 1}.0'`,
        });
        await refused(
          'misfit',
          'RESOLVE_DEMAND',
          new RegExp(`parsoid is limited to \\^${major}\\.${minor + 1}\\.0`),
          new RegExp(`wikimedia/parsoid ${made.parsoid.replaceAll('.', '\\.')}`),
          /would fit/,
        );
      });

      it('refuses an extension that asks for a newer MediaWiki, and one that asks for a PHP that the base has not', async function () {
        this.timeout(600_000);
        const repository = join(made.folder, 'extensions/Poem.git');
        if (!existsSync(repository)) this.skip();
        const manifest = JSON.parse(await readFile(join(repository, 'extension.json'), 'utf8')) as object;
        const demanding = async (requires: object, tag: string): Promise<void> => {
          await commit(repository, {
            files: { 'extension.json': JSON.stringify({ ...manifest, requires }, null, 1) },
            message: tag,
            tag,
          });
        };
        const poem = (range: string): string => `
  poem:
    source: { kind: git, url: "${server.url('extensions/Poem.git')}", version: '${range}' }
    build: { method: tree }
    relation: exact`;
        await demanding({ MediaWiki: '>= 1.99' }, 'v9.0.0');
        await demanding({ MediaWiki: '>= 1.35', platform: { 'ext-nosuchthing': '*' } }, 'v8.0.0');
        await demanding({ MediaWiki: '>= 1.35', platform: { php: '>= 9.1' } }, 'v7.0.0');
        await demanding({ MediaWiki: '>= 1.35' }, 'v6.0.0');
        await write('newer', { core: `version: '~${series}.0'`, more: poem('9.0.0') });
        await refused(
          'newer',
          'RESOLVE_DEMAND',
          /extension Poem 9\.0\.0 .*MediaWiki >= 1\.99/,
          /poem 8\.0\.0|6\.0\.0 would fit/,
        );
        await write('lacking', { core: `version: '~${series}.0'`, more: poem('8.0.0') });
        await refused('lacking', 'RESOLVE_DEMAND', /Debian 1[23] has no PHP extension nosuchthing/);
        await write('future', { core: `version: '~${series}.0'`, more: poem('7.0.0') });
        await refused('future', 'RESOLVE_DEMAND', /PHP >= 9\.1.*Debian 1[23] has PHP 8\./);
        // The newest that fits, past three that do not
        await write('fitting', { core: `version: '~${series}.0'`, more: poem('*') });
        const { poem: pin } = await pinsOf('fitting');
        assert.equal(pin!.upstreamVersion, '6.0.0');
        const { stdout } = await lockstep(['resolve', 'fitting', '--explain', 'poem'], { cwd: workspace });
        assert.match(stdout.replace(/\s+/g, ' '), /9\.0\.0.*MediaWiki >= 1\.99/);
        assert.match(stdout.replace(/\s+/g, ' '), /8\.0\.0.*nosuchthing/);
      });
    } else {
      it('is the higher wmf branch by number, and each newer commit of it a higher version', async function () {
        this.timeout(600_000);
        await write('weekly', { core: `branch: 'wmf/*'` });
        const { mediawiki: first } = await pinsOf('weekly');
        assert.match(first!.ref ?? '', /^refs\/heads\/wmf\/.*-wmf\.14$/);
        assert.match(first!.upstreamVersion, /-wmf\.14\+git\d{8}\.\d{6}\.[0-9a-f]{8}$/);
        await commit(join(made.folder, 'core.git'), {
          files: { 'RELEASE-NOTES-next': 'A backport.\n' },
          message: 'A backport',
          branch: (first!.ref ?? '').replace('refs/heads/', ''),
        });
        const { mediawiki: second } = await pinsOf('weekly');
        assert.notEqual(second!.commit, first!.commit);
        const [before, after] = [first!, second!].map((pin) => debianVersionOf(pin.upstreamVersion));
        assert.equal(compareVersions(after!, before!), 1);
        assert.equal(
          compareVersions(after!, debianVersionOf(second!.upstreamVersion.replace(/-wmf.*/, ''))),
          -1,
        );
      });

      it('is the release branch, with what its tree says for a version', async function () {
        this.timeout(600_000);
        await write('branch', { core: `branch: REL${series.replace('.', '_')}` });
        const { mediawiki } = await pinsOf('branch');
        assert.equal(mediawiki!.commit, made.commits[`refs/heads/REL${series.replace('.', '_')}`]);
        assert.match(mediawiki!.upstreamVersion, new RegExp(`^${version.replaceAll('.', '\\.')}\\+git`));
      });
    }
  });
}
