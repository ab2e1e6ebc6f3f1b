/**
 * What machines of one architecture do with a set, tried with apt: install it, upgrade to it from other sets or from
 * the distribution's own packages, and go back from it.
 */
import { compareVersions } from '../../deb/version.js';
import { relationsOf } from '../../deb/relation.js';
import type { NamedVersion } from '../../suite/highest-versions.js';
import { aptSentences } from './apt-output.js';
import { explain, type NamedBase, type BreakReason } from './broken-relations.js';
import type { BelowBase } from './below-base.js';
import type { InstallNote } from './install-note.js';
import type { ArchSet } from './install-set.js';
import { shortfalls } from './judge.js';
import type { Machine } from './machine.js';
import type { Question, Simulator } from './simulator.js';

/** One action of a machine. */
export interface Scenario {
  /** For messages: `fresh install of mediawiki-full on amd64`. */
  title: string;
  /** The beginning of the message when it fails: `mediawiki-full cannot be installed on Debian 12 (amd64)`. */
  failed: string;
  /** Null if the scenario does not apply. */
  question: () => Promise<Question | null>;
  /** The set that the machine has at the end. */
  set: ArchSet;
}

/** A scenario that failed. */
export interface ScenarioFault {
  scenario: Scenario;
  reasons: BreakReason[];
}

/** What scenarios are made from. */
export interface Scene {
  simulator: Simulator;
  base: NamedBase;
  set: ArchSet;
  /** The package that people install. */
  metapackage: string;
  /** A machine that has only the packages that every machine has. */
  bare: Machine;
  /**
   * Packages of the set with a lower version than the distribution's. If there are any, only machines with the
   * archive's pin are tried.
   */
  below: readonly BelowBase[];
}

/** The archive's pin, if the set cannot be installed without it. */
function neededPin({ set, below }: Scene): Pick<Question, 'pins'> {
  return below.length === 0 ? {} : { pins: set.pins() };
}

const asItComes = ['install'];
const withoutRecommends = ['--no-install-recommends', 'install'];

export function freshInstalls(scene: Scene): Scenario[] {
  const { base, set, metapackage, bare } = scene;
  return [asItComes, withoutRecommends].map((args) => ({
    title: `fresh install of ${metapackage}${args === asItComes ? '' : ' without Recommends'} on ${set.architecture}`,
    failed: `${metapackage} cannot be installed on ${base.name} (${set.architecture})`,
    question: () =>
      Promise.resolve({ machine: bare, set, ...neededPin(scene), args: [...args, metapackage] }),
    set,
  }));
}

/** A machine with the set, installed by its metapackage. The fresh install was tried before. */
export async function installed(scene: Scene): Promise<Machine> {
  const { simulator, bare, set, metapackage } = scene;
  const args = [...asItComes, metapackage];
  const answer = await simulator.ask({ machine: bare, set, ...neededPin(scene), args });
  return bare.after(answer, set);
}

/**
 * A machine with an earlier set, or the reason why that set can no longer be installed. Its versions take precedence
 * over the distribution's newer ones, as they did when the set was new.
 */
export async function installedBefore(
  { simulator, bare, metapackage }: Scene,
  before: ArchSet,
): Promise<Machine | { said: string | null }> {
  if (!before.byName.has(metapackage)) return { said: null };
  const answer = await simulator.ask({
    machine: bare,
    set: before,
    pins: before.pins(before.byName.keys()),
    args: [...asItComes, metapackage],
  });
  if (!answer.possible) return { said: aptSentences(answer)[0] ?? '' };
  return bare.after(answer, before);
}

/** The upgrade from an earlier set to this one. */
export function upgrade(scene: Scene, before: ArchSet, machine: Machine): Scenario {
  const { set } = scene;
  // The keyring package contains the pin that allows downgrades. An upgrade without a downgrade must work without it
  const down = [...set.decided].some((name) => {
    const [has, will] = [machine.versionOf(name), set.byName.get(name)!.version];
    return has !== null && compareVersions(has, will) > 0;
  });
  const args = [...(down ? ['--allow-downgrades'] : []), 'dist-upgrade'];
  return {
    title: `upgrade from ${before.id} on ${set.architecture}`,
    failed: `Machines with ${before.id} cannot be upgraded to the new set (${set.architecture})`,
    question: () =>
      Promise.resolve({ machine, set, ...(down ? { pins: set.pins() } : neededPin(scene)), args }),
    set,
  };
}

/** The downgrade from this set to an earlier one, as machines with the keyring package's pin do it after a rollback. */
export function wayBack({ set }: Scene, before: ArchSet, machine: () => Promise<Machine>): Scenario {
  return {
    title: `way back to ${before.id} on ${set.architecture}`,
    failed: `Machines with the new set could not go back to ${before.id} (${set.architecture})`,
    question: async () => ({
      machine: await machine(),
      set: before,
      pins: before.pins(),
      args: ['--allow-downgrades', 'dist-upgrade'],
    }),
    set: before,
  };
}

/** A package of the set that the distribution also has, in another version. */
export type Homonym = NamedVersion;

/** The first of the set's decided packages that the base also has. Packages of the leading component come first. */
export function homonymOf({ simulator, set, metapackage }: Scene, lead: string): Homonym | null {
  const names = [...new Set([...set.demandedBy(metapackage), ...[...set.decided].sort()])];
  const leads = (name: string): boolean => set.byName.get(name)!.component === lead;
  return simulator.firstInBase([...names.filter(leads), ...names.filter((name) => !leads(name))]);
}

/** The upgrade from the distribution's own package of the same name to this set. */
export function fromDistribution(scene: Scene, own: Homonym): Scenario {
  const { simulator, base, set, metapackage, bare } = scene;
  return {
    title: `upgrade from ${base.name}'s own ${own.package} on ${set.architecture}`,
    failed: `Machines with ${base.name}'s own ${own.package} ${own.version} cannot get ${metapackage} (${set.architecture})`,
    question: async () => {
      const answer = await simulator.ask({
        machine: bare,
        set: null,
        args: [...asItComes, own.package],
      });
      // If the distribution cannot install it, no machine has it
      if (!answer.possible) return null;
      const down = scene.below.length === 0 ? [] : ['--allow-downgrades'];
      const args = [...down, ...asItComes, metapackage];
      return { machine: bare.after(answer, null), set, ...neededPin(scene), args };
    },
    set,
  };
}

/** Tries one scenario. Null: it works. */
export async function tryScenario(scene: Scene, scenario: Scenario): Promise<ScenarioFault | null> {
  const question = await scenario.question();
  if (question === null) return null;
  const { simulator, base, metapackage } = scene;
  const { set } = scenario;
  const answer = await simulator.ask(question);
  const { machine } = question;
  const demanded = set.demandedBy(metapackage);
  const short = answer.possible
    ? shortfalls({ machine, answer, set, demanded, base: base.name })
    : demanded.map((name) => ({ package: name, component: null, message: '' }));
  if (short.length === 0 && answer.possible) return null;
  const roots = [...new Set([...short.map((one) => one.package), metapackage])];
  const { lookUp, providersOf } = simulator.universe;
  const pinned = question.pins !== undefined;
  const reasons = explain({ set, base, lookUp, providersOf, machine, pinned }, roots);
  if (reasons.length > 0) return { scenario, reasons };
  if (answer.possible) {
    const said = short.map((one) => ({ ...one, field: '', relation: '' }));
    return {
      scenario,
      reasons: [...said, ...(await askedFor(scene, question, scenario, short[0]!.package))],
    };
  }
  return { scenario, reasons: aptReasons(aptSentences(answer), metapackage) };
}

/** apt's answer to an explicit request for a package that it did not choose by default. */
async function askedFor(
  { simulator }: Scene,
  question: Question,
  { set }: Scenario,
  name: string,
): Promise<BreakReason[]> {
  const { version } = set.byName.get(name)!;
  const args = ['--allow-downgrades', 'install', `${name}=${version}`];
  const answer = await simulator.ask({ ...question, args });
  return answer.possible ? [] : aptReasons(aptSentences(answer), name);
}

function aptReasons(sentences: readonly string[], name: string): BreakReason[] {
  return sentences.map((message) => ({ package: name, component: null, field: '', relation: '', message }));
}

/**
 * Recommendations of the set's own packages that nothing available satisfies: apt silently ignores them.
 *
 * @param beside packages that the archive has in addition to the set
 */
export function unmetRecommends({ simulator, set }: Scene, beside: readonly string[]): InstallNote[] {
  const { lookUp, providersOf } = simulator.universe;
  return [...set.decided].sort().flatMap((name) => {
    return relationsOf(set.stanzaOf(name)!, 'Recommends')
      .filter((group) =>
        group.every(
          (one) =>
            !set.byName.has(one.package) &&
            !beside.includes(one.package) &&
            lookUp(one.package).length === 0 &&
            providersOf(one.package).length === 0,
        ),
      )
      .map((group) => ({
        kind: 'recommends-unmet',
        package: name,
        recommends: group.map((one) => one.package),
      }));
  });
}
