/**
 * Asks this machine's apt what it would do to a machine that is only thought
 * of: no root, no chroot, nothing of /etc/apt or /var/lib is read. Answers are
 * kept by everything they depend on.
 */
import { join } from 'node:path';
import { LockstepError } from '../../errors.js';
import { ensureDir, removeTree, tempDir, writeFileAtomic } from '../../io/disk.js';
import { throwIfInterrupted } from '../../io/interrupt.js';
import { run } from '../../io/process.js';
import type { NamedVersion } from '../../suite/highest-versions.js';
import { aptVersionHere, isolatedApt, isolatedList, isolatedSources } from './apt-configuration.js';
import { aptAnswer, aptSentences, isSolversNo, parseAptAnswer, type AptAnswer } from './apt-output.js';
import type { BaseLists } from './base-lists.js';
import type { ArchSet } from './install-set.js';
import type { Machine } from './machine.js';
import { broughtBy, type Universe } from './universe.js';
import { keptVerdict } from './verdicts.js';

/** Raised when the question, or the reading of answers, changes. */
const format = 2;

export interface SimulatorOptions {
  /** Absolute path of the cache folder. */
  cache: string;
  /** Absolute path of the folder for scratch space. */
  temporary: string;
  signal?: AbortSignal | undefined;
}

/** What apt is asked. */
export interface Question {
  machine: Machine;
  /** What the machine can install in addition to the base; null for nothing. */
  set: ArchSet | null;
  /** apt's preferences(5). */
  pins?: string;
  /** `install`, `x`; `dist-upgrade`. */
  args: readonly string[];
}

/** apt over one base. {@link close} removes its files from the disk, except cached ones. */
export class Simulator {
  #asked = 0;

  private constructor(
    readonly lists: BaseLists,
    /** What of it apt sees. */
    readonly universe: Universe,
    /** `2.6.1`. */
    readonly aptVersion: string,
    private readonly folder: string,
    private readonly options: SimulatorOptions,
  ) {}

  /**
   * @param sets the sets to install
   * @throws LockstepError TOOL_MISSING (apt), DISK_*, and what reading the base throws
   */
  static async open(
    lists: BaseLists,
    sets: readonly ArchSet[],
    options: SimulatorOptions,
  ): Promise<Simulator> {
    const { signal } = options;
    const version = await aptVersionHere(signal);
    const brought = sets.flatMap((set) => set.packages.flatMap((entry) => set.stanzaOf(entry.package)!));
    const universe = await lists.universe([
      ...(await lists.everywhere()),
      ...sets.flatMap((set) => [...set.byName.keys()]),
      ...brought.flatMap(broughtBy),
    ]);
    const folder = await tempDir(options.temporary, 'install-');
    return new Simulator(lists, universe, version, folder, options);
  }

  async close(): Promise<void> {
    await removeTree(this.folder);
  }

  /** The first of these names that is a package of the base, with its highest version. */
  firstInBase(names: readonly string[]): NamedVersion | null {
    for (const name of names) {
      const version = this.universe.highestOf(name);
      if (version !== undefined) return { package: name, version };
    }
    return null;
  }

  /**
   * What every machine of this base has.
   *
   * @throws LockstepError as {@link ask}; TOOL_FAILED where the base's own packages contradict each other
   */
  async everywhere(machine: Machine): Promise<Machine> {
    const names = await this.lists.everywhere();
    if (names.length === 0) return machine;
    const answer = await this.ask({
      machine,
      set: null,
      args: ['--no-install-recommends', 'install', ...names],
    });
    if (!answer.possible) {
      throw new LockstepError('TOOL_FAILED', {
        message: `The base packages of every machine cannot be installed together: ${aptSentences(answer).join('; ')}`,
        hint: 'The indices of the mirror do not match each other. Try again, or use another mirror (LOCKSTEP_MIRROR).',
      });
    }
    return machine.after(answer, null);
  }

  /**
   * apt's answer.
   *
   * @throws LockstepError TOOL_FAILED when apt could not work, what reading the base throws, INTERRUPTED
   */
  async ask(question: Question): Promise<AptAnswer> {
    const { machine, set, pins = '', args } = question;
    const of = [
      `answer ${format}`,
      this.lists.architecture,
      this.aptVersion,
      this.universe.key,
      machine.key,
      set === null ? '' : set.key,
      pins,
      ...args,
    ];
    return await keptVerdict(this.options.cache, of, aptAnswer, () => this.#simulate(question));
  }

  async #simulate({ machine, set, pins = '', args }: Question): Promise<AptAnswer> {
    const { signal } = this.options;
    throwIfInterrupted(signal);
    const folder = join(this.folder, String(this.#asked++));
    const write = async (name: string, text: string): Promise<string> => {
      const path = join(folder, name);
      await writeFileAtomic(path, text, { fsync: false });
      return path;
    };
    await ensureDir(join(folder, 'archives/partial'));
    await ensureDir(join(folder, 'lists/partial'));
    await write('status', machine.statusText(this.universe.lookUp));
    await write(isolatedList, this.universe.text);
    await write('sources.list', isolatedSources);
    await write('preferences', pins);
    const source = set === null ? [] : [`--with-source=${await write('Packages', set.packagesText())}`];
    const config = await write('apt.conf', isolatedApt(folder, [this.lists.architecture]));
    const result = await run('apt-get', ['--simulate', '--assume-yes', '--quiet=1', ...source, ...args], {
      cwd: folder,
      env: { LC_ALL: 'C', APT_CONFIG: config },
      allowFailure: true,
      signal,
    });
    const answer = parseAptAnswer(result.exitCode, result.stdout, result.stderr);
    if (!answer.possible && !isSolversNo(answer)) {
      throw new LockstepError('TOOL_FAILED', {
        message: `apt-get could not simulate: ${answer.errors.join('; ') || `exit status ${result.exitCode}`}`,
        hint: 'The simulation failed; this says nothing about the packages.',
      });
    }
    await removeTree(folder);
    return answer;
  }
}
