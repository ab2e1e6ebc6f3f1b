import assert from 'node:assert/strict';
import type { Workspace } from '../../../../src/profile/workspace-schema.js';
import { namedSuite, suiteFor } from '../../../../src/workflows/move/target-suite.js';

describe('the suite that a person means', () => {
  const context = {
    workspace: {
      trustLevels: ['unstable', 'stable'],
      suites: {
        'wiki-stable': { profile: 'wiki', trust: 'stable' },
        'wiki-unstable': { profile: 'wiki', trust: 'unstable' },
        tools: { profile: 'tools', trust: 'stable' },
      },
    } as unknown as Workspace,
  };

  it('is the named one, or the one that new snapshots of the profile enter', () => {
    assert.equal(namedSuite(context, 'tools').name, 'tools');
    assert.equal(suiteFor(context, 'wiki-stable', 'wiki').name, 'wiki-stable');
    assert.equal(suiteFor(context, undefined, 'wiki').name, 'wiki-unstable');
  });

  it('is refused where it is unknown or takes another profile', () => {
    const unknown = { code: 'SUITE_UNKNOWN' };
    assert.throws(() => namedSuite(context, 'wiki-stabel'), unknown);
    assert.throws(() => suiteFor(context, undefined, 'farm'), {
      ...unknown,
      message: /no suite for the profile farm/,
    });
    assert.throws(() => suiteFor(context, 'tools', 'wiki'), {
      ...unknown,
      hint: /: wiki-unstable, wiki-stable$/,
    });
    assert.throws(() => suiteFor(context, 'tools', 'farm'), {
      ...unknown,
      hint: 'No suite has that profile',
    });
  });
});
