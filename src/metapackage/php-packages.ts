/**
 * The packages of the base release that contain the PHP extensions that the trees of a set demand. No
 * template lists them, so a new MediaWiki that needs another extension gets it. Pure.
 */
import type { Declared, Platform } from '../source/declared.js';

const prefix = 'php-extension/';

/**
 * Sorted, each once, and of the base's own PHP: `php8.2-intl`. An extension that is built into PHP has no
 * package. An extension that the base does not have is not a dependency but an unsatisfied demand
 * (src/resolution/facts.ts).
 *
 * @param declared of all components, or of one, for its own package
 */
export function phpPackagesOf(declared: readonly Declared[], platform: Platform): string[] {
  const packages = new Set<string>();
  for (const { thing } of declared.flatMap(({ demands }) => demands)) {
    if (!thing.startsWith(prefix)) continue;
    const package_ = platform.extensions.get(thing.slice(prefix.length));
    if (typeof package_ === 'string') packages.add(package_);
  }
  return [...packages].sort();
}

/** The same for each component by itself; one that demands no package is left out. */
export function phpPackagesByComponent(
  declared: readonly Declared[],
  platform: Platform,
): Record<string, string[]> {
  const byComponent = declared.map((one) => [one.component, phpPackagesOf([one], platform)] as const);
  return Object.fromEntries(byComponent.filter(([, packages]) => packages.length > 0));
}
