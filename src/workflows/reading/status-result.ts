/** What `status` prints with `--json`. */
import { z } from 'zod';
import { snapshotId, time } from '../../snapshot/result-fields.js';
import { skippedVersionResult } from '../../profile/skip-shape.js';
import { baseAheadResult } from '../../resolution/outdated-shape.js';

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
export type SuiteStatus = z.infer<typeof suiteStatus>;

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
