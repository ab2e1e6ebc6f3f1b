import assert from 'node:assert/strict';
import {
  binaryStanza,
  indexParagraph,
  judgeBinaryStanza,
  longestParagraph,
  mostFields,
} from '../../../src/deb/binary-stanza.js';
import { longestName, mostRelations } from '../../../src/deb/binary-relations.js';

const base = 'Package: hello\nVersion: 1:2.10-3\nArchitecture: amd64\n';

function faults(more: string): string[] {
  const found = judgeBinaryStanza(base + more);
  return 'faults' in found ? found.faults : [];
}

describe('the paragraph of a binary package', () => {
  it('says what it describes', () => {
    const found = binaryStanza(`${base}Source: greetings (3:1.0)\n`, 'hello.deb');
    assert.deepEqual(
      [found.package, found.version, found.architecture, found.source, found.sourceVersion],
      ['hello', '1:2.10-3', 'amd64', 'greetings', '3:1.0'],
    );
  });

  for (const [text, message] of Object.entries({
    'Depends: foo bar': 'Depends "foo bar" is not "package (operator version)"',
    'Depends: foo | | bar': 'Depends has an empty relation: two separators, or one at the start or the end',
    'Depends: foo,': 'Depends has an empty relation: two separators, or one at the start or the end',
    'Provides: , foo': 'Provides has an empty relation: two separators, or one at the start or the end',
    'Depends: foo (>= 1.0': 'Depends "foo (>= 1.0" does not close its parenthesis',
    'Depends: foo (>= 1.0, bar': 'Depends "foo (>= 1.0" does not close its parenthesis',
    'Depends: foo <!nocheck>':
      'Depends "foo <!nocheck>" has architectures or build profiles, which only source packages may have',
    'Recommends: foo [amd64]':
      'Recommends "foo [amd64]" has architectures or build profiles, which only source packages may have',
    'Depends: -foo': 'Depends "-foo" does not begin with a package name',
    'Depends: foo_bar': 'Depends "foo_bar" does not begin with a package name',
    'Depends: ${misc:Depends}': 'Depends "${misc:Depends}" does not begin with a package name',
    'Depends: foo (>= ${x})': 'Depends "${x}" is not a Debian version',
    'Depends: foo (1.0)': 'Depends "foo (1.0)" is not "package (operator version)"',
    'Depends: foo:': 'Depends "foo:" is not "package (operator version)"',
    'Depends: foo:!amd64': 'Depends "foo:!amd64" is not "package (operator version)"',
    'Depends:\n foo': 'Depends begins with an empty line, which dpkg does not read',
    'Depends: foo,\u00a0bar': 'Depends "\u00a0bar" does not begin with a package name',
    'Depends: foo\u00a0': 'Depends "foo\u00a0" does not begin with a package name',
    '\u00a0': 'line 4: "\u00a0" is not "Field: value"',
    'Provides:\nXX: 1': 'Provides is empty, which apt 2.6 does not read',
    'X-Empty:': 'X-Empty is empty at the end, which dpkg does not read',
    'Depends: foo (=1)':
      'Depends "foo (=1)" ends the field too soon for apt: write a blank before the version',
    'Provides: foo (>= 1)': 'Provides "foo (>= 1)" provides a range: only "=" may be in Provides',
    'Conflicts: foo | bar': 'Conflicts has alternatives ("|"), which it cannot have',
    'Description-md5: x': 'Description-md5 "x" is not an MD5: 32 hexadecimal digits',
    'Essential: maybe': 'Essential "maybe" is not "yes" or "no"',
    'Multi-Arch: Same': 'Multi-Arch "Same" is not "no", "same", "foreign" or "allowed"',
    'Installed-Size: 1.5': 'Installed-Size "1.5" is not a whole number of KiB',
    'Section: a b': 'Section "a b" is not a single word of 100 characters at most',
    'Phased-Update-Percentage: 101': 'Phased-Update-Percentage "101" is not a number from 0 to 100',
    'Status: install ok installed': "Status belongs to dpkg's database, not into a package",
    'Revision: 2': 'Revision is obsolete: dpkg reads it as another field, and apt does not',
    'package-type: udeb': 'package-type "udeb" is not "deb": an archive of Lockstep has no other packages',
    'Filename: a b': 'Filename "a b" is more than one word',
    'X: 1': 'X is a field name of one character, which dpkg does not read',
    '# a comment': 'it has a comment, which an index cannot contain',
  })) {
    it(`cannot have ${JSON.stringify(text)}`, () => {
      assert.deepEqual(faults(`${text}\n`), [message]);
    });
  }

  it('may have what Policy 7 allows', () => {
    for (const text of [
      'Depends: foo (>= 1.0), qux(=1), bar | baz:any (<< 2:3~),\n qux(=10)',
      'Depends: foo\n (>= 1)',
      'Depends: foo ( > 1.0 )',
      'Depends:\nXX: 1',
      'Pre-Depends: dpkg (>= 1.15.6~)',
      'Provides: foo (= 1), bar',
      'Conflicts: foo, bar:any',
      'Enhances: foo | bar',
      'Essential: Yes',
      'Multi-Arch:\nXX: 1',
      'Section: contrib/net',
      'X-Empty:\nXX: 1',
      `Built-Using: anything, that (no) program [reads]`,
      `Description-md5: ${'0'.repeat(32)}`,
    ])
      assert.deepEqual(faults(`${text}\n`), [], text);
  });

  it('has limits', () => {
    const name = 'a'.repeat(longestName);
    const many = (count: number): string => Array.from({ length: count }, (_, i) => `a${i}`).join(', ');
    const good = [
      `Depends: ${name}\n`,
      `Depends: foo (>= ${'1'.repeat(longestName)})\n`,
      `Depends: ${many(mostRelations / 2)}\nProvides: ${many(mostRelations / 2)}\n`,
    ];
    for (const text of good) assert.deepEqual(faults(text), []);
    assert.deepEqual(faults(`Depends: ${name}a\n`), [
      `Depends names a package with more than ${longestName} characters`,
    ]);
    assert.match(
      faults(`Depends: foo (>= ${'1'.repeat(longestName + 1)})\n`)[0]!,
      /has a version of more than 200 characters$/,
    );
    assert.deepEqual(faults(`Depends: ${many(mostRelations + 1)}\n`), [
      `Depends has more than ${mostRelations} relations`,
    ]);
    assert.deepEqual(
      faults(`Depends: ${many(mostRelations / 2)}\nProvides: ${many(mostRelations / 2 + 1)}\n`),
      [`it has more than ${mostRelations} relations`],
    );
    assert.match(faults(`Homepage: ${'x'.repeat(longestParagraph)}\n`)[0]!, /and the limit is 262144$/);
    const fields = Array.from({ length: mostFields }, (_, i) => `X-${i}: 1\n`).join('');
    assert.deepEqual(faults(fields), [`it has more than ${mostFields} fields`]);
    assert.match(faults(`${name}a: 1\n`)[0]!, /has a name of more than 200 characters$/);
  });

  it('cannot be shared by architectures and be for all of them', () => {
    const found = judgeBinaryStanza(`${base.replace('amd64', 'all')}Multi-Arch: same\n`);
    assert.ok('faults' in found);
    assert.deepEqual(found.faults, ['Multi-Arch "same" is not for a package of architecture all']);
  });

  it('is told with everything that is wrong with it', () => {
    assert.equal(faults('Depends: foo bar\nProvides:\nEssential: x\n').length, 3);
    assert.throws(() => binaryStanza(`${base}Depends: foo bar\n`, 'hello.deb'), {
      code: 'DEB_SYNTAX',
      message: /^apt cannot read the control paragraph of hello\.deb: Depends "foo bar"/,
    });
  });

  it('is listed without what it says of its own file', () => {
    const found = binaryStanza(`${base}Filename: x.deb\nSize: 1\nSHA256: abc\nHomepage: y\n`, 'hello.deb');
    assert.equal(indexParagraph(found), `${base}Homepage: y\n`);
    assert.equal(indexParagraph(binaryStanza(`${base}Homepage: y  \n`, 'hello.deb')), `${base}Homepage: y\n`);
  });
});
