import assert from 'node:assert/strict';
import { renderStatus, statusNotes } from '../../../../src/cli/render/status.js';
import type { PublishedRelease } from '../../../../src/archive/release.js';
import { formatRelease, parseRelease } from '../../../../src/deb/release-file.js';
import type { HistoryAction, HistoryEntry } from '../../../../src/suite/history.js';
import { suiteStatus } from '../../../../src/workflows/reading/status.js';
import type { SuiteStatus } from '../../../../src/workflows/reading/status-result.js';

const day = 86_400;
const now = new Date('2026-01-20T00:00:00Z');
const id = (date: number): string => `202601${String(date).padStart(2, '0')}T000000Z`;

function published(snapshot: string, { age = 1, validFor = 14 } = {}): PublishedRelease {
  const date = now.getTime() / 1000 - age * day;
  const indices = new Map([['main/binary-amd64/Packages', { size: 0, sha256: 'e'.repeat(64) }]]);
  const fields = { Suite: 's', 'X-Lockstep-Snapshot': snapshot, 'X-Lockstep-Listed': `${snapshot} ${id(1)}` };
  const release = parseRelease(
    formatRelease({ fields, date, validUntil: date + validFor * day, sha256: indices }),
  );
  return { release, latestDate: date, whole: true };
}

const nothing: PublishedRelease = { release: null, latestDate: null, whole: false };

function entry(to: string, action: HistoryAction = 'publish'): HistoryEntry {
  return {
    format: 1,
    suite: 's',
    action,
    from: null,
    to,
    manifest: 'a'.repeat(64),
    profile: 'p',
    at: '2026-01-19T00:00:00.000Z',
    by: 'me@here',
    previous: null,
  };
}

function judged(change: Partial<Parameters<typeof suiteStatus>[0]> = {}): SuiteStatus {
  const suite = {
    ...{ name: 's', profile: 'p', trust: 'stable', default: false, validFor: 14 * day, retain: 3 },
    ...{ notAutomatic: false, butAutomaticUpgrades: false },
  };
  return suiteStatus({
    suite,
    history: [entry(id(10))],
    fault: null,
    skips: { skipped: [], unread: null },
    ...{ ahead: [], base: 'Debian 12' },
    published: published(id(10)),
    keyEnds: null,
    below: [],
    newest: undefined,
    now,
    ...change,
  });
}

describe('the status of a suite', () => {
  it('is without a word where all is well', () => {
    const status = judged();
    assert.equal(status.age, 10 * day);
    assert.deepEqual([status.signature, status.agrees, status.warnings], ['good', true, []]);
    assert.deepEqual(status.published?.listed, [id(10), id(1)]);
  });

  it('tells where the base release is ahead, and since when', () => {
    const ahead = {
      ...{ source: 'mediawiki', ours: '1:1.39.17-1+lockstep1', package: 'mediawiki', version: '1:1.39.18-1' },
      ...{ suite: 'bookworm-security', seen: '2026-01-18T03:00:00.000Z' },
    };
    const { warnings } = judged({ ahead: [ahead] });
    assert.deepEqual(warnings, [
      'Debian 12 is ahead: mediawiki 1:1.39.18-1 (bookworm-security), first seen on 2026-01-18, is ' +
        'higher than 1:1.39.17-1+lockstep1 in s: machines without the keyring package take Debian ' +
        "12's. Run: lockstep release p",
    ]);
  });

  it('tells how long the signature holds: half, a quarter, expired', () => {
    const states = [6, 8, 11, 14, 15].map((age) => judged({ published: published(id(10), { age }) }));
    assert.deepEqual(
      states.map(({ signature }) => signature),
      ['good', 'due', 'soon', 'expired', 'expired'],
    );
    assert.match(states[4]!.warnings[0]!, /expired at 2026-01-19 00:00 UTC.*lockstep refresh s/);
    assert.equal(states[1]!.warnings.length, 1);
  });

  it('tells what the snapshot was made without, and when that has ended', () => {
    const skipped = { component: 'wiki', version: '1:1.43.12', reason: 'no files', security: true };
    const under = (until: string) => judged({ skips: { skipped: [{ ...skipped, until }], unread: null } });
    const sentence = (until: string): string =>
      `s was cut under a skip: wiki 1:1.43.12 skipped until ${until} (no files), security fixes missing`;
    assert.deepEqual(under('2026-01-21').warnings, [sentence('2026-01-21')]);
    assert.deepEqual(under('2026-01-21').skipped, [{ ...skipped, until: '2026-01-21', ended: false }]);
    assert.deepEqual(under('2026-01-20').warnings, [
      `${sentence('2026-01-20')}; the skip has expired. Cut again: lockstep release p`,
    ]);
    assert.equal(under('2026-01-20').skipped[0]!.ended, true);
    assert.deepEqual(judged({ skips: { skipped: [], unread: 'not known' } }).warnings, ['not known']);
  });

  it('says where archive and history are not of one mind, and what to do', () => {
    const empty = judged({ history: [], published: nothing });
    assert.deepEqual([empty.agrees, empty.signature, empty.warnings], [true, 'none', []]);
    const cases: [Partial<Parameters<typeof suiteStatus>[0]>, RegExp][] = [
      [
        { published: published(id(9)) },
        /archive on disk has 20260109T.*history says 20260110T.*publish 20260110/,
      ],
      [
        { published: nothing },
        /archive on disk does not contain s\. Run: lockstep publish 20260110T000000Z s/,
      ],
      [{ history: [] }, /no history, but the archive on disk has 20260110T/],
      [{ published: { ...published(id(10)), whole: false } }, /do not belong together/],
    ];
    for (const [change, says] of cases) {
      const { agrees, warnings } = judged(change);
      assert.equal(agrees, false);
      assert.match(warnings.join('\n'), says);
    }
    const damaged = judged({ history: [], fault: 'h was changed: line 2. Restore it.' });
    assert.deepEqual(damaged.warnings, ['h was changed: line 2. Restore it.']);
    assert.equal(damaged.agrees, false);
  });

  it('offers what is newer than all it has had, and never what it was rolled back from', () => {
    const history = [entry(id(8)), entry(id(10)), entry(id(8), 'rollback')];
    const at = { history, published: published(id(8)) };
    assert.equal(judged({ ...at, newest: id(10) }).unpublished, null);
    assert.equal(judged({ ...at, newest: id(12) }).unpublished, id(12));
    const below = (current: string): Partial<Parameters<typeof suiteStatus>[0]> => ({
      ...at,
      below: [{ name: 'u', current }],
    });
    assert.equal(judged(below(id(10))).promotable, null);
    assert.equal(judged(below(id(7))).promotable, null, 'it is older');
    assert.deepEqual(judged(below(id(12))).promotable, { snapshot: id(12), fromSuite: 'u' });
    assert.deepEqual(
      judged({ history: [], published: nothing, below: [{ name: 'u', current: id(2) }] }).promotable,
      {
        snapshot: id(2),
        fromSuite: 'u',
      },
    );
  });
});

describe('the table of suites', () => {
  const report = {
    now: now.toISOString(),
    suites: [
      judged({ published: published(id(10), { age: 15 }) }),
      judged({ history: [], published: nothing, below: [{ name: 'u', current: id(2) }] }),
    ],
    unpublished: [{ profile: 'p', snapshot: id(19) }],
    running: { command: 'lockstep cut p', pid: 7, host: 'here', since: now.toISOString() },
    warnings: [],
  };

  it('has a row for each, with words for what is wrong', () => {
    const [, , first, second] = renderStatus(report).split('\n');
    assert.match(
      first!,
      /20260110T000000Z +10 days ago +publish by me@here, 24 hours ago +EXPIRED 24 hours ago +same/,
    );
    assert.match(second!, / - +- +- +- +empty +promote u s +\(20260102T000000Z\)$/);
  });

  it('is followed by what to look at', () => {
    const notes = statusNotes(report).join('\n');
    assert.match(notes, /A run is active: "lockstep cut p", process 7 on here/);
    assert.match(notes, /Warning: The signature of s expired/);
    assert.match(notes, /The newest snapshot of p, 20260119T000000Z, was not published in any suite/);
    assert.match(statusNotes({ ...report, suites: [], running: null }).join(), /no suite yet/);
  });
});
