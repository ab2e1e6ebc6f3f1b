/**
 * Checks everything below `snapshots/` with only the archive's public key: manifests, chains, histories, drops. It
 * reports faults with their files. It repairs nothing.
 */
import { join } from 'node:path';
import { LockstepError } from '../errors.js';
import { namesEnding, readIfThere, sha256Of } from '../io/disk.js';
import { throwIfInterrupted } from '../io/interrupt.js';
import { armorFault } from '../signing/exact-armor.js';
import {
  faultWords,
  headsOf,
  lineFaults,
  type ChainedLine,
  type LineTrust,
} from '../snapshot/chained-lines.js';
import { droppedPath, parentsOfDropped, parseDropped, type DroppedSnapshot } from '../snapshot/dropped.js';
import { parseEvidence, subjectFaults } from '../snapshot/evidence-file.js';
import { findingOf, type Finding } from '../snapshot/finding.js';
import { listHistories, historyPath } from './history-file.js';
import { parseHistory, type HistoryEntry } from './history.js';
import { headsAmong } from '../snapshot/forks.js';
import { parentsOf, type Snapshot, type SnapshotRef } from '../snapshot/manifest.js';
import { isSnapshotId } from '../snapshot/snapshot-id.js';
import {
  listSnapshots,
  readSnapshot,
  snapshotFiles,
  type SnapshotPlace,
} from '../snapshot/snapshot-folder.js';
import { anyTime, holdsAnyTime, unbelievedLines, unbelievedSnapshot } from './unbelieved.js';

export interface SnapshotsRequest {
  /** Absolute path of `snapshots/`. */
  root: string;
  trust: LineTrust;
  /** Limits the check to this profile's snapshots. */
  profile?: string | undefined;
  /** Called with every valid manifest, for each profile the oldest first, so that no manifest stays in memory. */
  onSnapshot?: (snapshot: Snapshot) => void;
  signal?: AbortSignal | undefined;
}

/** The existing records, and which of them are valid. */
export class SnapshotsReading {
  /** Paths are below `root`. */
  readonly findings: Finding[] = [];
  /** Valid manifests, with the SHA-256 of each. */
  readonly good = new Map<string, SnapshotPlace & { sha256: string }>();
  /** Ids whose manifest exists but is not trusted, or is missing. */
  readonly doubtful = new Set<string>();
  /** By suite, without damaged histories. */
  readonly histories = new Map<string, HistoryEntry[]>();
  /** Suites whose history has several last lines, because people moved them at the same time. */
  readonly forkedHistories = new Set<string>();
  /** Texts of histories that several people continued at the same time, merged or not, by suite. */
  readonly branching = new Map<string, string>();
  /** Suites whose history is damaged. */
  readonly damagedHistories = new Set<string>();
  /** Profiles with several newest snapshots, because people cut at the same time: the ids of these, by profile. */
  readonly forks = new Map<string, string[]>();
  /** By id. */
  readonly dropped = new Map<string, DroppedSnapshot>();
}

const restore = 'Restore it from version control or a backup. Its content exists nowhere else';

/** What names a manifest that only its signature shows. */
const bySignature = 'its signature';

/** @throws LockstepError DISK_IO, INTERRUPTED, KEYRING_INVALID */
export async function verifySnapshots(request: SnapshotsRequest): Promise<SnapshotsReading> {
  return await new Verification(request).run();
}

interface Read extends SnapshotPlace {
  sha256: string;
  parents: SnapshotRef[];
}

class Verification {
  readonly #reading = new SnapshotsReading();
  /** Every id that a record names, and which record names it. Each needs a manifest or a drop. */
  readonly #named = new Map<string, { profile: string; by: string; sha256?: string | undefined }>();
  #droppedIsKnown = true;

  constructor(private readonly request: SnapshotsRequest) {}

  async run(): Promise<SnapshotsReading> {
    const { root } = this.request;
    await this.#readDropped();
    for (const suite of await listHistories(root)) await this.#readHistory(suite);
    const places = await listSnapshots(root, this.request.profile);
    const profiles = [...new Set(places.map(({ profile }) => profile))];
    for (const profile of profiles) {
      await this.#readProfile(
        profile,
        places.filter((place) => place.profile === profile),
      );
    }
    this.#compareHistories();
    await this.#findMissing(places);
    return this.#reading;
  }

  #find(finding: Omit<Finding, 'code' | 'hint'> & Partial<Finding>): void {
    this.#reading.findings.push({ code: 'SNAPSHOT_INVALID', hint: restore, ...finding });
  }

  /** A file's text, or undefined if it does not exist. Bytes that are not text are reported as damage. */
  async #text(path: string): Promise<string | undefined> {
    throwIfInterrupted(this.request.signal);
    return (await readIfThere(join(this.request.root, path)))?.toString('utf8');
  }

  /** Lines with a valid chain and valid signatures, or undefined after reporting the file. */
  async #lines<T extends ChainedLine>(
    path: string,
    parse: (text: string, file: string) => T[],
  ): Promise<T[] | undefined> {
    const text = await this.#text(path);
    if (text === undefined) return [];
    const file = join(this.request.root, path);
    try {
      const entries = parse(text, file);
      const faults = await lineFaults(text, entries, file, this.request.trust);
      if (faults.length === 0) return entries;
      const others = await lineFaults(text, entries, file, anyTime(this.request.trust));
      if (others.length === 0) {
        this.#find({ kind: 'signature', ...unbelievedLines(path, faults) });
        return undefined;
      }
      this.#find({ kind: 'damaged', path, message: `It was changed: ${faultWords(faults)}` });
    } catch (error) {
      this.#reading.findings.push(findingOf(error, { kind: 'damaged', path, hint: restore }));
    }
    return undefined;
  }

  async #readDropped(): Promise<void> {
    const path = this.#below(droppedPath(this.request.root));
    const entries = await this.#lines(path, parseDropped);
    if (entries === undefined) this.#droppedIsKnown = false;
    for (const entry of entries ?? []) this.#reading.dropped.set(entry.id, entry);
  }

  async #readHistory(suite: string): Promise<void> {
    const path = this.#below(historyPath(this.request.root, suite));
    const entries = await this.#lines(path, parseHistory);
    const text = (await this.#text(path)) ?? '';
    const fault = entries === undefined ? undefined : historyFault(entries, text, suite);
    if (fault !== undefined) this.#find({ kind: 'damaged', path, message: `It was changed: ${fault}` });
    if (entries === undefined || fault !== undefined) {
      this.#reading.damagedHistories.add(suite);
      return;
    }
    this.#reading.histories.set(suite, entries);
    if (headsOf(text).length > 1) this.#reading.forkedHistories.add(suite);
    if (text.includes('"merges"') || headsOf(text).length > 1) this.#reading.branching.set(suite, text);
    for (const { to, profile, manifest } of entries) {
      this.#named.set(to, { profile, by: `the history of ${suite}`, sha256: manifest });
    }
  }

  async #readProfile(profile: string, places: readonly SnapshotPlace[]): Promise<void> {
    const read: (Read | undefined)[] = [];
    const failed: { place: SnapshotPlace; error: unknown }[] = [];
    for (const place of places) {
      throwIfInterrupted(this.request.signal);
      try {
        const snapshot = await readSnapshot(this.request.root, place, this.request.trust);
        const { manifest, sha256 } = snapshot;
        read.push({ ...place, sha256, parents: parentsOf(manifest) });
        this.#reading.good.set(place.id, { ...place, sha256 });
        await this.#checkForm(place);
        await this.#checkEvidence(place, snapshot);
        for (const ref of [manifest.supersedes?.content, manifest.supersedes?.above]) {
          if (ref !== undefined) this.#named.set(ref.id, { profile, by: place.id, sha256: ref.sha256 });
        }
        this.request.onSnapshot?.(snapshot);
      } catch (error) {
        read.push(undefined);
        this.#reading.doubtful.add(place.id);
        failed.push({ place, error });
      }
      if (this.#reading.dropped.has(place.id)) this.#findUnfinishedDrop(place);
    }
    this.#checkChain(places, read);
    for (const { place, error } of failed) await this.#blame(place, error);
  }

  #findUnfinishedDrop(place: SnapshotPlace): void {
    this.#find({
      kind: 'unfinished',
      path: this.#below(snapshotFiles(this.request.root, place).manifest),
      message: `The snapshot ${place.id} is recorded as dropped but still exists: the drop was interrupted`,
      hint: `Finish it with: lockstep drop ${place.id}`,
    });
  }

  /** Reports a changed file whose signature is still valid, for example because a line break was changed. */
  async #checkForm(place: SnapshotPlace): Promise<void> {
    const path = this.#below(snapshotFiles(this.request.root, place).signature);
    const fault = armorFault((await this.#text(path)) ?? '');
    if (fault !== null) {
      this.#find({ kind: 'damaged', path, code: 'VERIFY_MALFORMED', message: `It was changed: ${fault}` });
    }
  }

  /** Damaged or missing evidence is reported, but the manifest stays valid. */
  async #checkEvidence(place: SnapshotPlace, { manifest, sha256 }: Snapshot): Promise<void> {
    const path = this.#below(snapshotFiles(this.request.root, place).evidence);
    // Every snapshot is vetted before it is cut, so a manifest of format 2 must have an evidence file
    const isThere = (await this.#text(path)) !== undefined;
    if (manifest.format > 1 && !isThere) {
      this.#find({
        kind: 'missing',
        path,
        message: `The evidence of ${place.id} is missing, so suites do not accept it`,
      });
    }
    const read = await this.#lines(path, parseEvidence);
    const lines = read ?? [];
    const { gates = [] } = manifest;
    const lost = gates.filter((gate, index) => lines[index]?.statement.predicate.gate !== gate);
    if (isThere && read !== undefined && lost.length > 0) {
      const message = `It lacks evidence that was recorded with the snapshot: ${lost.join(', ')}`;
      this.#find({ kind: 'damaged', path, message });
    }
    for (const { line, message } of subjectFaults(lines, path, sha256)) {
      this.#find({ kind: 'contradiction', path, message: `Line ${line}: ${message}` });
    }
  }

  /**
   * Every snapshot follows earlier ones. Two that follow the same one are the work of two people, and no fault: what is
   * new on each side waits for a merge.
   */
  #checkChain(places: readonly SnapshotPlace[], read: readonly (Read | undefined)[]): void {
    for (const [index, link] of read.entries()) {
      if (link === undefined) continue;
      const path = this.#below(snapshotFiles(this.request.root, link).manifest);
      const said = (message: string): void =>
        this.#find({ kind: 'contradiction', path, message: `${link.id}: ${message}` });
      const before = places[index - 1]?.id;
      // Two people may each have cut the first snapshot: a merge of both vouches for that
      const isMerged = read.some(
        (one) => (one?.parents.length ?? 0) > 1 && one!.parents.some(({ id }) => id === link.id),
      );
      if (link.parents.length === 0 && before !== undefined && !isMerged) {
        said(`it names no parent, but ${before} is older`);
      }
      for (const { id, sha256 } of link.parents) {
        const at = places.findIndex((place) => place.id === id);
        // Missing or different manifests are reported after all names are known
        this.#named.set(id, { profile: link.profile, by: `${link.id}, as its parent`, sha256 });
        const dropped = this.#reading.dropped.get(id)?.manifest;
        if (at < 0 && dropped !== undefined && dropped !== sha256)
          said(`its parent ${id} is not the dropped snapshot`);
        if (at < 0) continue;
        if (at >= index) said(`its parent ${id} is not older`);
        else if (read[at] !== undefined && read[at].sha256 !== sha256) {
          said(`its parent ${id} is not the snapshot of that name`);
        }
      }
    }
    const profile = places[0]?.profile ?? '';
    const newest = headsAmong(
      read.flatMap((link) => (link === undefined ? [] : [link])),
      [...this.#reading.dropped.values()].filter((one) => one.profile === profile).map(parentsOfDropped),
    );
    if (newest.length > 1 && !read.includes(undefined)) this.#reading.forks.set(profile, newest);
  }

  /** If a manifest and its signature do not match, reports the one that was changed. */
  async #blame(place: SnapshotPlace, error: unknown): Promise<void> {
    const files = snapshotFiles(this.request.root, place);
    const [manifest, signature] = [this.#below(files.manifest), this.#below(files.signature)];
    if (!(error instanceof LockstepError)) throw error;
    const isOfSignature = error.code.startsWith('VERIFY_');
    const known = this.#named.get(place.id)?.sha256;
    const bytes = isOfSignature ? await readIfThere(files.manifest) : undefined;
    const isWhole = bytes !== undefined && known !== undefined && sha256Of(bytes) === known;
    const text = (await this.#text(signature)) ?? '';
    const atSignature =
      error.code === 'VERIFY_NO_SIGNATURE' ||
      error.code === 'VERIFY_UNKNOWN_KEY' ||
      (isOfSignature && (isWhole || (known === undefined && armorFault(text) !== null)));
    const path = atSignature ? signature : manifest;
    const missing = error.code === 'VERIFY_NO_SIGNATURE';
    if (error.code === 'VERIFY_BAD_SIGNATURE' && (await holdsAnyTime(this.request, place))) {
      this.#find({
        kind: 'signature',
        path: signature,
        code: error.code,
        ...unbelievedSnapshot(place.id, error),
      });
      return;
    }
    const hint =
      error.code === 'VERIFY_UNKNOWN_KEY'
        ? 'If an earlier key of this archive signed it, add that public key: --keyring FILE. Otherwise restore it'
        : error.code === 'SNAPSHOT_NEWER_FORMAT'
          ? (error.hint ?? restore)
          : restore;
    this.#reading.findings.push(
      findingOf(error, { kind: missing ? 'missing' : atSignature ? 'signature' : 'damaged', path, hint }),
    );
  }

  #compareHistories(): void {
    for (const [suite, entries] of this.#reading.histories) {
      const path = this.#below(historyPath(this.request.root, suite));
      const told = new Set<string>();
      for (const [index, { to, manifest }] of entries.entries()) {
        const there = this.#reading.good.get(to)?.sha256 ?? this.#reading.dropped.get(to)?.manifest;
        if (there === undefined || there === manifest || told.has(to)) continue;
        told.add(to);
        this.#find({
          kind: 'contradiction',
          path,
          message: `Line ${index + 1} says that the manifest of ${to} is ${manifest}, but it is ${there}`,
          hint: 'One of the two was replaced. Compare both with version control or a backup',
        });
      }
    }
  }

  /** Reports named manifests that are neither available nor dropped, and signatures without a manifest. */
  async #findMissing(places: readonly SnapshotPlace[]): Promise<void> {
    const { root } = this.request;
    const there = new Set(places.map(({ id }) => id));
    for (const profile of new Set(places.map((place) => place.profile))) {
      for (const id of await this.#signedIn(profile)) {
        if (!this.#named.has(id)) this.#named.set(id, { profile, by: bySignature });
      }
    }
    for (const [id, { profile, by }] of this.#named) {
      if (there.has(id) || profile !== (this.request.profile ?? profile)) continue;
      // Without the list of drops, a missing manifest may have been dropped
      if (this.#reading.dropped.has(id) || !this.#droppedIsKnown) continue;
      this.#reading.doubtful.add(id);
      this.#find({
        kind: 'missing',
        path: this.#below(snapshotFiles(root, { profile, id }).manifest),
        code: 'SNAPSHOT_UNKNOWN',
        message: `The manifest of ${id} is missing, and no drop of it is recorded; ${by} names it`,
        ...(by === bySignature
          ? { hint: `${restore}. A killed cut leaves this too: lockstep gc removes it` }
          : {}),
      });
    }
  }

  async #signedIn(profile: string): Promise<string[]> {
    return (await namesEnding('.json.asc', join(this.request.root, profile))).filter(isSnapshotId);
  }

  #below(path: string): string {
    return path.slice(this.request.root.length + 1);
  }
}

/** A contradiction in a history whose lines are undamaged. */
function historyFault(entries: readonly HistoryEntry[], text: string, suite: string): string | undefined {
  const lines = text.split('\n').filter((line) => line !== '');
  const byHash = new Map(lines.map((line, index) => [sha256Of(line), entries[index]!]));
  for (const [index, entry] of entries.entries()) {
    const line = `line ${index + 1}`;
    const before = byHash.get(entry.previous ?? '')?.to ?? null;
    if (entry.suite !== suite) return `${line} names the suite ${entry.suite}`;
    if (entry.from !== before) {
      return `${line} moves from ${entry.from ?? 'nothing'}, but the suite pointed at ${before ?? 'nothing'}`;
    }
  }
  return undefined;
}
