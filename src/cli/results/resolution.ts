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
    version: z.string().describe('Earlier decisions: the lead first, then by name'),
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
        versions: z
          .array(z.string())
          .describe('Versions of the component that makes the demand, newest first'),
      }),
    ),
    file: z
      .string()
      .describe("File below the component's tree; the profile's file for a demand of the profile"),
    field: z.string().describe('`requires.MediaWiki`'),
    sentence: z.string(),
    instead: z.string().nullable().describe('What is available instead: `bookworm has PHP 8.2.29`'),
  }),
]);

export const choiceExplanationResult = z
  .object({
    component: z.string(),
    version: z.string(),
    label: z.string().describe('`1.43.0 (tag 1.43.0)`'),
    range: z.string(),
    path: z.string().describe('Field of the profile that sets the range'),
    sentence: z.string(),
    newer: z
      .array(
        z.object({
          versions: z.array(z.string()).describe('Newest first'),
          why: z.enum(['out-of-range', 'skipped', 'barred']),
          reasons: z.array(reason),
          smallest: z.boolean().describe('True if no smaller set of reasons explains the conflict'),
          sentence: z.string(),
        }),
      )
      .describe('All newer versions, grouped by the reasons for which they were not chosen'),
  })
  .describe('Why this version of a component was chosen and not a newer one');

export const baseAheadResult = z.object({
  source: z.string().describe('Source package'),
  ours: z.string().describe('Its version in the archive'),
  package: z.string().describe('Binary package'),
  version: z.string().describe('In the base release'),
  suite: z.string().describe('Of the base release'),
  seen: z.iso.datetime().describe('When this workspace first saw that version'),
});

export const outdatedResult = z.object({
  profiles: z.array(
    z.object({
      profile: z.string(),
      snapshot: z.string().nullable().describe('The version it is compared with; null if there is none yet'),
      suite: z.string().nullable().describe('With --suite'),
      components: z
        .array(
          z.object({
            component: z.string(),
            range: z.string().nullable().describe('null for a component within another one'),
            path: z.string().nullable().describe('Field of the profile'),
            current: z.string().nullable().describe('null if no snapshot contains it'),
            newestInRange: z.string().nullable().describe('The newest version that no skip excludes'),
            newest: z.string().nullable().describe('Newest of all versions, in the range or not'),
            standing: z
              .enum(['current', 'behind', 'ahead', 'changed', 'new', 'unknown'])
              .describe(
                'behind: the range has a newer version. ahead: the pinned version is newer than all in the ' +
                  'range. changed: another commit, neither is newer. new: never pinned. unknown: no version can ' +
                  'be used',
              ),
            newerOutOfRange: z.boolean(),
            skipped: z
              .array(skippedVersionResult)
              .describe('Skipped versions that are newer than the newest in the range; newest first'),
            note: z.string().nullable(),
          }),
        )
        .describe('By name'),
      ahead: z
        .array(baseAheadResult)
        .describe('Packages whose version in the base release is higher than in the snapshot'),
    }),
  ),
  notes: z.array(z.string()).describe('Profiles that were left out, and why; expired skips'),
});
export type OutdatedResult = z.infer<typeof outdatedResult>;
