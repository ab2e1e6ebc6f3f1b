/**
 * Decides whether to cut: whether a set differs from the last snapshot. If it does, makes the manifest. Pure;
 * snapshot-folder.ts writes it.
 */
import { LockstepError } from '../errors.js';
import { sha256Of } from '../io/disk.js';
import { byText } from '../io/keyed.js';
import { inputsOf } from './content.js';
import type { EvidenceDraft } from './evidence.js';
import type {
  Snapshot,
  SnapshotManifest,
  SnapshotPackage,
  SnapshotRef,
  SourceChangelog,
} from './manifest.js';
import { contradictions, manifestFormat, parseManifest } from './manifest.js';
import { manifestBytes } from './manifest-text.js';
import { nextSnapshotId } from './snapshot-id.js';

/** The content of the new snapshot. Entries may have any order. */
export interface SnapshotContent extends Omit<
  SnapshotManifest,
  'format' | 'id' | 'parent' | 'created' | 'inputs' | 'gates' | 'evidence' | 'tool'
> {
  sourceChangelogs: SourceChangelog[];
  /** Results of gates for this set. They go to a file next to the manifest. */
  evidence: readonly EvidenceDraft[];
  /** Gates whose results are added to the plan, because they need it. */
  laterGates?: readonly string[];
}

export interface SnapshotRequest {
  content: SnapshotContent;
  /** The newest snapshot of this profile, or null. */
  last: Snapshot | null;
  /** Other newest snapshots of the profile, which the new one follows too. */
  merges?: readonly SnapshotRef[];
  /** All ids in use, of all profiles. */
  taken: Iterable<string>;
  now: Date;
  /** Cut although the set did not change: the last snapshot lacks evidence that suites now require. */
  anew?: boolean;
  tool: { name: string; version: string };
}

export type SnapshotPlan =
  | {
      kind: 'unchanged';
      id: string;
      inputs: string;
      /** CVE ids of the last snapshot. A flag alone does not make a new snapshot. */
      security: readonly string[];
    }
  | {
      kind: 'cut';
      id: string;
      inputs: string;
      manifest: SnapshotManifest;
      text: Buffer;
      sha256: string;
      evidence: readonly EvidenceDraft[];
    };

/**
 * Compares the set with the last snapshot. If it differs, makes the next manifest of the chain.
 *
 * @throws LockstepError SNAPSHOT_INVALID when the set contradicts itself (two versions of a package, two files for one
 * path in the pool)
 */
export function planSnapshot(request: SnapshotRequest): SnapshotPlan {
  const { content, last, now } = request;
  const sourceChangelogs = content.sourceChangelogs.toSorted((a, b) => byText(a.path, b.path));
  const faults = contradictions({ ...content, sourceChangelogs });
  if (faults.length > 0) {
    throw new LockstepError('SNAPSHOT_INVALID', {
      message: `The set of ${content.profile} contradicts itself: ${faults.map(({ message }) => message).join('; ')}`,
      hint: 'Each package may come from only one component',
      where: faults,
    });
  }
  const inputs = inputsOf(content);
  const merges = (request.merges ?? []).map(({ id: other, sha256 }) => ({ id: other, sha256 }));
  const isSame = last !== null && last.manifest.inputs === inputs;
  if (isSame && request.anew !== true && merges.length === 0) {
    return { kind: 'unchanged', id: last.manifest.id, inputs, security: last.manifest.security ?? [] };
  }
  const id = nextSnapshotId(now, request.taken, last?.manifest.id ?? null);
  const security = [...new Set(content.security)].sort();
  const gates = [...content.evidence.map(({ gate }) => gate), ...(content.laterGates ?? [])];
  // The text leaves out undefined fields
  const manifest: SnapshotManifest = {
    format: manifestFormat,
    id,
    profile: content.profile,
    description: content.description,
    base: { ...content.base, architectures: [...content.base.architectures].sort() },
    baseReleaseFiles: content.baseReleaseFiles,
    parent: last === null ? null : { id: last.manifest.id, sha256: last.sha256 },
    merges: merges.length === 0 ? undefined : merges,
    created: now.toISOString(),
    inputs,
    components: content.components,
    packages: content.packages.slice().sort(byPackage),
    sources: content.sources.slice().sort(byVersion),
    sourceChangelogs: sourceChangelogs.length === 0 ? undefined : sourceChangelogs,
    builds: content.builds.slice().sort(byVersion),
    schema: content.schema,
    security: security.length === 0 ? undefined : security,
    supersedes: content.supersedes,
    gates: gates.length === 0 ? undefined : gates,
    tool: request.tool,
  };
  const text = manifestBytes(manifest);
  // A manifest that cannot be parsed again must never be signed. From here on, the paragraphs are slices of the text,
  // so the memory of the original entries can be freed.
  const read = parseManifest(text, `${content.profile}/${id}.json`);
  const { evidence } = content;
  return { kind: 'cut', id, inputs, manifest: read, text, sha256: sha256Of(text), evidence };
}

function byPackage(a: SnapshotPackage, b: SnapshotPackage): number {
  return (
    byText(a.package, b.package) || byText(a.architecture, b.architecture) || byText(a.version, b.version)
  );
}

function byVersion(a: { package: string; version: string }, b: typeof a): number {
  return byText(a.package, b.package) || byText(a.version, b.version);
}
