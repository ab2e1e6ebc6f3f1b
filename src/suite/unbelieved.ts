/**
 * Finds files that a key of the archive signed after it was no longer trusted, as after `key rotate --compromised`, and
 * says what to do. The content matches its signature; a person decides whether to accept it.
 */
import { join } from 'node:path';
import { faultOf, type FaultPlace, type LockstepError } from '../errors.js';
import { readIfThere } from '../io/disk.js';
import type { Taken } from '../signing/verifier.js';
import {
  changedFile,
  lastLineHash,
  lineFaults,
  type ChainedLine,
  type LineTrust,
} from '../snapshot/chained-lines.js';
import { droppedPath, parseDropped } from '../snapshot/dropped.js';
import { parseEvidence, readEvidence } from '../snapshot/evidence-file.js';
import type { Finding } from '../snapshot/finding.js';
import { historyPath, listHistories } from './history-file.js';
import { parseHistory } from './history.js';
import type { AcceptedLines } from '../snapshot/key-state.js';
import {
  evidenceEnding,
  listSnapshots,
  readSnapshot,
  snapshotFiles,
  type SnapshotPlace,
} from '../snapshot/snapshot-folder.js';

/** The same keys, each trusted at any time, also after it was replaced or found compromised. */
export function anyTime({ keyring, taken }: LineTrust): LineTrust {
  const always: Taken = taken.kind === 'recorded' ? { ...taken, ends: undefined } : taken;
  return { keyring, taken: always };
}

/** Whether any key of the archive signed a snapshot, also at a time when that key was not trusted. */
export async function holdsAnyTime(
  { root, trust }: { root: string; trust: LineTrust },
  place: SnapshotPlace,
): Promise<boolean> {
  return (await faultOf(readSnapshot(root, place, anyTime(trust)))) === null;
}

/** Snapshots, of one profile or of all, whose manifest or evidence is not valid, for any reason. */
export async function unbelievedSnapshots(
  root: string,
  trust: LineTrust,
  profile?: string,
): Promise<SnapshotPlace[]> {
  const found: SnapshotPlace[] = [];
  for (const place of await listSnapshots(root, profile)) {
    const { evidence } = snapshotFiles(root, place);
    const read = async (): Promise<unknown> => {
      const { sha256 } = await readSnapshot(root, place, trust);
      return await readEvidence(evidence, sha256, trust);
    };
    if ((await faultOf(read())) !== null) found.push(place);
  }
  return found;
}

/** Files of signed lines that are not valid, for any reason, by their path below `root`; sorted. */
export async function unbelievedFiles(root: string, trust: LineTrust): Promise<string[]> {
  const found: string[] = [];
  for (const file of await lineFiles(root)) {
    if ((await faultsIn(root, file, trust)) !== null) found.push(file);
  }
  return found;
}

/** The files that a person can accept, by their path below `root`; sorted. */
export async function lineFiles(root: string): Promise<string[]> {
  const histories = (await listHistories(root)).map((suite) => historyPath('', suite));
  return [droppedPath(''), ...histories];
}

/**
 * The content of an acceptance of a file: all its current lines.
 *
 * @returns null if nothing needs acceptance
 * @throws LockstepError SNAPSHOT_INVALID if it was changed without a key of the archive
 */
export async function linesToAccept(
  root: string,
  file: string,
  trust: LineTrust,
): Promise<AcceptedLines | null> {
  if ((await faultsIn(root, file, trust)) === null) return null;
  const foreign = await faultsIn(root, file, anyTime(trust));
  if (foreign !== null) throw foreign;
  const text = (await readIfThere(join(root, file)))!.toString('utf8');
  return { file, through: lastLineHash(text) };
}

/** The fault of a file of signed lines; null if all lines are valid, or if there is no file. */
export async function faultsIn(root: string, file: string, trust: LineTrust): Promise<LockstepError | null> {
  const path = join(root, file);
  const text = (await readIfThere(path))?.toString('utf8');
  if (text === undefined) return null;
  const check = async (): Promise<void> => {
    const faults = await lineFaults(text, parserOf(file)(text, path), path, trust);
    if (faults.length > 0) throw changedFile(path, faults);
  };
  return await faultOf(check());
}

function parserOf(file: string): (text: string, file: string) => ChainedLine[] {
  if (file === droppedPath('')) return parseDropped;
  return file.endsWith(evidenceEnding) ? parseEvidence : parseHistory;
}

const vouch = 'lockstep key rotate --compromised --accept';

export function unbelievedLines(
  path: string,
  faults: readonly FaultPlace[],
): Pick<Finding, 'message' | 'hint'> & { path: string } {
  const lines = faults.map(({ line }) => line).join(', ');
  return {
    path,
    message: `It was signed with a key that was no longer valid: line ${lines}: ${faults[0]!.message}`,
    hint: `Its content matches its signature. If the key was compromised, compare the lines with your own records. If they are correct, accept them with: ${vouch} ${path}. Otherwise restore the file from version control`,
  };
}

export function unbelievedSnapshot(id: string, error: LockstepError): Pick<Finding, 'message' | 'hint'> {
  return {
    message: error.message,
    hint: `Its content matches its signature. If the key was compromised, compare the snapshot with version control or a backup. Accept a good one with: ${vouch} ${id}. Remove a bad one with: lockstep drop ${id}, after no suite lists it`,
  };
}
