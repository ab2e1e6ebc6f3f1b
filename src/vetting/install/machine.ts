/**
 * A machine that is only thought of: which packages are installed on it. Pure;
 * what apt would do to it comes from simulator.ts.
 */
import type { Stanza } from '../../deb/deb822.js';
import { sha256Of } from '../../io/disk.js';
import type { AptAnswer } from './apt-output.js';
import type { ArchSet } from './install-set.js';

/** An installed package. */
export interface Installed {
  version: string;
  /** Its paragraph if it belongs to a set; otherwise the paragraph is in the base. */
  stanza?: string | undefined;
}

export class Machine {
  constructor(readonly installed: ReadonlyMap<string, Installed> = new Map()) {}

  /** The machine after apt did what it answered, with the packages of `set` available. */
  after(answer: AptAnswer, set: ArchSet | null): Machine {
    const installed = new Map(this.installed);
    for (const name of answer.removes) installed.delete(name);
    for (const { package: name, version } of answer.installs) {
      const entry = set?.byName.get(name);
      installed.set(name, { version, stanza: entry?.version === version ? entry.stanza : undefined });
    }
    return new Machine(installed);
  }

  versionOf(name: string): string | null {
    return this.installed.get(name)?.version ?? null;
  }

  /** Identifies this machine among those with the same base. */
  get key(): string {
    const lines = [...this.installed].map(([name, { version, stanza }]) => {
      return `${name} ${version} ${stanza === undefined ? '' : sha256Of(stanza)}`;
    });
    return sha256Of(lines.sort().join('\n'));
  }

  /**
   * dpkg's status file (dpkg(1), /var/lib/dpkg/status).
   *
   * @param base the paragraphs of a package in the base distribution
   */
  statusText(base: (name: string) => readonly Stanza[]): string {
    return [...this.installed]
      .map(([name, { version, stanza }]) => {
        const text =
          stanza ??
          base(name)
            .find((one) => one.get('Version') === version)
            ?.text();
        if (text === undefined) throw new TypeError(`unknown package ${name} ${version}`);
        return `${text.trimEnd()}\nStatus: install ok installed\n\n`;
      })
      .join('');
  }
}
