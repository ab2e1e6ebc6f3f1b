import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const top = resolve(import.meta.dirname, '../../..');

describe('the page of environment variables', () => {
  it('lists those that the code reads, and no other', () => {
    const code = readdirSync(join(top, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(top, 'src', name), 'utf8'))
      .join('\n');
    const page = readFileSync(join(top, 'docs/reference/environment.md'), 'utf8');
    const read = new Set(code.match(/\bLOCKSTEP_[A-Z_]+\b/g));
    const listed = [...page.matchAll(/^\| `(LOCKSTEP_[A-Z_]+)`/gm)].map(([, name]) => name!);
    assert.deepEqual(listed.sort(), [...read].sort());
  });
});
