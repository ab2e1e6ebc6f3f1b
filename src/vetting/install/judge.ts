/**
 * Whether what apt would do is what a set promises: an exit status of 0 is not
 * enough, apt is content to keep everything as it was. Pure.
 */
import { compareVersions } from '../../deb/version.js';
import type { AptAnswer } from './apt-output.js';
import type { BreakReason } from './broken-relations.js';
import type { ArchSet } from './install-set.js';
import type { Machine } from './machine.js';

/** One thing that is not as it must be. */
export type Shortfall = Pick<BreakReason, 'package' | 'component' | 'message'>;

export interface Judged {
  machine: Machine;
  answer: AptAnswer;
  set: ArchSet;
  /** What must be installed in the end, at the set's version. */
  demanded: readonly string[];
  /** `Debian 12`. */
  base: string;
}

/** What is wrong with an answer that says yes. */
export function shortfalls({ machine, answer, set, demanded, base }: Judged): Shortfall[] {
  const after = machine.after(answer, set);
  const found: Shortfall[] = [];
  for (const name of answer.removes) {
    const entry = set.byName.get(name);
    if (entry === undefined) continue;
    found.push({
      package: name,
      component: entry.component,
      message: `apt would remove ${name}, a package of the set`,
    });
  }
  for (const name of set.decided) {
    const { version, component } = set.byName.get(name)!;
    const has = after.versionOf(name);
    if (has === version || answer.removes.includes(name)) continue;
    if (has === null && !demanded.includes(name)) continue;
    found.push({
      package: name,
      component,
      message: `apt would ${said(machine.versionOf(name), has, name)} instead of the set's ${version}${why(has, machine.versionOf(name), version, base)}`,
    });
  }
  return found;
}

function said(before: string | null, after: string | null, name: string): string {
  if (after === null) return `not install ${name}`;
  return before === after ? `leave ${name} at ${after}` : `install ${name} ${after}`;
}

function why(has: string | null, before: string | null, version: string, base: string): string {
  if (has === null || has === before) return '';
  return compareVersions(has, version) > 0 ? `: the version in ${base} is higher` : '';
}
