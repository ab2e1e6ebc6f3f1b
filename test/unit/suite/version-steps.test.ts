import assert from 'node:assert/strict';
import { goesDown, versionChanges, type NamedVersion } from '../../../src/suite/version-steps.js';

const set = (versions: Record<string, string>): NamedVersion[] =>
  Object.entries(versions).map(([name, version]) => ({ package: name, version }));

describe('the versions of a move', () => {
  const first = set({ wiki: '1:1.39.9-1', cache: '2' });
  const second = set({ wiki: '1:1.39.10-1', cache: '2', extra: '1' });
  const third = set({ wiki: '1:1.39.11-1', cache: '3' });

  it('forward: what changes, what comes and goes, what stays installable', () => {
    const changes = versionChanges([second, first], [third, second, first]);
    assert.deepEqual(changes.steps, [
      { package: 'cache', from: '2', to: '3' },
      { package: 'extra', from: '1', to: null },
      { package: 'wiki', from: '1:1.39.10-1', to: '1:1.39.11-1' },
    ]);
    assert.deepEqual(changes.withdrawn, []);
    assert.deepEqual(
      changes.installable.map((one) => `${one.package} ${one.version}`),
      ['cache 2', 'extra 1', 'wiki 1:1.39.10-1', 'wiki 1:1.39.9-1'],
    );
    assert.equal(goesDown(changes), false);
  });

  it('back: what is withdrawn is what is listed no more, and a version both had is not', () => {
    const changes = versionChanges([third, second, first], [first]);
    assert.deepEqual(
      changes.withdrawn.map((one) => `${one.package} ${one.version}`),
      ['cache 3', 'extra 1', 'wiki 1:1.39.11-1', 'wiki 1:1.39.10-1'],
    );
    assert.deepEqual(changes.installable, []);
    assert.equal(goesDown(changes), true);
  });

  it('into an empty suite: everything is new', () => {
    const { steps, withdrawn } = versionChanges([], [first]);
    assert.deepEqual(
      steps.map(({ package: name, from }) => [name, from]),
      [
        ['cache', null],
        ['wiki', null],
      ],
    );
    assert.deepEqual(withdrawn, []);
  });
});
