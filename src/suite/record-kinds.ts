/**
 * The files that Lockstep keeps as its record, one entry for each kind. Exactly one file of a kind is its commit: when
 * that file appears, the record exists. Files in `before` are written before the commit and mean nothing without it, so
 * the next command removes them (workflows/workspace/leftovers.ts). It lists; it reads and writes nothing.
 */

/** One kind of record. Paths are relative to `in`; NAME stands for an id, a profile or a suite. */
export interface RecordKind {
  /** `snapshots`: in version control. `state`: `.lockstep`, of this machine only. */
  in: 'snapshots' | 'state';
  /** The file whose appearance is the commit. */
  commit: string;
  /** Endings of the files that are written before it, in place of the ending of `commit`. */
  before: readonly string[];
  /** What is done with a file of this kind that is damaged or missing. */
  wayBack: string;
}

const fromBackup = 'Restore it from version control or a backup, or run: lockstep verify --repair';

export const recordKinds = {
  snapshot: {
    in: 'snapshots',
    commit: 'PROFILE/ID.json',
    before: ['.json.asc', '.evidence.jsonl'],
    wayBack: fromBackup,
  },
  history: { in: 'snapshots', commit: 'history/SUITE.jsonl', before: [], wayBack: fromBackup },
  drops: { in: 'snapshots', commit: 'dropped.jsonl', before: [], wayBack: fromBackup },
  keys: { in: 'snapshots', commit: 'keys.jsonl', before: [], wayBack: fromBackup },
  journal: {
    in: 'state',
    commit: 'journal.json',
    before: [],
    wayBack: 'The next command restores every suite to what its InRelease says',
  },
  lock: { in: 'state', commit: 'lock', before: [], wayBack: 'The next command replaces it' },
  grace: {
    in: 'state',
    commit: 'unreferenced.json',
    before: [],
    wayBack: 'The grace periods of gc begin again',
  },
} as const satisfies Record<string, RecordKind>;
