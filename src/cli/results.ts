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

const snapshotId = z.string().describe('UTC time, `20261123T101530Z`');

export const serveResult = z
  .object({ url: z.string(), port: z.number().int(), root: z.string().describe('The folder that is served') })
  .describe('Printed once, when the server listens');
export type ServeResult = z.infer<typeof serveResult>;

const buildRow = z.object({
  component: z.string(),
  package: z.string().describe('Source package'),
  version: z.string(),
  method: z.enum(['debian', 'tree', 'none']),
  state: z.enum(['cached', 'to build', 'taken']).describe('taken: a package of the base release, as it is'),
});

export const publishResult = z.object({
  suite: z.string(),
  snapshot: snapshotId,
  before: snapshotId.nullable().describe('What the suite pointed at'),
  listed: z
    .array(snapshotId)
    .describe('Snapshots that stay installable from the suite, the current one first'),
  verdict: z
    .enum(['publish', 'refresh', 'nothing'])
    .describe('refresh: only dates and signatures are made anew'),
  validUntil: z.string().nullable().describe('ISO 8601; null where no new Release is written'),
  writes: z.number().int(),
  bytes: z.number().int(),
});
export type PublishResult = z.infer<typeof publishResult>;

export const cutResult = z.object({
  profile: z.string(),
  id: snapshotId,
  cut: z.boolean().describe('False where the set equals the last snapshot, whose id it then is'),
  inputs: sha256.describe('What the set is: equal inputs, equal set'),
  parent: snapshotId.nullable(),
  manifest: z.string().nullable().describe('Path of the new manifest'),
  packages: z.array(
    z.object({ package: z.string(), version: z.string(), architecture: z.string(), component: z.string() }),
  ),
});
export type CutResult = z.infer<typeof cutResult>;

export const buildResult = z.object({
  profile: z.string(),
  builds: z.array(buildRow),
  packages: z
    .array(
      z.object({
        package: z.string(),
        version: z.string(),
        architecture: z.string(),
        component: z.string(),
        file: z.string().describe('Absolute path in the content store; it must not be written to'),
        sha256,
      }),
    )
    .describe('What was built, now or before; empty with --dry-run'),
});
export type BuildResult = z.infer<typeof buildResult>;

export const releaseResult = z.object({
  profile: z.string(),
  suite: z.string(),
  base: z.object({ release: z.string(), codename: z.string() }),
  metapackage: z.string().describe('What machines install'),
  builds: z.array(buildRow),
  snapshot: snapshotId.nullable().describe('null with --dry-run'),
  cut: z.boolean(),
  publication: publishResult.nullable().describe('null with --dry-run'),
});
export type ReleaseResult = z.infer<typeof releaseResult>;

/** By command, as typed. */
export const outputSchemas: Record<string, z.ZodType> = {
  init: initResult,
  check: checkResult,
  'key generate': keyResult,
  resolve: resolveResult,
  build: buildResult,
  cut: cutResult,
  publish: publishResult,
  release: releaseResult,
  serve: serveResult,
};
