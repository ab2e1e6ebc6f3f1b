import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { schemaFiles } from '../../../src/profile/json-schema.js';

const top = resolve(import.meta.dirname, '../../..');

describe('the committed JSON Schema files', () => {
  for (const file of schemaFiles()) {
    it(`${file.path} is what the zod schema says`, () => {
      assert.equal(readFileSync(resolve(top, file.path), 'utf8'), file.content);
    });
  }
});
