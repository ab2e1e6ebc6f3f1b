/** The shape of what `add extension` prints with `--json`. */
import { z } from 'zod';

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
