/**
 * Why a set does not fit together, as data in addition to the messages: which demands, by whom, where, and what would
 * help. It is the `conflict` of the errors RESOLVE_DEMAND and RESOLVE_UNSATISFIABLE, for `--json` and for tools that
 * repair a profile.
 */
import { z } from 'zod';

const conflictDemand = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('range').describe('The profile keeps a component in a range'),
    component: z.string(),
    range: z.string(),
    path: z.string().describe('Field of the profile'),
    available: z.array(z.object({ version: z.string(), suite: z.string() })).optional(),
  }),
  z.object({
    kind: z.literal('kept').describe('A version that was chosen before'),
    component: z.string(),
    version: z.string(),
  }),
  z.object({
    kind: z.literal('demand').describe('Versions of a component demand something'),
    component: z.string(),
    by: z.string().describe('The name of the software, or "the profile"'),
    thing: z.string().describe('`mediawiki`, `php`, `extension/Cite`, `php-extension/intl`'),
    constraints: z.array(z.object({ constraint: z.string(), versions: z.array(z.string()) })),
    file: z.string().describe("A path in the component's own tree, or the profile"),
    field: z.string(),
  }),
]);
/** One of the demands that cannot all be satisfied. */
export type ConflictDemand = z.infer<typeof conflictDemand>;

export const conflict = z.object({
  contradictions: z.array(
    z.object({
      demands: z.array(conflictDemand).describe('Demands that cannot all be satisfied'),
      smallest: z.boolean().describe('Whether no smaller set of demands contradicts itself'),
      helps: z.array(
        z.object({
          component: z.string(),
          path: z.string().describe('Field of the profile to change'),
          version: z.string().nullable().describe('The nearest version that fits; null if none is known'),
          cures: z.enum(['all', 'this', 'none']),
          proven: z.boolean().describe('Whether everything that the change would choose was checked'),
        }),
      ),
    }),
  ),
  more: z.boolean().describe('Whether there are further contradictions'),
});
export type Conflict = z.infer<typeof conflict>;
