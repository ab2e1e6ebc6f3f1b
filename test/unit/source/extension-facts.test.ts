import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LockstepError } from '../../../src/errors.js';
import { extensionFacts, type ExtensionFacts } from '../../../src/source/extension-facts.js';
import { plainText } from '../../../src/source/extension-text.js';

const tree = { component: 'cite', archive: { name: 'cite.tar', size: 1, sha256: 'a'.repeat(64) }, path: '' };

function facts(json: unknown, more: Record<string, string> = {}, path = ''): ExtensionFacts {
  const texts = new Map(Object.entries({ 'extension.json': JSON.stringify(json), ...more }));
  return extensionFacts(texts, { ...tree, path })!;
}

function faultOf(text: string): LockstepError {
  try {
    extensionFacts(new Map([['extension.json', text]]), tree);
  } catch (error) {
    if (error instanceof LockstepError) return error;
  }
  throw new Error('no fault');
}

describe('what extension.json says', () => {
  it('is nothing where there is none', () => {
    assert.equal(extensionFacts(new Map([['README', 'x']]), tree), null);
  });

  it('is of a skin in skin.json', () => {
    const skin = extensionFacts(new Map([['skin.json', '{"name":"Vector"}']]), tree)!;
    assert.deepEqual([skin.kind, skin.name, skin.directory], ['skin', 'Vector', 'Vector']);
  });

  it('takes the folder of the addresses from where the resources say it', () => {
    const resources = { ResourceFileModulePaths: { remoteExtPath: 'SyntaxHighlight_GeSHi/modules' } };
    assert.equal(facts({ name: 'SyntaxHighlight', ...resources }).directory, 'SyntaxHighlight_GeSHi');
    assert.equal(facts({ name: 'My Thing' }).directory, 'MyThing');
    assert.equal(facts({ name: 'Thing' }, {}, 'extensions/Other_Thing').directory, 'Other_Thing');
    for (const path of ['../../etc', '/etc', '.', '..', 'a b/c', 'a"b', "x'", 'ä']) {
      const evil = { ResourceModules: { x: { remoteExtPath: path } } };
      assert.equal(facts({ name: 'Thing', ...evil }).directory, 'Thing', path);
    }
  });

  it('has a name that can be a path and a word of PHP, or is refused', () => {
    const names = ['', '..', 'a/b', "a'b", 'a\nb', '-a', 'a".', '$x', 'ä', 'a'.repeat(101), 7, null, ['a']];
    for (const name of names) {
      const { code, message } = faultOf(JSON.stringify({ name }));
      assert.equal(code, 'EXTENSION_INVALID');
      assert.match(message, /extension\.json of cite \(cite\.tar\) gives/);
      assert.doesNotMatch(message, /\n/);
    }
  });

  it('is JSON with an object in it, or is refused', () => {
    for (const text of ['', '{', '[]', 'null', '"x"', '{"name": "A",}', '<?xml?>'])
      assert.equal(faultOf(text).code, 'EXTENSION_INVALID', text);
  });

  it('may have a byte order mark, and any nonsense beside the name', () => {
    assert.equal(extensionFacts(new Map([['extension.json', '\uFEFF{"name":"Cite"}']]), tree)?.name, 'Cite');
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (fields, value) => {
        const known = ['url', 'author', 'requires', 'license-name', 'descriptionmsg', 'ResourceModules'];
        for (const key of known) {
          const found = facts({ ...fields, [key]: value, name: 'Cite' });
          assert.equal(found.name, 'Cite');
          assert.match(found.directory, /^[A-Za-z0-9][\w.-]*$/);
          if (found.homepage !== null) assert.match(found.homepage, /^https?:\/\/[!-~]+$/);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('names a home page on the web, or none', () => {
    const of = (url: unknown): string | null => facts({ name: 'A', url }).homepage;
    assert.equal(of('https://www.example.org/wiki/A'), 'https://www.example.org/wiki/A');
    for (const url of [
      'javascript:alert(1)',
      'https://me:secret@example.org/',
      'ftp://example.org',
      '//x',
      7,
    ])
      assert.equal(of(url), null, String(url));
    // A new line would be a new field
    assert.equal(of('https://example.org/a\nDepends: evil'), 'https://example.org/aDepends:%20evil');
  });

  it('takes its description from the English texts, wherever they are', () => {
    const json = { name: 'A', descriptionmsg: 'a-desc', description: 'other' };
    const text = '{"a-desc": "From the texts"}';
    assert.equal(facts(json, { 'i18n/en.json': text }).description, 'From the texts');
    assert.equal(facts(json, { 'lib/i18n/core/en.json': text }).description, 'From the texts');
    assert.equal(facts(json, { 'i18n/en.json': 'no JSON' }).description, 'other');
    assert.equal(
      facts({ ...json, descriptionmsg: '__proto__' }, { 'i18n/en.json': '{}' }).description,
      'other',
    );
  });

  it('tells what else has to be loaded', () => {
    const requires = { MediaWiki: '>= 1.39', extensions: { Cite: '*', '../x': '*' }, skins: { Vector: '1' } };
    const { mediawiki, needs } = facts({ name: 'A', requires });
    assert.equal(mediawiki, '>= 1.39');
    assert.deepEqual(needs, [
      { kind: 'extension', name: 'Cite' },
      { kind: 'skin', name: 'Vector' },
    ]);
  });
});

describe('a text of strangers', () => {
  const cases: [string, string | null][] = [
    ["'''Bold''' and ''italic''", 'Bold and italic'],
    ['See [[Help:X|the help]], [[Y]] or [https://example.org there]', 'See the help, Y or there'],
    ['<b onclick="x()">hi</b> <script>alert(1)</script>', 'hi alert(1)'],
    ['a &lt;ref&gt; tag &amp; more &#8212; &#x41; &bogus;', 'a <ref> tag & more — A &bogus;'],
    ['{{PLURAL:$1|one|many}} and {{SITENAME}}', 'one and'],
    ['line\nDepends: evil\r\n\r\n.\tnext', 'line Depends: evil. next'],
    ['\u202Eevil\u0000\u001b[31m', 'evil[31m'],
    ['<!-- comment', null],
    ['   ', null],
  ];
  for (const [text, plain] of cases) {
    it(JSON.stringify(text), () => assert.equal(plainText(text, 200), plain));
  }

  it('ends where it gets too long', () => {
    assert.equal(plainText('word '.repeat(100), 12), 'word word w…');
    assert.equal(plainText('twelve signs', 12), 'twelve signs');
    assert.equal(plainText('twelve signs', 11), 'twelve sig…');
  });

  it('never holds a control character or a second blank, and takes no time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const plain = plainText(text, 100);
        if (plain === null) return;
        assert.doesNotMatch(plain, /[\p{Cc}\p{Cf}\p{Cs}]| {2}|^ | $/u);
        assert.ok([...plain].length <= 100);
      }),
    );
    for (const hostile of ['[['.repeat(1e5), '<a '.repeat(1e5), '{{'.repeat(1e5), "''".repeat(1e5)])
      plainText(hostile, 100);
  });
});
