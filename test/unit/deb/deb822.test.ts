import assert from 'node:assert/strict';
import debianControl from 'debian-control';
import fc from 'fast-check';
import {
  foldValue,
  formatStanza,
  parseStanza,
  parseStanzas,
  StanzaIndex,
  unfoldValue,
  withoutArmour,
} from '../../../src/deb/deb822.js';
import { LockstepError } from '../../../src/errors.js';
import { packageName } from '../../fixtures/deb-arbitraries.js';

const twoPackages = `Package: varnish
Version: 7.1.1-1.1
Description: state of the art
 It caches.
 .
   indented: verbatim
Depends: libc6 (>= 2.34),
 libvarnishapi3

Package: memcached
version: 1.6.18-1
Provides: kvstore, memcache-server (= 1.6)
`;

function faultsOf(action: () => unknown): LockstepError {
  try {
    action();
  } catch (error) {
    if (error instanceof LockstepError) return error;
    throw error;
  }
  assert.fail('no fault');
}

describe('deb/deb822 reading', () => {
  it('keeps order, raw values and bytes', () => {
    const [varnish, memcached] = parseStanzas(twoPackages);
    assert.deepEqual(varnish?.names(), ['Package', 'Version', 'Description', 'Depends']);
    assert.equal(varnish?.get('Description'), 'state of the art\n It caches.\n .\n   indented: verbatim');
    assert.equal(varnish?.unfolded('Description'), 'state of the art\nIt caches.\n\n  indented: verbatim');
    assert.equal(memcached?.get('VERSION'), '1.6.18-1');
    assert.equal(`${varnish?.text()}\n${memcached?.text()}`, twoPackages);
    assert.deepEqual(varnish?.placeOf('depends').line, 7);
    assert.deepEqual(memcached?.placeOf('Package').line, 10);
  });

  it('takes lines of blanks as separators, skips comments, and bears CR at line ends', () => {
    const stanzas = parseStanzas('# a file\n\nA: 1\n# between\nB:2\n \t\n\n\nC: 3\r\nD: 4\r\n');
    assert.deepEqual(
      stanzas.map((stanza) => stanza.fields().map((field) => `${field.name}=${field.value}`)),
      [
        ['A=1', 'B=2'],
        ['C=3', 'D=4'],
      ],
    );
  });

  it('reads the lines of a list field', () => {
    const stanza = parseStanza('Files:\n a 1 x\n  b 2 y\n');
    assert.equal(stanza.get('Files'), '\n a 1 x\n  b 2 y');
    assert.deepEqual(stanza.lines('files'), ['a 1 x', 'b 2 y']);
    assert.deepEqual(stanza.lines('None'), []);
  });

  it('reports every fault with its line', () => {
    const fault = faultsOf(() =>
      parseStanzas(' lost\nA: 1\na: 2\nno colon\n: empty\n-x: 1\n\nB: 1\nB: 2\n', { file: 'f' }),
    );
    assert.equal(fault.code, 'DEB_SYNTAX');
    assert.deepEqual(
      fault.where.map((place) => [place.file, place.line]),
      [
        ['f', 1],
        ['f', 3],
        ['f', 4],
        ['f', 5],
        ['f', 6],
        ['f', 9],
      ],
    );
    assert.match(fault.message, /^f is not well-formed: line 1/);
  });

  it('wants one paragraph where there must be one, and fields that must be there', () => {
    assert.equal(faultsOf(() => parseStanza('A: 1\n\nB: 2\n')).where[0]?.line, 3);
    assert.equal(faultsOf(() => parseStanza('\n')).code, 'DEB_SYNTAX');
    assert.match(faultsOf(() => parseStanza('A: 1\n').require('Version')).message, /Version is missing/);
    assert.match(faultsOf(() => parseStanza('A:\n').require('A')).message, /A is empty/);
  });

  it('does not trip over prototype names and separators of Unicode', () => {
    const stanza = parseStanza('constructor: 1\n__proto__: 2\nDescription: a\u2028b\n');
    assert.equal(stanza.get('__proto__'), '2');
    assert.equal(stanza.get('toString'), undefined);
    assert.equal(stanza.get('Description'), 'a\u2028b');
  });

  it('agrees with debian-control on what that reads right', () => {
    const text = 'Package: bzflag-server\nInstalled-Size: 3967\nTag: a::b,\n c::d\n';
    const stanza = parseStanza(text);
    assert.deepEqual(debianControl.parse(text), {
      Package: stanza.get('Package'),
      'Installed-Size': stanza.get('Installed-Size'),
      Tag: stanza.lines('Tag'),
    });
  });

  it('changes some fields and leaves the bytes of others', () => {
    const stanza = parseStanza('Package: a\nX:\n one\n   two\nSize: 1\n');
    const changed = stanza.with({ size: '2', Filename: 'pool/a.deb', Package: undefined });
    assert.equal(changed.text(), 'X:\n one\n   two\nSize: 2\nFilename: pool/a.deb\n');
  });
});

const fieldName = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,11}$/);
const valueLine = fc.string({ unit: fc.constantFrom('a', 'b', ' ', ':', '.', '#', 'ö', '-'), maxLength: 12 });
// A line of one full stop stands for an empty one, by deb822(5); blanks at line ends have no meaning
const value = fc
  .array(valueLine, { minLength: 1, maxLength: 4 })
  .map((lines) =>
    lines
      .map((line, index) => (index === 0 ? line.trim() : line.trimEnd()))
      .map((line) => (line.trim() === '.' ? '' : line))
      .join('\n')
      .replace(/\n+$/, ''),
  )
  .filter((text) => text.trim() !== '');
const record = fc
  .uniqueArray(fc.tuple(fieldName, value), {
    minLength: 1,
    maxLength: 6,
    selector: ([name]) => name.toLowerCase(),
  })
  .map((pairs) => new Map(pairs));

describe('deb/deb822 writing', () => {
  it('comes back as it was written', () => {
    fc.assert(
      fc.property(record, (fields) => {
        const stanza = parseStanza(formatStanza(Object.fromEntries(fields)));
        for (const [name, text] of fields) assert.equal(stanza.unfolded(name), text);
        assert.equal(stanza.fields().length, fields.size);
      }),
    );
  });

  it('is canonical: reading and writing again changes nothing', () => {
    fc.assert(
      fc.property(record, (fields) => {
        const text = formatStanza(Object.fromEntries(fields));
        const again = parseStanza(text);
        const entries = again.names().map((name) => [name, again.unfolded(name)] as const);
        assert.equal(formatStanza(Object.fromEntries(entries)), text);
      }),
    );
  });

  it('folds and leaves out what is empty', () => {
    assert.equal(
      formatStanza({
        Package: 'a',
        Empty: '',
        Gone: undefined,
        Files: '\nx 1 y',
        Description: 's\n\n  code\n.\n',
      }),
      'Package: a\nFiles:\n x 1 y\nDescription: s\n .\n   code\n .\n',
    );
    assert.equal(unfoldValue(foldValue('a\n\n b')), 'a\n\n b');
  });

  it('refuses what would break the form', () => {
    for (const fields of [
      { 'a b': '1' },
      { 'x:': '1' },
      { '#x': '1' },
      { A: '1', a: '2' },
      { A: 'x\0y' },
      { A: 'x\ry' },
    ]) {
      assert.equal(faultsOf(() => formatStanza(fields)).code, 'DEB_SYNTAX', JSON.stringify(fields));
    }
  });
});

describe('deb/deb822 indices', () => {
  const manyStanzas = fc.array(fc.tuple(packageName, record), { minLength: 1, maxLength: 8 }).map((list) =>
    list.map(([name, fields]) =>
      formatStanza({
        Package: name,
        ...Object.fromEntries([...fields].filter(([key]) => key.toLowerCase() !== 'package')),
      }),
    ),
  );

  it('finds paragraphs as reading everything would', () => {
    fc.assert(
      fc.property(manyStanzas, fc.nat(7), (texts, pick) => {
        const all = parseStanzas(texts.join('\n'));
        const name = all[pick % all.length]!.require('Package');
        const expected = all
          .filter((stanza) => stanza.get('Package') === name)
          .map((stanza) => stanza.text());
        const buffer = Buffer.from(texts.join('\n'));
        assert.deepEqual(
          new StanzaIndex(buffer).get(name).map((stanza) => stanza.text()),
          expected,
        );
      }),
    );
  });

  it('finds names written in other ways, and no others', () => {
    const text = 'Section: web\npackage:odd\nX: 1\n\nX: y\n Package: trap\n\n\n\nPackage: last \n';
    const names = (wanted: string): number => new StanzaIndex(Buffer.from(text)).get(wanted).length;
    assert.deepEqual(['odd', 'trap', 'last'].map(names), [1, 0, 1]);
  });

  it('knows who provides a virtual package', () => {
    const index = new StanzaIndex(
      Buffer.from(`${twoPackages}\nPackage: other\nProvides:\n x-y,\n kvstore\nZ: 1\n`),
    );
    assert.deepEqual(index.providersOf('kvstore'), ['memcached', 'other']);
    assert.deepEqual(index.providersOf('memcache-server'), ['memcached']);
    assert.deepEqual(index.providersOf('x-y'), ['other']);
    assert.deepEqual(index.providersOf('varnish'), []);
    assert.deepEqual([...index.names()], ['varnish', 'memcached', 'other']);
    assert.ok(index.has('varnish') && !index.has('x-y'));
  });
});

describe('deb/deb822 armour', () => {
  const armoured = `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

Format: 3.0 (quilt)

- -----dashes
-----BEGIN PGP SIGNATURE-----

xxxx
-----END PGP SIGNATURE-----
`;
  it('gives what was signed, blank lines too', () => {
    assert.equal(withoutArmour(armoured), 'Format: 3.0 (quilt)\n\n-----dashes\n');
    assert.equal(withoutArmour('A: 1\n'), 'A: 1\n');
  });

  it('refuses armour that does not end', () => {
    const cut = armoured.slice(0, armoured.indexOf('-----BEGIN PGP SIGNATURE'));
    assert.equal(faultsOf(() => withoutArmour(cut)).code, 'DEB_SYNTAX');
    assert.equal(
      faultsOf(() => withoutArmour('-----BEGIN PGP SIGNED MESSAGE-----\nHash: x\n')).code,
      'DEB_SYNTAX',
    );
  });
});

describe('limits of control files', () => {
  it('are a thousand fields in a paragraph', () => {
    const fields = (count: number): string =>
      Array.from({ length: count }, (_, at) => `F${at}: x\n`).join('');
    assert.equal(parseStanza(fields(1000)).fields().length, 1000);
    assert.throws(() => parseStanza(fields(1001)), {
      code: 'DEB_SYNTAX',
      message: /line 1001: the paragraph has more than 1000 fields/,
    });
  });
});
