/**
 * Which archive the scenario installs from: the one that `lockstep release`
 * made in this run. LOCKSTEP_E2E_ARCHIVE_BOOKWORM and _TRIXIE name another one
 * (the `public/` of a workspace), for working on the templates.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Codename } from '../../fixtures/debian-root.js';
import { released } from '../../fixtures/lockstep.js';
import type { ArchiveUnderTest } from './wiki-machine.js';

const profiles: Record<Codename, string> = { bookworm: 'mediawiki-1.39', trixie: 'mediawiki-1.43' };

export async function archiveUnderTest(codename: Codename): Promise<ArchiveUnderTest> {
  const profile = profiles[codename];
  const named = process.env[`LOCKSTEP_E2E_ARCHIVE_${codename.toUpperCase()}`];
  const archive =
    named === undefined
      ? await released(profile)
      : { publicFolder: named, baseUrl: 'http://127.0.0.1:8470', suite: `${profile}-unstable` };
  const files = await readdir(join(archive.publicFolder, 'debian/pool'), { recursive: true });
  const keyring = files.find((file) => /-archive-keyring_[^/]*\.deb$/.test(file));
  if (keyring === undefined) throw new Error(`There is no keyring package below ${archive.publicFolder}`);
  return {
    codename,
    publicDir: archive.publicFolder,
    baseUrl: archive.baseUrl,
    suite: archive.suite,
    keyringPackage: join(archive.publicFolder, 'debian/pool', keyring),
  };
}
