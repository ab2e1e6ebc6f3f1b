import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readability } from '../../../src/suite/gates.js';
import { evidenceBeside } from '../../fixtures/snapshots.js';
import { ImportFolder } from '../../fixtures/import-folder.js';
import type { ImportResult } from '../../../src/workflows/release/release-results.js';

describe('the gate of readability', () => {
  let folder: ImportFolder;
  beforeEach(async () => {
    folder = await ImportFolder.make();
  });
  afterEach(() => folder.remove());

  async function gateOf({ id }: ImportResult) {
    const place = { profile: 'tools', id: id };
    const evidence = await evidenceBeside(folder.work.context.places.snapshots, place);
    return evidence.find(({ gate }) => gate === readability);
  }

  it('records what apt read, each paragraph once', async () => {
    await folder.deb({ package: 'aa', version: '1' });
    await folder.deb({ package: 'bb', version: '1' });
    const first = await folder.run(['.']);
    const gate = await gateOf(first);
    assert.equal(gate?.state, 'passed');
    assert.deepEqual(gate.facts, { packages: 2, read: 2, before: null });
    assert.match(String(gate.parameters['apt']), /^\d+\.\d/);
    const newer = await folder.deb({ package: 'bb', version: '2' }, 'newer');
    const second = await folder.run([newer], { add: true });
    assert.deepEqual((await gateOf(second))?.facts, { packages: 2, read: 1, before: first.id });
  });

  it('is caught up by the same import where an earlier snapshot lacks it', async () => {
    await folder.deb({ package: 'aa', version: '1' });
    const first = await folder.run(['.']);
    assert.equal((await folder.run(['.'])).cut, false);
    const { snapshots } = folder.work.context.places;
    await rm(join(snapshots, 'tools', `${first.id}.evidence.jsonl`));
    const again = await folder.run(['.']);
    assert.equal(again.cut, true);
    assert.deepEqual((await gateOf(again))?.facts, { packages: 1, read: 1, before: null });
  });
});
