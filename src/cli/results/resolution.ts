/** The shape of what `outdated` prints with `--json`, and of the explanation in `resolve --explain`. */
import { z } from 'zod';
import { skippedVersionResult } from './skip.js';

const reason = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('range'),
    component: z.string(),
    range: z.string(),
    path: z.string().describe('Field of the profile'),
    sentence: z.string(),
  }),
  z.object({
    kind: z.literal('kept'),
    component: z.string(),
    version: z.string().describe('What was decided before: the lead first, then by name'),
    sentence: z.string(),
  }),
  z.object({
    kind: z.literal('demand'),
    component: z.string(),
    by: z.string().describe('`extension Cite`'),
    thing: z
      .string()
      .describe('`mediawiki`, `extension/Cite`, `library/wikimedia/parsoid`, `php-extension/intl`'),
    askings: z.array(
      z.object({
        constraint: z.string().describe("In Composer's grammar"),
        versions: z.array(z.string()).describe('Of the component that demands it, the newest first'),
      }),
    ),
    file: z.string().describe("Below the component's tree; the profile's file where it demands it"),
    field: z.string().describe('`requires.MediaWiki`'),
    sentence: z.string(),
    instead: z.string().nullable().describe('What there is instead: `bookworm has PHP 8.2.29`'),
  }),
]);

export const choiceExplanationResult = z
  .object({
    component: z.string(),
    version: z.string(),
    label: z.string().describe('`1.43.0 (tag 1.43.0)`'),
    range: z.string(),
    path: z.string().describe('Field of the profile that keeps it in its range'),
    sentence: z.string(),
    newer: z
      .array(
        z.object({
          versions: z.array(z.string()).describe('The newest first'),
          why: z.enum(['out-of-range', 'skipped', 'barred']),
          reasons: z.array(reason),
          smallest: z.boolean().describe('Whether there is no smaller set of reasons'),
          sentence: z.string(),
        }),
      )
      .describe('All newer versions, those that were passed over for the same reasons together'),
  })
  .describe('Why this version of a component and not a newer one');

export const baseAheadResult = z.object({
  source: z.string().describe('Source package'),
  ours: z.string().describe('Its version in the archive'),
  package: z.string().describe('Binary package'),
  version: z.string().describe('In the base release'),
  suite: z.string().describe('Of the base release'),
  seen: z.iso.datetime().describe('When this workspace saw that version first'),
});

export const outdatedResult = z.object({
  profiles: z.array(
    z.object({
      profile: z.string(),
      snapshot: z.string().nullable().describe('What it is compared with; null where there is none yet'),
      suite: z.string().nullable().describe('With --suite'),
      components: z
        .array(
          z.object({
            component: z.string(),
            range: z.string().nullable().describe('null for what is within another component'),
            path: z.string().nullable().describe('Field of the profile'),
            current: z.string().nullable().describe('null where no snapshot has it'),
            newestInRange: z.string().nullable().describe('That no skip passes over'),
            newest: z.string().nullable().describe('Of all that is there, in the range or not'),
            standing: z
              .enum(['current', 'behind', 'ahead', 'changed', 'new', 'unknown'])
              .describe(
                'behind: there is a newer one in the range. ahead: what is pinned is newer than all in it. changed: ' +
                  'another commit, of which none is the newer. new: never pinned. unknown: nothing can be taken',
              ),
            newerOutOfRange: z.boolean(),
            skipped: z
              .array(skippedVersionResult)
              .describe('What skips pass over, newer than the newest in the range; the newest first'),
            note: z.string().nullable(),
          }),
        )
        .describe('By name'),
      ahead: z.array(baseAheadResult).describe('Where the base release is above what the snapshot has'),
    }),
  ),
  notes: z.array(z.string()).describe('Profiles that were left out, and why; skips that have ended'),
});
export type OutdatedResult = z.infer<typeof outdatedResult>;
