import assert from 'node:assert/strict';
import { parseAnyProfile, parseProfile } from '../../../src/profile/load.js';

const good = `format: 1
kind: imported
description: Tools that are built elsewhere
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64, arm64] }
`;

function faultsOf(text: string): string[] {
  const { value, faults } = parseAnyProfile(text, 'tools');
  assert.equal(value, undefined);
  return faults.map(({ line, path, message }) => `${line}: ${path}: ${message}`);
}

describe('a profile of imported packages', () => {
  it('has a base and nothing that is built', () => {
    const { value, faults } = parseAnyProfile(good, 'tools');
    assert.deepEqual(faults, []);
    assert.deepEqual(value, {
      format: 1,
      kind: 'imported',
      description: 'Tools that are built elsewhere',
      versions: 1,
      name: 'tools',
      file: 'profiles/tools.yaml',
      base: {
        distribution: 'debian',
        release: '12',
        codename: 'bookworm',
        architectures: ['amd64', 'arm64'],
        phpVersion: '8.2',
      },
    });
  });

  it('is told apart by its kind', () => {
    assert.deepEqual(faultsOf(good.replace('imported', 'import')), [
      '2: kind: must be "imported"; did you mean "imported"?',
    ]);
    assert.match(faultsOf(good.replace('kind: imported\n', '')).join('\n'), /components: is missing/);
    assert.match(
      parseProfile(good, 'tools')
        .faults.map(({ message }) => message)
        .join('\n'),
      /unknown key "kind"/,
    );
  });

  it('has no components, and a base that is one release', () => {
    assert.deepEqual(faultsOf(`${good}components: {}\nmetapackage: {}\n`), [
      '5: components: unknown key "components". Allowed here: format, kind, description, versions, base',
      '6: metapackage: unknown key "metapackage". Allowed here: format, kind, description, versions, base',
    ]);
    assert.deepEqual(faultsOf(good.replace('bookworm', 'trixie')), [
      '4: base.codename: the codename of Debian 12 is bookworm, not trixie',
    ]);
    assert.deepEqual(faultsOf(good.replace('arm64', 'amd64')), [
      '4: base.architectures[1]: "amd64" is already in this list',
    ]);
  });
});
