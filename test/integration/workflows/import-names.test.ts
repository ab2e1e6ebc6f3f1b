import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publish } from '../../../src/workflows/move/publish.js';
import { ImportFolder } from '../../fixtures/import-folder.js';

describe('names in the pool of what is imported', () => {
  let folder: ImportFolder;
  const profile = 'set';
  beforeEach(async () => {
    folder = await ImportFolder.make();
    const profiles = join(folder.work.root, 'profiles');
    await copyFile(join(profiles, 'tools.yaml'), join(profiles, 'set.yaml'));
  });
  afterEach(() => folder.remove());

  const take = async (version: string, contents = version): Promise<string> =>
    await folder.deb({ package: 'aa', version, files: { 'usr/share/aa/x': contents } }, `in-${contents}`);

  it('are not those of a version that only an epoch tells apart, listed or given out long ago', async () => {
    const first = await folder.run([await take('1.0-1')], { profile });
    const epoch = await take('1:1.0-1');
    const told = (owner: string): string =>
      `in-1:1.0-1/aa_1.0-1_amd64.deb: aa 1:1.0-1 amd64 would have the file name of ${owner}, because file names have no epoch; it needs a version that differs in more than the epoch`;
    assert.deepEqual(await folder.faultsOf([epoch], { profile, add: true }), [told('1.0-1')]);
    await publish(folder.work.context, {
      id: first.id,
      suite: 'set-unstable',
      lower: false,
      reason: undefined,
      dryRun: false,
    });
    // The last snapshot does not have it, but the archive does
    await folder.run([await take('2.0-1')], { profile, add: true });
    assert.deepEqual(await folder.faultsOf([epoch], { profile, add: true }), [
      told('another version in the archive'),
    ]);
    const other = await take('1.0-1', 'changed');
    assert.deepEqual(await folder.faultsOf([other], { profile, add: true, lower: true }), [
      'in-changed/aa_1.0-1_amd64.deb: aa 1.0-1 amd64 is in the archive with different content; a changed package needs a new version',
    ]);
    // The same bytes may come back, and another revision may have the epoch
    assert.equal((await folder.run([await take('1.0-1')], { profile, add: true, lower: true })).cut, true);
    const next = await folder.run([await take('1:1.0-1.1')], { profile, add: true });
    await publish(folder.work.context, {
      id: next.id,
      suite: 'set-unstable',
      lower: false,
      reason: undefined,
      dryRun: false,
    });
  });
});
