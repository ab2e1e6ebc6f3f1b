/** The `missing` of the error SOURCE_NOT_ON_MIRROR: the file, and what a person can do. */
import { z } from 'zod';

export const missingFile = z.object({
  file: z.string(),
  suite: z.string().describe('The suite whose index lists the file'),
  tried: z.array(z.object({ url: z.string(), said: z.string() })).describe('Each address, and its response'),
  final: z
    .boolean()
    .describe(
      'True if every address answered that it lacks the file or has other bytes. False: a retry may help',
    ),
  profile: z.string().optional(),
  component: z.string().optional(),
  version: z.string().optional().describe("Version of the component, in Debian's form"),
  lower: z
    .object({
      version: z.string(),
      suite: z.string(),
      lacksFixesOf: z
        .array(z.string())
        .describe('Higher versions in the security suite, whose fixes it lacks; empty if none is known'),
    })
    .nullable()
    .optional()
    .describe("The next lower version in the component's range; null if none exists"),
  command: z.array(z.string()).optional().describe('Arguments of the command that takes the lower version'),
});
export type MissingFile = z.infer<typeof missingFile>;
/** One address, and what came of asking there. */
export type Tried = MissingFile['tried'][number];
/** The lower version that a skip would take. */
export type LowerVersion = NonNullable<MissingFile['lower']>;
