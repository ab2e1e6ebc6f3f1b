/** The shape of a comparison of two snapshots: what `diff` prints with `--json`. */
import { z } from 'zod';
import { skippedResult } from '../profile/skip-shape.js';
import { snapshotId, time } from '../snapshot/result-fields.js';

const version = z.string().nullable().describe('null if the snapshot does not contain it');
const cves = z.array(z.string());
const change = z
  .enum(['added', 'removed', 'up', 'down', 'rebuilt', 'changed'])
  .describe(
    'rebuilt: the same version with other bytes, another pin or another build. changed: the versions cannot be compared',
  );
export type Change = z.infer<typeof change>;
const packageSide = z
  .object({ version: z.string(), size: z.number().int().describe('Bytes'), sha256: z.string() })
  .nullable();
export type PackageSide = NonNullable<z.infer<typeof packageSide>>;
const total = z.object({
  packages: z.number().int(),
  size: z.number().int().describe('Bytes of all .debs'),
});
export type SnapshotTotal = z.infer<typeof total>;
const fileSide = z
  .object({
    kind: z.enum(['file', 'dir', 'symlink', 'hardlink', 'char-device', 'block-device', 'fifo']),
    mode: z.string().describe('Octal: `0644`'),
    owner: z.string().describe('`root:root`'),
    size: z.number().int().describe('Bytes'),
    linkTarget: z.string().nullable(),
  })
  .nullable();
export type FileSide = NonNullable<z.infer<typeof fileSide>>;
const presence = z.enum(['added', 'removed', 'changed']);
const named = { package: z.string(), architecture: z.string() };

const componentChange = z.object({
  component: z.string(),
  change,
  from: version.describe("Version of the source; Debian's version if it has one"),
  to: version,
  upstreamFrom: version,
  upstreamTo: version,
  method: z.string().describe('Build method of its packages: debian, tree, none'),
  commits: z
    .object({ from: z.string(), to: z.string() })
    .optional()
    .describe('If both sources come from git'),
});
export type ComponentChange = z.infer<typeof componentChange>;

const packageChange = z.object({
  ...named,
  component: z.string(),
  change,
  from: packageSide,
  to: packageSide,
  sizeChange: z.number().int().describe('Change in bytes'),
});
export type PackageChange = z.infer<typeof packageChange>;

const sourceStep = z.object({
  package: z.string(),
  from: z.string().nullable().describe('The version; null if it was not in the set'),
  to: z.string().nullable().describe('The version; null if it is no longer in the set'),
});
export type SourceStep = z.infer<typeof sourceStep>;

const relationChange = z.object({
  ...named,
  field: z.string().describe('`Depends`'),
  removed: z.array(z.string()),
  added: z.array(z.string()),
});
export type RelationChange = z.infer<typeof relationChange>;

const sourceChanges = z.object({
  source: z.string().describe('Source package'),
  component: z.string(),
  direction: z.enum(['up', 'down']).describe('down: the following entries are reverted'),
  from: z.string(),
  to: z.string(),
  packaging: z
    .array(
      z.object({
        version: z.string(),
        distribution: z.string(),
        maintainer: z.string(),
        date: time,
        lines: z.array(z.string()),
        own: z.boolean().describe('Lockstep wrote it when it built the package'),
      }),
    )
    .describe('Entries of debian/changelog between the two versions'),
  upstream: z
    .array(
      z.object({
        version: z.string(),
        heading: z.string(),
        lines: z.array(z.string()),
        file: z.string().describe('Path in the package'),
      }),
    )
    .describe("Sections of upstream's release notes between the two versions"),
  fixes: z
    .array(
      z.object({
        id: z.string().describe('`CVE-2026-1234`'),
        line: z.string().describe('Text of the sentence'),
        where: z.string().describe('`MediaWiki 1.39.16`'),
      }),
    )
    .describe('CVE ids that these name, except in sentences that say "not affected"'),
  omitted: z.number().int().describe('Number of lines omitted because there were too many'),
});
export type SourceChanges = z.infer<typeof sourceChanges>;
export type PackagingEntry = SourceChanges['packaging'][number];
export type UpstreamNotes = SourceChanges['upstream'][number];
export type SecurityFix = SourceChanges['fixes'][number];

const packageContents = z.object({
  ...named,
  files: z.array(
    z.object({
      path: z.string(),
      change: presence,
      conffile: z.boolean(),
      from: fileSide,
      to: fileSide,
      aspects: z
        .array(z.enum(['content', 'kind', 'mode', 'owner', 'link', 'conffile']))
        .describe('What differs; empty except for changed files'),
    }),
  ),
  texts: z.array(
    z.object({
      path: z.string().describe('Path on the machine; for maintainer scripts `DEBIAN/postinst`'),
      kind: z
        .enum(['configuration', 'conffile', 'script'])
        .describe('configuration: a text file of a package that Lockstep composes'),
      change: presence,
      patch: z.string().nullable().describe('Unified diff'),
      omitted: z.enum(['binary', 'too large', 'too different']).nullable().describe('Why there is no diff'),
    }),
  ),
  notCompared: z.string().nullable().describe('Why its contents could not be compared'),
});
export type PackageContentsDiff = z.infer<typeof packageContents>;
export type FileChange = PackageContentsDiff['files'][number];
export type TextChange = PackageContentsDiff['texts'][number];

/** What the manifests of two snapshots tell. */
export const snapshotDiff = z.object({
  components: z.array(componentChange),
  packages: z.array(packageChange),
  sources: z.array(sourceStep).describe('Source packages that differ'),
  relations: z.array(relationChange).describe('Changes in packages that both snapshots contain'),
  schema: z
    .object({
      changed: z.enum(['yes', 'no', 'unknown']).describe('unknown: a snapshot does not record its schema'),
      from: z.string().nullable().describe('The series, `1.39`; null if not recorded'),
      to: z.string().nullable(),
    })
    .describe('The database schema'),
  security: z
    .object({
      from: cves.describe('CVE ids that the snapshot is flagged with'),
      to: cves,
      added: cves.describe('Flags of all snapshots passed on an upgrade'),
      removed: cves.describe('Flags of all snapshots passed on a rollback'),
    })
    .describe(
      'CVE ids from the flags of snapshots (--security). `changelogs` has those that changelogs name',
    ),
  skipped: z
    .object({ ended: skippedResult, added: skippedResult, kept: skippedResult })
    .describe('ended: skipped in the first snapshot only; added: in the second only; kept: in both'),
  total: z.object({ from: total, to: total }),
});
export type SnapshotDiff = z.infer<typeof snapshotDiff>;
export type SchemaChange = SnapshotDiff['schema'];
export type SecurityChange = SnapshotDiff['security'];

const side = z.object({
  id: snapshotId,
  profile: z.string(),
  created: time,
  name: z.string().describe('As typed: `mediawiki-1.39-stable~1`'),
});
export type DiffSide = z.infer<typeof side>;

export const diffResult = z.object({
  from: side,
  to: side,
  same: z.boolean().describe('There is no difference that affects a machine'),
  ...snapshotDiff.shape,
  changelogs: z.array(sourceChanges).describe("Entries of the packages' own changelogs, by source package"),
  contents: z
    .array(packageContents)
    .describe('One entry per changed package; packages with equal contents are left out'),
  notes: z.array(z.string()).describe('Remarks on the comparison'),
});
export type DiffResult = z.infer<typeof diffResult>;
