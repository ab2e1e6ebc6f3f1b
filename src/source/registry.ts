/**
 * The entry point of this room: for each kind of source, its candidates and how to fetch them. It only calls the file
 * of each kind, which proves the bytes.
 */
import { inPhase } from '../io/progress.js';
import type { ComponentSource } from '../profile/profile-schema.js';
import { binaryCandidates, fetchBinaries } from './apt-binary.js';
import { fetchSource, sourceCandidates } from './apt-source.js';
import type { Candidates, Choice } from './candidate.js';
import { allOrNone, toldIn, type SourceContext } from './source-context.js';
import { gitCandidates } from './git/candidates.js';
import { fetchGit } from './git/fetch-git.js';
import { fetchLocal } from './local.js';
import type { Pin } from './pin.js';
import { fetchTarball, tarballCandidates } from './tarball.js';
import { fetchWithin } from './within.js';

type Kind = ComponentSource['kind'];

/**
 * Methods and not properties: TypeScript then accepts a method for one kind where a method for any kind is required.
 */
interface SourceKind<Source extends ComponentSource, Chosen extends Choice> {
  /** The available versions of one component. */
  candidates(component: string, source: Source, context: SourceContext): Promise<Candidates>;
  /** Fetches and verifies the chosen version. */
  fetch(choice: Chosen, context: SourceContext, parents: ReadonlyMap<string, Pin>): Promise<Pin>;
}

const kinds: {
  readonly [K in Kind]: SourceKind<Extract<ComponentSource, { kind: K }>, Extract<Choice, { kind: K }>>;
} = {
  'apt-source': { candidates: sourceCandidates, fetch: fetchSource },
  'apt-binary': { candidates: binaryCandidates, fetch: fetchBinaries },
  within: {
    candidates: (component) => Promise.resolve({ kind: 'within', component }),
    fetch: fetchWithin,
  },
  git: { candidates: gitCandidates, fetch: fetchGit },
  tarball: { candidates: tarballCandidates, fetch: fetchTarball },
  local: { candidates: (component) => Promise.resolve({ kind: 'local', component }), fetch: fetchLocal },
};

const kindOf = ({ kind }: { kind: Kind }): SourceKind<ComponentSource, Choice> => kinds[kind];

/**
 * The available versions of all components of a profile, as one phase of progress. With one context, suites and indices
 * are read once.
 * @throws LockstepError KEYRING_MISSING, MIRROR_UNKNOWN, VERIFY_*, SOURCE_EXPIRED, SOURCE_FUTURE, SOURCE_SUITE_SWAPPED,
 * SOURCE_HASH_MISMATCH, DEB_*, DATA_DAMAGED, NET_*, INTERRUPTED
 */
export async function allCandidates(
  components: Readonly<Record<string, { source: ComponentSource }>>,
  context: SourceContext,
): Promise<Candidates[]> {
  return await inPhase(context.progress, `Reading the suites of ${context.base.codename}`, (phase) =>
    allOrNone(toldIn(phase, context), (inner) =>
      Object.entries(components).map(([name, { source }]) => kindOf(source).candidates(name, source, inner)),
    ),
  );
}

/**
 * Fetches and verifies the chosen version of one component.
 * @param parents pins of components that were fetched before; a `within` needs its parent's pin
 * @throws LockstepError SOURCE_HASH_MISMATCH, SOURCE_MISMATCH, SOURCE_PATH_MISSING, RESOLVE_DEMAND,
 * RESOLVE_UNSATISFIABLE, VERIFY_BAD_SIGNATURE, DEB_*, DATA_DAMAGED, NET_*, STORE_*, DISK_*, INTERRUPTED
 */
export async function fetchPin(
  choice: Choice,
  context: SourceContext,
  parents: ReadonlyMap<string, Pin> = new Map(),
): Promise<Pin> {
  return await kindOf(choice).fetch(choice, context, parents);
}
