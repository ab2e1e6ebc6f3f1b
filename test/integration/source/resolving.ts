/** Resolving against a test mirror: each component by itself, the newest in its range, whatever others demand. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LockstepError } from '../../../src/errors.js';
import type { Clock } from '../../../src/io/clock.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { Http } from '../../../src/io/http.js';
import { silentProgress } from '../../../src/io/progress.js';
import type { ComponentSource } from '../../../src/profile/profile-schema.js';
import { noAptConfiguration } from '../../../src/source/apt-configuration.js';
import type { Choice } from '../../../src/source/candidate.js';
import { allOrNone, toldIn, type SourceContext } from '../../../src/source/source-context.js';
import { chooseMirror } from '../../../src/source/mirror.js';
import type { Pin } from '../../../src/source/pin.js';
import { allCandidates, fetchPin } from '../../../src/source/registry.js';
import type { TestMirror } from '../../fixtures/mirror.js';
import { planResolution } from '../../fixtures/plan-resolution.js';

export type Components = Record<string, { source: ComponentSource }>;

/** The components of a profile like mediawiki-1.39. */
export const wikiComponents: Components = {
  mediawiki: { source: { kind: 'apt-source', package: 'mediawiki', version: '~1.39.0' } },
  parsoid: {
    source: {
      kind: 'within',
      component: 'mediawiki',
      path: 'vendor/wikimedia/parsoid',
      library: 'wikimedia/parsoid',
    },
  },
  varnish: { source: { kind: 'apt-binary', packages: ['varnish'], version: '>=7.1 <8' } },
  memcached: { source: { kind: 'apt-binary', packages: ['memcached'], version: '>=1.6' } },
};

/** A workspace's worth of folders, and one mirror to resolve from. */
export class Resolving {
  readonly folder: string;
  readonly store: ContentStore;
  readonly http: Http;
  /** For mirrors that are to stall. */
  readonly impatient: Http;
  /** For mirrors of which one is to stall and another must not seem to, on a busy machine. */
  readonly moderate: Http;
  readonly mirror: TestMirror;
  /** The time is the mirror's; nobody really waits. */
  now: Date;

  private constructor(folder: string, mirror: TestMirror, now: Date) {
    this.folder = folder;
    this.mirror = mirror;
    this.now = now;
    this.store = new ContentStore(join(folder, 'store'));
    // A busy machine may be slow to answer, and stands still for no fault of the mirror
    this.http = new Http({ clock: this.#clock, tries: 3, backoffMs: 1, stallMs: 60_000 });
    this.impatient = new Http({ clock: this.#clock, tries: 3, backoffMs: 1, stallMs: 150 });
    this.moderate = new Http({ clock: this.#clock, tries: 3, backoffMs: 1, stallMs: 2000 });
  }

  static async with(mirror: TestMirror, now = new Date()): Promise<Resolving> {
    return new Resolving(await mkdtemp(join(tmpdir(), 'lockstep-source-')), mirror, now);
  }

  get #clock(): Clock {
    return { now: () => this.now, sleep: () => Promise.resolve() };
  }

  context(more: Partial<SourceContext> = {}): SourceContext {
    const base = { distribution: 'debian', codename: this.mirror.codename, architectures: ['amd64'] };
    return {
      http: this.http,
      store: this.store,
      cacheDir: join(this.folder, 'cache'),
      keyring: this.mirror.keyring,
      mirror: chooseMirror({ base, environment: this.mirror.environment, apt: noAptConfiguration }),
      base,
      clock: this.#clock,
      progress: silentProgress,
      ...more,
    };
  }

  /** Resolves; a new context each time, as a new run has. */
  async run(
    components: Components = wikiComponents,
    more: Partial<SourceContext> = {},
  ): Promise<Map<string, Pin>> {
    const context = this.context(more);
    const candidates = await allCandidates(components, context);
    return await fetchPins(planResolution(components, candidates), context);
  }

  async end(): Promise<void> {
    this.http.close();
    this.impatient.close();
    this.moderate.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export function only(...names: (keyof typeof wikiComponents)[]): Components {
  return Object.fromEntries(names.map((name) => [name, wikiComponents[name]!]));
}

/** Fetches all choices side by side, each `within` after its parent. Throws as fetchPin. */
async function fetchPins(choices: readonly Choice[], context: SourceContext): Promise<Map<string, Pin>> {
  const phase = context.progress.phase('Fetching');
  const made = new Map<string, Promise<Pin>>();
  const pinOf = (choice: Choice, inner: SourceContext): Promise<Pin> => {
    const known = made.get(choice.component);
    if (known !== undefined) return known;
    const parent =
      choice.kind === 'within' ? choices.find(({ component }) => component === choice.parent) : undefined;
    const pin = (async () => {
      const parents = parent === undefined ? [] : ([[parent.component, await pinOf(parent, inner)]] as const);
      return await fetchPin(choice, inner, new Map(parents));
    })();
    made.set(choice.component, pin);
    return pin;
  };
  const pins = await allOrNone(toldIn(phase, context), (inner) =>
    choices.map((choice) => pinOf(choice, inner)),
  );
  phase.done();
  return new Map(pins.map((pin) => [pin.component, pin]));
}

/** For assert.rejects: the code, and what the message must say. */
export function fault(code: string, message?: RegExp) {
  return (error: unknown): boolean => {
    const { code: got, message: said } = error as LockstepError;
    if (got !== code) throw error;
    if (message !== undefined && !message.test(said)) throw new Error(`says: ${said}`, { cause: error });
    return true;
  };
}
