import assert from 'node:assert/strict';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { recordedParagraph } from '../../../src/deb/one-paragraph.js';
import { applySnapshot, lastSnapshot } from '../../../src/snapshot/snapshot-folder.js';
import { planSnapshot } from '../../../src/snapshot/snapshot-plan.js';
import { readability } from '../../../src/suite/gates.js';
import { publish } from '../../../src/workflows/move/publish.js';
import { verify } from '../../../src/workflows/upkeep/verify.js';
import { evidenceBeside, readByApt } from '../../fixtures/snapshots.js';
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

  it('has whole indices read again by verify: what a waiver let in is found', async () => {
    const { work } = folder;
    const profiles = join(work.root, 'profiles');
    await copyFile(join(profiles, 'tools.yaml'), join(profiles, 'set.yaml'));
    await folder.deb({ package: 'aa', version: '1' });
    const { id } = await folder.run(['.'], { profile: 'set' });
    const suite = { suite: 'set-unstable', lower: false, reason: undefined, dryRun: false };
    await publish(work.context, { ...suite, id });
    const request = { target: undefined, repair: false, keyrings: [] };
    assert.deepEqual((await verify(work.context, request)).faults, []);
    // A record of a Lockstep that did not judge paragraphs, with a waiver
    const last = (await lastSnapshot(work.context.places.snapshots, 'set'))!;
    const [good] = last.manifest.packages;
    const bad = { ...good!, stanza: recordedParagraph(`${good!.stanza}Depends: foo bar\n`) };
    work.now = new Date(work.now.getTime() + 60_000);
    const plan = planSnapshot({
      content: {
        ...last.manifest,
        packages: [bad],
        sourceChangelogs: [],
        evidence: [{ ...readByApt, state: 'waived' }],
      },
      last,
      taken: [],
      now: work.now,
      tool: { name: 'lockstep', version: '0' },
    });
    assert.equal(plan.kind, 'cut');
    await applySnapshot(work.context.places.snapshots, plan, { signer: work.signer, now: work.now });
    await publish(work.context, { ...suite, id: plan.id });
    const { faults } = await verify(work.context, request);
    assert.deepEqual(
      faults.map(({ code, message }) => `${code}: ${message}`),
      [
        'INDEX_UNREADABLE: apt cannot read main/binary-amd64/Packages.xz of debian/dists/set-unstable: Problem parsing dependency 20 of aa:amd64=1',
      ],
    );
  });
});
