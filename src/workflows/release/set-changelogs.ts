/** Copies the changelogs of a set from its packages to the content store, before the cut. */
import { storeChangelog } from '../../snapshot/changelog-reader.js';
import { planChangelogs } from '../../snapshot/changelog-plan.js';
import type { SnapshotManifest, SnapshotPackage, SourceChangelog } from '../../snapshot/manifest.js';
import type { Context } from '../workspace/context.js';

/**
 * Reads only the packages whose source is new since then.
 *
 * @param before earlier manifests whose changelogs are known, the first of which counts
 * @throws as storeChangelog
 */
export async function changelogsOf(
  { store, signal }: Pick<Context, 'store' | 'signal'>,
  packages: readonly SnapshotPackage[],
  before: readonly Pick<SnapshotManifest, 'sourceChangelogs'>[],
): Promise<SourceChangelog[]> {
  const known = before.flatMap(({ sourceChangelogs }) => sourceChangelogs ?? []);
  const { kept, wanted } = planChangelogs(packages, known);
  const found: SourceChangelog[] = [];
  for (const [path, candidates] of wanted) {
    for (const candidate of candidates) {
      const blob = await storeChangelog(store, candidate, signal);
      if (blob === undefined) continue;
      found.push({ path, ...blob });
      break;
    }
  }
  return [...kept, ...found];
}
