/**
 * Texts about a single demand: what the base release offers, what the profile itself demands, and what is
 * available instead if nothing supplies it. The texts are parts of sentences, without a full stop. Pure.
 */
import { LockstepError } from '../errors.js';
import { nearest } from '../profile/nearest.js';
import { parseConstraint } from '../source/composer.js';
import type { Demand, Platform, Thing } from '../source/declared.js';
import { sameThings, type Constraints, type Supplies } from './supplies.js';

/** What the base release, and not a component, has to supply; null where it is not for the base to do so. */
export function platformOffer(
  thing: Thing,
  constraint: string,
  platform: Platform,
  constraints: Constraints,
): { met: boolean; version: string | null; instead: string; note: string | null } | null {
  const { base, php, extensions } = platform;
  if (thing === 'php') {
    const met = php !== null && constraints.allow(constraint, php);
    return {
      met,
      version: php,
      instead: php === null ? `${base} has no PHP` : `${base} has PHP ${php}`,
      note: null,
    };
  }
  if (thing.startsWith('php-extension/')) {
    // Only its existence counts; no index lists its version
    const name = thing.slice('php-extension/'.length);
    const package_ = extensions.get(name);
    const near = package_ === undefined ? nearest(name, extensions.keys()) : undefined;
    const nearPackage = near === undefined ? undefined : extensions.get(near);
    const hint =
      near === undefined
        ? ''
        : `; available: ${near}${typeof nearPackage === 'string' ? ` (${nearPackage})` : ''}`;
    return {
      met: package_ !== undefined,
      version: null,
      instead: `${base} has no PHP extension ${name}${hint}`,
      note: package_ === undefined ? null : (package_ ?? 'built into PHP'),
    };
  }
  if (thing.startsWith('ability/')) {
    // MediaWiki asks whether PHP may start programs (Shell::isDisabled): Debian's PHP forbids it nowhere
    const met = thing === 'ability/shell';
    const ability = thing.slice('ability/'.length);
    return {
      met,
      version: null,
      instead: `MediaWiki has no capability ${ability}`,
      note: met ? 'PHP can start programs' : null,
    };
  }
  return null;
}

/** What one library of a vendor folder demands of another one there: Composer has held them against each other. */
export function isInstalled({ file, ifSupplied }: Demand): boolean {
  return ifSupplied === true && file.endsWith('/installed.json');
}

export function nameOfThing(thing: Thing): string {
  return thing.slice(thing.indexOf('/') + 1);
}

/**
 * What is available instead of something that nothing satisfies; null if the versions of its suppliers show
 * it.
 */
export function whatElse({ thing }: Demand, book: Supplies): string | null {
  if (thing === 'mediawiki')
    return book.suppliersOf([thing], 'itself').length > 0 ? null : 'no component of the profile is MediaWiki';
  const things = sameThings(thing);
  if (book.suppliersOf(things, 'itself').length > 0) return null;
  const name = nameOfThing(thing);
  const holder = book.bundledIn(things);
  if (holder === null) return `no component of the profile is the ${thing.replace('/', ' ')}`;
  const folder = /^(?:extensions|skins)\/([^/]+)\//.exec(holder.supply.file)?.[1] ?? name;
  const kind = holder.supply.thing.startsWith('skin/') ? 'skin' : 'extension';
  return `${holder.who} includes ${name}, but the profile does not load it: lockstep add extension ${folder} --bundled${kind === 'skin' ? ' --skin' : ''}`;
}

/** @throws LockstepError PROFILE_INVALID */
export function profileDemand(component: string, other: string, constraint: string, file: string): Demand {
  const field = `components.${component}.requires.${other}`;
  if (parseConstraint(constraint) === null) {
    throw new LockstepError('PROFILE_INVALID', {
      message: `${field} is ${JSON.stringify(constraint)}, which is not a valid Composer constraint`,
      hint: 'Write it as in composer.json: "^0.20", ">=1.43 <1.45", "1.43.*".',
      where: [{ file, path: field, value: constraint }],
    });
  }
  return { thing: `component/${other}`, constraint, by: 'the profile', file, field };
}
