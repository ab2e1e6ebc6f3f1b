/** What `--json` prints on stdout when a command fails. */
import { z } from 'zod';
import { conflict } from '../resolution/conflict-shape.js';
import { missingFile } from '../source/missing-file-shape.js';

export const errorResult = z.object({
  error: z.object({
    code: z.string().describe('Stable code, listed in docs/reference/errors.md'),
    message: z.string(),
    hint: z.string().optional(),
    where: z
      .array(
        z.object({
          file: z.string().optional(),
          line: z.number().int().optional(),
          column: z.number().int().optional(),
          path: z.string().optional(),
          value: z.string().optional(),
          message: z.string().optional(),
        }),
      )
      .optional(),
    conflict: conflict
      .optional()
      .describe('With RESOLVE_DEMAND and RESOLVE_UNSATISFIABLE: the demands, and the possible remedies'),
    missing: missingFile
      .optional()
      .describe('With SOURCE_NOT_ON_MIRROR: the file, and the possible remedies'),
  }),
});
export type ErrorResult = z.infer<typeof errorResult>;
