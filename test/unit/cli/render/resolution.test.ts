import assert from 'node:assert/strict';
import { renderChoice, renderOutdated } from '../../../../src/cli/render/resolution.js';
import { choiceExplanationResult } from '../../../../src/resolution/choice-shape.js';
import { outdatedResult, type OutdatedResult } from '../../../../src/workflows/release/release-results.js';
import { whyNot } from '../../../../src/resolution/explain-choice.js';
import { solve } from '../../../../src/resolution/solver.js';
import { demandingSet } from '../../../fixtures/demanding-set.js';

describe('what a resolution came to, for people', () => {
  it('says why this version, a line for each that was passed over', () => {
    const problem = demandingSet({ seed: 1, components: 4, versions: 10, coreSeries: 1 });
    const decision = solve(problem);
    assert.ok(decision.kind === 'found');
    const explanation = whyNot(problem, decision.chosen, 'parsoid');
    assert.deepEqual(choiceExplanationResult.parse(explanation), explanation);
    const [head, ...lines] = renderChoice(explanation).split('\n');
    assert.match(head ?? '', /^parsoid 0\.49\.4 is the newest in \* that fits the rest of the set\.$/);
    assert.equal(lines.length, explanation.newer.length);
    assert.match(lines[0] ?? '', /^ {2}0\.50\.0 to 0\.50\.4 \(5 versions\): mediawiki is .*\.$/);
  });

  it('does nothing to a terminal that a tree could want it to', () => {
    const text = renderChoice({
      component: 'x',
      version: '1',
      label: '1',
      range: '*',
      path: 'components.x.source.version',
      sentence: 'x 1\u001b[2J',
      newer: [],
    });
    assert.equal(text, 'x 1\\x1b[2J.');
  });

  const report: OutdatedResult = {
    profiles: [
      {
        profile: 'wiki',
        snapshot: '20261123T101530Z',
        suite: null,
        components: [
          {
            component: 'mediawiki',
            range: '~1.39.0',
            path: 'components.mediawiki.source.version',
            current: '1:1.39.16-1',
            newestInRange: '1:1.39.17-1',
            newest: '1:1.43.0-1',
            standing: 'behind',
            newerOutOfRange: true,
            skipped: [],
            note: null,
          },
          {
            component: 'parsoid',
            range: null,
            path: null,
            current: '0.16.1',
            newestInRange: null,
            newest: null,
            standing: 'current',
            newerOutOfRange: false,
            skipped: [],
            note: 'comes with mediawiki',
          },
        ],
        ahead: [],
      },
      { profile: 'other', snapshot: null, suite: null, components: [], ahead: [] },
    ],
    notes: [],
  };

  it('shows what is behind, a table for each profile', () => {
    assert.deepEqual(outdatedResult.parse(report), report);
    assert.deepEqual(renderOutdated(report).split('\n').slice(0, 5), [
      'wiki (20261123T101530Z)',
      'component  current      newest in range  newest      range    state',
      `---------  -----------  ---------------  ----------  -------  ${'-'.repeat(55)}`,
      'mediawiki  1:1.39.16-1  1:1.39.17-1      1:1.43.0-1  ~1.39.0  newer version in range; the newest is outside the range',
      'parsoid    0.16.1       -                -           -        comes with mediawiki',
    ]);
    assert.match(renderOutdated(report), /\n\nother \(no snapshot yet\)\n/);
  });
});
