import assert from 'node:assert/strict';
import { ImportFolder } from '../../fixtures/import-folder.js';
import { rawDeb } from '../../fixtures/raw-deb.js';

const base = 'Package: tool\nVersion: 1\nArchitecture: amd64\nMaintainer: A <a@b.invalid>\nDescription: x\n';

/** Control files that stopped apt on every machine, and what an import says of each. */
const refused: Record<string, [string | Buffer, string]> = {
  'two names': ['Depends: foo bar\n', 'Depends "foo bar" is not "package (operator version)"'],
  'an empty alternative': [
    'Depends: foo | | bar\n',
    'Depends has an empty relation: two separators, or one at the start or the end',
  ],
  'an unclosed version': ['Depends: foo (>= 1.0\n', 'Depends "foo (>= 1.0" does not close its parenthesis'],
  'a build profile': [
    'Depends: foo <!nocheck>\n',
    'Depends "foo <!nocheck>" has architectures or build profiles, which only source packages may have',
  ],
  'an endless name': [
    `Depends: ${'a'.repeat(69_990)}\n`,
    'Depends names a package with more than 200 characters',
  ],
  '200,000 relations': [
    `Depends: ${Array.from({ length: 200_000 }, () => 'a1').join(',')}\n`,
    `it has ${base.length + 600_009} characters, and the limit is 262144`,
  ],
  'many relations': [
    `Depends: ${Array.from({ length: 10_001 }, () => 'a1').join(',')}\n`,
    'Depends has more than 10000 relations',
  ],
  'no MD5': ['Description-md5: x\n', 'Description-md5 "x" is not an MD5: 32 hexadecimal digits'],
  'an empty first provision': [
    'Provides: , foo\n',
    'Provides has an empty relation: two separators, or one at the start or the end',
  ],
  'a status': ['Status: install ok installed\n', "Status belongs to dpkg's database, not into a package"],
};

describe('control files that an import meets', () => {
  let folder: ImportFolder;
  before(async () => {
    folder = await ImportFolder.make();
  });
  after(() => folder.remove());

  for (const [name, [more, message]] of Object.entries(refused)) {
    it(`${name}: refused, by name`, async () => {
      const path = await folder.put(await rawDeb('tool', `${base}${String(more)}`));
      assert.deepEqual(await folder.faultsOf([path]), [`tool.deb: control: ${message} [control-field]`]);
    });
  }

  it('15 MB: refused before it is read', async () => {
    const path = await folder.put(await rawDeb('tool', `${base}Homepage: ${'x'.repeat(15_000_000)}\n`));
    assert.deepEqual(await folder.faultsOf([path]), [
      'tool.deb: its control has more than 1048576 bytes [budget]',
    ]);
  });

  it('are never changed: what is not UTF-8 is refused, and a real U+FFFD stays', async () => {
    const latin = Buffer.from(base.replace('Maintainer: A', 'Maintainer: Ren\u00e9'), 'latin1');
    const path = await folder.put(await rawDeb('tool', latin));
    assert.deepEqual(await folder.faultsOf([path]), [
      'tool.deb: control: line 4 is not UTF-8 [control-text]',
    ]);
    const odd = base.replace('Maintainer: A', 'Maintainer: Ren\u00e9 \ufffd');
    const { packages } = await folder.manifestOf(
      await folder.run([await folder.put(await rawDeb('tool', odd))]),
    );
    assert.equal(packages[0]!.stanza, odd);
    const changes = Buffer.from('Source: tool\nVersion: 1\nMaintainer: Ren\u00e9\n', 'latin1');
    const upload = await folder.put({ name: 'tool.changes', bytes: changes });
    assert.deepEqual(await folder.faultsOf([upload]), ['tool.changes: line 3 is not UTF-8']);
  });
});
