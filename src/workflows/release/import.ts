/** Packages that were built elsewhere become a snapshot: read, vetted, taken in, compared, signed. */
import { tmpdir } from 'node:os';
import { isAbsolute, relative } from 'node:path';
import { counted } from '../../counted.js';
import { LockstepError, type FaultPlace } from '../../errors.js';
import { keepHeapsSmall } from '../../io/heap.js';
import type { StoreBatch } from '../../io/store-batch.js';
import type { ImportedProfile } from '../../profile/profile-schema.js';
import type { Signer } from '../../signing/signer.js';
import { planChangelogs } from '../../snapshot/changelog-plan.js';
import {
  planImportedSet,
  unaskedChanges,
  type ImportChange,
  type ImportWish,
  type ImportedSet,
} from '../../snapshot/imported-set.js';
import type { Snapshot, SnapshotPackage, SourceChangelog } from '../../snapshot/manifest.js';
import { planSnapshot, type SnapshotPlan } from '../../snapshot/snapshot-plan.js';
import { lastSnapshot, signSnapshot, writeSnapshot } from '../../snapshot/snapshot-folder.js';
import type { ReadPackage } from '../../vetting/foreign-share.js';
import { readability } from '../../suite/gates.js';
import { archiveSigner } from '../keys/archive-signer.js';
import type { Context, Run } from '../workspace/context.js';
import { readPackages, type ReadingRequest, type TakenFile } from './import-reading.js';
import { importEvidence, signersOf } from './import-evidence.js';
import { takenNames, type TakenName } from './pool-names.js';
import { proveReadable, readBy } from './reading-gate.js';
import { commitSnapshotFiles } from '../workspace/commit-files.js';
import { assertAvailable } from '../workspace/lost-files.js';
import { evidenceOfSnapshot } from '../workspace/snapshot-records.js';
import { cutRequest } from '../workspace/cutting.js';
import { ownTrust } from '../keys/archive-keys.js';
import { prepareEntry } from '../move/suite-publication.js';
import { exclusively } from '../workspace/workspace-lock.js';
import { inPhase } from '../../io/progress.js';
import { cutFields, toldOf, writtenIn } from './snapshot-cut.js';
import type { ImportResult } from './release-results.js';

export interface ImportRequest extends ReadingRequest {
  profile: string;
  /** Whether what is in the profile's last snapshot and not replaced stays. */
  add: boolean;
  /** Whether what is in the profile's last snapshot and not among these goes. */
  replace: boolean;
  /** Whether packages may go to lower versions. */
  lower: boolean;
}

/**
 * @throws LockstepError PROFILE_UNKNOWN, PROFILE_INVALID, USAGE (a profile with components); IMPORT_INVALID with
 * everything that is wrong with the packages; FILE_MISSING, KEYRING_INVALID, SIGN_*, LOCK_HELD, DISK_*,
 * INTERRUPTED
 */
export async function importPackages(context: Context, request: ImportRequest): Promise<ImportResult> {
  keepHeapsSmall();
  return await exclusively(context, request, async (run) => {
    const profile = run.profiles.imported(request.profile);
    const signer = await archiveSigner(run, request);
    const { plan, batch, ...told } = await readAndPlan(run, profile, request);
    try {
      return {
        profile: profile.name,
        ...cutFields(plan),
        manifest: request.dryRun ? null : await applyImport(run, plan, { batch, signer, request }),
        ...told,
      };
    } finally {
      batch?.discard();
    }
  });
}

/** The plan of an import and its report. It keeps no reference to the package entries, so their memory is freed. */
type PlannedImport = Omit<ImportResult, 'profile' | 'manifest' | keyof ReturnType<typeof cutFields>> & {
  plan: SnapshotPlan;
  batch: StoreBatch | undefined;
};

async function readAndPlan(
  run: Run,
  profile: ImportedProfile,
  request: ImportRequest,
): Promise<PlannedImport> {
  const taken = await inPhase(
    run.progress,
    `Reading packages for ${profile.name}`,
    (phase) => readPackages(run, profile, request, phase),
    ({ packages, sources }) =>
      `${counted(packages.length, 'package')}, ${counted(sources.length, 'source package')}`,
  );
  const { batch, links, others } = taken;
  try {
    const { plan, set } = await planImport(run, profile, request, taken);
    const { packages, sources, changes } = set;
    const passedOver = set.passedOver.map(({ package: name, version, architecture }) => {
      return { package: name, version, architecture };
    });
    const counts = { packages: packages.length, sources: sources.length };
    return { plan, batch, links, others, ...counts, changes, wants: wishesOf(changes, request), passedOver };
  } catch (error) {
    batch?.discard();
    throw error;
  }
}

async function planImport(
  run: Run,
  profile: ImportedProfile,
  request: ImportRequest,
  taken: TakenFile,
): Promise<{ plan: SnapshotPlan; set: ImportedSet }> {
  const { snapshots } = run.places;
  const { packages, sources } = taken;
  const previous = await lastSnapshot(snapshots, profile.name, await ownTrust(run));
  const { add, remove } = request;
  const { versions } = profile;
  const set = planImportedSet({ packages, sources, previous, add, remove, versions });
  const faults = [...taken.faults, ...('faults' in set ? set.faults : [])];
  if (faults.length > 0 || 'faults' in set) throw refused(faults, request.cwd);
  const names = await takenNames(run, set.packages, previous);
  if (names.length > 0) throw refused(filesOf(names, packages), request.cwd);
  const known = previous === null ? [] : await evidenceOfSnapshot(run, previous);
  const before = signersOf(known, run.clock.now());
  const evidence = importEvidence(taken, set, before);
  const lacks =
    before === null && evidence.some(({ gate, state }) => gate === 'signature' && state === 'passed');
  const planned = planSnapshot({
    content: {
      ...writtenIn(profile),
      components: {},
      packages: set.packages,
      sources: set.sources,
      sourceChangelogs: changelogsAmong(set.packages, packages, previous),
      builds: [],
      evidence,
      laterGates: [readability],
    },
    ...(await cutRequest(run, previous)),
    // The same packages, of which more is known now
    anew: previous !== null && (lacks || readBy(known, run.clock.now()) === undefined),
  });
  if (planned.kind === 'unchanged') return { plan: planned, set };
  const readable = await proveReadable(
    run,
    planned.manifest,
    previous,
    request.dryRun ? tmpdir() : undefined,
  );
  return { plan: { ...planned, evidence: [...planned.evidence, readable] }, set };
}

/** Which of the files that were read cannot keep the name that the pool would give it. */
function filesOf(names: readonly TakenName[], read: readonly ReadPackage[]): FaultPlace[] {
  return names.map(({ entry, message }) => ({
    file: read.find((one) => one.entry.path === entry.path)?.file,
    message,
  }));
}

/** The changelogs of the set: those of the snapshot before, and what was read with the packages. */
function changelogsAmong(
  packages: readonly SnapshotPackage[],
  read: readonly ReadPackage[],
  previous: Snapshot | null,
): SourceChangelog[] {
  const brought = new Map(
    read.flatMap(({ entry, changelog }) => (changelog === undefined ? [] : [[entry.sha256, changelog]])),
  );
  const { kept, wanted } = planChangelogs(packages, previous?.manifest.sourceChangelogs ?? []);
  const found = [...wanted].flatMap(([path, candidates]): SourceChangelog[] => {
    const first = candidates.find(({ sha256 }) => brought.has(sha256));
    return first === undefined ? [] : [{ path, ...brought.get(first.sha256)! }];
  });
  return [...kept, ...found];
}

/**
 * The missing flags. Removals and lower versions always need a flag.
 *
 * @throws LockstepError IMPORT_REMOVES, IMPORT_LOWER, except in a dry run, which only reports
 */
function wishesOf(changes: readonly ImportChange[], request: ImportRequest): ImportWish[] {
  const unasked = unaskedChanges(changes, request);
  const wants = (['replace', 'lower'] as const).filter((wish) => !request[wish] && unasked[wish].length > 0);
  const [first] = wants;
  if (first === undefined || request.dryRun) return wants;
  const found = unasked[first];
  const where = found.map(({ package: name, architecture, from, to }) => ({
    path: `${name} ${architecture}`,
    message: to === null ? `${from} would be removed` : `${from} -> ${to}`,
  }));
  const count = found.length === 1 ? 'a package' : counted(found.length, 'package');
  if (first === 'replace') {
    throw new LockstepError('IMPORT_REMOVES', {
      message: `Nothing was imported: ${count} of the last snapshot would be removed from the set of ${request.profile}`,
      hint: '--add keeps them; --replace removes them; --remove NAME removes single packages',
      where,
    });
  }
  throw new LockstepError('IMPORT_LOWER', {
    message: `Nothing was imported: ${count} of ${request.profile} would go to a lower version`,
    hint: 'Machines with a higher version keep it. To allow lower versions: --lower. To return a published set to an earlier snapshot: lockstep rollback',
    where,
  });
}

/** Takes the packages in, then writes and signs the manifest; its path, or null where nothing changed. */
async function applyImport(
  run: Run,
  plan: SnapshotPlan,
  { batch, signer, request }: { batch: StoreBatch | undefined; signer: Signer; request: ImportRequest },
): Promise<string | null> {
  const { places, clock, signal } = run;
  const cut = async (): Promise<string | null> => {
    await batch?.place(signal);
    if (plan.kind === 'unchanged') {
      await batch?.settle();
      return null;
    }
    const settling = batch?.settle() ?? Promise.resolve();
    settling.catch(() => undefined);
    // What the last snapshot had is not read again: its files may be lost since
    if (request.add || request.remove.length > 0) {
      await settling;
      await assertAvailable(run, plan.manifest);
    }
    const signed = await signSnapshot(places.snapshots, plan, { signer, now: clock.now() });
    // What publishing needs is made while the snapshot is in memory, so that no move has to read it
    await run.records.make(plan);
    // A manifest is there only when the names of its packages are on the disk
    await settling;
    const files = await writeSnapshot(signed, signal);
    const { id, sha256 } = plan;
    await prepareEntry(run, { profile: plan.manifest.profile, id, sha256 });
    await commitSnapshotFiles(run, files, `Import ${plan.id} of ${plan.manifest.profile}`);
    return files[0]!;
  };
  return await inPhase(run.progress, 'Cutting a snapshot', cut, () => toldOf(plan));
}

function refused(faults: readonly FaultPlace[], cwd: string): LockstepError {
  const things = faults.length === 1 ? 'one thing is' : `${counted(faults.length, 'thing')} are`;
  return new LockstepError('IMPORT_INVALID', {
    message: `Nothing was imported: ${things} wrong with the packages`,
    hint: 'Correct them or leave them out, then run the same command again',
    where: faults.map((place) => ({
      ...place,
      ...(place.file === undefined ? {} : { file: shown(place.file, cwd) }),
    })),
  });
}

/** As the person would name it. */
function shown(file: string, cwd: string): string {
  const path = isAbsolute(file) ? relative(cwd, file) : file;
  return path.startsWith('..') ? file : path;
}
