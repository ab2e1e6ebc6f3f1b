/**
 * Packages that a skip of the profile keeps below the distribution's own: the
 * distribution's higher version wins on every machine that has not the
 * archive's pin, so the set is for machines with the keyring package alone.
 * That is what the skip asks for; without one it is a fault. Pure.
 */
import { compareVersions } from '../../deb/version.js';
import type { ArchSet } from './install-set.js';
import type { Universe } from './universe.js';

export interface BelowBase {
  package: string;
  /** The set's version. */
  version: string;
  /** The distribution's highest. */
  own: string;
}

/** The packages of which this is so, by name. */
export function belowBySkip(set: ArchSet, universe: Pick<Universe, 'highestOf'>): BelowBase[] {
  return [...set.decided].sort().flatMap((name) => {
    const { version, component } = set.byName.get(name)!;
    if ((set.components[component]?.skipped ?? []).length === 0) return [];
    const own = universe.highestOf(name) ?? version;
    return compareVersions(own, version) > 0 ? [{ package: name, version, own }] : [];
  });
}
