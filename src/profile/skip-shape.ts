/** The shape of skipped versions in what commands print with `--json`. */
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
