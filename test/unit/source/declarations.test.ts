import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LockstepError } from '../../../src/errors.js';
import { declarationOf, declaredByPackages } from '../../../src/source/declarations.js';
import type { Declared } from '../../../src/source/declared.js';
import type { AptBinaryPin } from '../../../src/source/pin.js';
import { factsOf } from '../../../src/source/tree-facts.js';

const archive = { name: 'x_1.0.orig.tar.gz', size: 1, sha256: 'a'.repeat(64) };

function read(files: Readonly<Record<string, unknown>>, path = '', version = '9.9'): Declared {
  const texts = new Map(
    Object.entries(files).map(([name, what]) => [
      name,
      typeof what === 'string' ? what : JSON.stringify(what),
    ]),
  );
  return declarationOf('it', { archive, path }, version, factsOf(new Set(), texts));
}

function faultOf(files: Readonly<Record<string, unknown>>): LockstepError {
  try {
    read(files);
  } catch (error) {
    assert.ok(error instanceof LockstepError, String(error));
    assert.equal(error.code, 'SOURCE_DECLARATION');
    return error;
  }
  return assert.fail('nothing was wrong');
}

const told = ({ demands }: Declared): string[] =>
  demands.map(({ by, thing, constraint }) => `${by}: ${thing} ${constraint}`);

const mediawiki = {
  'includes/Defines.php': "<?php\n/** The version */\ndefine( 'MW_VERSION', '1.43.9' );\n",
  'composer.json': {
    name: 'mediawiki/core',
    require: {
      php: '>=8.1.0',
      'ext-intl': '*',
      'Wikimedia/Parsoid': '0.20.8',
      'wikimedia/composer-merge-plugin': '2.1.0',
      'composer-runtime-api': '^2',
    },
    'require-dev': { 'ext-simplexml': '*' },
  },
  'vendor/composer/installed.json': {
    packages: [
      { name: 'wikimedia/parsoid', version: 'v0.20.8', require: { 'ext-dom': '*', 'psr/log': '^1.1' } },
      { name: 'psr/log', version: '1.1.4', require: { php: '>=5.3.0' } },
      { name: 'composer/installers', version: '1.12.0', type: 'composer-plugin' },
      { name: 'phpunit/phpunit', version: '9.6.34' },
    ],
    'dev-package-names': ['phpunit/phpunit'],
  },
  'extensions/SyntaxHighlight_GeSHi/extension.json': { name: 'SyntaxHighlight', version: '2.0' },
  'extensions/Cite/extension.json': { name: 'Cite' },
  'extensions/Broken/extension.json': '{',
  'extensions/Cite/tests/extension.json': { name: 'NotThis' },
  'skins/Vector/skin.json': { name: 'Vector', version: '1.0.0' },
};

describe('what a tree of MediaWiki declares', () => {
  const declared = read(mediawiki);

  it('is its version, its libraries, and the extensions and skins it brings along', () => {
    assert.equal(declared.version, '1.43.9');
    assert.deepEqual(
      declared.supplies.map(({ thing, version, bundled }) => [thing, version, bundled ?? false]),
      [
        ['mediawiki', '1.43.9', false],
        ['extension/Cite', null, true],
        ['extension/SyntaxHighlight', '2.0', true],
        ['skin/Vector', '1.0.0', true],
        ['library/mediawiki/core', '1.43.9', false],
        ['library/wikimedia/parsoid', 'v0.20.8', true],
        ['library/psr/log', '1.1.4', true],
      ],
    );
  });

  it("is what its composer.json and its libraries demand, without Composer's own and what is for development", () => {
    assert.deepEqual(told(declared), [
      'it: php >=8.1.0',
      'it: php-extension/intl *',
      'it: library/wikimedia/parsoid 0.20.8',
      'library wikimedia/parsoid: php-extension/dom *',
      'library wikimedia/parsoid: library/psr/log ^1.1',
      'library psr/log: php >=5.3.0',
    ]);
    const library = declared.demands.find(({ thing }) => thing === 'library/wikimedia/parsoid');
    assert.equal(library?.ifSupplied, true);
    assert.deepEqual([library.file, library.field], ['composer.json', 'require.wikimedia/parsoid']);
  });

  it('is that of a folder alone, where a component is a folder of it', () => {
    const cite = read(mediawiki, 'extensions/Cite', '1.43.9');
    assert.deepEqual(cite.supplies, [{ thing: 'extension/Cite', version: null, file: 'extension.json' }]);
    assert.equal(cite.version, '1.43.9');
  });

  it('is known of a library in vendor/ that has no composer.json of its own', () => {
    const parsoid = read(mediawiki, 'vendor/wikimedia/parsoid', '0.20.8');
    assert.deepEqual(parsoid.supplies, [
      { thing: 'library/wikimedia/parsoid', version: 'v0.20.8', file: 'vendor/composer/installed.json' },
    ]);
    assert.deepEqual(told(parsoid), ['it: php-extension/dom *', 'it: library/psr/log ^1.1']);
    assert.ok(parsoid.demands.every(({ ifSupplied }) => ifSupplied === undefined));
  });
});

describe('what packages of the base release declare', () => {
  const pin = (name: string): AptBinaryPin =>
    ({
      kind: 'apt-binary',
      component: 'it',
      upstreamVersion: '1.39.17',
      packages: [{ package: name, file: { ...archive, name: `${name}.deb` } }],
    }) as unknown as AptBinaryPin;

  it('is no more than that MediaWiki is there, in which version', () => {
    assert.deepEqual(declaredByPackages(pin('mediawiki')), {
      component: 'it',
      version: '1.39.17',
      supplies: [{ thing: 'mediawiki', version: '1.39.17', file: 'mediawiki.deb' }],
      demands: [],
    });
    assert.deepEqual(declaredByPackages(pin('varnish')).supplies, []);
  });
});

describe('what an extension declares', () => {
  const requires = {
    MediaWiki: '>= 1.43',
    platform: { php: '>= 8.1', 'ext-Zend OPcache': '*', 'ability-shell': true, 'ability-none': false },
    extensions: { VisualEditor: '*', 'Abuse Filter': '>= 1.0' },
    skins: { Vector: '^1.0' },
  };

  it('is what MediaWiki reads of extension.json', () => {
    const declared = read({ 'extension.json': { name: 'Cite This', version: '1.2', requires } });
    assert.deepEqual(declared.supplies, [
      { thing: 'extension/Cite This', version: '1.2', file: 'extension.json' },
    ]);
    assert.deepEqual(told(declared), [
      'extension Cite This: mediawiki >= 1.43',
      'extension Cite This: php >= 8.1',
      'extension Cite This: php-extension/zend-opcache *',
      'extension Cite This: ability/shell *',
      'extension Cite This: extension/VisualEditor *',
      'extension Cite This: extension/Abuse Filter >= 1.0',
      'extension Cite This: skin/Vector ^1.0',
    ]);
    assert.equal(declared.demands[5]?.field, 'requires.extensions.Abuse Filter');
  });

  it('is what skin.json says, and its own libraries', () => {
    const declared = read({
      'skin.json': { name: 'Sleek', requires: [] },
      'composer.json': { require: { 'a/b': '^1', 'composer/installers': '1.*,>=1.0.1', 'ext-curl': '*' } },
      'vendor/composer/installed.json': [{ name: 'A/B', version: '1.5' }],
    });
    assert.deepEqual(told(declared), ['skin Sleek: library/a/b ^1', 'skin Sleek: php-extension/curl *']);
    assert.equal(declared.demands[0]?.ifSupplied, undefined);
    assert.ok(declared.supplies.some(({ thing, version }) => thing === 'library/a/b' && version === '1.5'));
  });

  it('goes by the tag as a library, whatever extension.json says', () => {
    const declared = read({
      'extension.json': { name: 'Parsoid', version: '0.1' },
      'composer.json': { name: 'wikimedia/parsoid' },
    });
    const library = declared.supplies.find(({ thing }) => thing === 'library/wikimedia/parsoid');
    assert.equal(library?.version, '9.9');
  });
});

describe('a declaration that cannot be relied upon', () => {
  it('is refused with every fault, where it is and what stands there', () => {
    const error = faultOf({
      'extension.json': {
        name: 'X',
        requires: {
          MediaWiki: 1.43,
          platform: { php: 'banana', 'ext-curl': '>=1', 'ability-shell': 'yes', gpu: '*' },
          extensions: ['Cite'],
          Parsoid: '*',
        },
      },
      'composer.json': { require: { 'a/b': '~>1.0' } },
    });
    assert.deepEqual(
      error.where.map(({ path, value, message }) => `${path} ${value}: ${message}`),
      [
        'require.a/b ~>1.0: is not a valid Composer constraint',
        'requires.MediaWiki 1.43: is not a string',
        'requires.platform.php banana: is not a valid Composer constraint',
        'requires.platform.ext-curl >=1: is not "*", the only value that MediaWiki accepts for a PHP extension',
        'requires.platform.ability-shell yes: is not true or false',
        'requires.platform.gpu *: is not a platform property that MediaWiki supports',
        'requires.extensions ["Cite"]: is not a JSON object',
        'requires.Parsoid *: is not a requirement that MediaWiki supports',
      ],
    );
    assert.ok(error.where.every(({ file }) => file?.startsWith('x_1.0.orig.tar.gz: ')));
    assert.match(error.message, /^The declarations of it are invalid: require\.a\/b in composer\.json/);
  });

  const shapes: [what: string, text: string, says: RegExp][] = [
    ['no JSON', '{"name": ', /extension\.json is not JSON/],
    ['a list', '["name"]', /is not a JSON object/],
    ['null', 'null', /is not a JSON object/],
    ['a text', '"Cite"', /is not a JSON object/],
    ['without a name', '{"requires": {}}', /is not the name of an extension/],
    ['with a list for a name', '{"name": ["Cite"]}', /name in extension\.json .* is not a string/],
    ['with a name of two lines', '{"name": "Ci\\nte"}', /is longer than one line of text/],
    ['with a path for a name', '{"name": "../Cite"}', /is not the name of an extension/],
    ['with requires that is a text', '{"name": "Cite", "requires": "*"}', /requires .* is not a JSON object/],
  ];
  for (const [what, text, says] of shapes) {
    it(`may be ${what}`, () => assert.match(faultOf({ 'extension.json': text }).message, says));
  }

  it('may be a version of MediaWiki that no grammar knows', () => {
    const error = faultOf({ 'includes/Defines.php': "define( 'MW_VERSION', 'next-best' );" });
    assert.match(
      error.message,
      /MW_VERSION in includes\/Defines\.php \("next-best"\) is not a comparable version/,
    );
  });

  it('says nothing of what no component is made of', () => {
    assert.doesNotThrow(() => read({ ...mediawiki, 'extensions/Broken/composer.json': '[' }));
  });

  it("takes an object's own words for names like others", () => {
    const text =
      '{"name": "X", "requires": {"extensions": {"__proto__": "*", "constructor": ">=1", "toString": "*"}}}';
    assert.deepEqual(told(read({ 'extension.json': text })), [
      'extension X: extension/__proto__ *',
      'extension X: extension/constructor >=1',
      'extension X: extension/toString *',
    ]);
    assert.match(
      faultOf({ 'extension.json': '{"name": "X", "requires": {"__proto__": {"MediaWiki": "*"}}}' }).message,
      /requires\.__proto__/,
    );
  });

  it('ends in facts or in this fault, whatever the files hold', () => {
    const json = fc.json({ maxDepth: 4 });
    const requires = fc.dictionary(
      fc.constantFrom('MediaWiki', 'platform', 'extensions', 'skins', 'x'),
      fc.oneof(fc.string(), fc.jsonValue({ maxDepth: 2 })),
    );
    const extension = fc.record({ name: fc.string(), version: fc.jsonValue({ maxDepth: 1 }), requires });
    const file = fc.oneof(
      json,
      fc.string(),
      extension.map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(file, file, file, (one, two, three) => {
        try {
          read({ 'extension.json': one, 'composer.json': two, 'vendor/composer/installed.json': three });
        } catch (error) {
          assert.ok(error instanceof LockstepError && error.code === 'SOURCE_DECLARATION', String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});
