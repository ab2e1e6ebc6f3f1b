/** The shape of what `verify`, `gc`, `drop` and `refresh` print with `--json`. */
import { z } from 'zod';
import { snapshotId, time } from './fields.js';
import { garbageKinds } from '../../archive/garbage.js';
import { cacheFolderNames } from '../../io/cache-folders.js';

const below = z.string().describe('Below the workspace');
const bytes = z.number().int();

export const verifyResult = z
  .object({
    ok: z.boolean().describe('Whether there is no fault, after repairing where that was asked for'),
    target: z.string().nullable().describe('The snapshot or suite that was verified; null: everything'),
    snapshots: z.number().int().describe('Manifests that are good'),
    views: z.number().int().describe('Live and frozen views that were read'),
    files: z.number().int(),
    bytes,
    faults: z.array(
      z.object({
        code: z.string().describe('Listed in docs/reference/errors.md'),
        kind: z.enum([
          'missing',
          'damaged',
          'signature',
          'expired',
          'contradiction',
          'foreign',
          'unfinished',
        ]),
        path: below,
        message: z.string().describe('What is wrong'),
        hint: z.string().describe('What to do'),
      }),
    ),
    repairs: z
      .array(
        z.object({
          path: below,
          how: z.string().nullable().describe('null: it could not be repaired'),
          reason: z.string().optional().describe('Why it could not be repaired'),
        }),
      )
      .describe('What --repair did'),
    notes: z.array(z.string()).describe('What to know before believing the faults'),
  })
  .describe('Printed also when there are faults; the exit status tells');
export type VerifyResult = z.infer<typeof verifyResult>;

const garbageKind = z
  .enum([...new Set([...garbageKinds, ...cacheFolderNames])])
  .describe(
    `pool: packages and sources; by-hash: earlier indices; index: indices that no Release lists; record: derived from dropped manifests; store: the content store; temporary: left half-written. With --cache the folders of the cache: ${cacheFolderNames.join(', ')}`,
  );

export const gcResult = z.object({
  dryRun: z.boolean(),
  kinds: z
    .array(
      z.object({
        kind: garbageKind,
        removed: z.object({ files: z.number().int(), bytes }),
        waiting: z.object({ files: z.number().int(), bytes }).describe('Needless, but not for long enough'),
      }),
    )
    .describe('Only those of which there is anything'),
  removed: z
    .array(z.object({ kind: garbageKind, path: z.string(), bytes }))
    .describe('Paths are below the workspace, or absolute. With dryRun: what would be removed'),
  waiting: z.array(z.object({ kind: garbageKind, path: z.string(), bytes, until: time })),
  finished: z.array(snapshotId).describe('Interrupted drops that were finished'),
  notes: z.array(z.string()).describe('What was left alone, and why'),
});
export type GcResult = z.infer<typeof gcResult>;

export const dropResult = z.object({
  id: snapshotId,
  profile: z.string(),
  verdict: z.enum(['drop', 'finished']).describe('finished: an earlier run was interrupted in it'),
  dryRun: z.boolean(),
  files: z.array(below).describe('What was taken away; with dryRun: what would be'),
  freed: z
    .object({ files: z.number().int(), bytes })
    .describe('Pool files that no other snapshot has; gc takes them away after its grace period'),
});
export type DropResult = z.infer<typeof dropResult>;

export const refreshResult = z.object({
  dryRun: z.boolean(),
  views: z.array(
    z.object({
      suite: z.string(),
      kind: z.enum(['live', 'frozen']),
      snapshot: snapshotId.nullable().describe('Of a frozen view'),
      reason: z
        .enum(['due', 'forced', 'incomplete', 'key', 'fields', 'end'])
        .nullable()
        .describe('Why it was signed anew; null: it is good as it is'),
      validUntil: z.string().nullable().describe('ISO 8601, UTC; null: it has no end'),
      fault: z.string().nullable().describe('Why it could not be signed anew'),
    }),
  ),
  keyFiles: z
    .array(z.string())
    .describe('Files below public/ that carry the key and were written anew, as after it was extended'),
  warnings: z.array(z.string()).describe('Of the key that signs, from 30 days before its end'),
});
export type RefreshResult = z.infer<typeof refreshResult>;
