/** The shape of what `publish`, `promote`, `rollback` and `status` print with `--json`. */
import { z } from 'zod';
import { snapshotId, time } from './fields.js';
import { baseAheadResult } from './resolution.js';
import { skippedVersionResult } from './skip.js';

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
  validUntil: z
    .string()
    .nullable()
    .describe('ISO 8601, never after the end of the key; null where no new Release is written'),
  warnings: z.array(z.string()).describe('Of the key that signs, from 30 days before its end'),
  writes: z.number().int(),
  bytes: z.number().int(),
});
export type PublishResult = z.infer<typeof publishResult>;

const schemaSide = z
  .object({ component: z.string(), version: z.string(), digest: z.string() })
  .nullable()
  .describe('null where the snapshot does not record its schema');
const namedVersion = z.object({ package: z.string(), version: z.string() });

const moveResult = {
  suite: z.string(),
  profile: z.string(),
  from: snapshotId.nullable().describe('What the suite pointed at'),
  to: snapshotId
    .nullable()
    .describe('What it points at now; null for a superseding snapshot that --dry-run does not cut'),
  reason: z.string().nullable(),
  security: z.array(z.string()).describe('CVE ids that the snapshot fixes'),
  schema: z
    .object({ from: schemaSide, to: schemaSide })
    .nullable()
    .describe('null where the database schema stays as it is'),
  packages: z
    .array(
      z
        .object({ package: z.string(), from: z.string().nullable(), to: z.string().nullable() })
        .describe('Versions; null: it is not in that snapshot'),
    )
    .describe('What differs between the two snapshots'),
  withdrawn: z.array(namedVersion).describe('Versions that the suite lists no more'),
  installable: z.array(namedVersion).describe('Other versions that it lists: apt install package=version'),
  machines: z
    .object({
      pinned: z.string().describe("With the archive's keyring package"),
      unpinned: z.string().describe('Without it'),
      held: z.string().describe('Held at a snapshot'),
    })
    .describe('What happens on each kind of machine, in words'),
  database: z
    .string()
    .nullable()
    .describe('What happens to databases, in words; null where the schema stays'),
  notes: z.array(z.string()).describe('What becomes of single packages with --supersede, in words'),
  warnings: z.array(z.string()),
  publication: publishResult
    .nullable()
    .describe('null where nothing can be planned before a snapshot is cut'),
};

export const promoteResult = z.object({ ...moveResult, fromSuite: z.string() });
export type PromoteResult = z.infer<typeof promoteResult>;

export const rollbackResult = z.object({
  ...moveResult,
  reissues: snapshotId
    .nullable()
    .describe('With --supersede: the snapshot whose content comes under higher versions'),
});
export type RollbackResult = z.infer<typeof rollbackResult>;

const suiteStatus = z.object({
  suite: z.string(),
  profile: z.string(),
  trust: z.string(),
  snapshot: snapshotId.nullable().describe('What its history says; null while it is empty'),
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
          'When machines refuse it: Valid-Until, or the end of the key that signed it, whichever is earlier',
        ),
      endsBy: z.enum(['valid-until', 'key']).nullable().describe('Which of the two; null: it has no end'),
    })
    .nullable()
    .describe('What the InRelease on disk says; null where there is none'),
  signature: z
    .enum(['good', 'due', 'soon', 'expired', 'none'])
    .describe(
      'due: less than half of its time is left; soon: less than a quarter; expired: machines refuse it; none: nothing is published',
    ),
  agrees: z.boolean().describe('Whether the archive on disk says what the history says'),
  unpublished: snapshotId
    .nullable()
    .describe(
      'The newest snapshot of the profile, where this is the suite that new ones enter and has not had it',
    ),
  promotable: z
    .object({ snapshot: snapshotId, fromSuite: z.string() })
    .nullable()
    .describe('What the suite below it has, and it has not had'),
  skipped: z
    .array(skippedVersionResult.extend({ component: z.string(), ended: z.boolean() }))
    .describe('What skips of the profile kept out of the snapshot; ended: the skip would not any more'),
  ahead: z
    .array(baseAheadResult)
    .describe(
      'Where the base release is above the snapshot, by what a command that asked the mirror last saw',
    ),
  warnings: z.array(z.string()).describe('What is wrong or soon will be, and what to do'),
});

export const statusResult = z.object({
  now: time,
  suites: z.array(suiteStatus),
  unpublished: z
    .array(z.object({ profile: z.string(), snapshot: snapshotId }))
    .describe('The newest snapshot of each profile, where no suite has had it'),
  running: z
    .object({ command: z.string(), pid: z.number().int(), host: z.string(), since: time })
    .nullable()
    .describe('Another run that is at work: what it moves may look half done'),
  warnings: z.array(z.string()).describe('What concerns no suite of lockstep.yaml'),
});
export type StatusResult = z.infer<typeof statusResult>;
