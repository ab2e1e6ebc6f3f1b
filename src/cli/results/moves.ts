/** The shape of what `publish`, `promote`, `rollback` and `status` print with `--json`. */
import { z } from 'zod';
import { snapshotId, time } from './fields.js';
import { baseAheadResult } from './resolution.js';
import { skippedVersionResult } from './skip.js';

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

const suiteStatus = z.object({
  suite: z.string(),
  profile: z.string(),
  trust: z.string(),
  snapshot: snapshotId
    .nullable()
    .describe('Its snapshot according to its history; null if the history is empty'),
  age: z.number().int().nullable().describe('Seconds since the snapshot was cut'),
  moved: z
    .object({
      action: z.enum(['publish', 'promote', 'rollback']),
      by: z.string(),
      at: time,
      reason: z.string().nullable(),
      fromSuite: z.string().nullable(),
      reissues: snapshotId.nullable(),
      security: z.array(z.string()),
    })
    .nullable()
    .describe('The last move'),
  published: z
    .object({
      snapshot: z.string().nullable(),
      listed: z.array(z.string()),
      date: time,
      validUntil: time.nullable(),
      end: time
        .nullable()
        .describe(
          'When machines start to refuse it: Valid-Until or the expiry of its signing key, whichever is earlier',
        ),
      endsBy: z
        .enum(['valid-until', 'key'])
        .nullable()
        .describe('Which of the two; null if it never expires'),
    })
    .nullable()
    .describe('Valid-Until of the InRelease on disk; null if there is none'),
  signature: z
    .enum(['good', 'due', 'soon', 'expired', 'none'])
    .describe(
      'due: less than half of its validity is left; soon: less than a quarter; expired: machines refuse it; none: nothing is published',
    ),
  agrees: z.boolean().describe('Whether the archive on disk matches the history'),
  unpublished: snapshotId
    .nullable()
    .describe(
      'The newest snapshot of the profile, if new snapshots enter this suite and this one was not published in it',
    ),
  promotable: z
    .object({ snapshot: snapshotId, fromSuite: z.string() })
    .nullable()
    .describe('The snapshot of the next lower suite, if it was not published in this suite'),
  skipped: z
    .array(skippedVersionResult.extend({ component: z.string(), ended: z.boolean() }))
    .describe('Versions that skips of the profile kept out of the snapshot; ended: the skip has expired'),
  ahead: z
    .array(baseAheadResult)
    .describe(
      'Packages whose version in the base release is higher than in the snapshot, as the last command that read the mirror saw it',
    ),
  warnings: z.array(z.string()).describe('Problems that exist or will soon exist, and what to do'),
});

export const statusResult = z.object({
  now: time,
  suites: z.array(suiteStatus),
  unpublished: z
    .array(z.object({ profile: z.string(), snapshot: snapshotId }))
    .describe('The newest snapshot of each profile, if it was not published in any suite'),
  running: z
    .object({ command: z.string(), pid: z.number().int(), host: z.string(), since: time })
    .nullable()
    .describe('Another active run; the suite that it moves may look inconsistent'),
  warnings: z.array(z.string()).describe('Problems that concern no suite of lockstep.yaml'),
});
export type StatusResult = z.infer<typeof statusResult>;
