/**
 * Imported snapshots that cannot be published, for `verify`: nobody can build their packages again, so a package that is
 * in no place is lost.
 */
import type { Finding } from '../../snapshot/finding.js';
import type { Snapshot } from '../../snapshot/manifest.js';
import { keyringProfile } from '../keys/keyring-suites.js';
import type { Context } from '../workspace/context.js';
import { isPublished, lostFiles, lostWords } from '../workspace/lost-files.js';

/** The pool must have the files of a published snapshot; the check of the pool reports those. */
export function isUnpublishedImport(context: Context, { manifest }: Snapshot): boolean {
  const { components, profile, id } = manifest;
  return Object.keys(components).length === 0 && profile !== keyringProfile && !isPublished(context, id);
}

/** Paths are below `snapshots/`. */
export async function lostImports(context: Context, snapshots: readonly Snapshot[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { manifest } of snapshots) {
    const { profile, id } = manifest;
    const lost = await lostFiles(context, manifest);
    if (lost.length === 0) continue;
    findings.push({
      code: 'STORE_MISSING',
      kind: 'missing',
      path: `${profile}/${id}.json`,
      message: `The imported snapshot ${id} cannot be published: ${lostWords(lost)} neither in the content store nor in the pool`,
      hint: `Import the same packages again: lockstep import ${profile} FILES. If they are lost, drop the snapshot: lockstep drop ${id}`,
    });
  }
  return findings;
}
