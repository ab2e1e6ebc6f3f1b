/** The shape of what `skip` prints with `--json`, and of skipped versions in what other commands print. */
import { z } from 'zod';

export const skippedVersionResult = z.object({
  version: z.string().describe('As what lists it has it'),
  reason: z.string(),
  until: z.string().describe('The day (UTC) from which on the skip has no effect: `2026-12-13`'),
  security: z
    .boolean()
    .describe('Security fixes are missing: the security suite has it, or an earlier snapshot says so'),
});

export const skippedResult = z
  .array(skippedVersionResult.extend({ component: z.string() }))
  .describe('Versions that a skip of the profile kept out: newer than what was chosen, and in its range');

export const skipResult = z.object({
  profile: z.string(),
  file: z.string().describe('The profile, relative to the workspace'),
  component: z.string(),
  version: z.string().describe('As it stands in the file'),
  action: z.enum(['add', 'change', 'remove', 'none']).describe('none: the file says so already'),
  line: z.number().int().nullable().describe('Where the change is; null where there is none'),
  fragment: z.string().describe('The lines that are new; those that go, with --remove'),
  written: z.boolean().describe('false with --dry-run, and where nothing changed'),
  listed: z
    .boolean()
    .nullable()
    .describe('Whether the version is there now; null: that could not be looked up'),
  security: z.boolean().describe('Whether security fixes will be missing, as far as is known'),
  instead: z
    .string()
    .nullable()
    .describe('The newest in the range that is left; null where that is not known'),
  notes: z.array(z.string()).describe('What a person should know about it'),
});
export type SkipResult = z.infer<typeof skipResult>;
