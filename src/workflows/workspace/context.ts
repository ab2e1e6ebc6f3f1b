/**
 * What every workflow works with: the workspace, its places on disk and the
 * adapters, wired in src/cli. Workflows take nothing from the environment or
 * the clock but through this.
 */
import type { ArchivePort } from '../../archive/port.js';
import type { SnapshotRecords } from '../../archive/snapshot-record.js';
import type { Builder } from '../../build/builder-port.js';
import type { Clock } from '../../io/clock.js';
import type { ContentStore } from '../../io/content-store.js';
import type { Http } from '../../io/http.js';
import type { Progress } from '../../io/progress.js';
import type { Profiles } from '../../profile/profiles.js';
import type { Workspace } from '../../profile/workspace-schema.js';
import type { KeysAtHand } from '../keys/keys-at-hand.js';
import type { Ledger } from './ledger.js';

/** Absolute paths. The cache lives outside the workspace and is shared by all of them. */
export interface Places {
  /** Content store, lists and facts: never trusted unverified, safe to delete. */
  cache: string;
  /** `.lockstep/`: keys, lock, logs of this workspace; not for version control. */
  state: string;
  logs: string;
  snapshots: string;
  templates: string;
  packaging: string;
  /** The archive as a web server would give it. */
  public: string;
  /** Scratch space on the disk that holds the cache, so that renames work. */
  temporary: string;
}

export interface Context {
  workspace: Workspace;
  places: Places;
  store: ContentStore;
  /** Where the archive is published: `places.public`. */
  archive: ArchivePort;
  builder: Builder;
  http: Http;
  clock: Clock;
  progress: Progress;
  signal: AbortSignal;
  env: NodeJS.ProcessEnv;
  /** Who runs this, for histories: `user@host`. */
  actor: string;
  /** The command as typed, for the lock. */
  command: string;
  /** Version of Lockstep, for records. */
  toolVersion: string;
}

/** One run of a command: its context, and what it reads at its door (run.ts). */
export interface Run extends Context {
  readonly ledger: Ledger;
  readonly profiles: Profiles;
  /** Drops of killed runs that this run finished when it took the lock. */
  readonly finishedDrops: readonly { profile: string; id: string; files: string[] }[];
  /** What is derived from manifests, `.lockstep/indices`. */
  readonly records: SnapshotRecords;
  /** The keys of lockstep.yaml. They are read when the first step needs them. Throws as findKeysAtHand. */
  readonly keysAtHand: () => Promise<KeysAtHand>;
}
