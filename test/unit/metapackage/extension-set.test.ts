import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import { extensionCopyright } from '../../../src/metapackage/extension-copyright.js';
import { composeExtension } from '../../../src/metapackage/extension-package.js';
import { extensionComponents, extensionsOfSet } from '../../../src/metapackage/extension-set.js';
import { mediawikiRelations } from '../../../src/metapackage/mediawiki-relation.js';
import { exactPackages } from '../../../src/metapackage/pinned-packages.js';
import { parseProfile } from '../../../src/profile/load.js';
import type { Profile } from '../../../src/profile/profile-schema.js';
import type { ExtensionFacts } from '../../../src/source/extension-facts.js';
import type { Pin } from '../../../src/source/pin.js';
import { workspace } from './sample.js';

const archive = { name: 'x.tar', size: 1, sha256: 'a'.repeat(64) };

function factsOf(name: string, more: Partial<ExtensionFacts> = {}): ExtensionFacts {
  return {
    kind: 'extension',
    ...{ name, directory: name, version: null, description: null, homepage: null, authors: [] },
    ...{ license: null, licenseText: null, mediawiki: null, needs: [] },
    ...more,
  };
}

/** @param components lines of the profile */
function profileOf(components: string): Profile {
  const { value, faults } = parseProfile(
    `format: 1
description: A wiki
base: { distribution: debian, release: "12", codename: bookworm, architectures: [amd64] }
components:
  core:
    source: { kind: apt-source, package: mediawiki, version: "~1.39.0" }
    build: { method: debian }
    packages: [mediawiki]
${components}
metapackage: { name: full, lead: core, templates: [full] }
`,
    'p',
  );
  assert.deepEqual(faults, []);
  return value!;
}

const git = (name: string, build = '{ method: tree }'): string =>
  `  ${name}:\n    source: { kind: git, url: "../${name}", branch: main }\n    build: ${build}\n`;

function faultOf(act: () => unknown): LockstepError {
  try {
    act();
  } catch (error) {
    if (error instanceof LockstepError) return error;
    throw error;
  }
  throw new Error('no fault');
}

describe('the extensions of a set', () => {
  const needs = (...names: string[]) => ({
    needs: names.map((name) => ({ kind: 'extension' as const, name })),
  });

  it('have packages that the profile alone names, for the pins of machines', () => {
    const profile = profileOf(git('cite') + git('vector', '{ method: tree, as: skin }'));
    assert.deepEqual(exactPackages(workspace, [profile]), [
      'farm-archive-keyring',
      'full',
      'mediawiki',
      'mediawiki-extension-cite',
      'mediawiki-skin-vector',
    ]);
  });

  it('come each after those that it needs, else by name; circles too', () => {
    const profile = profileOf(['b', 'a', 'c', 'd', 'e'].map((name) => git(name)).join(''));
    const facts = {
      a: factsOf('A', needs('C')),
      b: factsOf('B'),
      c: factsOf('C', needs('D')),
      d: factsOf('D', needs('C')),
      e: factsOf('E', needs('Absent')),
    };
    const order = extensionsOfSet(workspace, profile, {}, facts).map(({ component }) => component);
    assert.deepEqual(order, ['d', 'c', 'a', 'b', 'e']);
  });

  it('that MediaWiki brings along are found by their place', () => {
    const profile = profileOf(`  cite:
    source: { kind: within, component: core, path: extensions/Cite }
  parser:
    source: { kind: within, component: core, path: vendor/wikimedia/parsoid }
`);
    assert.deepEqual(extensionComponents(profile), ['cite']);
    const pin = { kind: 'within', path: 'extensions/Cite' } as Pin;
    const [cite] = extensionsOfSet(workspace, profile, { cite: pin }, { cite: factsOf('Cite') });
    assert.deepEqual([cite!.package, cite!.file], [null, 'extensions/Cite/extension.json']);
  });

  it('are what the profile says that they are', () => {
    const profile = profileOf(git('cite', '{ method: tree, as: skin }'));
    const fault = faultOf(() => extensionsOfSet(workspace, profile, {}, { cite: factsOf('Cite') }));
    assert.equal(fault.code, 'EXTENSION_INVALID');
    assert.equal(fault.where[0]!.path, 'components.cite.build.as');
    assert.match(faultOf(() => extensionsOfSet(workspace, profile, {}, {})).message, /no extension\.json/);
  });

  it('are there once, whatever their components are called', () => {
    const profile = profileOf(git('cite') + git('cite-fork'));
    const both = (a: ExtensionFacts, b: ExtensionFacts) =>
      faultOf(() => extensionsOfSet(workspace, profile, {}, { cite: a, 'cite-fork': b })).message;
    assert.match(
      both(factsOf('Cite'), factsOf('Cite')),
      /cite and cite-fork are both an extension named Cite/,
    );
    assert.match(
      both(factsOf('Cite'), factsOf('Refs', { directory: 'Cite' })),
      /with web resources in extensions\/Cite/,
    );
  });

  it('cannot have the name of another package of the set, nor a template beside', () => {
    const components = `${git('cite')}  other:
    source: { kind: apt-binary, packages: [mediawiki-extension-cite], version: "*" }
${git('x', '{ method: tree, template: t, as: skin }')}`;
    const { faults } = parseProfile(
      `format: 1
description: A wiki
base: { distribution: debian, release: "12", codename: bookworm, architectures: [amd64] }
components:
${components}
metapackage: { name: full, lead: cite, templates: [full] }
`,
      'p',
    );
    assert.deepEqual(
      faults.map(({ path, message }) => `${path} ${message}`),
      [
        'components.other.source.packages[0] the package "mediawiki-extension-cite" already comes from component cite',
        'components.x.build.as contradicts "template": Lockstep does not inspect the tree that a template packages',
      ],
    );
  });
});

describe('what an extension demands of MediaWiki', () => {
  const version = '1:1.43.5-1+lockstep1';
  const cases: [string | null, string][] = [
    [null, 'mediawiki'],
    ['*', 'mediawiki'],
    ['>= 1.43.0', 'mediawiki (>= 1:1.43.0~)'],
    ['>=1.39 <1.45', 'mediawiki (>= 1:1.39~), mediawiki (<< 1:1.45~)'],
    ['^1.43', 'mediawiki (>= 1:1.43~), mediawiki (<< 1:2~)'],
    ['~1.43.0', 'mediawiki (>= 1:1.43.0~), mediawiki (<< 1:1.44~)'],
    ['~1.43', 'mediawiki (>= 1:1.43~), mediawiki (<< 1:2~)'],
    ['1.43.*', 'mediawiki (>= 1:1.43~), mediawiki (<< 1:1.44~)'],
    // What relations cannot say, or what is not met by them
    ['~1.42.0 || ~1.43.0', `mediawiki (= ${version})`],
    ['1.39 - 1.45', `mediawiki (= ${version})`],
    ['>= 1.43.0-rc.1', `mediawiki (= ${version})`],
    ['!= 1.43.1', `mediawiki (= ${version})`],
    ['>= 1.99', `mediawiki (= ${version})`],
    ['nonsense', `mediawiki (= ${version})`],
    ['', `mediawiki (= ${version})`],
  ];
  for (const [constraint, relations] of cases) {
    it(String(constraint), () => assert.equal(mediawikiRelations(constraint, version).join(', '), relations));
  }

  it('counts the pre-releases of a series to it', () => {
    assert.deepEqual(mediawikiRelations('>= 1.47.0', '1:1.47.0~wmf.9-1'), ['mediawiki (>= 1:1.47.0~)']);
  });
});

describe('the package of an extension', () => {
  const compose = (facts: ExtensionFacts) =>
    composeExtension({
      extension: {
        ...{ component: 'cite', facts, package: 'mediawiki-extension-cite', folder: '/usr/share/x' },
        ...{ file: '/usr/share/x/extension.json', address: 'extensions/x' },
      },
      ...{ version: '1', maintainer: 'Me <me@example.org>', date: 0, tree: { archive, path: '' } },
      changelog: { distribution: 'bookworm', lines: ['x'] },
      ...{ mediawiki: undefined, needs: [], php: ['php-intl'] },
    });

  it('has a description that Debian can take, whatever upstream wrote', async () => {
    const { control } = await compose(
      factsOf('N'.repeat(100), { description: `. ${'x'.repeat(300)} . ${'word '.repeat(40)}.` }),
    );
    const [synopsis, ...lines] = control['Description']!.split('\n');
    assert.ok(synopsis!.length < 80);
    assert.ok(lines.every((line) => line.length < 80 && !/^[. ]/.test(line)));
  });

  it('needs what PHP has to have for it', async () => {
    assert.equal((await compose(factsOf('Cite'))).control['Depends'], 'mediawiki, php-intl');
  });
});

describe('the copyright of an extension', () => {
  it("points at Debian's text of a common license", () => {
    const text = extensionCopyright(
      factsOf('Cite', { license: 'GPL-2.0-or-later', authors: ['Rosa', 'Otto'], licenseText: 'long' }),
    );
    assert.match(text, /^License: GPL-2\.0-or-later\n Cite is licensed .* or any later version\.\n \.\n/m);
    assert.match(text, /common-licenses\/GPL-2"/);
    assert.match(text, /^Copyright: Rosa\n {11}Otto$/m);
    assert.doesNotMatch(text, /long/);
  });

  it('holds the text of another one, as text', () => {
    const licenseText = 'MIT\r\n\r\nFiles: *\n.\nLicense: none\u001b[31m\n';
    const text = extensionCopyright(factsOf('Cite', { license: 'MIT', licenseText }));
    assert.ok(text.endsWith('License: MIT\n MIT\n .\n Files: *\n .\n License: none[31m\n'), text);
  });

  it('says where nothing is known', () => {
    assert.match(extensionCopyright(factsOf('Cite')), /License: unknown\n The tree of Cite says nothing/);
    assert.match(
      extensionCopyright(factsOf('Cite', { license: 'AGPL-3.0-only' })),
      /names this license and has no text/,
    );
  });
});
