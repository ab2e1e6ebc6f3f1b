/**
 * Searches for versions of a profile's components that fit together. It tries versions newest first, fetches and reads
 * their trees, and compares what they demand with what the others supply. The search itself is pure and is in
 * src/resolution.
 */
import { LockstepError, type ErrorCode } from '../../errors.js';
import { grouped } from '../../io/keyed.js';
import { silentPhase, type Phase } from '../../io/progress.js';
import type { Profile } from '../../profile/profile-schema.js';
import type { ComponentOptions } from '../../resolution/component-options.js';
import { clausesOf, demandTable, type FactsInput, type OptionFacts } from '../../resolution/facts.js';
import { explainMissing } from '../../resolution/missing-file.js';
import { planChoices } from '../../resolution/options.js';
import type { Clause } from '../../resolution/problem.js';
import type { Choice } from '../../source/candidate.js';
import { treeOfPin, type ComponentTree } from '../../source/pin-kinds.js';
import { stoppable, toldIn, type SourceContext } from '../../source/source-context.js';
import { declaredByPackages, declaredIn } from '../../source/declarations.js';
import type { Declared, Platform } from '../../source/declared.js';
import { NotOnMirrorError } from '../../source/not-on-mirror.js';
import type { Pin } from '../../source/pin.js';
import { basePlatform } from '../../source/platform.js';
import { fetchPin } from '../../source/registry.js';
import type { DemandRow } from '../../resolution/demand-shape.js';

/** Faults of components within a tree. Another version of the tree may not have them. */
const barring: ReadonlySet<ErrorCode> = new Set([
  'RESOLVE_DEMAND',
  'RESOLVE_UNSATISFIABLE',
  'SOURCE_PATH_MISSING',
  'SOURCE_DECLARATION',
]);

/** A fetched option: its own pin, and the pins of the components within it. */
interface Fetched {
  pins: Map<string, Pin>;
  facts: OptionFacts;
  /** The fault for which the option cannot be chosen. */
  fault?: LockstepError;
}

export class ComponentSearch {
  readonly #profile: Profile;
  readonly #options: ReadonlyMap<string, ComponentOptions>;
  readonly #context: SourceContext;
  readonly #stop = new AbortController();
  #stopped: { error: unknown } | undefined;
  readonly #fetched = new Map<string, Promise<Fetched>>();
  readonly #known = new Map<string, Fetched>();
  /** By component: the components within it, parents first. */
  readonly #within: ReadonlyMap<string, Extract<Choice, { kind: 'within' }>[]>;
  platform: Platform | undefined;
  phase: Phase = silentPhase;

  constructor(profile: Profile, options: ReadonlyMap<string, ComponentOptions>, context: SourceContext) {
    this.#profile = profile;
    this.#options = options;
    this.#context = stoppable(context, this.#stop.signal);
    this.#within = membersOf(profile, options);
  }

  /**
   * Fetches options in parallel, except those that were fetched before, and reads what they declare. After the first
   * fault it stops the others, waits for them, and throws the fault.
   */
  async load(wanted: readonly (readonly [component: string, option: number])[]): Promise<void> {
    const ended = await Promise.allSettled(
      wanted.map(([component, option]) => this.#loadOne(component, option)),
    );
    if (ended.some(({ status }) => status === 'rejected')) throw this.#stopped!.error;
  }

  async #loadOne(component: string, option: number): Promise<void> {
    const key = `${component} ${option}`;
    let fetching = this.#fetched.get(key);
    if (fetching === undefined) {
      fetching = this.#fetch(component, option);
      this.#fetched.set(key, fetching);
    }
    try {
      await fetching;
    } catch (error) {
      this.#stopped ??= { error };
      this.#stop.abort(error);
      throw error;
    }
  }

  /** The demands by all facts known so far. */
  clauses(): Clause[] {
    return clausesOf(this.#input());
  }

  table(chosen: ReadonlyMap<string, number>): DemandRow[] {
    return demandTable(this.#input(), chosen);
  }

  /** The pins of the chosen options, parents first. All of these options must have been loaded. */
  pins(chosen: ReadonlyMap<string, number>): Map<string, Pin> {
    const made = new Map<string, Pin>();
    for (const { component } of planChoices(this.#profile.components, this.#options, chosen)) {
      for (const [variable, option] of chosen) {
        const pin = this.#known.get(`${variable} ${option}`)?.pins.get(component);
        if (pin !== undefined) made.set(component, pin);
      }
    }
    return made;
  }

  declared(chosen: ReadonlyMap<string, number>): Declared[] {
    return [...chosen].flatMap(
      ([name, option]) => this.#known.get(`${name} ${option}`)?.facts.declared ?? [],
    );
  }

  /**
   * If no option in range of a component can be chosen because of the components within it, the fault of its newest
   * option. It explains more than the message that nothing fits.
   */
  fault(): LockstepError | undefined {
    for (const [component, { variable }] of this.#options) {
      const inRange = [...variable.options.keys()].filter((index) => variable.options[index]!.inRange);
      const faults = inRange.map((index) => this.#known.get(`${component} ${index}`)?.fault);
      if (faults.length > 0 && faults.every((fault) => fault !== undefined)) return faults[0];
    }
    return undefined;
  }

  #input(): FactsInput {
    const { components, file } = this.#profile;
    return {
      variables: [...this.#options.values()].map(({ variable }) => variable),
      facts: [...this.#known.values()].map(({ facts }) => facts),
      platform: this.platform ?? { base: '', php: null, extensions: new Map() },
      requires: Object.fromEntries(
        Object.entries(components).map(([name, { requires }]) => [name, requires ?? {}]),
      ),
      within: Object.fromEntries(
        Object.entries(components).flatMap(([name, { source }]) =>
          source.kind === 'within' ? [[name, source.component]] : [],
        ),
      ),
      profileFile: file,
    };
  }

  /** Null if a source package has no readable tree: many source packages declare nothing. */
  async #declared(pin: Pin, tree: ComponentTree, context: SourceContext): Promise<Declared | null> {
    try {
      return await declaredIn(pin.component, tree, pin.upstreamVersion, context);
    } catch (error) {
      const isOdd = error instanceof LockstepError && error.code.startsWith('DEB_');
      if (!isOdd || pin.kind !== 'apt-source') throw error;
      this.phase.info(`The demands of ${pin.component} cannot be read: ${error.message}`);
      return null;
    }
  }

  async #fetch(component: string, option: number): Promise<Fetched> {
    const context = toldIn(this.phase, this.#context);
    const choice = this.#options.get(component)!.choiceOf(option);
    const pins = new Map<string, Pin>();
    const declared: Declared[] = [];
    const facts: OptionFacts = { component, option, declared };
    const fetched: Fetched = { pins, facts };
    const take = async (one: Choice): Promise<void> => {
      const pin = await fetchPin(one, context, pins);
      pins.set(one.component, pin);
      const tree = treeOfPin(pin);
      if (tree === null) {
        // A Debian package at least shows which component it is
        if (pin.kind === 'apt-binary') declared.push(declaredByPackages(pin));
        return;
      }
      const own = await this.#declared(pin, tree, context);
      if (own === null) return;
      if (own.demands.some(({ thing }) => /^php(?:-extension\/|$)/.test(thing))) {
        this.platform ??= await basePlatform(context);
      }
      declared.push(own);
    };
    // A fault of the component itself cannot be excused by the components within it
    await take(choice).catch((error: unknown) => {
      if (error instanceof LockstepError && error.code === 'SOURCE_TAG') {
        this.phase.info(`${component}: not chosen: ${error.message}`);
        fetched.fault = error;
        facts.barred = barredBy(choice, error, this.#profile);
        return;
      }
      if (!(error instanceof NotOnMirrorError)) throw error;
      const { name: profile } = this.#profile;
      const options = this.#options.get(component)!;
      throw explainMissing(error, { profile, component, options, option, now: context.clock.now() });
    });
    for (const member of fetched.fault === undefined ? (this.#within.get(component) ?? []) : []) {
      try {
        await take(member);
      } catch (error) {
        if (!(error instanceof LockstepError) || !barring.has(error.code)) throw error;
        fetched.fault = error;
        facts.barred = barredBy(member, error, this.#profile);
        break;
      }
    }
    this.#known.set(`${component} ${option}`, fetched);
    return fetched;
  }
}

function barredBy(
  choice: Choice,
  error: LockstepError,
  { file }: Profile,
): NonNullable<OptionFacts['barred']> {
  const { component } = choice;
  const { library, range } = choice.kind === 'within' ? choice : {};
  const [place] = error.where;
  return {
    demand: {
      thing: library === undefined ? `component/${component}` : `library/${library.toLowerCase()}`,
      constraint: place?.value ?? range ?? '*',
      by: component,
      file: place?.file ?? file,
      field: place?.path ?? `components.${component}.source`,
    },
    instead: error.message,
  };
}

/** For each component with its own options: the components within it, the nearest first. */
function membersOf(
  profile: Profile,
  options: ReadonlyMap<string, ComponentOptions>,
): Map<string, Extract<Choice, { kind: 'within' }>[]> {
  const newest = new Map([...options.keys()].map((name) => [name, 0]));
  const rootOf = (name: string): string => {
    const source = profile.components[name]!.source;
    return source.kind === 'within' ? rootOf(source.component) : name;
  };
  const choices = planChoices(profile.components, options, newest);
  return grouped(
    choices.filter((choice) => choice.kind === 'within'),
    ({ component }) => rootOf(component),
  );
}
