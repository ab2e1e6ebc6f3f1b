/** The shapes of how far a component, and the set, is behind. */
import { z } from 'zod';
import { skippedVersionResult } from '../profile/skip-shape.js';

export const baseAheadResult = z.object({
  source: z.string().describe('Source package'),
  ours: z.string().describe('Its version in the archive'),
  package: z.string().describe('Binary package'),
  version: z.string().describe('In the base release'),
  suite: z.string().describe('Of the base release'),
  seen: z.iso.datetime().describe('When this workspace first saw that version'),
});
export type BaseAhead = z.infer<typeof baseAheadResult>;

export const outdatedComponent = z.object({
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
});
export type OutdatedComponent = z.infer<typeof outdatedComponent>;
