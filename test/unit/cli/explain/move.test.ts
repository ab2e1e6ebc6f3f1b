import assert from 'node:assert/strict';
import {
  databaseWords,
  explainMove,
  inWords,
  machineWords,
  moveFields,
  warningsOf,
} from '../../../../src/cli/explain/move.js';
import { rollbackResult } from '../../../../src/workflows/move/move-results.js';
import type { SnapshotSchema } from '../../../../src/snapshot/manifest.js';
import { versionChanges, type NamedVersion } from '../../../../src/suite/version-steps.js';
import type { MoveOutlook } from '../../../../src/workflows/move/move-outlook.js';

const set = (versions: Record<string, string>): NamedVersion[] =>
  Object.entries(versions).map(([name, version]) => ({ package: name, version }));
const old = set({ mediawiki: '1:1.39.10-1', 'mediawiki-full': '1.39.10' });
const recent = set({ mediawiki: '1:1.39.11-1', 'mediawiki-full': '1.39.11' });
const schema = (version: string): SnapshotSchema => ({
  component: 'mediawiki',
  version,
  digest: version,
});

function back(change: Partial<MoveOutlook> = {}): MoveOutlook {
  return {
    action: 'rollback',
    suite: 'wiki-stable',
    profile: 'wiki',
    from: '20260102T000000Z',
    to: '20260101T000000Z',
    fromSuite: null,
    reason: 'login is broken',
    reissues: null,
    security: [],
    schema: null,
    versions: versionChanges([recent, old], [old]),
    imported: false,
    loose: [],
    withdrawnBefore: null,
    reopens: [],
    keyringPackage: 'farm-archive-keyring',
    program: 'mediawiki-full',
    notes: [],
    clockBehind: 0,
    ...change,
  };
}

const forward = (change: Partial<MoveOutlook> = {}): MoveOutlook =>
  back({
    action: 'promote',
    from: '20260101T000000Z',
    to: '20260102T000000Z',
    fromSuite: 'wiki-unstable',
    versions: versionChanges([old], [recent, old]),
    ...change,
  });

/** Lines are broken anywhere. */
const flat = (outlook: MoveOutlook): string => explainMove(outlook).replaceAll(/\s+/g, ' ');

describe('what is said of a rollback', () => {
  it('names what follows, what stays and what to do for it, and what is withdrawn', () => {
    const text = flat(back());
    for (const sentence of [
      'wiki-stable is at 20260102T000000Z and goes back to 20260101T000000Z.',
      'Reason: login is broken',
      'mediawiki 1:1.39.11-1 -> 1:1.39.10-1',
      'Withdrawn: the suite no longer lists them: mediawiki 1:1.39.11-1 mediawiki-full 1.39.11',
      'with farm-archive-keyring (pin 1001) apt-get update && apt-get dist-upgrade --allow-downgrades downgrades them; unattended-upgrades does so automatically.',
      'without that pin They stay at the withdrawn versions until a higher version is published.',
      'lockstep rollback wiki-stable --to 20260101T000000Z --reason TEXT --supersede',
      'held at a snapshot (mediawiki-full pin) They stay at their snapshot',
      'mediawiki-full unpin',
    ]) {
      assert.ok(text.includes(sentence), `${sentence}\nin\n${text}`);
    }
    assert.doesNotMatch(text, /Database/);
    assert.ok(
      explainMove(back())
        .split('\n')
        .every((line) => line.length <= 100),
    );
  });

  it('does not promise that packages go back which no pin names', () => {
    const versions = versionChanges(
      [[...recent, ...set({ varnish: '7.2-1' })]],
      [[...old, ...set({ varnish: '7.1-1' })]],
    );
    const text = flat(back({ versions, loose: ['varnish'] }));
    assert.match(text, /but machines keep them, because the set accepts any later version: varnish/);
    const alone = versionChanges([set({ varnish: '7.2-1' })], [set({ varnish: '7.1-1' })]);
    assert.match(machineWords(back({ versions: alone, loose: ['varnish'] })).pinned, /^Nothing/);
  });

  it('does not promise that imported packages go back: the pin names none of them', () => {
    const { pinned } = machineWords(back({ imported: true }));
    assert.match(pinned, /^Same as without the pin.*stay at the withdrawn versions.*--supersede/);
    assert.doesNotMatch(pinned, /allow-downgrades/);
  });

  it('says under higher versions that every machine goes up', () => {
    const raised = set({
      mediawiki: '1:1.39.11-1+really1.39.10-1',
      'mediawiki-full': '1.39.11+really1.39.10',
    });
    const outlook = back({
      to: null,
      reissues: '20260101T000000Z',
      versions: versionChanges([recent, old], [raised, old]),
      notes: ['varnish 7.2-1 stays.'],
    });
    const words = machineWords(outlook);
    for (const text of [words.pinned, words.unpinned]) {
      assert.match(text, /dist-upgrade upgrades them to the re-issued versions/);
      assert.doesNotMatch(text, /downgrade/);
    }
    assert.match(flat(outlook), /goes back to the content of 20260101T000000Z under higher versions\./);
    assert.match(flat(outlook), /varnish 7\.2-1 stays\./);
  });

  it('across a schema change says what an administrator has to do', () => {
    const outlook = back({ schema: { from: schema('1.43'), to: schema('1.39') } });
    assert.match(
      databaseWords(outlook)!,
      /from the schema of mediawiki 1\.43 \(1\.43\) to the schema of mediawiki 1\.39 \(1\.39\)/,
    );
    assert.match(databaseWords(outlook)!, /refuses the older packages.*run, as root: mediawiki-full restore/);
    assert.match(flat(outlook), /Database: The database schema changes/);
    assert.match(
      databaseWords(back({ schema: { from: schema('1.43'), to: null }, program: null }))!,
      /to an unrecorded one.*restore the dump/,
    );
  });

  it('warns of the clock, of what was withdrawn before and of fixes that are lost', () => {
    const warnings = warningsOf(
      back({
        clockBehind: 7200,
        withdrawnBefore: { at: '2026-01-05T10:00:00.000Z', by: 'me@here', reason: 'slow' },
        reopens: ['CVE-2026-0001'],
      }),
    ).join('\n');
    assert.match(warnings, /clock is 2 hours behind the last Release of wiki-stable/);
    assert.match(warnings, /withdrawn from wiki-stable by me@here on 2026-01-05: "slow"/);
    assert.match(warnings, /fixes of CVE-2026-0001/);
  });
});

describe('what is said of a promotion', () => {
  it('forward: both kinds of machines go up, and the way back is told where the schema changes', () => {
    const outlook = forward({
      security: ['CVE-2026-0001'],
      schema: { from: schema('1.39'), to: schema('1.43') },
    });
    const text = flat(outlook);
    assert.match(text, /will be at 20260102T000000Z, which comes from wiki-unstable/);
    assert.match(text, /It fixes CVE-2026-0001\./);
    assert.match(text, /stay installable with apt install PACKAGE=VERSION: mediawiki 1:1\.39\.10-1/);
    assert.match(machineWords(outlook).unpinned, /dist-upgrade upgrades them to the new versions/);
    assert.match(databaseWords(outlook)!, /dumps its database before the update.*mediawiki-full restore/);
  });

  it('of an older snapshot says that machines go down, and offers no superseding', () => {
    const words = machineWords(forward({ versions: versionChanges([recent], [old]) }));
    assert.match(words.pinned, /--allow-downgrades/);
    assert.doesNotMatch(words.unpinned, /supersede/);
  });

  it('of what is there already is one sentence', () => {
    const same = forward({ from: '20260102T000000Z', reason: null });
    assert.equal(explainMove(same).trim(), 'wiki-stable is already at 20260102T000000Z.');
  });

  it('counts what is too much to list, and gives all of it to programs', () => {
    const many = (version: string): NamedVersion[] =>
      Array.from({ length: 30 }, (_, index) => ({ package: `p${index}`, version }));
    const outlook = forward({ versions: versionChanges([many('1')], [many('2')]) });
    assert.match(explainMove(outlook), /and 19 more; --json has them all/);
    assert.equal(moveFields(outlook).packages.length, 30);
    rollbackResult.parse({ ...moveFields(outlook), reissues: null, publication: null });
  });
});

describe('a length of time in words', () => {
  it('is in the largest unit of which there are two', () => {
    assert.deepEqual([0, 1, 59, 119, 120, 7199, 7200, 172_799, 172_800].map(inWords), [
      '0 seconds',
      '1 second',
      '59 seconds',
      '119 seconds',
      '2 minutes',
      '119 minutes',
      '2 hours',
      '47 hours',
      '2 days',
    ]);
  });
});
