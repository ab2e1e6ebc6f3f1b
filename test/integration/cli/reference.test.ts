import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { referenceFiles, type CommandManifest } from '../../../src/cli/reference.js';

const top = resolve(import.meta.dirname, '../../..');

describe('the reference pages', () => {
  const manifest = JSON.parse(readFileSync(join(top, 'oclif.manifest.json'), 'utf8')) as CommandManifest;

  for (const file of referenceFiles(manifest)) {
    it(`${file.path} says what the code does`, () => {
      assert.equal(readFileSync(join(top, file.path), 'utf8'), file.content, 'run: npm run docs');
    });
  }

  it('show an example for every command', () => {
    const without = Object.values(manifest.commands).filter(
      (command) => (command.examples ?? []).length === 0,
    );
    assert.deepEqual(
      without.map(({ id }) => id),
      [],
    );
  });
});
