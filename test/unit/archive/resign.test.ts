import assert from 'node:assert/strict';
import { planRefresh, type RefreshPlan, type ResignRequest } from '../../../src/archive/resign.js';
import { formatRelease, parseRelease } from '../../../src/deb/release-file.js';

const day = 86_400;
const signedAt = 1_800_000_000;
const key = 'A'.repeat(40);
const other = 'B'.repeat(40);
const archive = { origin: 'O', label: 'L', description: 'D', baseUrl: 'http://x' };
const suite = { name: 's', validFor: 14 * day, retain: 3 };
const fields = {
  Origin: 'O',
  Label: 'L',
  Suite: 's',
  Codename: 's',
  Architectures: 'amd64',
  Components: 'main',
  Description: 'D',
  'Acquire-By-Hash': 'yes',
  Snapshots: 'http://x/snapshot/@SNAPSHOTID@/',
  'X-Lockstep-Snapshot': '20261123T101530Z',
  'X-Something-Newer': 'kept',
};

interface Wish {
  after?: number;
  validFor?: number | null;
  request?: Partial<ResignRequest>;
  signers?: { inline: readonly string[]; detached: readonly string[] };
}

function plan({ after = 0, validFor = 14 * day, request = {}, signers }: Wish): RefreshPlan {
  const sha256 = new Map([['main/binary-amd64/Packages', { size: 1, sha256: 'a'.repeat(64) }]]);
  const validUntil = validFor === null ? undefined : signedAt + validFor;
  const text = formatRelease({ fields, date: signedAt, validUntil, sha256 });
  const signed = {
    view: 'debian/dists/s',
    there: true,
    release: parseRelease(text),
    text,
    signers: signers ?? { inline: [key], detached: [key] },
    keyEnds: null,
    latestDate: signedAt,
    findings: [],
  };
  const now = new Date((signedAt + after) * 1000);
  return planRefresh({
    signed,
    kind: 'live',
    archive,
    suite,
    fingerprints: [key],
    keyEnds: null,
    force: false,
    now,
    ...request,
  });
}

describe('signing a view anew', () => {
  it('is due when more than half of the time is over', () => {
    assert.equal(plan({ after: 7 * day }).reason, null);
    assert.equal(plan({ after: 7 * day + 1 }).reason, 'due');
    assert.equal(plan({ after: 20 * day }).reason, 'due');
    assert.equal(plan({ request: { force: true } }).reason, 'forced');
  });

  it('of a frozen one is not due by its age, only where it would end', () => {
    const frozen = { kind: 'frozen' } as const;
    assert.equal(plan({ after: 900 * day, validFor: null, request: frozen }).reason, null);
    const ended = plan({ request: frozen });
    assert.equal(ended.reason, 'end');
    assert.equal(ended.validUntil, null);
    assert.ok(!ended.text.includes('Valid-Until'));
  });

  it('is due by another key, another address and another time', () => {
    assert.equal(plan({ signers: { inline: [key], detached: [other] } }).reason, 'key');
    assert.equal(plan({ signers: { inline: [other], detached: [key] } }).reason, 'key');
    const both = { inline: [key, other], detached: [other, key] };
    assert.equal(plan({ signers: both }).reason, 'key');
    assert.equal(plan({ signers: both, request: { fingerprints: [key, other] } }).reason, null);
    assert.equal(plan({ request: { fingerprints: [key, other] } }).reason, 'key');
    const moved = plan({ request: { archive: { ...archive, baseUrl: 'https://y' } } });
    assert.equal(moved.reason, 'fields');
    assert.equal(parseRelease(moved.text).fields.get('Snapshots'), 'https://y/snapshot/@SNAPSHOTID@/');
    assert.equal(plan({ request: { suite: { ...suite, validFor: day } } }).reason, 'fields');
  });

  it('changes the dates, and never what apt would ask about or what Lockstep does not know', () => {
    const renamed = { ...archive, origin: 'Other', label: 'Other', description: 'New' };
    const { text, date, validUntil } = plan({ after: 8 * day, request: { archive: renamed } });
    const release = parseRelease(text);
    assert.deepEqual(
      [release.fields.get('Origin'), release.fields.get('Label'), release.codename],
      ['O', 'L', 's'],
    );
    assert.equal(release.fields.get('Description'), 'New');
    assert.equal(release.fields.get('X-Something-Newer'), 'kept');
    assert.equal(release.sha256.get('main/binary-amd64/Packages')!.sha256, 'a'.repeat(64));
    assert.equal(release.date, signedAt + 8 * day);
    assert.deepEqual(
      [date.getTime() / 1000, validUntil!.getTime() / 1000],
      [release.date, release.validUntil],
    );
  });

  it('dates later than before, whatever the clock says', () => {
    assert.equal(plan({ after: -5 * day, request: { force: true } }).date.getTime(), (signedAt + 1) * 1000);
  });
});
