import assert from 'node:assert/strict';
import { renderDemands } from '../../../src/cli/render/demands.js';
import { demandResult } from '../../../src/resolution/demand-shape.js';
import type { DemandRow } from '../../../src/resolution/demand-shape.js';

function row(more: Partial<DemandRow>): DemandRow {
  return {
    component: 'cite',
    by: 'extension Cite',
    demands: 'mediawiki',
    constraint: '>= 1.43',
    suppliedBy: 'mediawiki',
    version: '1.43.9',
    met: true,
    note: null,
    file: 'extension.json',
    field: 'requires.MediaWiki',
    ...more,
  };
}

describe('the table of demands', () => {
  const rows = [
    row({}),
    row({
      demands: 'php-extension/intl',
      constraint: '*',
      suppliedBy: 'Debian 12',
      version: null,
      note: 'php-intl',
    }),
    row({
      demands: 'php',
      constraint: '>= 8.3',
      suppliedBy: null,
      version: '8.2.29',
      met: false,
      note: 'Debian 12 has PHP 8.2.29',
    }),
    row({ component: 'mediawiki', by: 'library psr/log', demands: 'php', suppliedBy: 'Debian 12' }),
    row({ component: 'mediawiki', by: 'mediawiki', demands: 'library/psr/log', suppliedBy: 'mediawiki' }),
    row({
      component: 'mediawiki',
      by: 'mediawiki',
      demands: 'library/wikimedia/parsoid',
      suppliedBy: 'parsoid',
    }),
  ];

  it('begins with what is not met, and counts what is within one tree', () => {
    const lines = renderDemands(rows).split('\n');
    assert.match(lines[0]!, /^Who +Demands +Of +Available/);
    assert.match(
      lines[2]!,
      /^extension Cite \(cite\) +PHP >= 8\.3 +nobody +Debian 12 has PHP 8\.2\.29 +NOT MET$/,
    );
    assert.ok(
      lines.some((line) =>
        /^extension Cite \(cite\) +the PHP extension intl +Debian 12 +php-intl +ok$/.test(line),
      ),
    );
    assert.ok(
      lines.some((line) =>
        /^mediawiki +library wikimedia\/parsoid >= 1\.43 +parsoid +1\.43\.9 +ok$/.test(line),
      ),
    );
    assert.equal(lines.length, 2 + 4 + 1);
    assert.match(lines.at(-1)!, /^2 more demands/);
  });

  it('shows an unmet demand of a library too, and the same one once', () => {
    const unmet = row({ by: 'library psr/log', demands: 'php', met: false });
    assert.equal(renderDemands([unmet, unmet]).split('\n').length, 3);
  });

  it('does nothing to a terminal', () => {
    assert.ok(!renderDemands([row({ by: 'extension \u001b[31mX\u202e' })]).includes('\u001b'));
  });

  it('is of the shape that is documented', () => {
    for (const one of rows) assert.deepEqual(demandResult.parse(one), one);
  });
});
