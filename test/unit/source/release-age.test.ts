import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import { mixedDays, withBothClocks, type DatedSuite } from '../../../src/source/release-age.js';

const day = 86_400;
const now = Date.parse('2026-03-10T12:00:00Z') / 1000;

describe('suites of a base', () => {
  const suites = (security: number, updates: number, until: number | null = now): DatedSuite[] => [
    { suite: 'bookworm', date: now - 90 * day, validUntil: null },
    { suite: 'bookworm-updates', date: updates, validUntil: until },
    { suite: 'bookworm-security', date: security, validUntil: until },
  ];

  it('are from different days where one that is signed every day is late', () => {
    assert.equal(mixedDays(suites(now, now - 2 * day)), null);
    assert.equal(
      mixedDays(suites(now, now - 2 * day - 1)),
      'The suites of the base are from different days: bookworm-updates of 2026-03-08, but bookworm-security of 2026-03-10. Updates of the older ones may be missing',
    );
  });

  it('that nobody signs again are as old as their last change', () => {
    assert.equal(mixedDays(suites(now, now - 9 * day, null)), null);
  });
});

describe('a fault of a date', () => {
  const said = (
    code: 'SOURCE_EXPIRED' | 'VERIFY_BAD_SIGNATURE' | 'SOURCE_OLDER',
    served: Date | null,
  ): string =>
    withBothClocks(new LockstepError(code, { message: 'It is wrong' }), served, new Date(now * 1000)).message;
  const ago = (seconds: number): Date => new Date((now - seconds) * 1000);

  it('says how far this machine is from the server', () => {
    assert.match(
      said('SOURCE_EXPIRED', ago(day)),
      /is 24 hours ahead of the server's, which says 2026-03-09T12/,
    );
    assert.match(said('SOURCE_EXPIRED', ago(-90 * 60)), /is 90 minutes behind the server's/);
    assert.match(said('VERIFY_BAD_SIGNATURE', ago(3 * day)), /is 3 days ahead of the server's/);
  });

  it('says that the clocks agree only where the date alone is wrong', () => {
    assert.equal(said('SOURCE_EXPIRED', ago(60)), "It is wrong; the server's clock agrees with it");
    assert.equal(said('VERIFY_BAD_SIGNATURE', ago(60)), 'It is wrong');
  });

  it('says nothing where the server says no time, or of another fault', () => {
    assert.equal(said('SOURCE_EXPIRED', null), 'It is wrong');
    assert.equal(said('SOURCE_EXPIRED', new Date('nonsense')), 'It is wrong');
    assert.equal(said('SOURCE_OLDER', ago(day)), 'It is wrong');
  });
});
