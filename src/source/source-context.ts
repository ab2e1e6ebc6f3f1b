/**
 * What every kind of source needs for its work, and what is remembered for the lifetime of one context. It must not
 * fetch anything itself.
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
import type { ReleaseFloor } from './release-age.js';

/** Debian's keyring, from the package debian-archive-keyring. */
export const debianKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

export interface SourceContext {
  http: Http;
  store: ContentStore;
  /** Folder for data that can be made again: verified Release files, facts about files by their hashes. */
  cacheDir: string;
  /** File with the public keys that sign the base distribution; see {@link debianKeyring}. */
  keyring: string;
  mirror: Mirror;
  base: SourceBase;
  clock: Clock;
  progress: Progress;
  /** The phase that reports progress. Without it, nothing is reported. */
  phase?: Phase | undefined;
  signal?: AbortSignal | undefined;
  /** Absolute. Paths in a profile are relative to it. */
  workspaceRoot?: string | undefined;
  /** For the credentials of git servers (src/source/git/credentials.ts). Sources read nothing else from it. */
  env?: NodeJS.ProcessEnv | undefined;
  /**
   * The pins of the profile's last snapshot, by component: a tracked branch or tree gets a higher version than these.
   */
  previous?: ReadonlyMap<string, Pin> | undefined;
  /** The Release files of the profile's last snapshot; left out where older ones are allowed. */
  floor?: ReleaseFloor | undefined;
  /** Pins of all snapshots of the workspace: a tag or an address must never change its content. */
  knownPins?: readonly Pin[] | undefined;
}

/** Pins of earlier snapshots. Those of the profile's last snapshot come first. */
export function earlierPins({ previous, knownPins = [] }: SourceContext): Pin[] {
  return [...(previous?.values() ?? []), ...knownPins];
}

/** Parallel downloads: enough to use the connection, and few enough for a mirror. */
const downloadsAtOnce = 4;

/** Remembers values for the lifetime of a context, so that components share suites and downloads. */
export class Session {
  readonly limit = pLimit(downloadsAtOnce);
  readonly #kept = new Map<string, Promise<unknown>>();

  /** The value of a key, made on first use. A failure is remembered too, because every component would get the same. */
  once<T>(key: string, make: () => Promise<T>): Promise<T> {
    return remembered(this.#kept, key, make) as Promise<T>;
  }
}

const sessions = new WeakMap<SourceContext, Session>();

/** The session of a context. It is freed together with the context. */
export function sessionOf(context: SourceContext): Session {
  return remembered(sessions, context, () => new Session());
}

/** The same context with an additional signal that stops it. Both share what they remember. */
export function stoppable(context: SourceContext, stop: AbortSignal): SourceContext {
  const signals = context.signal === undefined ? [] : [context.signal];
  return changed(context, { signal: AbortSignal.any([...signals, stop]) });
}

/** The same context with a phase that reports its work. Both share what they remember. */
export function toldIn(phase: Phase, context: SourceContext): SourceContext {
  return changed(context, { phase });
}

function changed(context: SourceContext, changes: Partial<SourceContext>): SourceContext {
  const inner: SourceContext = { ...context, ...changes };
  sessions.set(inner, sessionOf(context));
  return inner;
}

/** As {@link sideBySide}. The context that it passes has a signal that stops the rest after a failure. */
export async function allOrNone<T>(
  context: SourceContext,
  work: (context: SourceContext) => Promise<T>[],
): Promise<T[]> {
  return await sideBySide(context.signal, (signal) => work(changed(context, { signal })));
}
