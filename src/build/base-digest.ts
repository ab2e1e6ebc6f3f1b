/**
 * The base release as far as one build sees it, in one SHA-256: an update of
 * something else in Debian does not change it, so nothing is built again for
 * it. The closure behind it is kept under the hashes of the indices it was
 * worked out from, since reading those takes a second.
 */
import { z } from 'zod';
import { formatRelations, type RelationGroup } from '../deb/relation.js';
import { sha256Of } from '../io/disk.js';
import { keptOrMade } from '../io/kept-json.js';
import type { ArchiveRoots } from '../source/archive-roots.js';
import { basePackage, planClosure, type BasePackage } from './base-closure.js';
import type { BaseIndex } from './base-index.js';
import { hashOf } from './inputs.js';
import { inCache } from '../io/cache-folders.js';

/** SHA-256 over sorted lines `name version sha256`. */
export function baseDigest(closure: readonly Pick<BasePackage, 'name' | 'version' | 'sha256'>[]): string {
  const lines = closure.map(({ name, version, sha256 }) => `${name} ${version} ${sha256}\n`).sort();
  return sha256Of(lines.join(''));
}

/** The packages of a build root and their digest. */
export interface Base {
  digest: string;
  closure: BasePackage[];
  /** By name of a suite: where its packages are now. The closure does not depend on it. */
  archives: ReadonlyMap<string, ArchiveRoots>;
}

/** Raised when planClosure would choose otherwise. */
const closureFormat = 2;

/**
 * The closure for a source's build dependencies, from `<cacheDir>/closures/` where it was worked out
 * before from the same indices.
 * @throws LockstepError BUILD_ROOT, DEB_SYNTAX, what the indices' `read` throws
 */
export async function openBase(
  indices: readonly BaseIndex[],
  architecture: string,
  buildDepends: readonly RelationGroup[],
  cacheDir: string,
): Promise<Base> {
  const key = hashOf({
    format: closureFormat,
    architecture,
    wanted: formatRelations(buildDepends),
    indices: indices.map(({ suite, sha256 }) => ({ suite, sha256 })),
  });
  const path = inCache(cacheDir, 'closures', `${key}.json`);
  const load = async (index: BaseIndex) => ({ suite: index.suite, packages: await index.read() });
  const closure = await keptOrMade(path, z.array(basePackage), async () =>
    planClosure(await Promise.all(indices.map(load)), architecture, buildDepends),
  );
  const archives = new Map(indices.map(({ suite, archive }) => [suite, archive]));
  return { digest: baseDigest(closure), closure, archives };
}
