/** The schema that a released snapshot records, against what the machine gets: docs/decisions/0006. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../../../src/cli/environment.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { run } from '../../../src/io/process.js';
import { Profiles } from '../../../src/profile/profiles.js';
import { loadWorkspace } from '../../../src/profile/load.js';
import { parseManifest } from '../../../src/snapshot/manifest.js';
import { contentsOf, type SchemaSource } from '../../../src/snapshot/schema-reader.js';
import { released, type Release } from '../../fixtures/releases.js';

describe('the database schema of a released snapshot', function () {
  this.timeout(2_400_000);
  let release: Release;

  before(async () => {
    release = await released('mediawiki-1.39');
  });

  it('is in the manifest and in the control field of the configuration package', async () => {
    const { schema, packages } = await manifestOf(release);
    assert.equal(schema?.component, 'mediawiki');
    assert.equal(schema.version, '1.39');
    const config = packages.find((item) => item.package === 'mediawiki-full-config')!;
    const deb = join(release.publicFolder, 'debian', config.path);
    assert.equal((await run('dpkg-deb', ['--field', deb, 'Lockstep-Schema'])).stdout.trim(), schema.digest);
    assert.ok(config.stanza.includes(`\nLockstep-Schema: ${schema.digest}\n`));
  });

  it('was read from the source as it is in the built package, name by name and byte by byte', async () => {
    const manifest = await manifestOf(release);
    const workspace = await loadWorkspace(release.workspace);
    const { database } = (await Profiles.read(workspace.root)).withComponents('mediawiki-1.39').metapackage;
    assert.ok(database !== undefined);
    const cache = cacheFolder(process.env);
    const reading = { store: new ContentStore(join(cache, 'store')), cache };
    const read = async (from: SchemaSource, paths: readonly string[]) =>
      await contentsOf({ component: 'mediawiki', upstreamVersion: '1.39', paths, from }, reading);

    const source = manifest.sources.find((item) => item.package === 'mediawiki')!;
    const told = await read({ kind: 'source', files: source.files }, database.paths);
    assert.equal(told.digest, manifest.schema?.digest);
    assert.ok(told.files.size > 100);

    // Where Debian's packaging puts them
    const moved = (path: string): string =>
      `usr/share/mediawiki/${path.replace(/^extensions\//, 'extensions-core/')}`;
    const debs = manifest.packages
      .filter((item) => item.source === 'mediawiki')
      .map((item) => ({ name: item.path, size: item.size, sha256: item.sha256 }));
    const built = await read({ kind: 'packages', files: debs }, database.paths.map(moved));
    assert.deepEqual(
      new Map([...built.files].sort()),
      new Map([...told.files].map(([path, hash]) => [moved(path), hash] as const).sort()),
    );
  });
});

async function manifestOf({ workspace, snapshot }: Release): Promise<ReturnType<typeof parseManifest>> {
  const file = join(workspace, 'snapshots/mediawiki-1.39', `${snapshot}.json`);
  return parseManifest(await readFile(file, 'utf8'), file);
}
