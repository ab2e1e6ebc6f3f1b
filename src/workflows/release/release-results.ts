/** What `check`, `resolve`, `outdated`, `build`, `cut`, `import` and `release` print with `--json`. */
import { z } from 'zod';
import { sha256, snapshotId } from '../../snapshot/result-fields.js';
import { skippedResult } from '../../profile/skip-shape.js';
import { choiceExplanationResult } from '../../resolution/choice-shape.js';
import { demandResult } from '../../resolution/demand-shape.js';
import { baseAheadResult, outdatedComponent } from '../../resolution/outdated-shape.js';
import { pinShape } from '../../source/pin.js';
import { publishResult } from '../move/move-results.js';

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

export const outdatedResult = z.object({
  profiles: z.array(
    z.object({
      profile: z.string(),
      snapshot: z.string().nullable().describe('The version it is compared with; null if there is none yet'),
      suite: z.string().nullable().describe('With --suite'),
      components: z.array(outdatedComponent).describe('By name'),
      ahead: z
        .array(baseAheadResult)
        .describe('Packages whose version in the base release is higher than in the snapshot'),
    }),
  ),
  notes: z.array(z.string()).describe('Profiles that were left out, and why; expired skips'),
});
export type OutdatedResult = z.infer<typeof outdatedResult>;

const buildRow = z.object({
  component: z.string(),
  package: z.string().describe('Source package'),
  version: z.string(),
  method: z.enum(['debian', 'tree', 'none']),
  state: z.enum(['cached', 'to build', 'taken']).describe('taken: an unchanged package of the base release'),
});
export type BuildPlanRow = z.infer<typeof buildRow>;

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

export const importResult = z.object({
  profile: z.string(),
  id: snapshotId.describe('With --dry-run, the id that it would get'),
  cut: z
    .boolean()
    .describe('False if the set equals the last snapshot; then "snapshot" is the id of that one'),
  inputs: sha256.describe("Digest of the set's inputs: equal inputs give an equal set"),
  parent: snapshotId.nullable(),
  manifest: z.string().nullable().describe('Path of the new manifest; null with --dry-run'),
  packages: z.number().int().describe('Number of packages in the set'),
  sources: z.number().int().describe('Number of source packages in the set'),
  changes: z
    .array(
      z.object({
        package: z.string(),
        architecture: z.string().describe('`source` of a source package'),
        from: z.string().nullable().describe('The previous version; null for a new package'),
        to: z
          .string()
          .nullable()
          .describe('The current version; null for a package that is no longer in the set'),
      }),
    )
    .describe('Differences from the previous snapshot'),
  wants: z
    .array(z.enum(['replace', 'lower']))
    .describe('With --dry-run: flags that the import needs but that are missing'),
  passedOver: z
    .array(z.object({ package: z.string(), version: z.string(), architecture: z.string() }))
    .describe(
      'Packages that were read but left out, because they are older than the newest `versions` of the profile',
    ),
  links: z
    .array(z.string())
    .describe('Symbolic links in the folders that are named like packages; they are ignored'),
  others: z
    .array(z.string())
    .describe(
      'Packages of the installer (.udeb) and of debug symbols (.ddeb) in the folders; they are ignored',
    ),
});
export type ImportResult = z.infer<typeof importResult>;

export const rebuildResult = z.object({
  ok: z.boolean().describe('Whether every file of these snapshots is there now'),
  snapshots: z.array(
    z.object({
      profile: z.string(),
      id: snapshotId,
      imported: z.boolean().describe('Whether its packages were built elsewhere'),
      rebuilt: z.number().int().describe('Number of files that were missing and are there now'),
      lost: z.array(z.string()).describe('Pool paths of files that are in no place'),
      reason: z.string().nullable().describe('Why files are lost'),
    }),
  ),
});
export type RebuildResult = z.infer<typeof rebuildResult>;

export const mergeResult = z.object({
  kind: z.enum(['snapshot', 'history']),
  name: z.string().describe('The profile or the suite'),
  id: snapshotId.describe('The new snapshot; of a history, the snapshot that the suite points at'),
  merged: z
    .array(snapshotId)
    .describe('What was merged: newest snapshots, or where the ends of the history led'),
  base: snapshotId.nullable().describe('The last snapshot that both sides follow; null if there is none'),
  steps: z
    .array(
      z.object({
        name: z.string().describe('A component, or a package and its architecture'),
        from: z.string().nullable().describe('The version in "base"'),
        to: z.string().nullable().describe('The version in the merged set; null if it is no longer there'),
        side: snapshotId.nullable().describe('The snapshot that it is from; null if both say the same'),
        instead: z
          .string()
          .nullable()
          .optional()
          .describe('The version of the other side, if both changed it'),
      }),
    )
    .describe('Differences from "base", and the side of each'),
  reason: z.string().nullable().describe('Of the new line of the history'),
  dryRun: z.boolean(),
});
export type MergeResult = z.infer<typeof mergeResult>;

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
