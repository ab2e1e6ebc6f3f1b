/** The shape of what `pin-file` prints with `--json`. */
import { z } from 'zod';
import { snapshotId } from './fields.js';

export const pinFileResult = z.object({
  snapshot: snapshotId,
  profile: z.string(),
  suite: z
    .string()
    .nullable()
    .describe(
      'The suite whose frozen view lists the versions; null if no suite ever pointed at the snapshot',
    ),
  priority: z.number().int().describe('Pin-Priority of every record'),
  packages: z
    .array(
      z.object({
        package: z.string().describe('With `:<architecture>` if the version differs between architectures'),
        version: z.string(),
      }),
    )
    .describe('The held packages, sorted'),
  text: z.string().describe('The preferences file'),
  file: z.string().nullable().describe('Absolute path of the file that --output wrote'),
  note: z.string().nullable().describe('Remarks'),
});
export type PinFileResult = z.infer<typeof pinFileResult>;
