import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LockstepError } from '../../../src/errors.js';
import { canonicalJson } from '../../../src/io/canonical-json.js';
import { parseManifest, type SnapshotPackage } from '../../../src/snapshot/manifest.js';
import { isPlainPackage } from '../../../src/snapshot/plain-package.js';
import { samplePackage, sampleSnapshot } from '../../fixtures/sample-snapshot.js';

const good = samplePackage({ name: 'mediawiki', version: '1:1.39.17-1+deb12u2' });
const { manifest } = sampleSnapshot([{ name: 'other', version: '1' }], '2026-03-01T10:15:30Z');

/** What the schema itself says: an entry with a field of its own beside it is not plain, so all are looked at. */
function faultsBySchema(entry: unknown): string[] {
  const other = { ...manifest.packages[0], 'x-unknown': 1 };
  const text = canonicalJson({ ...manifest, packages: [other, entry] });
  try {
    parseManifest(text, 'x');
    return [];
  } catch (error) {
    assert.ok(error instanceof LockstepError);
    return error.where.flatMap(({ path, message }) =>
      // That names agree is asked of plain entries as well
      path?.startsWith('packages.1') && !/the paragraph describes|occurs twice/.test(message ?? '')
        ? [`${path}: ${message}`]
        : [],
    );
  }
}

const fields = Object.keys(good) as (keyof SnapshotPackage)[];
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.stringMatching(/^[a-z0-9.:~+/_\n -]{0,30}$/),
  fc.constantFrom(
    '../x',
    'pool/../x',
    'pool//x',
    'pool/main/.x',
    'pool/x/',
    '1:',
    ':1',
    '1-',
    '1.0-1-2',
    '9999999999:1',
    'a',
    'A: b\n\nB: c\n',
    'A: b\n \t\nB: c\n',
    'A: b\n\r\nB: c\n',
    'A: b',
    'A: \0\n',
    '__proto__',
  ),
);
const wrong = fc.oneof(
  texts,
  fc.integer(),
  fc.double(),
  fc.constant(null),
  fc.boolean(),
  fc.constant([]),
  fc.constant({}),
);

describe('an entry that is told good at a glance', () => {
  it('is one that everybody writes', () => {
    assert.equal(isPlainPackage(good), true);
    assert.deepEqual(faultsBySchema(good), []);
  });

  it('is good by the schema too, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...fields), wrong, (field, value) => {
        const entry = { ...good, [field]: value };
        if (isPlainPackage(entry)) assert.deepEqual(faultsBySchema(entry), []);
      }),
      { numRuns: 1500 },
    );
  });

  it('is not one with a field too many or too few', () => {
    assert.equal(isPlainPackage({ ...good, more: 1 }), false);
    for (const field of fields) {
      const entry: Record<string, unknown> = { ...good };
      delete entry[field];
      assert.equal(isPlainPackage(entry), false, field);
    }
    assert.equal(isPlainPackage(null), false);
    assert.equal(isPlainPackage('x'), false);
  });

  it('that is none, is told of by its field', () => {
    const text = canonicalJson({ ...manifest, packages: [{ ...good, path: 'pool/../../etc/passwd' }] });
    assert.throws(() => parseManifest(text, 'x.json'), {
      code: 'SNAPSHOT_INVALID',
      message: /packages\.0\.path: must be a path below pool/,
    });
  });
});
