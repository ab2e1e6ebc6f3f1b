import assert from 'node:assert/strict';
import type { LockstepError } from '../../../src/errors.js';
import type { Evidence } from '../../../src/snapshot/evidence.js';
import type { SnapshotComponent } from '../../../src/snapshot/manifest.js';
import { assertOrigins, originsOf, type OriginFacts } from '../../../src/suite/origins.js';

const component = (pin: object): SnapshotComponent =>
  ({ pin, build: { inputs: '', method: 'tree' } }) as unknown as SnapshotComponent;
const components = {
  mediawiki: component({ kind: 'apt-source' }),
  cite: component({ kind: 'git', signedBy: 'A'.repeat(40) }),
  echo: component({ kind: 'git', signedBy: null }),
  parsoid: component({ kind: 'local' }),
  ball: component({ kind: 'tarball', signedBy: null }),
};
const now = new Date('2026-02-01T00:00:00Z');
const trustLevels = ['unstable', 'testing', 'stable'];

describe('where the components of a snapshot come from', () => {
  const facts = { id: '20260101T000000Z', ...originsOf({ components }) };
  const refusal = (
    trust: string,
    signedSources?: string,
    of: Partial<OriginFacts> = {},
  ): LockstepError | null => {
    try {
      assertOrigins({ ...facts, ...of }, { name: 'wiki-x', trust }, { trustLevels, signedSources }, now);
      return null;
    } catch (error) {
      return error as LockstepError;
    }
  };

  it('is read off the manifest', () => {
    assert.deepEqual(originsOf({ components }), {
      local: ['parsoid'],
      unsigned: ['echo'],
      imported: false,
    });
    assert.equal(originsOf({ components: {} }).imported, true);
  });

  it('keeps local trees to the lowest trust level', () => {
    assert.equal(refusal('unstable'), null);
    for (const trust of ['testing', 'stable']) {
      const error = refusal(trust);
      assert.equal(error?.code, 'MOVE_TRUST');
      assert.match(error.message, /parsoid was built from a local tree, which is unverified/);
      assert.match(error.hint ?? '', /Only suites of trust level unstable accept local trees/);
    }
    assert.equal(refusal('stable', undefined, { local: [] }), null);
  });

  it('demands signatures from the level on that the workspace says', () => {
    assert.equal(refusal('unstable', 'testing', { local: [] }), null);
    assert.match(
      refusal('testing', 'testing', { local: [] })?.message ?? '',
      /echo was taken from git without a required signature/,
    );
    assert.match(refusal('stable', 'testing', { local: [] })?.hint ?? '', /components\.echo\.source/);
    assert.equal(refusal('stable', 'testing', { local: [], unsigned: [] }), null);
  });

  it('demands of what was imported that a trusted key signed all of it', () => {
    const imported = { id: '20260101T000000Z', local: [], unsigned: [], imported: true };
    const signature = (state: Evidence['state']): Partial<Evidence> => ({ gate: 'signature', state });
    const refused = (evidence: Partial<Evidence>[], trust = 'stable'): string =>
      refusal(trust, 'stable', { ...imported, evidence: evidence as Evidence[] })?.message ?? '';
    assert.match(refused([]), /its packages were imported without a verified signature/);
    assert.match(refused([signature('failed')]), /without a verified signature/);
    assert.match(refused([{ gate: 'vetting', state: 'passed' }]), /without a verified signature/);
    assert.equal(refused([signature('passed')]), '');
    assert.equal(refused([], 'testing'), '');
    assert.equal(refusal('stable', undefined, imported), null);
  });

  it('tells all that is wrong at once', () => {
    assert.deepEqual(
      refusal('stable', 'stable')?.where.map(({ path }) => path),
      ['components.parsoid', 'components.echo.source'],
    );
  });
});
