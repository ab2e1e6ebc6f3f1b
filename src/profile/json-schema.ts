/**
 * The JSON Schema files that editors check lockstep.yaml and profiles with,
 * made from the zod schemas so that there is one truth. Pure; a test compares
 * the files in schemas/ with what is made here.
 */
import { jsonSchemaOf } from './faults.js';
import { anyProfileSchema } from './profile-schema.js';
import { workspaceSchema } from './workspace-schema.js';

/** A generated file: path relative to the top folder, and its text. */
export interface SchemaFile {
  path: string;
  content: string;
}

/** All schema files, as they must be in the repository. */
export function schemaFiles(): SchemaFile[] {
  return [
    { path: 'schemas/lockstep.schema.json', content: text('lockstep.yaml', workspaceSchema) },
    { path: 'schemas/profile.schema.json', content: text('A profile of Lockstep', anyProfileSchema) },
  ];
}

function text(title: string, schema: Parameters<typeof jsonSchemaOf>[0]): string {
  const { $schema, ...rest } = jsonSchemaOf(schema) as Record<string, unknown>;
  return `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`;
}
