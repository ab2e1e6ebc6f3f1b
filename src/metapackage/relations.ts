/**
 * What the metapackage demands of each component: `exact`, `minimum` or
 * `series`. Pure; the versions are handed in.
 */
import type { BuiltPackage } from '../build/built.js';
import { compareVersions, formatVersion, parseVersion } from '../deb/version.js';
import { LockstepError } from '../errors.js';
import { byText, grouped } from '../io/keyed.js';
import type { RelationRule } from '../profile/profile-schema.js';

/** A package of a component on one architecture. */
export type SetPackage = Pick<BuiltPackage, 'package' | 'version' | 'architecture'>;

/**
 * The relations of one component, one string for each package and bound,
 * sorted by package: `memcached (>= 1.6.18-1)`.
 *
 * One package can have different versions on different architectures (binary
 * rebuilds); the metapackage is one for all, so `minimum` and `series` begin
 * at the lowest, and `exact` cannot be.
 *
 * @throws LockstepError RESOLVE_UNSATISFIABLE for `exact` over versions that differ
 */
export function relationsOf(
  component: string,
  rule: RelationRule,
  packages: readonly SetPackage[],
): string[] {
  return [...grouped(packages, (item) => item.package)]
    .sort(([a], [b]) => byText(a, b))
    .flatMap(([name, all]) => {
      const versions = new Set(all.map(({ version }) => version));
      const [lowest, ...others] = [...versions].sort(compareVersions) as [string, ...string[]];
      if (rule === 'exact' && others.length > 0) {
        throw new LockstepError('RESOLVE_UNSATISFIABLE', {
          message: `${component} has the relation exact, but ${name} has different versions on different architectures: ${[lowest, ...others].join(', ')}`,
          hint: `Set components.${component}.relation to minimum or series`,
        });
      }
      return relation(name, rule, lowest);
    });
}

/**
 * The relations of one package at one version.
 *
 * `series` is about the first two numbers of the upstream version, with the
 * same epoch; `~` sorts before everything (deb-version(7)), so that a
 * pre-release of X.Y is in and one of X.(Y+1) is out.
 */
export function relation(name: string, rule: RelationRule, version: string): string[] {
  switch (rule) {
    case 'exact':
      return [`${name} (= ${version})`];
    case 'minimum':
      return [`${name} (>= ${version})`];
    case 'series': {
      const { epoch, upstream } = parseVersion(version);
      const numbers = /^(\d+)(?:\.(\d+))?/.exec(upstream)!;
      const bound = (numbers: string): string =>
        formatVersion({ epoch, upstream: `${numbers}~`, revision: null });
      // BigInt: dates and commit counts can be longer than a number holds
      const [first, second] = [BigInt(numbers[1]!), numbers[2] === undefined ? null : BigInt(numbers[2])];
      const next = second === null ? String(first + 1n) : `${first}.${second + 1n}`;
      return [`${name} (>= ${bound(numbers[0])})`, `${name} (<< ${bound(next)})`];
    }
  }
}
