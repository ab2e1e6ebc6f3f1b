/**
 * Where the base release has a higher version than the archive's own of a
 * package: without the archive's pin apt takes the base's, and what demands the
 * archive's in one version is removed or cannot be installed. Pure.
 */
import { compareVersions } from '../deb/version.js';
import type { BaseAhead } from './outdated-shape.js';

/** A source package that the archive builds, and what comes of it. */
export interface OwnPackage {
  /** Source package. */
  source: string;
  /** Of it and of its packages. */
  version: string;
}

/** The highest version that the base was seen to have of one of a source's packages. */
export interface SeenVersion {
  /** Binary package. */
  package: string;
  version: string;
  /** Suite of the base. */
  suite: string;
  /** When this workspace saw it first: ISO 8601, UTC. */
  seen: string;
}

/** @param seen by source package */
export function aheadOf(own: readonly OwnPackage[], seen: ReadonlyMap<string, SeenVersion>): BaseAhead[] {
  return own.flatMap(({ source, version }) => {
    const base = seen.get(source);
    if (base === undefined || compareVersions(base.version, version) <= 0) return [];
    return [{ source, ours: version, ...base }];
  });
}

/** A sentence without a full stop. @param base `Debian 12` */
export function aheadSentence(
  { package: name, version, suite, seen, ours }: BaseAhead,
  base: string,
): string {
  return `${base} is ahead: ${name} ${version} (${suite}), first seen on ${seen.slice(0, 10)}, is higher than ${ours}`;
}
