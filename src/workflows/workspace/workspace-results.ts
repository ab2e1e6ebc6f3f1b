/** What `init`, `add extension` and `skip` print with `--json`. */
import { z } from 'zod';
import { starters } from '../../profile/starters.js';

export const initResult = z.object({
  workspace: z.string().describe('Absolute path'),
  template: z.enum(starters).nullable().describe('The example that it contains; null with --empty'),
  files: z.array(z.string()).describe('Relative to the workspace'),
  next: z.array(z.string()).describe('Commands to run in it, in this order'),
});
export type InitResult = z.infer<typeof initResult>;

export const addExtensionResult = z.object({
  profile: z.string(),
  file: z.string().describe('The profile, relative to the workspace'),
  component: z.string(),
  package: z
    .string()
    .nullable()
    .describe('The package that machines get; null if MediaWiki includes the extension'),
  fragment: z.string().describe('The new lines of YAML'),
  line: z.number().int().describe('Line number of the first new line'),
  written: z.boolean().describe('false with --dry-run'),
});
export type AddExtensionResult = z.infer<typeof addExtensionResult>;

export const skipResult = z.object({
  profile: z.string(),
  file: z.string().describe('The profile, relative to the workspace'),
  component: z.string(),
  version: z.string().describe('As written in the file'),
  action: z.enum(['add', 'change', 'remove', 'none']).describe('none: the file already says so'),
  line: z.number().int().nullable().describe('Line of the change; null if there is none'),
  fragment: z.string().describe('The new lines; with --remove, the removed lines'),
  written: z.boolean().describe('false with --dry-run, and if nothing changed'),
  listed: z.boolean().nullable().describe('Whether the version is available now; null if the lookup failed'),
  security: z.boolean().describe('Whether security fixes will be missing, as far as is known'),
  instead: z.string().nullable().describe('The newest remaining version in the range; null if not known'),
  notes: z.array(z.string()).describe('Remarks on the skip'),
});
export type SkipResult = z.infer<typeof skipResult>;
