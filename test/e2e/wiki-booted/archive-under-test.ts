/**
 * Which archive the scenario installs from: one that `lockstep release` wrote.
 * LOCKSTEP_E2E_ARCHIVE_BOOKWORM and LOCKSTEP_E2E_ARCHIVE_TRIXIE name the
 * folders (the `public/` of a workspace).
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Codename } from '../../fixtures/debian-root.js';
import type { ArchiveUnderTest } from './wiki-machine.js';

const suites: Record<Codename, string> = {
  bookworm: 'mediawiki-1.39-unstable',
  trixie: 'mediawiki-1.43-unstable',
};

export async function archiveUnderTest(codename: Codename): Promise<ArchiveUnderTest | undefined> {
  const publicDir = process.env[`LOCKSTEP_E2E_ARCHIVE_${codename.toUpperCase()}`];
  if (publicDir === undefined) return undefined;
  const files = await readdir(join(publicDir, 'debian/pool'), { recursive: true });
  const keyring = files.find((file) => /-archive-keyring_[^/]*\.deb$/.test(file));
  if (keyring === undefined) throw new Error(`There is no keyring package below ${publicDir}`);
  return {
    codename,
    publicDir,
    baseUrl: 'http://127.0.0.1:8470',
    suite: suites[codename],
    keyringPackage: join(publicDir, 'debian/pool', keyring),
  };
}
