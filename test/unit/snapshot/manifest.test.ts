import assert from 'node:assert/strict';
import { canonicalJson } from '../../../src/io/canonical-json.js';
import { LockstepError } from '../../../src/errors.js';
import { parseManifest, type SnapshotManifest } from '../../../src/snapshot/manifest.js';
import { sampleSnapshot } from '../../fixtures/sample-snapshot.js';

const { manifest } = sampleSnapshot(
  [
    { name: 'one', version: '1' },
    { name: 'two', version: '2' },
  ],
  '2026-11-01T00:00:00Z',
);
const hash = (letter: string): string => letter.repeat(64);

/** The places of all faults of a manifest, each with its sentence. */
function faultsOf(changes: object): string[] {
  const text = canonicalJson({ ...manifest, ...changes });
  try {
    parseManifest(text, 'x.json');
  } catch (error) {
    assert.ok(error instanceof LockstepError);
    assert.equal(error.code, 'SNAPSHOT_INVALID');
    return error.where.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

function source(name: string, files: SnapshotManifest['sources'][number]['files']) {
  const stanza = `Package: ${name}\nVersion: 1\n`;
  return {
    package: name,
    version: '1',
    area: 'main',
    directory: `pool/main/${name[0]}/${name}`,
    stanza,
    files,
  };
}

describe('a manifest', () => {
  it('is read as it was written', () => {
    assert.deepEqual(parseManifest(canonicalJson(manifest), 'x.json'), manifest);
    assert.deepEqual(
      faultsOf({ sources: [source('one', [{ name: 'one_1.dsc', size: 1, sha256: hash('a') }])] }),
      [],
    );
  });

  it('has each package, source and path once, and says all that is twice', () => {
    const [one, two] = manifest.packages;
    assert.deepEqual(faultsOf({ packages: [one, { ...two!, path: one!.path }] }), [
      `packages.1.path: ${one!.path} is listed with two hashes`,
    ]);
    const file = { name: 'x.tar', size: 1 };
    const twice = source('xyz', [
      { ...file, sha256: hash('a') },
      { ...file, sha256: hash('b') },
      { name: 'xyz_1_changelog', size: 1, sha256: hash('a') },
    ]);
    const changelog = { path: 'pool/main/x/xyz/xyz_1_changelog', size: 1, sha256: hash('b') };
    assert.deepEqual(faultsOf({ sources: [twice, twice], sourceChangelogs: [changelog] }).sort(), [
      'sourceChangelogs.0.path: pool/main/x/xyz/xyz_1_changelog is listed with two hashes',
      'sources.0.files: pool/main/x/xyz/x.tar is listed with two hashes',
      'sources.0.files: xyz_1_changelog is the name of a changelog',
      'sources.1.files: pool/main/x/xyz/x.tar is listed with two hashes',
      'sources.1.files: pool/main/x/xyz/x.tar is listed with two hashes',
      'sources.1.files: xyz_1_changelog is the name of a changelog',
      'sources.1: xyz 1 occurs twice',
    ]);
  });

  it('has paragraphs of the packages that it names', () => {
    const [one] = manifest.packages;
    for (const stanza of [
      'Package: one\nArchitecture: all\n',
      one!.stanza.replace('Version: 1', 'Version: 9'),
    ])
      assert.match(
        faultsOf({ packages: [{ ...one!, stanza }] }).join(),
        /packages.0.stanza: the paragraph describes/,
      );
  });

  it('of a newer format is another fault than one that is damaged', () => {
    assert.throws(() => parseManifest(canonicalJson({ ...manifest, format: 9 }), 'x.json'), {
      code: 'SNAPSHOT_NEWER_FORMAT',
    });
    for (const text of ['', '[]', 'null', '{', '{"format":2}'])
      assert.throws(() => parseManifest(text, 'x.json'), { code: 'SNAPSHOT_INVALID' }, text);
  });
});
