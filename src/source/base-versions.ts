/** What the base release itself has of packages that an archive builds too, by its own proven indices. */
import { highestBy } from '../deb/version.js';
import { lookUp } from './apt-archive.js';
import type { SourceContext } from './source-context.js';

/** A package of the base release. */
export interface BaseVersion {
  package: string;
  version: string;
  /** The suite of the base that lists it: `bookworm-security`. */
  suite: string;
}

/**
 * The highest version of each of the names on any architecture of the base; a name that the base has not is left out.
 *
 * @throws LockstepError as opening the base's suites and reading their indices do
 */
export async function baseVersions(names: readonly string[], context: SourceContext): Promise<BaseVersion[]> {
  const found: BaseVersion[] = [];
  for (const architecture of context.base.architectures) {
    for (const { stanza, index } of await lookUp(architecture, names, context)) {
      const [name, version] = [stanza.require('Package'), stanza.require('Version')];
      found.push({ package: name, version, suite: index.release.suite });
    }
  }
  const highest = highestBy(
    found,
    (one) => one.package,
    ({ version }) => version,
  );
  return [...highest.values()];
}
