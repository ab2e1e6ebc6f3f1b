import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { IndexFile } from '../../../src/archive/index-set.js';
import {
  assertSameIdentity,
  nextReleaseDate,
  readReleaseFiles,
  releaseFields,
  releaseText,
  releaseVerdict,
  type PublishedRelease,
  type ReleaseContent,
} from '../../../src/archive/release.js';
import { parseRelease } from '../../../src/deb/release-file.js';
import { LockstepError } from '../../../src/errors.js';

const day = 86_400;
const file: IndexFile = {
  path: 'main/binary-amd64/Packages',
  size: 5,
  sha256: 'a'.repeat(64),
  stored: false,
};
const content: ReleaseContent = {
  fields: releaseFields(
    { origin: 'O', label: 'L', description: 'D', baseUrl: 'http://x.invalid' },
    { name: 'set-stable', validFor: 14 * day, retain: 3 },
    { areas: ['main'], architectures: ['amd64'], snapshots: ['20260101T000000Z', '20250101T000000Z'] },
  ),
  files: [file],
  validity: { validFor: 14 * day, keyEnds: null },
};
const start = Date.parse('2026-01-01T00:00:00Z') / 1000;
const at = (days: number): Date => new Date((start + days * day) * 1000);

/** As if signed: what stands in for the armour is of no matter here. */
function published(text: string): PublishedRelease {
  const inline = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${text}-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n`;
  return readReleaseFiles({ plain: text, signature: 'x', inline });
}

describe('a Release', () => {
  it('says what apt must know', () => {
    const text = releaseText(content, start);
    const release = parseRelease(text);
    assert.equal(release.suite, 'set-stable');
    assert.equal(release.codename, 'set-stable');
    assert.equal(release.acquireByHash, true);
    assert.equal(release.validUntil! - release.date, 14 * day);
    assert.match(text, /^Snapshots: http:\/\/x\.invalid\/snapshot\/@SNAPSHOTID@\/$/m);
    assert.match(text, /^Date: Thu, 01 Jan 2026 00:00:00 UTC$/m);
    assert.doesNotMatch(text, /MD5|SHA1:/);
    assert.equal(releaseText(content, start), text);
  });

  const fieldsOf = (suite: object): Record<string, string> =>
    releaseFields(
      { origin: 'O', label: 'L', description: 'D', baseUrl: 'http://x.invalid' },
      { name: 'set-stable', validFor: 14 * day, retain: 3, ...suite },
      { areas: ['main'], architectures: ['amd64'], snapshots: [] },
    );

  it('says what the suite has of its own', () => {
    const own = { codename: 'green', description: 'E', notAutomatic: true, butAutomaticUpgrades: true };
    const fields = fieldsOf(own);
    assert.deepEqual(
      ['Suite', 'Codename', 'Description', 'NotAutomatic', 'ButAutomaticUpgrades'].map(
        (name) => fields[name],
      ),
      ['set-stable', 'green', 'E', 'yes', 'yes'],
    );
    assert.equal(fieldsOf({ notAutomatic: false })['NotAutomatic'], undefined);
  });

  it('does not change what machines know the suite by', () => {
    const there = parseRelease(releaseText(content, start));
    assertSameIdentity('set-stable', null, fieldsOf({ codename: 'green' }));
    assertSameIdentity('set-stable', there, fieldsOf({ description: 'other' }));
    for (const [change, field] of [
      [{ codename: 'green' }, 'Codename'],
      [{ notAutomatic: true }, 'NotAutomatic'],
    ] as const) {
      assert.throws(
        () => assertSameIdentity('set-stable', there, fieldsOf(change)),
        (error: unknown) => {
          assert.ok(error instanceof LockstepError && error.code === 'SUITE_IDENTITY');
          assert.deepEqual(
            error.where.map(({ path }) => path),
            [field],
          );
          return true;
        },
      );
    }
    const origin = { ...fieldsOf({}), Origin: 'P', Label: 'M' };
    assert.throws(() => assertSameIdentity('set-stable', there, origin), {
      message: /would change how apt identifies set-stable: Origin to P, Label to M/,
    });
  });

  it('is good until half of its time is over', () => {
    const there = published(releaseText(content, start));
    assert.equal(releaseVerdict(there, content, at(0)), 'nothing');
    assert.equal(releaseVerdict(there, content, at(6.9)), 'nothing');
    assert.equal(releaseVerdict(there, content, at(7.1)), 'refresh');
    assert.equal(releaseVerdict(there, content, at(100)), 'refresh');
    assert.equal(releaseVerdict(there, content, at(-3)), 'nothing');
  });

  it('is written anew when it says something else, and when one of its files is missing or old', () => {
    const text = releaseText(content, start);
    const there = published(text);
    assert.equal(
      releaseVerdict({ release: null, latestDate: null, whole: false }, content, at(0)),
      'publish',
    );
    const moved = { ...content, files: [{ ...file, sha256: 'b'.repeat(64) }] };
    assert.equal(releaseVerdict(there, moved, at(0)), 'publish');
    assert.equal(releaseVerdict(there, { ...content, files: [] }, at(0)), 'publish');
    const renamed = { ...content, fields: { ...content.fields, Label: 'other' } };
    assert.equal(releaseVerdict(there, renamed, at(0)), 'publish');
    const { Description: dropped, ...fewer } = content.fields;
    assert.equal(dropped, 'D');
    assert.equal(releaseVerdict(there, { ...content, fields: fewer }, at(0)), 'publish');
    assert.equal(
      releaseVerdict(there, { ...content, validity: { validFor: 7 * day, keyEnds: null } }, at(0)),
      'refresh',
    );
    assert.equal(releaseVerdict({ ...there, whole: false }, content, at(0)), 'refresh');
  });

  it('is whole when all three files say the same', () => {
    const text = releaseText(content, start);
    const whole = published(text);
    assert.equal(whole.whole, true);
    const newer = releaseText(content, start + 5);
    const inline = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${text}-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n`;
    const torn = readReleaseFiles({ plain: newer, signature: 'x', inline });
    assert.equal(torn.whole, false);
    assert.equal(torn.latestDate, start + 5);
    assert.equal(torn.release?.date, start);
    assert.equal(readReleaseFiles({ plain: text, signature: undefined, inline }).whole, false);
    assert.deepEqual(readReleaseFiles({ plain: 'x', signature: 'x', inline: 'garbage' }), {
      release: null,
      latestDate: null,
      whole: false,
    });
  });
});

describe('the Date of a Release', () => {
  it('is now', () => {
    assert.equal(nextReleaseDate(at(0), null), start);
    assert.equal(nextReleaseDate(at(1), start), start + day);
  });

  it('is always later than the one that is there, whatever the clock says', () => {
    const clock = fc.array(fc.integer({ min: -5 * day, max: 5 * day }), { minLength: 1 });
    fc.assert(
      fc.property(clock, (offsets) => {
        let latest: number | null = null;
        for (const offset of offsets) {
          const date: number = nextReleaseDate(new Date((start + offset) * 1000), latest);
          if (latest !== null) assert.ok(date > latest);
          assert.ok(date === start + offset || date === latest! + 1);
          latest = date;
        }
      }),
    );
  });
});
