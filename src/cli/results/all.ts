/**
 * The shape of what each command prints with `--json`. docs/reference/json.md
 * and schemas/output/ are made from here; a test holds them to it.
 */
import { z } from 'zod';
import { pinShape } from '../../source/pin.js';
import { sha256, snapshotId } from './fields.js';
import { starters } from '../../profile/starters.js';
import { skippedResult, skipResult } from './skip.js';
import { addExtensionResult } from './add.js';
import { importResult } from './import.js';
import { diffResult } from './diff.js';
import { promoteResult, publishResult, rollbackResult, statusResult } from './moves.js';
import { keyRotateResult, keyStatusResult } from './keys.js';
import { pinFileResult } from './pin-file.js';
import { demandResult } from './demands.js';
import { baseAheadResult, outdatedResult, choiceExplanationResult } from './resolution.js';
import { historyResult, showResult, snapshotsResult } from './snapshots.js';
import { dropResult, gcResult, refreshResult, verifyResult } from './upkeep.js';

export type { DiffResult } from './diff.js';
export { publishResult, type PublishResult } from './moves.js';
export type { HistoryResult, ShowResult, SnapshotsResult } from './snapshots.js';

export const initResult = z.object({
  workspace: z.string().describe('Absolute path'),
  template: z.enum(starters).nullable().describe('The example that it contains; null with --empty'),
  files: z.array(z.string()).describe('Relative to the workspace'),
  next: z.array(z.string()).describe('Commands to run in it, in this order'),
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
  notes: z.array(z.string()).describe('Expired skips, with the command that removes each'),
});
export type CheckResult = z.infer<typeof checkResult>;

export const keyResult = z.object({
  fingerprint: z.string(),
  keyFile: z.string(),
  revocationFile: z.string(),
  protected: z.boolean().describe('Whether a passphrase protects it'),
});
export type KeyResult = z.infer<typeof keyResult>;

export const resolveResult = z.object({
  profile: z.string(),
  base: z.object({
    distribution: z.string(),
    release: z.string(),
    codename: z.string(),
    architectures: z.array(z.string()),
  }),
  components: z.record(z.string(), pinShape),
  demands: z.array(demandResult).describe('Each demand: who makes it, and on what'),
  skipped: skippedResult,
  ahead: z
    .array(baseAheadResult)
    .describe('Packages whose version in the base release is higher than the built one'),
  explanation: choiceExplanationResult.optional().describe('With --explain'),
});
export type ResolveResult = z.infer<typeof resolveResult>;

export const serveResult = z
  .object({ url: z.string(), port: z.number().int(), root: z.string().describe('The served folder') })
  .describe('Printed once, when the server listens');
export type ServeResult = z.infer<typeof serveResult>;

const buildRow = z.object({
  component: z.string(),
  package: z.string().describe('Source package'),
  version: z.string(),
  method: z.enum(['debian', 'tree', 'none']),
  state: z.enum(['cached', 'to build', 'taken']).describe('taken: an unchanged package of the base release'),
});

export const cutResult = z.object({
  profile: z.string(),
  id: snapshotId,
  cut: z
    .boolean()
    .describe('False if the set equals the last snapshot; then "snapshot" is the id of that one'),
  inputs: sha256.describe("Digest of the set's inputs: equal inputs give an equal set"),
  parent: snapshotId.nullable(),
  manifest: z.string().nullable().describe('Path of the new manifest'),
  security: z
    .array(z.string())
    .describe('CVE ids that the snapshot is flagged with; those of the last snapshot if nothing changed'),
  skipped: skippedResult,
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
        file: z.string().describe('Absolute path in the content store; read-only'),
        sha256,
      }),
    )
    .describe('Packages built in this run or earlier; empty with --dry-run'),
});
export type BuildResult = z.infer<typeof buildResult>;

export const releaseResult = z.object({
  profile: z.string(),
  suite: z.string(),
  base: z.object({ release: z.string(), codename: z.string() }),
  metapackage: z.string().describe('The package that machines install'),
  builds: z.array(buildRow),
  skipped: skippedResult,
  snapshot: snapshotId.nullable().describe('null with --dry-run'),
  cut: z.boolean(),
  security: z.array(z.string()).describe('CVE ids that the snapshot is flagged with'),
  publication: publishResult.nullable().describe('null with --dry-run'),
});
export type ReleaseResult = z.infer<typeof releaseResult>;

/** By command, as typed. */
export const outputSchemas: Record<string, z.ZodType> = {
  init: initResult,
  check: checkResult,
  'key generate': keyResult,
  'key rotate': keyRotateResult,
  'key status': keyStatusResult,
  'add extension': addExtensionResult,
  skip: skipResult,
  resolve: resolveResult,
  outdated: outdatedResult,
  build: buildResult,
  cut: cutResult,
  import: importResult,
  publish: publishResult,
  promote: promoteResult,
  rollback: rollbackResult,
  status: statusResult,
  snapshots: snapshotsResult,
  show: showResult,
  history: historyResult,
  diff: diffResult,
  verify: verifyResult,
  gc: gcResult,
  drop: dropResult,
  refresh: refreshResult,
  'pin-file': pinFileResult,
  release: releaseResult,
  serve: serveResult,
};
