import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  addChangelogEntry,
  formatChangelogEntry,
  formatDebianDate,
  changelogEntries,
  parseChangelogTop,
  parseDebianDate,
} from '../../../src/deb/changelog.js';
import { LockstepError } from '../../../src/errors.js';
import { versionText } from '../../fixtures/deb-arbitraries.js';

const text = `mediawiki (1:1.39.17-1~deb12u1) bookworm-security; urgency=medium

  [ Somebody ]
  * New upstream version.
    - a detail

 -- Somebody Else <x@example.org>  Mon, 23 Nov 2026 10:15:30 +0130

mediawiki (1:1.39.16-1) unstable experimental; urgency=high, binary-only=yes

  * Older.

 --  <y@example.org>  Thu, 01 Jan 2026 00:00:00 +0000

Local variables:
mode: debian-changelog
`;

const entry = {
  version: '1:1.39.17-1~deb12u1+lockstep1',
  distribution: 'bookworm',
  lines: ['Rebuilt.', 'Long item\ngoes on.'],
  maintainer: 'Lockstep Archive <archive@lockstep.invalid>',
  date: 1795428930,
};

describe('deb/changelog', () => {
  it('reads the newest entry', () => {
    assert.deepEqual(parseChangelogTop(text), {
      source: 'mediawiki',
      version: '1:1.39.17-1~deb12u1',
      distribution: 'bookworm-security',
      maintainer: 'Somebody Else <x@example.org>',
      date: Date.UTC(2026, 10, 23, 8, 45, 30) / 1000,
      lines: ['  [ Somebody ]', '  * New upstream version.', '    - a detail'],
    });
  });

  it('reads every entry up to the editors marks', () => {
    const [, older, ...rest] = [...changelogEntries(text)];
    assert.equal(older?.distribution, 'unstable experimental');
    assert.equal(older?.maintainer, '<y@example.org>');
    assert.deepEqual(rest, []);
  });

  it('puts an entry on top and leaves the rest', () => {
    const added = addChangelogEntry(text, entry);
    assert.ok(added.endsWith(`\n\n${text}`));
    assert.equal(
      added.slice(0, -text.length),
      `mediawiki (1:1.39.17-1~deb12u1+lockstep1) bookworm; urgency=medium

  * Rebuilt.
  * Long item
    goes on.

 -- Lockstep Archive <archive@lockstep.invalid>  ${formatDebianDate(entry.date)}

`,
    );
    assert.equal([...changelogEntries(added)].length, 3);
  });

  it('comes back as it was written', () => {
    fc.assert(
      fc.property(versionText, fc.integer({ min: 0, max: 4_000_000_000 }), (version, date) => {
        const top = parseChangelogTop(formatChangelogEntry('a1', { ...entry, version, date }));
        assert.deepEqual([top.source, top.version, top.date], ['a1', version, date]);
      }),
    );
  });

  for (const [what, broken, line] of [
    ['nothing', '\n', 1],
    ['a heading that is none', 'mediawiki 1.0 unstable\n', 1],
    ['a heading with a bad version', 'mediawiki (one) unstable; urgency=low\n', 1],
    ['a trailer with one space', text.replace('>  Mon', '> Mon'), 7],
    ['a date that is none', text.replace('23 Nov', '99 Nov'), 7],
    ['no trailer', text.slice(0, text.indexOf(' -- ')), 1],
    ['two headings', text.replace(/ -- Somebody.*\n/, ''), 8],
  ] as const) {
    it(`reports ${what} with its line`, () => {
      assert.throws(
        () => parseChangelogTop(broken, 'debian/changelog'),
        (error) =>
          error instanceof LockstepError && error.code === 'DEB_SYNTAX' && error.where[0]?.line === line,
      );
    });
  }

  it('refuses to write what could not be read', () => {
    for (const wrong of [
      { version: 'x' },
      { distribution: 'a b' },
      { maintainer: 'nobody' },
      { lines: [''] },
      { date: NaN },
    ]) {
      assert.throws(
        () => formatChangelogEntry('a1', { ...entry, ...wrong }),
        (error) => error instanceof LockstepError && error.code === 'DEB_INVALID',
        JSON.stringify(wrong),
      );
    }
  });

  it('reads dates of changelogs and of Release files', () => {
    const seconds = Date.UTC(2025, 5, 7, 9, 7, 33) / 1000;
    for (const date of [
      'Sat, 07 Jun 2025 09:07:33 UTC',
      'Sat, 07 Jun 2025 09:07:33 +0000',
      'Sat, 7 Jun 2025 11:07:33 +0200',
      '7 Jun 2025 04:37:33 -0430',
    ]) {
      assert.equal(parseDebianDate(date), seconds, date);
    }
    assert.equal(formatDebianDate(seconds, 'UTC'), 'Sat, 07 Jun 2025 09:07:33 UTC');
    for (const date of [
      '',
      'yesterday',
      '2025-06-07',
      'Sat, 07 Jun 2025 09:07:33',
      'Sat, 07 Foo 2025 09:07:33 UTC',
    ]) {
      assert.equal(parseDebianDate(date), null, date);
    }
  });
});
