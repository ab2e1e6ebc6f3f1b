/** What `import` prints with `--json`. */
import { z } from 'zod';
import { sha256, snapshotId } from './fields.js';

export const importResult = z.object({
  profile: z.string(),
  id: snapshotId.describe('With --dry-run, the id that it would get'),
  cut: z
    .boolean()
    .describe('False if the set equals the last snapshot; then "snapshot" is the id of that one'),
  inputs: sha256.describe("Digest of the set's inputs: equal inputs give an equal set"),
  parent: snapshotId.nullable(),
  manifest: z.string().nullable().describe('Path of the new manifest; null with --dry-run'),
  packages: z.number().int().describe('Number of packages in the set'),
  sources: z.number().int().describe('Number of source packages in the set'),
  changes: z
    .array(
      z.object({
        package: z.string(),
        architecture: z.string().describe('`source` of a source package'),
        from: z.string().nullable().describe('The previous version; null for a new package'),
        to: z
          .string()
          .nullable()
          .describe('The current version; null for a package that is no longer in the set'),
      }),
    )
    .describe('Differences from the previous snapshot'),
  wants: z
    .array(z.enum(['replace', 'lower']))
    .describe('With --dry-run: flags that the import needs but that are missing'),
  passedOver: z
    .array(z.object({ package: z.string(), version: z.string(), architecture: z.string() }))
    .describe(
      'Packages that were read but left out, because they are older than the newest `versions` of the profile',
    ),
  links: z
    .array(z.string())
    .describe('Symbolic links in the folders that are named like packages; they are ignored'),
});
export type ImportResult = z.infer<typeof importResult>;
