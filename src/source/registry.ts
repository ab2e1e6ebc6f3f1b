/**
 * The way in: for each kind of source, what there is and how it is fetched.
 * It hands on; how each kind proves its bytes is in its own file.
 */
import { LockstepError } from '../errors.js';
import type { Phase } from '../io/progress.js';
import { silentPhase } from '../io/progress.js';
import type { ComponentSource } from '../profile/profile-schema.js';
import { binaryCandidates, fetchBinaries } from './apt-binary.js';
import { fetchSource, sourceCandidates } from './apt-source.js';
import type { Candidates, Choice } from './candidate.js';
import { allOrNone, type SourceContext } from './source-context.js';
import { gitCandidates } from './git/candidates.js';
import { fetchGit } from './git/fetch-git.js';
import { fetchLocal } from './local.js';
import type { Pin } from './pin.js';
import { fetchTarball, tarballCandidates } from './tarball.js';
import { fetchWithin } from './within.js';

/** A component of a profile, as far as its source goes. */
export interface SourcedComponent {
  name: string;
  source: ComponentSource;
}

/**
 * What there is for one component. Ask for all components with one context:
 * suites and indices are then read once.
 * @param phase where progress is told; silent when not given
 * @throws LockstepError KEYRING_MISSING, MIRROR_UNKNOWN, VERIFY_*, SOURCE_EXPIRED, SOURCE_FUTURE,
 * SOURCE_SUITE_SWAPPED, SOURCE_HASH_MISMATCH, DEB_*, DATA_DAMAGED, NET_*, INTERRUPTED
 */
export async function candidatesOf(
  component: SourcedComponent,
  context: SourceContext,
  phase: Phase = silentPhase,
): Promise<Candidates> {
  const { name, source } = component;
  switch (source.kind) {
    case 'apt-source':
      return await sourceCandidates(name, source, context, phase);
    case 'apt-binary':
      return await binaryCandidates(name, source, context, phase);
    case 'git':
      return await gitCandidates(name, source, context, phase);
    case 'tarball':
      return await tarballCandidates(name, source, context, phase);
    case 'local':
    case 'within':
      return { kind: source.kind, component: name };
  }
}

/** What there is for all components of a profile, as one phase of progress. Throws as {@link candidatesOf}. */
export async function allCandidates(
  components: Readonly<Record<string, { source: ComponentSource }>>,
  context: SourceContext,
): Promise<Candidates[]> {
  return await inPhase(context, `Reading the suites of ${context.base.codename}`, async (phase) => {
    const found = await allOrNone(context, (inner) =>
      Object.entries(components).map(([name, { source }]) => candidatesOf({ name, source }, inner, phase)),
    );
    return { value: found };
  });
}

/**
 * Fetches and proves what was chosen for one component.
 * @param parents pins that were made already; a `within` needs its parent's
 * @param phase where progress is told; silent when not given
 * @throws LockstepError SOURCE_HASH_MISMATCH, SOURCE_MISMATCH, SOURCE_PATH_MISSING, RESOLVE_DEMAND,
 * RESOLVE_UNSATISFIABLE, VERIFY_BAD_SIGNATURE, DEB_*, DATA_DAMAGED, NET_*, STORE_*, DISK_*, INTERRUPTED
 */
export async function fetchPin(
  choice: Choice,
  context: SourceContext,
  parents: ReadonlyMap<string, Pin> = new Map(),
  phase: Phase = silentPhase,
): Promise<Pin> {
  switch (choice.kind) {
    case 'apt-source':
      return await fetchSource(choice, context, phase);
    case 'apt-binary':
      return await fetchBinaries(choice, context, phase);
    case 'within': {
      const parent = parents.get(choice.parent);
      if (parent === undefined) {
        throw new LockstepError('SOURCE_PATH_MISSING', {
          message: `The component ${choice.component} is within ${choice.parent}, which is not in the profile`,
          where: [{ path: `components.${choice.component}.source.component`, value: choice.parent }],
        });
      }
      return await fetchWithin(choice, parent, context, phase);
    }
    case 'git':
      return await fetchGit(choice, context, phase);
    case 'tarball':
      return await fetchTarball(choice, context, phase);
    case 'local':
      return await fetchLocal(choice, context, phase);
  }
}

/**
 * Fetches all choices side by side, each `within` after its parent, as one
 * phase of progress. Throws as {@link fetchPin}.
 */
export async function fetchPins(
  choices: readonly Choice[],
  context: SourceContext,
): Promise<Map<string, Pin>> {
  return await inPhase(context, 'Fetching and checking sources', async (phase) => {
    const made = new Map<string, Promise<Pin>>();
    const pinOf = (choice: Choice, inner: SourceContext): Promise<Pin> => {
      const known = made.get(choice.component);
      if (known !== undefined) return known;
      const parent =
        choice.kind === 'within' ? choices.find(({ component }) => component === choice.parent) : undefined;
      const pin = (async () => {
        const parents =
          parent === undefined ? [] : ([[parent.component, await pinOf(parent, inner)]] as const);
        return await fetchPin(choice, inner, new Map(parents), phase);
      })();
      made.set(choice.component, pin);
      return pin;
    };
    const pins = await allOrNone(context, (inner) => choices.map((choice) => pinOf(choice, inner)));
    const files = new Set(pins.flatMap(filesOf));
    return {
      value: new Map(pins.map((pin) => [pin.component, pin])),
      summary: `${pins.length} components, ${files.size} files`,
    };
  });
}

function filesOf(pin: Pin): string[] {
  switch (pin.kind) {
    case 'apt-source':
      return pin.files.map((file) => file.sha256);
    case 'apt-binary':
      return pin.packages.map(({ file }) => file.sha256);
    case 'within':
    case 'git':
    case 'tarball':
    case 'local':
      return [pin.archive.sha256];
  }
}

async function inPhase<T>(
  context: SourceContext,
  title: string,
  work: (phase: Phase) => Promise<{ value: T; summary?: string }>,
): Promise<T> {
  const phase = context.progress.phase(title);
  try {
    const { value, summary } = await work(phase);
    phase.done(summary);
    return value;
  } catch (error) {
    phase.fail();
    throw error;
  }
}
