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

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const storedFile = z.object({ name: z.string(), size: z.number().int().describe('Bytes'), sha256 });
const pinBase = {
  component: z.string(),
  upstreamVersion: z.string(),
  date: z.number().int().describe('Seconds since 1970 of the last change of the packaging'),
  provenance: z.array(
    z.object({
      step: z.string(),
      subject: z.string(),
      by: z.string().optional(),
      sha256: z.string().optional(),
    }),
  ),
};
export const pinResult = z.discriminatedUnion('kind', [
  z.object({
    ...pinBase,
    kind: z.literal('apt-source'),
    package: z.string(),
    version: z.string(),
    suite: z.string(),
    dsc: z.string(),
    files: z.array(storedFile),
  }),
  z.object({
    ...pinBase,
    kind: z.literal('apt-binary'),
    packages: z.array(
      z.object({
        package: z.string(),
        version: z.string(),
        architecture: z.string(),
        source: z.string(),
        sourceVersion: z.string(),
        suite: z.string(),
        stanza: z.string().describe('Verbatim from Packages'),
        file: storedFile,
      }),
    ),
  }),
  z.object({
    ...pinBase,
    kind: z.literal('within'),
    within: z.string().describe('The component whose tree it is in'),
    path: z.string(),
    library: z.string().optional(),
    demanded: z.string().optional().describe('The Composer constraint of the surrounding tree'),
    archive: storedFile,
  }),
]);

export const resolveResult = z.object({
  profile: z.string(),
  base: z.object({
    distribution: z.string(),
    release: z.string(),
    codename: z.string(),
    architectures: z.array(z.string()),
  }),
  components: z.record(z.string(), pinResult),
});
export type ResolveResult = z.infer<typeof resolveResult>;

/** By command, as typed. */
export const outputSchemas: Record<string, z.ZodType> = {
  init: initResult,
  check: checkResult,
  'key generate': keyResult,
  resolve: resolveResult,
};
