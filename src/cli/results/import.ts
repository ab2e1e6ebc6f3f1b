/** What `import` prints with `--json`. */
import { z } from 'zod';
import { sha256, snapshotId } from './fields.js';

export const importResult = z.object({
  profile: z.string(),
  id: snapshotId.describe('With --dry-run what it would be'),
  cut: z.boolean().describe('False where the set equals the last snapshot, whose id it then is'),
  inputs: sha256.describe('What the set is: equal inputs, equal set'),
  parent: snapshotId.nullable(),
  manifest: z.string().nullable().describe('Path of the new manifest; null with --dry-run'),
  packages: z.number().int().describe('How many the set has'),
  sources: z.number().int().describe('How many source packages the set has'),
  changes: z
    .array(
      z.object({
        package: z.string(),
        architecture: z.string().describe('`source` of a source package'),
        from: z.string().nullable().describe('The version before; null for a new package'),
        to: z.string().nullable().describe('The version now; null for one that is not in the set any more'),
      }),
    )
    .describe('What differs from the snapshot before'),
  wants: z
    .array(z.enum(['replace', 'lower']))
    .describe('With --dry-run: flags that the import needs and was not given'),
  passedOver: z
    .array(z.object({ package: z.string(), version: z.string(), architecture: z.string() }))
    .describe('Packages that were read and left out: older than the newest `versions` of the profile'),
  links: z.array(z.string()).describe('Symbolic links in the folders, by the names of packages: left alone'),
});
export type ImportResult = z.infer<typeof importResult>;
