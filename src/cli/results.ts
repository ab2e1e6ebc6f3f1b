/**
 * The shape of what each command prints with `--json`. docs/reference/json.md
 * and schemas/output/ are made from here; a test holds them to it.
 */
import { z } from 'zod';

export const initResult = z.object({
  workspace: z.string().describe('Absolute path'),
  files: z.array(z.string()).describe('Relative to the workspace'),
});
export type InitResult = z.infer<typeof initResult>;

export const checkResult = z.object({
  ok: z.boolean(),
  profiles: z.array(z.string()).describe('The profiles without faults'),
  faults: z.array(
    z.object({
      code: z.string(),
      message: z.string(),
      file: z.string().optional(),
      line: z.number().int().optional(),
      column: z.number().int().optional(),
      path: z.string().optional().describe('Path of the field, `components.parsoid.source`'),
      value: z.string().optional(),
    }),
  ),
});
export type CheckResult = z.infer<typeof checkResult>;

export const keyResult = z.object({
  fingerprint: z.string(),
  keyFile: z.string(),
  revocationFile: z.string(),
  protected: z.boolean().describe('Whether a passphrase protects it'),
});
export type KeyResult = z.infer<typeof keyResult>;

/** By command, as typed. */
export const outputSchemas: Record<string, z.ZodType> = {
  init: initResult,
  check: checkResult,
  'key generate': keyResult,
};
