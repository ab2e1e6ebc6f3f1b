/** What `publish`, `promote` and `rollback` print with `--json`. */
import { z } from 'zod';
import { snapshotId } from '../../snapshot/result-fields.js';

export const publishResult = z.object({
  suite: z.string(),
  snapshot: snapshotId,
  before: snapshotId.nullable().describe('The snapshot that the suite pointed at before'),
  listed: z
    .array(snapshotId)
    .describe('Snapshots that stay installable from the suite, the current one first'),
  verdict: z.enum(['publish', 'refresh', 'nothing']).describe('refresh: only dates and signatures change'),
  validUntil: z
    .string()
    .nullable()
    .describe('ISO 8601, never after the expiry of the key; null if no new Release is written'),
  warnings: z.array(z.string()).describe('Warning about the expiry of the signing key, from 30 days before'),
  writes: z.number().int(),
  bytes: z.number().int(),
});
export type PublishResult = z.infer<typeof publishResult>;

const schemaSide = z
  .object({ component: z.string(), version: z.string(), digest: z.string() })
  .nullable()
  .describe('null if the snapshot does not record its schema');
const namedVersion = z.object({ package: z.string(), version: z.string() });

const moveResult = {
  suite: z.string(),
  profile: z.string(),
  from: snapshotId.nullable().describe('The snapshot that the suite pointed at before'),
  to: snapshotId
    .nullable()
    .describe(
      'The snapshot that it points at now; null for a superseding snapshot that --dry-run does not cut',
    ),
  reason: z.string().nullable(),
  security: z.array(z.string()).describe('CVE ids that the snapshot fixes'),
  schema: z
    .object({ from: schemaSide, to: schemaSide })
    .nullable()
    .describe('null if the database schema does not change'),
  packages: z
    .array(
      z
        .object({ package: z.string(), from: z.string().nullable(), to: z.string().nullable() })
        .describe('Versions; null if the snapshot does not contain it'),
    )
    .describe('Differences between the two snapshots'),
  withdrawn: z.array(namedVersion).describe('Versions that the suite no longer lists'),
  installable: z
    .array(namedVersion)
    .describe('Other versions that it lists, for apt install package=version'),
  machines: z
    .object({
      pinned: z.string().describe("Machines with the archive's keyring package"),
      unpinned: z.string().describe('Machines without it'),
      held: z.string().describe('Machines held at a snapshot'),
    })
    .describe('Effect on each kind of machine, in words'),
  database: z
    .string()
    .nullable()
    .describe('Effect on databases, in words; null if the schema does not change'),
  notes: z.array(z.string()).describe('Effect of --supersede on single packages, in words'),
  warnings: z.array(z.string()),
  publication: publishResult.nullable().describe('null if nothing can be planned before a snapshot is cut'),
};

export const promoteResult = z.object({ ...moveResult, fromSuite: z.string() });
export type PromoteResult = z.infer<typeof promoteResult>;

export const rollbackResult = z.object({
  ...moveResult,
  reissues: snapshotId
    .nullable()
    .describe('With --supersede: the snapshot whose content is re-issued under higher versions'),
});
export type RollbackResult = z.infer<typeof rollbackResult>;
