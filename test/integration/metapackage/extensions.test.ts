import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { applyBuild, planBuild, prepareBuild } from '../../../src/build/builder.js';
import type { BuiltPackage } from '../../../src/build/built.js';
import { gzip } from '../../../src/io/compress.js';
import { run } from '../../../src/io/process.js';
import { silentProgress } from '../../../src/io/progress.js';
import { planSet, templatesOf, type SetInput, type SourceGroup } from '../../../src/metapackage/compose.js';
import { extensionComponents } from '../../../src/metapackage/extension-set.js';
import { readTemplates } from '../../../src/metapackage/template-folder.js';
import { checkWorkspace, parseProfile } from '../../../src/profile/load.js';
import { extensionTree, readExtensions } from '../../../src/source/extension-facts.js';
import type { SourceContext } from '../../../src/source/context.js';
import type { Pin, StoredFile } from '../../../src/source/pin.js';
import { needs } from '../../fixtures/machine.js';
import { tarOf, type Tree } from '../../fixtures/packages.js';
import { Builds } from '../build/builds.js';

const project = resolve(import.meta.dirname, '../../..');
const common = { date: 1_700_000_000, provenance: [] };
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=',
  'base64',
).toString('latin1');

/** An extension such as people write them. */
function extensionTreeOf(name: string, requires: object = { MediaWiki: '>= 1.39.0' }): Tree {
  return {
    'extension.json': JSON.stringify({
      name,
      version: '1.2.3',
      author: ['Rosa', '[https://example.org Otto]', '...'],
      url: `https://wiki.example.org/wiki/Extension:${name}`,
      descriptionmsg: `${name.toLowerCase()}-desc`,
      'license-name': 'GPL-2.0-or-later',
      requires,
      MessagesDirs: { [name]: ['i18n'] },
      ResourceFileModulePaths: { localBasePath: 'modules', remoteExtPath: `${name}/modules` },
      AutoloadNamespaces: { [`${name}\\`]: 'src/' },
      manifest_version: 2,
    }),
    'i18n/en.json': JSON.stringify({
      [`${name.toLowerCase()}-desc`]:
        "Adds <nowiki>'''bold'''</nowiki> things, see [[Help:Things|the help]] &amp; more",
    }),
    'src/Hooks.php': '<?php\n',
    'modules/things.css': 'body { color: black }\n',
    'modules/images/dot.png': png,
    'tests/phpunit/HooksTest.php': '<?php\n',
    'node_modules/left/index.js': '',
    '.gitignore': 'node_modules\n',
    '.phan/config.php': '<?php\n',
    'package.json': '{}',
    'Gruntfile.js': '',
    COPYING: 'The text of the license\n',
  };
}

const numbered = Array.from({ length: 26 }, (_, index) => `Thing${String.fromCharCode(65 + index)}`);

const profileText = `format: 1
description: A wiki with many extensions
base: { distribution: debian, release: "12", codename: bookworm, architectures: [amd64] }
components:
  mediawiki:
    source: { kind: apt-source, package: mediawiki, version: "~1.39.0" }
    build: { method: debian }
    packages: [mediawiki, mediawiki-classes]
  parsoid:
    source: { kind: within, component: mediawiki, path: vendor/wikimedia/parsoid, library: wikimedia/parsoid }
    build: { method: tree, template: mediawiki-parsoid }
${numbered
  .map(
    (name) => `  ${name.toLowerCase()}:
    source: { kind: git, url: "../extensions/${name}", branch: REL1_39 }
    build: { method: tree }`,
  )
  .join('\n')}
  cite:
    source: { kind: tarball, url: "https://git.example.org/Cite-{version}.tar.gz", version: 2.0.0, sha256: ${'a'.repeat(64)} }
    build: { method: tree }
  timeless:
    source: { kind: git, url: ../skins/Timeless, branch: REL1_39 }
    build: { method: tree, as: skin }
  gadgets:
    source: { kind: within, component: mediawiki, path: extensions/Gadgets }
  poem:
    source: { kind: within, component: mediawiki, path: extensions/Poem }
    build: { method: tree }
metapackage:
  name: mediawiki-full
  lead: mediawiki
  templates: [mediawiki-full, mediawiki-full-config]
  settings: { siteName: Ours, serverUrl: auto, adminName: Admin }
`;

describe('a set with thirty extensions and skins, and no packaging written for them', function () {
  this.timeout(180_000);
  let builds: Builds;
  let groups: SourceGroup[];
  let input: SetInput;
  let made: Map<string, BuiltPackage>;

  before(async () => {
    builds = await Builds.make();
    const parsed = parseProfile(profileText, 'many');
    assert.deepEqual(parsed.faults, []);
    const profile = parsed.value!;
    const { workspace, profiles } = await checkWorkspace(project);
    const pins = await pinsOf();
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

  async function store(tree: Tree, name: string): Promise<StoredFile> {
    const bytes = Buffer.from(await tarOf(tree, name));
    return { name: `${name}.tar.gz`, ...(await builds.store.put(gzip(bytes))) };
  }

  async function pinsOf(): Promise<Record<string, Pin>> {
    const git = (component: string, archive: StoredFile): Pin => ({
      ...common,
      ...{
        kind: 'git',
        component,
        archive,
        url: `../extensions/${component}`,
        submodules: [],
        signedBy: null,
      },
      upstreamVersion: '1.39+git20231114.1a2b3c4d',
      ref: 'refs/heads/REL1_39',
      commit: '1a2b3c4d'.repeat(5),
    });
    const pins: Record<string, Pin> = {};
    for (const [index, name] of numbered.entries()) {
      // The first needs the last, and a bundled one: what comes first by name is not loaded first
      const requires =
        index === 0
          ? { MediaWiki: '^1.39', extensions: { ThingZ: '*', Gadgets: '*', Cite: '>=2' } }
          : { MediaWiki: index === 1 ? '~1.38.0 || ~1.39.0' : '>= 1.39' };
      pins[name.toLowerCase()] = git(name.toLowerCase(), await store(extensionTreeOf(name, requires), name));
    }
    pins['cite'] = {
      ...common,
      ...{ kind: 'tarball', component: 'cite', url: 'https://git.example.org/Cite-2.0.0.tar.gz' },
      upstreamVersion: '2.0.0',
      signedBy: null,
      archive: await store(extensionTreeOf('Cite'), 'Cite-2.0.0'),
    };
    pins['timeless'] = git(
      'timeless',
      await store(
        {
          'skin.json': JSON.stringify({ name: 'Timeless', 'license-name': 'MIT', description: 'A skin.' }),
          LICENSE: 'MIT License\n\nCopyright (c) somebody\n',
          'resources/main.css': 'a { color: red }\n',
        },
        'timeless-main',
      ),
    );
    const mediawiki = await store(
      Object.fromEntries(
        ['Gadgets', 'Poem'].flatMap((name) =>
          Object.entries(extensionTreeOf(name)).map(([path, text]) => [`extensions/${name}/${path}`, text]),
        ),
      ),
      'mediawiki-1.39.17',
    );
    const within = (component: string, path: string): Pin => ({
      ...common,
      ...{ kind: 'within', component, within: 'mediawiki', path, archive: mediawiki },
      upstreamVersion: '1.39.17',
    });
    pins['gadgets'] = within('gadgets', 'extensions/Gadgets');
    pins['poem'] = within('poem', 'extensions/Poem');
    pins['parsoid'] = {
      ...within('parsoid', 'vendor/wikimedia/parsoid'),
      upstreamVersion: '0.16.0-a17',
    };
    pins['mediawiki'] = {
      ...common,
      ...{ kind: 'apt-source', component: 'mediawiki', package: 'mediawiki', version: '1:1.39.17-1' },
      ...{ upstreamVersion: '1.39.17', suite: 'bookworm', dsc: 'mediawiki.dsc', files: [] },
    };
    return pins;
  }

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
