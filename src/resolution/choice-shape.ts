/** The shape of the explanation of a choice, in `resolve --explain`. */
import { z } from 'zod';

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
export type Reason = z.infer<typeof reason>;

const passedOver = z.object({
  versions: z.array(z.string()).describe('Newest first'),
  why: z.enum(['out-of-range', 'skipped', 'barred']),
  reasons: z.array(reason),
  smallest: z.boolean().describe('True if no smaller set of reasons explains the conflict'),
  sentence: z.string(),
});
/** Versions that were not chosen for the same reasons. */
export type PassedOver = z.infer<typeof passedOver>;

export const choiceExplanationResult = z
  .object({
    component: z.string(),
    version: z.string(),
    label: z.string().describe('`1.43.0 (tag 1.43.0)`'),
    range: z.string(),
    path: z.string().describe('Field of the profile that sets the range'),
    sentence: z.string(),
    newer: z
      .array(passedOver)
      .describe('All newer versions, grouped by the reasons for which they were not chosen'),
  })
  .describe('Why this version of a component was chosen and not a newer one');
export type ChoiceExplanation = z.infer<typeof choiceExplanationResult>;
