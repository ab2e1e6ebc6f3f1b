/**
 * The keyring package: what it is made of, for a release, which puts it into
 * the set, and for the suites that are there for the key alone.
 */
import { liveView } from '../../archive/layout.js';
import { readPublished } from '../../archive/publication.js';
import type { ArchiveKey } from '../../metapackage/template-context.js';
import { planKeyring, type KeyringInput, type SourceGroup } from '../../metapackage/compose.js';
import type { VersionUse } from '../../metapackage/revision.js';
import { readPublicKeys } from '../../signing/keys.js';
import type { ArchiveKeys } from './archive-keys.js';
import { suitesOfKeys } from './keyring-suites.js';
import type { Run } from '../workspace/context.js';

/** The keys that the package holds, and the suites that it has a machine follow for them. */
export async function keyringKey({ own, state }: Pick<ArchiveKeys, 'own' | 'state'>): Promise<ArchiveKey> {
  const { binary } = await own.publicKey();
  const keys = await readPublicKeys(binary);
  const made = Math.max(...keys.map(({ created }) => created.getTime()));
  return {
    fingerprint: own.fingerprint,
    binary,
    date: Math.floor(made / 1000),
    suites: suitesOfKeys({ own, state }),
  };
}

/** The package at its next version, or at the one that the same content had. */
export async function keyringGroup(
  { workspace, profiles: read }: Run,
  given: Pick<KeyringInput, 'template' | 'key' | 'published'>,
  history: readonly VersionUse[],
): Promise<SourceGroup> {
  const { profiles, imported } = read.all();
  const taken = profiles.filter(({ name }) =>
    Object.values(workspace.suites).some((suite) => suite.profile === name),
  );
  return await planKeyring({ ...given, workspace, profiles: taken, imported }, history);
}

/**
 * Suites of lockstep.yaml that were published at some time, and the areas that machines find in each.
 *
 * @param asOf leaves out suites that were first published later; ISO 8601, UTC
 */
export async function publishedSuites(run: Run, asOf?: string): Promise<Map<string, readonly string[]>> {
  const { archive, workspace } = run;
  const published = new Map<string, readonly string[]>();
  for (const suite of Object.keys(workspace.suites)) {
    const begun = run.ledger.history(suite)[0]?.at;
    if (begun === undefined || (asOf !== undefined && begun >= asOf)) continue;
    const { release } = await readPublished(archive, liveView(suite));
    const areas = release?.fields.get('Components')?.split(/\s+/) ?? [];
    published.set(suite, areas.length === 0 ? [workspace.archive.area] : areas);
  }
  return published;
}
