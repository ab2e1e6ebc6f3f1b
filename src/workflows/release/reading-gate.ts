/**
 * The gate of readability: a cut, an import and a re-issue have apt read what is new in the set, and record it; every
 * suite demands that. A paragraph is read once: the signed evidence of the snapshot before says what was read.
 */
import { readIfThere } from '../../io/disk.js';
import { inPhase } from '../../io/progress.js';
import { lastOf, type Evidence, type EvidenceDraft } from '../../snapshot/evidence.js';
import type { Snapshot, SnapshotManifest, SnapshotPackage } from '../../snapshot/manifest.js';
import { versionKey } from '../../snapshot/several-versions.js';
import { isPassed, readability } from '../../suite/gates.js';
import { counted } from '../../counted.js';
import type { Run } from '../workspace/context.js';
import { evidenceOfSnapshot } from '../workspace/snapshot-records.js';

/**
 * @param last the snapshot before, whose paragraphs are not read again if the same apt read them
 * @param temporary for scratch space; a dry run leaves the cache alone
 * @returns the evidence for the set's snapshot
 * @throws LockstepError INDEX_UNREADABLE, TOOL_MISSING (apt), DISK_*, INTERRUPTED
 */
export async function proveReadable(
  run: Run,
  { packages, base }: Pick<SnapshotManifest, 'packages' | 'base'>,
  last: Snapshot | null,
  temporary = run.places.temporary,
): Promise<EvidenceDraft> {
  const { signal } = run;
  // Loaded here because most moves need no proof
  const { aptVersionHere } = await import('../../vetting/install/apt-configuration.js');
  const { assertAptReads } = await import('../../vetting/install/apt-reading.js');
  const apt = await aptVersionHere(signal);
  const known = last === null ? [] : await evidenceOfSnapshot(run, last);
  const before = readBy(known, run.clock.now()) === apt ? last : null;
  const unread = before === null ? packages : newIn(packages, before.manifest.packages);
  const { architectures } = base;
  await inPhase(
    run.progress,
    'Reading the index with apt',
    () => assertAptReads(unread, { architectures, temporary, signal }),
    () => `apt ${apt} reads ${counted(unread.length, 'new paragraph')}`,
  );
  const machine = await machineName();
  const isOwn = machine === `${base.distribution} ${base.release}`;
  const [reads, own] = ['apt reads every paragraph', "apt is the base release's own"];
  return {
    gate: readability,
    state: 'passed',
    parameters: { apt, machine, base: `${base.distribution} ${base.release}`, architectures },
    facts: { packages: packages.length, read: unread.length, before: before?.manifest.id ?? null },
    tests: { passed: isOwn ? [reads, own] : [reads], warned: isOwn ? [] : [own], failed: [] },
    tools: [`pkg:deb/debian/apt@${apt}`],
  };
}

/** The version of the apt that read a snapshot with this evidence; empty where the gate was waived. */
export function readBy(evidence: readonly Evidence[], now: Date): string | undefined {
  const found = lastOf(evidence, readability, now);
  if (found === undefined || !isPassed(found.state)) return undefined;
  const { apt } = found.parameters;
  return found.state === 'passed' && typeof apt === 'string' ? apt : '';
}

/** Packages whose paragraph the others do not have. */
function newIn(packages: readonly SnapshotPackage[], others: readonly SnapshotPackage[]): SnapshotPackage[] {
  const known = new Map(others.map((entry) => [versionKey(entry), entry]));
  return packages.filter((entry) => {
    const same = known.get(versionKey(entry));
    return same?.sha256 !== entry.sha256 || same.stanza !== entry.stanza;
  });
}

/** `debian 12`, as profiles name a base. */
async function machineName(): Promise<string> {
  const text = (await readIfThere('/etc/os-release'))?.toString('utf8') ?? '';
  const [, id = 'unknown'] = /^ID="?([^"\n]*)/m.exec(text) ?? [];
  const [, version = ''] = /^VERSION_ID="?([^"\n]*)/m.exec(text) ?? [];
  return `${id} ${version}`.trim();
}
