import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { applyBuild, planBuild, prepareBuild } from '../../../src/build/build-plan.js';
import type { BuiltPackage } from '../../../src/build/built.js';
import { run } from '../../../src/io/process.js';
import { silentProgress } from '../../../src/io/progress.js';
import { planSet, templatesOf, type SetInput, type SourceGroup } from '../../../src/metapackage/compose.js';
import { extensionComponents } from '../../../src/metapackage/extension-set.js';
import { readTemplates } from '../../../src/metapackage/template-folder.js';
import { parseProfile } from '../../../src/profile/load.js';
import { checkWorkspace } from '../../../src/profile/profiles.js';
import { extensionTree, readExtensions } from '../../../src/source/extension-facts.js';
import type { SourceContext } from '../../../src/source/source-context.js';
import { needs } from '../../fixtures/machine.js';
import { manyExtensionPins, manyExtensionsProfile } from '../../fixtures/many-extensions.js';
import { Builds } from '../../fixtures/builds.js';

const project = resolve(import.meta.dirname, '../../..');
describe('a set with thirty extensions and skins, and no packaging written for them', function () {
  this.timeout(180_000);
  let builds: Builds;
  let groups: SourceGroup[];
  let input: SetInput;
  let made: Map<string, BuiltPackage>;

  before(async () => {
    builds = await Builds.make();
    const parsed = parseProfile(manyExtensionsProfile, 'many');
    assert.deepEqual(parsed.faults, []);
    const profile = parsed.value!;
    const { workspace, profiles } = await checkWorkspace(project);
    const pins = await manyExtensionPins(builds.store);
    const context = {
      store: builds.store,
      cacheDir: join(builds.folder, 'facts'),
      progress: silentProgress,
    } as unknown as SourceContext;
    const trees = extensionComponents(profile).map((name) => extensionTree(name, pins[name]!)!);
    input = {
      workspace: workspace!,
      profile,
      profiles: [...profiles, profile],
      pins,
      built: {
        mediawiki: ['mediawiki', 'mediawiki-classes'].map((name) => ({
          package: name,
          version: '1:1.39.17-1+lockstep1',
          architecture: 'all',
        })),
      },
      templates: await readTemplates(project, templatesOf(profile)),
      key: { fingerprint: 'F'.repeat(40) },
      extensions: await readExtensions(trees, context),
    };
    // From what is remembered the same comes out
    assert.deepEqual(await readExtensions(trees, context), input.extensions);
    groups = await planSet(input, []);
    made = new Map();
    for (const { trees: from, ...tree } of groups.flatMap((group) => group.packages)) {
      if (tree.package === 'mediawiki-parsoid') continue;
      const prepared = await prepareBuild(
        { method: 'tree', component: tree.package, tree, from },
        builds.context(),
      );
      const output = await applyBuild(planBuild(prepared), builds.context());
      made.set(tree.package, output.packages[0]!);
    }
  });

  after(async () => {
    await builds.end();
  });

  async function contents(name: string): Promise<string[]> {
    const { stdout } = await run('dpkg-deb', ['--contents', builds.store.path(made.get(name)!.file.sha256)]);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/\s+/).slice(5).join(' ').slice(1))
      .filter((path) => !path.endsWith('/'));
  }

  const control = (name: string): string => made.get(name)!.control;
  const configText = (path: string): string => {
    const config = groups
      .flatMap((group) => group.packages)
      .find((item) => item.package === 'mediawiki-full-config')!;
    const entry = config.entries.find((one) => one.path === path);
    assert.ok(entry?.kind === 'file' && entry.content instanceof Uint8Array, path);
    return Buffer.from(entry.content).toString('utf8');
  };

  it('makes a package of each one that MediaWiki does not bring along', () => {
    assert.equal([...made.keys()].filter((name) => name.startsWith('mediawiki-extension-')).length, 28);
    assert.ok(made.has('mediawiki-skin-timeless'));
    assert.equal(made.get('mediawiki-extension-thinga')!.version, '1.39+git20231114.1a2b3c4d+lockstep1');
    assert.equal(made.has('mediawiki-extension-gadgets'), false);
  });

  it('puts into it what the wiki needs, out of the way of MediaWiki, and nothing for developers', async function () {
    await needs(this, { tools: ['dpkg-deb'] });
    const folder = '/usr/share/mediawiki/extensions-set/ThingB';
    assert.deepEqual(await contents('mediawiki-extension-thingb'), [
      '/usr/share/doc/mediawiki-extension-thingb/changelog.gz',
      '/usr/share/doc/mediawiki-extension-thingb/copyright',
      `${folder}/extension.json`,
      `${folder}/i18n/en.json`,
      `${folder}/modules/images/dot.png`,
      `${folder}/modules/things.css`,
      `${folder}/src/Hooks.php`,
    ]);
    assert.ok(
      (await contents('mediawiki-skin-timeless')).includes(
        '/usr/share/mediawiki/skins-set/timeless/skin.json',
      ) === false,
    );
    assert.ok(
      (await contents('mediawiki-skin-timeless')).includes(
        '/usr/share/mediawiki/skins-set/Timeless/skin.json',
      ),
    );
  });

  it('describes it in plain words', () => {
    assert.match(
      control('mediawiki-extension-thingc'),
      /\nDescription: ThingC - extension of MediaWiki\n Adds bold things, see the help & more\n \.\n/,
    );
    assert.match(
      control('mediawiki-extension-thingc'),
      /\nHomepage: https:\/\/wiki\.example\.org\/wiki\/Extension:ThingC\n/,
    );
  });

  it('demands what extension.json does: bounds where relations can say them, else the version of the set', () => {
    const depends = (name: string): string => /\nDepends: (.*)\n/.exec(control(name))![1]!;
    assert.equal(
      depends('mediawiki-extension-thinga'),
      'mediawiki (>= 1:1.39~), mediawiki (<< 1:2~), mediawiki-extension-cite (= 2.0.0+lockstep1), mediawiki-extension-thingz (= 1.39+git20231114.1a2b3c4d+lockstep1)',
    );
    assert.equal(depends('mediawiki-extension-thingb'), 'mediawiki (= 1:1.39.17-1+lockstep1)');
    assert.equal(depends('mediawiki-extension-thingc'), 'mediawiki (>= 1:1.39~)');
    assert.match(
      depends('mediawiki-full'),
      /mediawiki-extension-thinga \(= 1\.39\+git20231114\.1a2b3c4d\+lockstep1\)/,
    );
    assert.match(depends('mediawiki-full-config'), /mediawiki-skin-timeless \(= 1\.39\+git/);
  });

  it('has no lintian error in them', async function () {
    await needs(this, { tools: ['lintian'] });
    const files = ['mediawiki-extension-thinga', 'mediawiki-skin-timeless', 'mediawiki-full-config'];
    for (const name of files) {
      const path = join(builds.folder, made.get(name)!.file.name);
      await run('cp', [builds.store.path(made.get(name)!.file.sha256), path]);
      const result = await run('lintian', ['--fail-on', 'error', path], { allowFailure: true });
      assert.equal(result.exitCode, 0, `${result.stdout}\n${result.stderr}`);
    }
  });

  describe('on a machine', () => {
    /** As much of MediaWiki as loading needs; its registry is a queue of paths. */
    const stub = `
class ExtensionRegistry {
  private static $one; private $queued = [];
  static function getInstance() { return self::$one ??= new self; }
  function queue( $path ) { $this->queued[$path] = 1; }
  function getQueue() { return $this->queued; }
  function clearQueue() { $this->queued = []; }
}
function wfLoadExtension( $name, $path = null ) {
  ExtensionRegistry::getInstance()->queue( $path ?? $GLOBALS['wgExtensionDirectory'] . "/$name/extension.json" );
}
function wfLoadSkin( $name, $path = null ) {
  ExtensionRegistry::getInstance()->queue( $path ?? $GLOBALS['wgStyleDirectory'] . "/$name/skin.json" );
}
define( 'MEDIAWIKI', true );
`;
    let root: string;

    before(async function () {
      await needs(this, { tools: ['php'] });
      root = join(builds.folder, 'machine');
    });

    beforeEach(async () => {
      await rm(root, { recursive: true, force: true });
      const text = configText('/usr/share/mediawiki-full/extensions.php');
      for (const [, file] of text.matchAll(/'([^']+\.json)'/g)) {
        const path = file!.startsWith('/') ? join(root, file!) : join(root, 'ip', file!);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, '{}');
      }
      await writeFile(join(root, 'extensions.php'), text.replaceAll("'/usr/", `'${root}/usr/`));
      const byHand = configText('/usr/share/mediawiki-full/loaded-by-hand.php');
      await writeFile(join(root, 'loaded-by-hand.php'), byHand);
    });

    /**
     * What MediaWiki would load, in order.
     * @param settings LocalSettings.php, above and below the line that includes our settings
     */
    async function load(
      without: string,
      settings: { above?: string; below?: string } = {},
    ): Promise<string[]> {
      const { above = '', below = '' } = settings;
      await writeFile(
        join(root, 'LocalSettings.php'),
        `<?php\n${above}\nrequire_once '/usr/share/mediawiki-full/settings.php';\n${below}\n`,
      );
      const code = `$IP = '${root}/ip'; $wgExtensionDirectory = "$IP/extensions"; $wgStyleDirectory = "$IP/skins";
        define( 'MW_CONFIG_FILE', '${root}/LocalSettings.php' );${stub}
        ${above} ( require '${root}/extensions.php' )( ${without} ); ${below}
        echo json_encode( array_keys( ExtensionRegistry::getInstance()->getQueue() ) );`;
      const { stdout } = await run('php', ['-r', code]);
      return (JSON.parse(stdout) as string[]).map((path) => path.replace(root, ''));
    }

    it('loads each after those that it needs, and skins', async () => {
      const loaded = await load('[]');
      assert.equal(loaded.length, 30);
      const at = (name: string): number => loaded.findIndex((path) => path.includes(`/${name}/`));
      assert.ok(at('Cite') < at('ThingA') && at('ThingZ') < at('ThingA') && at('Gadgets') < at('ThingA'));
      assert.ok(loaded.includes('/ip/extensions/Gadgets/extension.json'));
      assert.equal(loaded.at(-1), '/usr/share/mediawiki/skins-set/Timeless/skin.json');
    });

    it('leaves out what the administrator does not want, and what cannot be without it', async () => {
      const loaded = await load("[ 'cite', 'Timeless' ]");
      assert.equal(loaded.length, 27);
      assert.ok(!loaded.some((line) => /Cite|Timeless|ThingA/.test(line)));
    });

    it("replaces MediaWiki's own of the same name, which its installer has LocalSettings.php load", async () => {
      const above = "wfLoadSkin( 'Timeless' ); wfLoadSkin( 'Vector' ); wfLoadExtension( 'Gadgets' );";
      const loaded = await load('[]', { above });
      assert.deepEqual(
        loaded.filter((path) => /Timeless|Vector|Gadgets/.test(path)),
        [
          '/ip/skins/Vector/skin.json',
          '/ip/extensions/Gadgets/extension.json',
          '/usr/share/mediawiki/skins-set/Timeless/skin.json',
        ],
      );
    });

    it('lets LocalSettings.php have the last word: never is one name loaded twice', async () => {
      const below = `
# wfLoadExtension( 'ThingB' );
/* wfLoadExtension( 'ThingC' ); */
wfLoadExtension( 'Poem' ); wfLoadSkin( "Timeless" );
`;
      const loaded = await load('[]', { below });
      assert.deepEqual(
        loaded.filter((path) => /Poem|Timeless|Thing[BC]/.test(path)),
        [
          '/usr/share/mediawiki/extensions-set/ThingB/extension.json',
          '/usr/share/mediawiki/extensions-set/ThingC/extension.json',
          '/ip/extensions/Poem/extension.json',
          '/ip/skins/Timeless/skin.json',
        ],
      );
    });

    it('works without a file that is not there at the moment', async () => {
      await rm(join(root, 'usr/share/mediawiki/extensions-set/ThingZ'), { recursive: true });
      assert.ok(!(await load('[]')).some((line) => /ThingZ|ThingA/.test(line)));
    });

    it('tells what there is to programs, and to Apache', () => {
      const set = JSON.parse(configText('/usr/share/mediawiki-full/set.json')) as {
        packages: string[];
        extensions: { name: string; bundled: boolean; component: string }[];
      };
      assert.equal(set.extensions.length, 30);
      assert.deepEqual(
        set.extensions.filter(({ bundled }) => bundled).map(({ component }) => component),
        ['gadgets'],
      );
      assert.equal(set.packages.length, 5 + 29);
      const apache = configText('/usr/share/mediawiki-full/apache2-extensions.conf');
      assert.match(apache, /^Alias "\/extensions\/Poem" "\/usr\/share\/mediawiki\/extensions-set\/Poem"$/m);
      assert.match(apache, /^Alias "\/skins\/Timeless" /m);
      assert.doesNotMatch(apache, /Gadgets/);
    });
  });
});
