/** What `snapshots`, `show`, `history`, `pin-file` and `serve` print with `--json`. */
import { z } from 'zod';
import { cves, sha256, snapshotId, time } from '../../snapshot/result-fields.js';
import { skippedResult, skippedVersionResult } from '../../profile/skip-shape.js';
import { readFormats } from '../../snapshot/manifest.js';
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

const ref = z.object({ id: snapshotId, sha256: sha256.describe('SHA-256 of its manifest') });
const manifest = z
  .object({
    format: z.literal(readFormats),
    id: snapshotId,
    profile: z.string(),
    description: z.string().optional(),
    base: z.object({
      distribution: z.string(),
      release: z.string(),
      codename: z.string(),
      architectures: z.array(z.string()),
    }),
    parent: ref.nullable().describe('The previous snapshot of the profile'),
    created: time,
    inputs: sha256.describe("Digest of the set's inputs: equal inputs give an equal set"),
    components: z.record(
      z.string(),
      z.object({
        pin: pinShape,
        build: z.object({ inputs: sha256, method: z.string() }),
        skipped: z
          .array(skippedVersionResult)
          .optional()
          .describe('Newer versions that skips of the profile kept out'),
      }),
    ),
    packages: z.array(
      z.object({
        package: z.string(),
        version: z.string(),
        architecture: z.string(),
        component: z.string(),
        source: z.string(),
        sourceVersion: z.string(),
        area: z.string(),
        path: z.string().describe("Below the archive's debian/"),
        size: bytes,
        sha256,
        stanza: z.string().describe('Its paragraph in Packages, without file name, size and hashes'),
      }),
    ),
    sources: z.array(
      z.object({
        package: z.string(),
        version: z.string(),
        area: z.string(),
        directory: z.string(),
        stanza: z.string(),
        files: z.array(z.object({ name: z.string(), size: bytes, sha256 })),
      }),
    ),
    sourceChangelogs: z
      .array(z.object({ path: z.string(), size: bytes, sha256 }))
      .optional()
      .describe('Texts that `apt changelog` shows, as files of the pool'),
    builds: z
      .array(z.object({ package: z.string(), version: z.string(), inputs: sha256 }))
      .describe('Versions that it assigned, and the digest of the inputs of each'),
    evidence: z
      .array(z.object({ gate: z.string(), result: z.string(), detail: z.string() }))
      .optional()
      .describe('Only in format 1. "evidence" of the result has the evidence of every format'),
    schema: z
      .object({ component: z.string(), version: z.string(), digest: sha256 })
      .optional()
      .describe('Database schema that the set requires'),
    security: cves.optional(),
    supersedes: z
      .object({ content: ref, above: ref })
      .optional()
      .describe('The snapshot whose content it re-issues, and the snapshot whose versions it exceeds'),
    tool: z.object({ name: z.string(), version: z.string() }),
  })
  .describe('Content of snapshots/<profile>/<id>.json');

const data = z.record(z.string(), z.unknown());

const evidence = z.object({
  gate: z.string(),
  state: z.enum(['pending', 'failed', 'waived', 'passed']),
  parameters: data.describe('Parameters of the gate'),
  facts: data.describe('Facts that the gate found'),
  tests: z
    .object({
      passed: z.array(z.string()),
      warned: z.array(z.string()).describe('They could not examine everything'),
      failed: z.array(z.string()),
    })
    .optional(),
  tools: z.array(z.string()).optional().describe('Package URLs of the tools that ran'),
  until: z.string().optional().describe('ISO 8601, UTC: from then on the evidence counts as missing'),
  of: ref.optional().describe('The examined snapshot, which has the same content'),
  recorded: z.string().nullable().describe('ISO 8601, UTC; null in manifests of format 1'),
  key: z.string().nullable().describe('Fingerprint of the key that signed it; null in manifests of format 1'),
});

export const showResult = z.object({
  sha256: sha256.describe('SHA-256 of the manifest'),
  manifest,
  evidence: z
    .array(evidence)
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
      z.object({
        format: z.literal(1),
        suite: z.string(),
        action: z.enum(['publish', 'promote', 'rollback']),
        from: snapshotId.nullable().describe('The snapshot that the suite pointed at before'),
        to: snapshotId,
        manifest: sha256.describe('SHA-256 of the manifest of `to`'),
        profile: z.string(),
        at: time,
        by: z.string().describe('Who made the move: name <mail>, or user@host'),
        reason: z.string().optional(),
        fromSuite: z.string().optional().describe('The suite from which the snapshot was promoted'),
        reissues: snapshotId
          .optional()
          .describe('The snapshot whose content `to` re-issues under higher versions'),
        security: z.array(z.string()).optional().describe('CVE ids that `to` fixes'),
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
