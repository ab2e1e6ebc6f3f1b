/** The shape of what `add extension` prints with `--json`. */
import { z } from 'zod';

export const addExtensionResult = z.object({
  profile: z.string(),
  file: z.string().describe('The profile, relative to the workspace'),
  component: z.string(),
  package: z.string().nullable().describe('What machines get; null where MediaWiki brings it along'),
  fragment: z.string().describe('The lines of YAML that are new'),
  line: z.number().int().describe('Where the first of them is in the file'),
  written: z.boolean().describe('false with --dry-run'),
});
export type AddExtensionResult = z.infer<typeof addExtensionResult>;
