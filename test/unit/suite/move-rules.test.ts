import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import type { HistoryAction, HistoryEntry } from '../../../src/suite/history.js';
import type { SnapshotSchema } from '../../../src/snapshot/manifest.js';
import {
  assertSameBase,
  assertSchemaAllowed,
  moveTime,
  promotedSnapshot,
  rollbackTarget,
  schemaChangeOf,
  secondsBehind,
  withdrawalOf,
} from '../../../src/suite/move-rules.js';

const id = (day: number): string => `202601${String(day).padStart(2, '0')}T000000Z`;

type Step = [HistoryAction, number, { reissues?: number; reason?: string }?];

function historyOf(...steps: Step[]): HistoryEntry[] {
  return steps.map(([action, to, { reissues, reason } = {}], index) => ({
    format: 1,
    suite: 's',
    action,
    from: index === 0 ? null : id(steps[index - 1]![1]),
    to: id(to),
    manifest: 'a'.repeat(64),
    profile: 'p',
    at: new Date(Date.UTC(2026, 0, index + 1)).toISOString(),
    by: 'me',
    previous: null,
    ...(reissues === undefined ? {} : { reissues: id(reissues) }),
    ...(reason === undefined ? {} : { reason }),
  }));
}

/** The code, message and hint of what is thrown. */
function faultOf(action: () => unknown): { code: string; text: string } {
  try {
    action();
  } catch (error) {
    if (error instanceof LockstepError) return { code: error.code, text: `${error.message}. ${error.hint}` };
    throw error;
  }
  return { code: 'none', text: '' };
}

const bookworm = { distribution: 'debian', release: '12', codename: 'bookworm', architectures: ['amd64'] };
const trixie = { ...bookworm, release: '13', codename: 'trixie' };

describe('the base release of a move', () => {
  it('is that of what the suite has; an empty suite takes any', () => {
    const next = { what: 'The snapshot X', base: trixie };
    assertSameBase({ name: 's' }, null, next);
    assertSameBase({ name: 's' }, { id: 'a', base: { ...trixie, architectures: ['arm64'] } }, next);
    const { code, text } = faultOf(() => assertSameBase({ name: 's' }, { id: 'a', base: bookworm }, next));
    assert.equal(code, 'MOVE_BASE');
    assert.match(text, /X is for debian 13 \(trixie\), but the suite s is for debian 12 \(bookworm\)/);
  });
});

describe('the database schema of a move', () => {
  const schema = (version: string, digest = version): SnapshotSchema => {
    return { component: 'mediawiki', version, digest };
  };
  const change = (from: SnapshotSchema | null, to: SnapshotSchema | null): unknown =>
    schemaChangeOf({ schema: from }, { schema: to });

  it('changes with the digest, whatever the version is called', () => {
    assert.equal(change(schema('1.39', 'x'), schema('1.40', 'x')), null);
    assert.notEqual(change(schema('1.39', 'x'), schema('1.39', 'y')), null);
    assert.equal(change(null, null), null);
    assert.equal(schemaChangeOf(null, { schema: schema('1.39') }), null, 'an empty suite has none');
  });

  it('counts as changed where one side does not tell: nobody can vouch that it is the same', () => {
    assert.notEqual(change(null, schema('1.39')), null);
    assert.notEqual(change(schema('1.39'), null), null);
  });

  it('is refused to promote and rollback without the word for it, and never to publish', () => {
    const crossing = schemaChangeOf({ schema: schema('1.39') }, { schema: schema('1.43') });
    const code = (action: HistoryAction, allowed: boolean): string =>
      faultOf(() => assertSchemaAllowed(crossing, { action, allowed, suite: 's', from: id(1), to: id(2) }))
        .code;
    assert.equal(code('rollback', false), 'MOVE_SCHEMA');
    assert.equal(code('promote', false), 'MOVE_SCHEMA');
    assert.equal(code('publish', false), 'none');
    assert.equal(code('rollback', true), 'none');
    const { text } = faultOf(() =>
      assertSchemaAllowed(crossing, {
        action: 'rollback',
        allowed: false,
        suite: 's',
        from: id(1),
        to: id(2),
      }),
    );
    assert.match(text, /mediawiki 1\.39.*mediawiki 1\.43.*dump.*--schema-change/s);
  });
});

describe('what is promoted', () => {
  const suites = {
    unstable: { name: 'u', profile: 'p', trust: 'unstable' },
    stable: { name: 's', profile: 'p', trust: 'stable' },
  };
  const request = {
    from: suites.unstable,
    to: suites.stable,
    trustLevels: ['unstable', 'stable'],
    history: historyOf(['publish', 1], ['publish', 2], ['publish', 3], ['rollback', 2, { reason: 'slow' }]),
    wanted: undefined,
  };

  it('is what the suite points at, or one that was good there', () => {
    assert.equal(promotedSnapshot(request), id(2));
    assert.equal(promotedSnapshot({ ...request, wanted: id(1) }), id(1));
  });

  it('is not what was withdrawn, with the reason told, nor what never was there', () => {
    const withdrawn = faultOf(() => promotedSnapshot({ ...request, wanted: id(3) }));
    assert.equal(withdrawn.code, 'MOVE_TRUST');
    assert.match(
      withdrawn.text,
      /withdrawn from u: me returned to 20260102T000000Z on 2026-01-04 \("slow"\)/,
    );
    const unknown = faultOf(() => promotedSnapshot({ ...request, wanted: id(9) }));
    assert.equal(unknown.code, 'MOVE_TRUST');
    assert.match(unknown.text, /was never in the suite u.*20260102T000000Z, 20260101T000000Z/);
  });

  it('goes up only, within one profile, and out of a suite that has something', () => {
    const code = (change: Partial<typeof request>): string =>
      faultOf(() => promotedSnapshot({ ...request, ...change })).code;
    assert.equal(code({ from: suites.stable, to: suites.unstable }), 'MOVE_TRUST');
    assert.equal(code({ to: suites.unstable }), 'MOVE_TRUST');
    assert.equal(code({ to: { ...suites.stable, profile: 'q' } }), 'SUITE_UNKNOWN');
    assert.equal(code({ history: [] }), 'SNAPSHOT_UNKNOWN');
  });
});

describe('where a rollback goes', () => {
  const suite = { name: 's', profile: 'p' };
  const target = (
    history: HistoryEntry[],
    wanted?: number,
    { dropped = [], reissue = false }: { dropped?: number[]; reissue?: boolean } = {},
  ): string =>
    rollbackTarget({
      suite,
      history,
      wanted: wanted === undefined ? undefined : id(wanted),
      there: (one) => !dropped.map(id).includes(one),
      reissue,
    });

  it('is the good snapshot before the present one, past what was dropped', () => {
    const history = historyOf(['publish', 1], ['publish', 2], ['publish', 3]);
    assert.equal(target(history), id(2));
    assert.equal(target(history, undefined, { dropped: [2] }), id(1));
    assert.equal(target(historyOf(['publish', 1], ['publish', 2], ['publish', 3], ['rollback', 2])), id(1));
    assert.equal(
      target(historyOf(['publish', 1], ['publish', 2], ['rollback', 1], ['publish', 3])),
      id(1),
      'not 2, which was withdrawn',
    );
  });

  it('is nowhere in a suite that is empty, or had nothing good before', () => {
    for (const history of [
      [],
      historyOf(['publish', 1]),
      historyOf(['publish', 1], ['publish', 2], ['rollback', 1]),
    ]) {
      assert.equal(faultOf(() => target(history)).code, 'MOVE_NOWHERE');
    }
  });

  it('is not the same content once more', () => {
    const history = historyOf(
      ['publish', 1],
      ['publish', 2],
      ['publish', 3],
      ['rollback', 4, { reissues: 2 }],
    );
    assert.equal(target(history), id(1));
  });

  it('may be any older snapshot that is named, but none that is newer and was never good', () => {
    const history = historyOf(['publish', 2], ['publish', 4], ['publish', 1]);
    assert.equal(target(history, 2), id(2));
    assert.equal(target(history, 4), id(4), 'it is a newer one, and the suite came from it');
    const forward = faultOf(() => target(historyOf(['publish', 2]), 3));
    assert.equal(forward.code, 'MOVE_NOWHERE');
    assert.match(forward.text, /lockstep publish 20260103T000000Z s/);
    assert.equal(target(historyOf(['publish', 2]), 1), id(1), 'never in the suite');
    assert.match(faultOf(() => target(history, 1)).text, /already points at 20260101T000000Z/);
  });

  it('is, under higher versions, what a plain rollback before it went back to', () => {
    const back = historyOf(['publish', 1], ['publish', 2], ['publish', 3], ['rollback', 2]);
    assert.equal(target(back, undefined, { reissue: true }), id(2));
    assert.equal(target(back, 2, { reissue: true }), id(2));
    assert.equal(target(historyOf(['publish', 1], ['publish', 2]), undefined, { reissue: true }), id(1));
  });
});

describe('a withdrawal', () => {
  it('is the rollback by which a snapshot left, until it came back', () => {
    const history = historyOf(
      ['publish', 1],
      ['publish', 2],
      ['rollback', 1, { reason: 'broke' }],
      ['publish', 3],
    );
    assert.equal(withdrawalOf(history, id(2))?.reason, 'broke');
    assert.equal(withdrawalOf(history, id(1)), undefined);
    assert.equal(withdrawalOf(history, id(9)), undefined);
    assert.equal(withdrawalOf([...history, ...historyOf(['publish', 2])], id(2)), undefined);
  });
});

describe('a clock that runs backwards', () => {
  const now = new Date('2026-01-01T12:00:00Z');

  it('gives a history no time before its last one', () => {
    assert.equal(moveTime([], now), now.toISOString());
    assert.equal(moveTime([{ at: '2026-01-02T00:00:00.000Z' }], now), '2026-01-02T00:00:00.000Z');
    assert.equal(moveTime([{ at: '2025-01-02T00:00:00.000Z' }], now), now.toISOString());
  });

  it('is told of where machines could refuse the Release, and not after releases in quick succession', () => {
    const seconds = now.getTime() / 1000;
    assert.equal(secondsBehind(now, null), 0);
    assert.equal(secondsBehind(now, seconds - 60), 0);
    assert.equal(secondsBehind(now, seconds + 3), 0);
    assert.equal(secondsBehind(now, seconds + 3600), 3600);
  });
});
