/** The shape of one row of who demands what of whom. */
import { z } from 'zod';

export const demandResult = z.object({
  component: z
    .string()
    .describe('Component of the profile whose tree, or whose `requires`, makes the demand'),
  by: z
    .string()
    .describe('`extension Cite`, `library wikimedia/minify`, `the profile`, or the name of the component'),
  demands: z
    .string()
    .describe(
      '`mediawiki`, `extension/Cite`, `skin/Vector`, `library/wikimedia/parsoid`, `php`, `php-extension/intl`, `ability/shell`, `component/parsoid`',
    ),
  constraint: z.string().describe("In Composer's grammar, as written"),
  suppliedBy: z.string().nullable().describe('A component, or the base release: `Debian 12`'),
  version: z.string().nullable().describe('Version of what is supplied; null if it has no version'),
  met: z.boolean(),
  note: z
    .string()
    .nullable()
    .describe('The package of a PHP extension; for an unsatisfied demand, what is available instead'),
  file: z.string().describe("File below the component's own tree; the profile for its `requires`"),
  field: z.string().describe('`requires.MediaWiki`, `require.ext-intl`'),
});
export type DemandRow = z.infer<typeof demandResult>;
