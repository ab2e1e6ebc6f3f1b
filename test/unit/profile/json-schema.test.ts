import assert from 'node:assert/strict';
import { schemaFiles } from '../../../src/profile/json-schema.js';

describe('the JSON Schema files for editors', () => {
  it('describes every key, refuses unknown ones, and asks only for what must be written', () => {
    const visit = (schema: Record<string, unknown>, path: string): void => {
      const properties = schema['properties'] as Record<string, Record<string, unknown>> | undefined;
      if (properties !== undefined) {
        assert.equal(schema['additionalProperties'], false, path);
        for (const [key, inner] of Object.entries(properties)) visit(inner, `${path}.${key}`);
      }
      if (typeof schema['additionalProperties'] === 'object' && schema['additionalProperties'] !== null) {
        visit(schema['additionalProperties'] as Record<string, unknown>, `${path}.*`);
      }
      for (const branch of (schema['oneOf'] as Record<string, unknown>[] | undefined) ?? [])
        visit(branch, path);
    };
    const [workspace, profile] = schemaFiles().map(
      (file) => JSON.parse(file.content) as Record<string, unknown>,
    );
    visit(workspace!, 'lockstep.yaml');
    visit(profile!, 'profile');
    assert.deepEqual(workspace!['required'], ['format', 'archive', 'signing', 'suites']);
  });
});
