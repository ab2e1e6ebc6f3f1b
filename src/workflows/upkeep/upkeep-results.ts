/** What `verify`, `gc`, `drop` and `refresh` print with `--json`. */
import { z } from 'zod';
import { snapshotId, time } from '../../snapshot/result-fields.js';
import { garbageKinds } from '../../archive/garbage.js';
import { cacheFolderNames } from '../../io/cache-folders.js';

const below = z.string().describe('Below the workspace');
const bytes = z.number().int();

export const verifyResult = z
  .object({
    ok: z.boolean().describe('True if there is no fault, after any repair'),
    target: z.string().nullable().describe('The verified snapshot or suite; null for everything'),
    snapshots: z.number().int().describe('Manifests that are valid'),
    views: z.number().int().describe('Number of live and frozen views read'),
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
          how: z.string().nullable().describe('null if it could not be repaired'),
          reason: z.string().optional().describe('Why it could not be repaired'),
        }),
      )
      .describe('What --repair did'),
    notes: z.array(z.string()).describe('Remarks that affect how to read the faults'),
  })
  .describe('Also printed if there are faults; see the exit status');

export type VerifyResult = z.infer<typeof verifyResult>;

const garbageKind = z
  .enum([...new Set([...garbageKinds, ...cacheFolderNames])])
  .describe(
    `pool: packages and sources; by-hash: earlier indices; index: indices that no Release lists; record: derived from dropped manifests; store: the content store; temporary: incomplete files. With --cache the folders of the cache: ${cacheFolderNames.join(', ')}`,
  );

export const gcResult = z.object({
  dryRun: z.boolean(),
  kinds: z
    .array(
      z.object({
        kind: garbageKind,
        removed: z.object({ files: z.number().int(), bytes }),
        waiting: z
          .object({ files: z.number().int(), bytes })
          .describe('Not needed, but still within the grace period'),
      }),
    )
    .describe('Only kinds with at least one file'),
  removed: z
    .array(z.object({ kind: garbageKind, path: z.string(), bytes }))
    .describe('Paths are below the workspace, or absolute. With dryRun: what would be removed'),
  waiting: z.array(z.object({ kind: garbageKind, path: z.string(), bytes, until: time })),
  finished: z.array(snapshotId).describe('Interrupted drops that this run finished'),
  notes: z.array(z.string()).describe('What was not examined, and why'),
});

export type GcResult = z.infer<typeof gcResult>;

/** What is found, before it is summed. */
export type GcReport = Omit<GcResult, 'dryRun' | 'kinds'>;

export const dropResult = z.object({
  id: snapshotId,
  profile: z.string(),
  verdict: z.enum(['drop', 'finished']).describe('finished: this run completed an interrupted drop'),
  dryRun: z.boolean(),
  files: z.array(below).describe('Removed files; with dryRun, the files that would be removed'),
  freed: z
    .object({ files: z.number().int(), bytes })
    .describe('Pool files that no other snapshot contains; gc removes them after its grace period'),
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
        .describe('Why it was signed again; null if nothing was due'),
      validUntil: z.string().nullable().describe('ISO 8601, UTC; null if it never expires'),
      fault: z.string().nullable().describe('Why it could not be signed again'),
    }),
  ),
  keyFiles: z
    .array(z.string())
    .describe(
      'Files below public/ that contain the key and were rewritten, for example after an extension of the key',
    ),
  warnings: z.array(z.string()).describe('Warning about the expiry of the signing key, from 30 days before'),
});

export type RefreshResult = z.infer<typeof refreshResult>;
export type RefreshedView = RefreshResult['views'][number];
