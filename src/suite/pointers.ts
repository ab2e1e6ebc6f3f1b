/**
 * Which suites point at a snapshot, and which still list it as one of the last
 * good ones. By the histories alone; pure.
 */
import { remembered } from '../io/keyed.js';
import { currentSnapshot, goodSnapshots, type HistoryEntry } from './history.js';

/** What is known of a suite here. */
export interface SuiteHistory {
  suite: string;
  history: readonly HistoryEntry[];
  /** How many good snapshots stay installable from it. */
  retain: number;
}

/** A suite that has something to do with a snapshot. */
export interface SuitePointer {
  suite: string;
  /** `current`: it points at the snapshot; `listed`: it did, and the snapshot stays installable. */
  as: 'current' | 'listed';
}

/** By snapshot id; those that point at it first. */
export function suitePointers(suites: readonly SuiteHistory[]): Map<string, SuitePointer[]> {
  const pointers = new Map<string, SuitePointer[]>();
  const note = (id: string, pointer: SuitePointer): void => {
    remembered(pointers, id, () => []).push(pointer);
  };
  for (const { suite, history } of suites) {
    const current = currentSnapshot(history);
    if (current !== null) note(current, { suite, as: 'current' });
  }
  for (const { suite, history, retain } of suites) {
    for (const id of goodSnapshots(history).slice(1, Math.max(1, retain))) note(id, { suite, as: 'listed' });
  }
  return pointers;
}
