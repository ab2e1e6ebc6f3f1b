/**
 * What every kind of source is given to work with, and what is remembered
 * while one such context lives. It must not fetch anything itself.
 */
import pLimit from 'p-limit';
import type { ContentStore } from '../io/content-store.js';
import type { Clock } from '../io/clock.js';
import type { Http } from '../io/http.js';
import { sideBySide } from '../io/interrupt.js';
import { remembered } from '../io/keyed.js';
import type { Phase, Progress } from '../io/progress.js';
import type { Mirror, SourceBase } from './mirror.js';
import type { Pin } from './pin.js';

/** Debian's own keyring, of the package debian-archive-keyring. */
export const debianKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

export interface SourceContext {
  http: Http;
  store: ContentStore;
  /** Folder for what can be worked out again: verified Release files, facts about files by their hashes. */
  cacheDir: string;
  /** File of public keys that the base distribution is signed with; see {@link debianKeyring}. */
  keyring: string;
  mirror: Mirror;
  base: SourceBase;
  clock: Clock;
  progress: Progress;
  /** Where the work is told that is done with this context; nowhere if left out. */
  phase?: Phase | undefined;
  signal?: AbortSignal | undefined;
  /** Absolute: what paths in a profile are relative to. */
  workspaceRoot?: string | undefined;
  /** For credentials of git servers (src/source/git/credentials.ts); nothing else is read from it here. */
  env?: NodeJS.ProcessEnv | undefined;
  /** The pins of the profile's last snapshot, by component: what tracks must not go below them. */
  previous?: ReadonlyMap<string, Pin> | undefined;
  /** Pins of all snapshots of the workspace: a tag or an address stands for one content for ever. */
  knownPins?: readonly Pin[] | undefined;
}

/** Pins of earlier snapshots, those of the profile's last one first. */
export function earlierPins({ previous, knownPins = [] }: SourceContext): Pin[] {
  return [...(previous?.values() ?? []), ...knownPins];
}

/** Files fetched at the same time: enough to keep a line busy, few enough for a mirror to bear. */
const downloadsAtOnce = 4;

/** Remembers things for as long as a context lives, so that components share suites and downloads. */
export class Session {
  readonly limit = pLimit(downloadsAtOnce);
  readonly #kept = new Map<string, Promise<unknown>>();

  /** The value under a key, made on first use. A failure is remembered too: it is the same for everyone. */
  once<T>(key: string, make: () => Promise<T>): Promise<T> {
    return remembered(this.#kept, key, make) as Promise<T>;
  }
}

const sessions = new WeakMap<SourceContext, Session>();

/** The session of a context; it goes when the context does. */
export function sessionOf(context: SourceContext): Session {
  return remembered(sessions, context, () => new Session());
}

/** The same context, which one more signal stops; what it remembers is shared. */
export function stoppable(context: SourceContext, stop: AbortSignal): SourceContext {
  const signals = context.signal === undefined ? [] : [context.signal];
  return changed(context, { signal: AbortSignal.any([...signals, stop]) });
}

/** The same context, whose work is told in a phase; what it remembers is shared. */
export function toldIn(phase: Phase, context: SourceContext): SourceContext {
  return changed(context, { phase });
}

function changed(context: SourceContext, changes: Partial<SourceContext>): SourceContext {
  const inner: SourceContext = { ...context, ...changes };
  sessions.set(inner, sessionOf(context));
  return inner;
}

/** As {@link sideBySide}, with a context whose signal is the one that stops the rest. */
export async function allOrNone<T>(
  context: SourceContext,
  work: (context: SourceContext) => Promise<T>[],
): Promise<T[]> {
  return await sideBySide(context.signal, (signal) => work(changed(context, { signal })));
}
