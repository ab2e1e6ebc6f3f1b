/**
 * The proof that a set can be installed: scenarios by apt, files by lists. It
 * knows no workspace; src/workflows/release/install-gate.ts gathers what is proven.
 */
import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { LockstepError, type FaultPlace } from '../../errors.js';
import { throwIfInterrupted } from '../../io/interrupt.js';
import { distinct } from '../../io/keyed.js';
import type { Phase } from '../../io/progress.js';
import { allOrNone, type SourceContext } from '../../source/source-context.js';
import { BaseLists } from './base-lists.js';
import { belowBySkip } from './below-base.js';
import type { NamedBase, BreakReason } from './broken-relations.js';
import { checkFiles } from './file-check.js';
import type { InstallNote } from './install-note.js';
import { ArchSet, type InstallSet } from './install-set.js';
import { Machine } from './machine.js';
import {
  freshInstalls,
  fromDistribution,
  homonymOf,
  installed,
  installedBefore,
  tryScenario,
  unmetRecommends,
  upgrade,
  wayBack,
  type Homonym,
  type Scenario,
  type ScenarioFault,
  type Scene,
} from './scenarios.js';
import { Simulator, type SimulatorOptions } from './simulator.js';

export interface ProofRequest {
  set: InstallSet;
  /** The package that people install. */
  metapackage: string;
  /** Packages that the archive publishes in addition to every set: its keyring package. */
  beside: readonly string[];
  /** The component whose packages stand for the distribution's own. */
  lead: string;
  /** `debian`, `12`, ... */
  base: { distribution: string; release: string; architectures: readonly string[] };
  /** Sets that machines have now, each once. */
  before: readonly InstallSet[];
  /** `moves`: only between `before` and the set; the rest was proven. */
  what: 'all' | 'moves';
}

export interface ProofContext extends SimulatorOptions {
  sources: SourceContext;
  phase: Phase;
}

/** apt takes one core each. */
const atOnce = Math.max(1, Math.min(4, availableParallelism()));

/**
 * @throws LockstepError INSTALL_IMPOSSIBLE, INSTALL_OVERLAP, TOOL_MISSING (apt), TOOL_FAILED, and what reading the
 * base and the packages throws
 */
export async function proveInstall(request: ProofRequest, context: ProofContext) {
  const { phase, cache, signal, sources, temporary } = context;
  const name = nameOfBase(request.base);
  const simulators: Simulator[] = [];
  try {
    for (const architecture of request.base.architectures) {
      const lists = await BaseLists.open(sources, architecture, { cache, phase });
      const sets = [request.set, ...request.before].map((one) => new ArchSet(one, architecture));
      simulators.push(await Simulator.open(lists, sets, { cache, temporary, signal }));
    }
    const base: NamedBase = { name, suites: simulators[0]?.lists.suites ?? [] };
    let looked: PromiseSettledResult<InstallNote[]> | undefined;
    const proofs: ArchProof[] = [];
    await allOrNone(sources, (inner) => [
      ...simulators.map(async (simulator) => {
        proofs.push(await proveOn(simulator, base, request, context));
      }),
      // The file lists are read while apt runs as a separate process; apt's result is reported first
      (async () => {
        const { set, before, what } = request;
        const of = { set, before, base, cache, phase, simulators: what === 'all' ? simulators : [] };
        [looked] = await Promise.allSettled([checkFiles({ ...of, sources: inner, signal: inner.signal })]);
      })(),
    ]);
    if (looked?.status === 'rejected') throw looked.reason;
    return {
      aptVersion: simulators[0]?.aptVersion ?? '',
      base: name,
      /** Ids of `before` that machines can come from. */
      from: request.before
        .map(({ id }) => id!)
        .filter((id) => proofs.every(({ left }) => !left.includes(id))),
      homonym: proofs.find(({ homonym }) => homonym !== null)?.homonym ?? null,
      /** What a release manager should know. Those of several architectures are often equal. */
      notes: distinct([...proofs.flatMap(({ notes }) => notes), ...(looked?.value ?? [])]),
    };
  } finally {
    for (const simulator of simulators) await simulator.close();
  }
}

/** What was proven. */
export type InstallProof = Awaited<ReturnType<typeof proveInstall>>;

function nameOfBase({ distribution, release }: ProofRequest['base']): string {
  return `${distribution.charAt(0).toUpperCase()}${distribution.slice(1)} ${release}`;
}

interface ArchProof {
  homonym: Homonym | null;
  /** Ids of snapshots that no machine can have or come from. */
  left: string[];
  notes: InstallNote[];
}

async function proveOn(
  simulator: Simulator,
  base: NamedBase,
  { set: whole, metapackage, beside, lead, before, what }: ProofRequest,
  context: ProofContext,
): Promise<ArchProof> {
  const set = new ArchSet(whole, simulator.lists.architecture);
  if (!set.byName.has(metapackage)) throw withoutMetapackage(metapackage, set);
  const bare = await simulator.everywhere(new Machine());
  const below = belowBySkip(set, simulator.universe);
  const scene: Scene = { simulator, base, set, metapackage, bare, below };
  // A package that cannot be installed at all is reported once, not for every scenario
  await tryAll(scene, what === 'all' ? freshInstalls(scene) : [], context);
  const scenarios: Scenario[] = [];
  const notes: InstallNote[] = below.length === 0 ? [] : [{ kind: 'below-base', packages: below }];
  const proof: ArchProof = { homonym: null, left: [], notes };
  for (const one of before) {
    const earlier = new ArchSet(one, set.architecture);
    const machine = await installedBefore(scene, earlier);
    if (machine instanceof Machine) {
      scenarios.push(upgrade(scene, earlier, machine));
      scenarios.push(wayBack(scene, earlier, () => installed(scene)));
    } else {
      proof.left.push(one.id!);
      const { said } = machine;
      proof.notes.push({ kind: 'earlier-not-installable', snapshot: one.id!, metapackage, said });
    }
  }
  if (what === 'all') {
    proof.homonym = homonymOf(scene, lead);
    if (proof.homonym !== null) scenarios.push(fromDistribution(scene, proof.homonym));
    proof.notes.push(...unmetRecommends(scene, beside));
  }
  await tryAll(scene, scenarios, context);
  return proof;
}

/** Tries scenarios side by side. @throws LockstepError INSTALL_IMPOSSIBLE with every fault */
async function tryAll(
  scene: Scene,
  scenarios: readonly Scenario[],
  { phase, signal }: ProofContext,
): Promise<void> {
  const limit = pLimit(atOnce);
  const ended = await Promise.allSettled(
    scenarios.map((scenario) =>
      limit(async () => {
        throwIfInterrupted(signal);
        const item = phase.item(scenario.title);
        try {
          const fault = await tryScenario(scene, scenario);
          if (fault === null) item.done();
          else item.fail(fault.reasons[0]?.message ?? 'no');
          return fault;
        } catch (error) {
          item.fail(error instanceof Error ? error.message : String(error));
          throw error;
        }
      }),
    ),
  );
  const faults: ScenarioFault[] = [];
  for (const one of ended) {
    if (one.status === 'rejected') throw one.reason;
    if (one.value !== null) faults.push(one.value);
  }
  if (faults.length > 0) throw impossible(faults, scene.set.components);
}

/** Where a person changes what a package says: of what is composed, in its template. */
function pathOf(
  { package: name, component }: BreakReason,
  components: InstallSet['components'],
): Pick<FaultPlace, 'path'> {
  if (component === null) return {};
  return { path: component in components ? `components.${component}` : `templates/${name}` };
}

function impossible(faults: readonly ScenarioFault[], components: InstallSet['components']): LockstepError {
  const [first] = faults;
  const reason = first!.reasons[0]?.message ?? 'apt finds no solution';
  const where: FaultPlace[] = [];
  for (const { scenario, reasons } of faults) {
    for (const one of reasons) {
      // The same reason with Recommends and without is one
      if (where.some(({ message }) => message === one.message)) continue;
      where.push({
        file: scenario.title,
        ...pathOf(one, components),
        ...(one.relation === '' ? {} : { value: `${one.field}: ${one.relation}` }),
        message: one.message,
      });
    }
  }
  return new LockstepError('INSTALL_IMPOSSIBLE', {
    message: `${first!.scenario.failed}: ${reason}`,
    hint: 'Change the relation in the package (packaging/<component>/debian/control, templates/<package>/package.yaml), add a component that provides what is missing, or set the base of the profile to a release that has it. Nothing was cut or published.',
    where,
  });
}

function withoutMetapackage(metapackage: string, { architecture }: ArchSet): LockstepError {
  return new LockstepError('INSTALL_IMPOSSIBLE', {
    message: `${metapackage} cannot be installed on ${architecture}: the set has no package with that name for this architecture`,
    hint: 'The metapackage must be of architecture all, or of every architecture of the profile.',
    where: [{ path: 'metapackage.name', value: metapackage }],
  });
}
