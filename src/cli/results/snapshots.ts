/** The shape of what `snapshots`, `show` and `history` print with `--json`. */
import { z } from 'zod';
import { readFormats } from '../../snapshot/manifest.js';
import { pinShape } from '../../source/pin.js';
import { sha256, snapshotId, time } from './fields.js';
import { skippedResult, skippedVersionResult } from './skip.js';

const bytes = z.number().int().describe('Bytes');
const cves = z.array(z.string()).describe('CVE ids that it was flagged with');
const suites = z
  .array(
    z.object({
      suite: z.string(),
      as: z
        .enum(['current', 'listed'])
        .describe('current: it points at the snapshot. listed: it did, and the snapshot stays installable'),
    }),
  )
  .describe('By the histories of the suites');

export const snapshotsResult = z.object({
  snapshots: z
    .array(
      z.object({
        id: snapshotId,
        profile: z.string(),
        sha256: sha256.describe('Of the manifest'),
        created: time,
        parent: snapshotId.nullable(),
        packages: z.number().int().describe('How many'),
        sources: z.number().int().describe('How many source packages'),
        size: bytes.describe('Bytes of all packages'),
        components: z.record(z.string(), z.string()).describe('Upstream versions by component'),
        change: z
          .string()
          .nullable()
          .describe('A few words for people; null where its parent is not there any more'),
        security: cves,
        skipped: skippedResult,
        reissues: snapshotId
          .nullable()
          .describe('The snapshot whose content it has under higher versions, of rollback --supersede'),
        suites,
      }),
    )
    .describe('The newest first'),
  unreadable: z
    .array(z.object({ id: snapshotId, profile: z.string(), code: z.string(), message: z.string() }))
    .describe('Manifests that are there and cannot be read'),
});
export type SnapshotsResult = z.infer<typeof snapshotsResult>;

const ref = z.object({ id: snapshotId, sha256: sha256.describe('Of its manifest') });

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
    parent: ref.nullable().describe('The snapshot of the profile before it'),
    created: time,
    inputs: sha256.describe('What the set is: equal inputs, equal set'),
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
        stanza: z.string().describe('Its paragraph of Packages, without file name, size and hashes'),
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
      .describe('What `apt changelog` shows, as files of the pool'),
    builds: z
      .array(z.object({ package: z.string(), version: z.string(), inputs: sha256 }))
      .describe('Versions that it gave out, and what they were made from'),
    evidence: z
      .array(z.object({ gate: z.string(), result: z.string(), detail: z.string() }))
      .optional()
      .describe('In format 1 only; all evidence of every format is in "evidence" of the result'),
    schema: z
      .object({ component: z.string(), version: z.string(), digest: sha256 })
      .optional()
      .describe('The database schema that the set needs'),
    security: cves.optional(),
    supersedes: z
      .object({ content: ref, above: ref })
      .optional()
      .describe('Whose content it has, and above whose versions'),
    tool: z.object({ name: z.string(), version: z.string() }),
  })
  .describe('snapshots/<profile>/<id>.json as it is');

const data = z.record(z.string(), z.unknown());

const evidence = z.object({
  gate: z.string(),
  state: z.enum(['pending', 'failed', 'waived', 'passed']),
  parameters: data.describe('What the gate ran with'),
  facts: data.describe('What it found'),
  tests: z.object({ passed: z.array(z.string()), failed: z.array(z.string()) }).optional(),
  tools: z.array(z.string()).optional().describe('Package URLs of the tools that ran'),
  until: z.string().optional().describe('ISO 8601, UTC: from then on it counts as missing'),
  of: ref.optional().describe('The snapshot with the same content that was looked at'),
  recorded: z.string().nullable().describe('ISO 8601, UTC; null in manifests of format 1'),
  key: z.string().nullable().describe('Fingerprint of the key that signed it; null in manifests of format 1'),
});

export const showResult = z.object({
  sha256: sha256.describe('Of the manifest'),
  manifest,
  evidence: z
    .array(evidence)
    .describe('What gates said, the oldest record first; the newest of a gate counts'),
  suites,
  signature: z
    .enum(['good', 'unchecked'])
    .describe('unchecked: no public key is to be had here. One that does not hold is an error'),
  note: z.string().nullable().describe('What a person should know about the signature'),
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
        from: snapshotId.nullable().describe('What the suite pointed at before'),
        to: snapshotId,
        manifest: sha256.describe('Of the manifest of `to`'),
        profile: z.string(),
        at: time,
        by: z.string().describe('Who: name <mail>, or user@host'),
        reason: z.string().optional(),
        fromSuite: z.string().optional().describe('The suite that a promoted snapshot came from'),
        reissues: snapshotId.optional().describe('The snapshot whose content `to` has under higher versions'),
        security: z.array(z.string()).optional().describe('CVE ids that `to` fixes'),
        previous: sha256.nullable().describe('Of the line before'),
        signature: z.string().optional().describe('OpenPGP packets in base64'),
      }),
    )
    .describe('The newest first'),
  faults: z.array(z.string()).describe('Lines whose signature does not hold, in words'),
  note: z.string().nullable().describe('What a person should know about the signatures'),
});
export type HistoryResult = z.infer<typeof historyResult>;
