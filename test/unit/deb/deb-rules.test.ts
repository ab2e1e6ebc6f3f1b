import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { debRules } from '../../../src/deb/deb-rules.js';
import { foreignRules } from '../../../src/vetting/foreign-package.js';
import { ruleNames } from '../../../src/vetting/package-rules.js';

describe('the rules of packages', () => {
  it('are all in the reference, and nothing more is', async () => {
    const page = await readFile('docs/reference/packages.md', 'utf8');
    const named = [...page.matchAll(/^\| `([a-z-]+)`/gm)].map(([, rule]) => rule!);
    const rules = [...Object.keys(debRules), ...Object.keys(foreignRules), ...ruleNames, 'budget'];
    assert.deepEqual(named.filter((name) => name !== 'control').sort(), rules.sort());
  });
});
