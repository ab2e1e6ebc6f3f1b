/** What `snapshots`, `show`, `history`, `pin-file` and `serve` print with `--json`. */
import { z } from 'zod';
import { cves, sha256, snapshotId, time } from '../../snapshot/result-fields.js';
import { skippedResult } from '../../profile/skip-shape.js';
import { evidenceShape } from '../../snapshot/evidence.js';
import { componentSchema, manifestSchema } from '../../snapshot/manifest.js';
import { historyEntrySchema } from '../../suite/history.js';
import { pinShape } from '../../source/pin.js';

const bytes = z.number().int().describe('Bytes');
const suites = z
  .array(
    z.object({
      suite: z.string(),
      as: z
        .enum(['current', 'listed'])
        .describe(
          'current: the suite points at the snapshot. listed: the suite pointed at it before, and it stays installable',
        ),
    }),
  )
  .describe('According to the histories of the suites');

export const snapshotsResult = z.object({
  snapshots: z
    .array(
      z.object({
        id: snapshotId,
        profile: z.string(),
        sha256: sha256.describe('SHA-256 of the manifest'),
        created: time,
        parent: snapshotId.nullable(),
        packages: z.number().int().describe('Number of packages'),
        sources: z.number().int().describe('Number of source packages'),
        size: bytes.describe('Bytes of all packages'),
        components: z.record(z.string(), z.string()).describe('Upstream versions by component'),
        change: z
          .string()
          .nullable()
          .describe('Short summary of the changes; null if its parent no longer exists'),
        security: cves,
        skipped: skippedResult,
        reissues: snapshotId
          .nullable()
          .describe(
            'With rollback --supersede: the snapshot whose content it re-issues under higher versions',
          ),
        suites,
      }),
    )
    .describe('Newest first'),
  unreadable: z
    .array(z.object({ id: snapshotId, profile: z.string(), code: z.string(), message: z.string() }))
    .describe('Manifests that exist but cannot be read'),
});

export type SnapshotsResult = z.infer<typeof snapshotsResult>;

/** A pin in full, which its own room describes. */
const manifest = manifestSchema
  .extend({ components: z.record(z.string(), componentSchema.extend({ pin: pinShape })) })
  .describe('Content of snapshots/<profile>/<id>.json');

export const showResult = z.object({
  sha256: sha256.describe('SHA-256 of the manifest'),
  manifest,
  evidence: z
    .array(evidenceShape)
    .describe('Results of gates, the oldest record first; the newest of each gate counts'),
  suites,
  signature: z
    .enum(['good', 'unchecked'])
    .describe('unchecked: no public key is available here. An invalid signature is an error'),
  note: z.string().nullable().describe('Remarks on the signature'),
});

export type ShowResult = z.infer<typeof showResult>;

export const historyResult = z.object({
  suite: z.string(),
  moves: z
    .array(
      historyEntrySchema.extend({
        previous: sha256.nullable().describe('SHA-256 of the previous line'),
        signature: z.string().optional().describe('OpenPGP packets in base64'),
      }),
    )
    .describe('Newest first'),
  faults: z.array(z.string()).describe('Lines with an invalid signature, in words'),
  note: z.string().nullable().describe('Remarks on the signatures'),
});

export type HistoryResult = z.infer<typeof historyResult>;

export const pinFileResult = z.object({
  snapshot: snapshotId,
  profile: z.string(),
  suite: z
    .string()
    .nullable()
    .describe(
      'The suite whose frozen view lists the versions; null if no suite ever pointed at the snapshot',
    ),
  priority: z.number().int().describe('Pin-Priority of every record'),
  packages: z
    .array(
      z.object({
        package: z.string().describe('With `:<architecture>` if the version differs between architectures'),
        version: z.string(),
      }),
    )
    .describe('The held packages, sorted'),
  text: z.string().describe('The preferences file'),
  file: z.string().nullable().describe('Absolute path of the file that --output wrote'),
  note: z.string().nullable().describe('Remarks'),
});
export type PinFileResult = z.infer<typeof pinFileResult>;

export const serveResult = z
  .object({ url: z.string(), port: z.number().int(), root: z.string().describe('The served folder') })
  .describe('Printed once, when the server listens');
export type ServeResult = z.infer<typeof serveResult>;
