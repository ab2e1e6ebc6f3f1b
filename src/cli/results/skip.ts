/** The shape of what `skip` prints with `--json`, and of skipped versions in what other commands print. */
import { z } from 'zod';

export const skippedVersionResult = z.object({
  version: z.string().describe('Version in the form of the index, tag or page that lists it'),
  reason: z.string(),
  until: z.string().describe('First day (UTC) on which the skip has no effect: `2026-12-13`'),
  security: z
    .boolean()
    .describe(
      'Security fixes are missing: the security suite has the version, or an earlier snapshot records that',
    ),
});

export const skippedResult = z
  .array(skippedVersionResult.extend({ component: z.string() }))
  .describe(
    'Versions in the range that are newer than the chosen one, but excluded by a skip of the profile',
  );

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
