import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { counted } from '../../src/counted.js';

const src = resolve(import.meta.dirname, '../../src');

describe('a count with its noun', () => {
  it('has the singular for one, and for nothing else', () => {
    assert.deepEqual(
      [0, 1, 2].map((count) => counted(count, 'source package')),
      ['0 source packages', '1 source package', '2 source packages'],
    );
    assert.equal(counted(1, 'entry', 'entries'), '1 entry');
    assert.equal(counted(3, 'entry', 'entries'), '3 entries');
  });

  it('is written by this function in every message', () => {
    const byHand = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) =>
        readFileSync(join(src, name), 'utf8')
          .split('\n')
          .filter((line) => /(?:\.(?:length|size)|[cC]ount)\} (?:more )?[a-z]+s\b(?! an )/.test(line))
          .map((line) => `${name}: ${line.trim()}`),
      );
    assert.deepEqual(byHand, []);
  });
});
