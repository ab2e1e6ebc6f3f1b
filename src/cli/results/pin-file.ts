/** The shape of what `pin-file` prints with `--json`. */
import { z } from 'zod';
import { snapshotId } from './fields.js';

export const pinFileResult = z.object({
  snapshot: snapshotId,
  profile: z.string(),
  suite: z
    .string()
    .nullable()
    .describe('Whose frozen view lists the versions; null where no suite ever pointed at the snapshot'),
  priority: z.number().int().describe('Pin-Priority of every record'),
  packages: z
    .array(
      z.object({
        package: z.string().describe('With `:<architecture>` where architectures differ in their version'),
        version: z.string(),
      }),
    )
    .describe('What is held, sorted'),
  text: z.string().describe('The preferences file'),
  file: z.string().nullable().describe('Absolute path of what --output wrote'),
  note: z.string().nullable().describe('What a person should know'),
});
export type PinFileResult = z.infer<typeof pinFileResult>;
