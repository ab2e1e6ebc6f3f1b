import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBuilds } from '../../../src/snapshot/builds-reader.js';
import { planSnapshot } from '../../../src/snapshot/snapshot-plan.js';
import { sampleContent } from '../../fixtures/sample-snapshot.js';

describe('the versions that a snapshot gave out', () => {
  let root: string;
  const builds = [{ package: 'tiny', version: '1.0+lockstep1', inputs: 'a'.repeat(64) }];
  const plan = planSnapshot({
    content: { ...sampleContent([{ name: 'tiny', version: '1.0+lockstep1' }]), builds },
    last: null,
    taken: [],
    now: new Date('2026-11-23T10:15:30Z'),
    tool: { name: 'lockstep', version: '0' },
  });
  assert.ok(plan.kind === 'cut');
  const { id, text } = plan;
  const place = { profile: 'set', id };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lockstep-builds-'));
    await mkdir(join(root, 'set'));
  });
  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const write = (bytes: string): Promise<void> => writeFile(join(root, 'set', `${id}.json`), bytes);

  it('are read out of its beginning, and the packages are not looked at', async () => {
    await write(text.toString());
    assert.deepEqual(await readBuilds(root, place), builds);
    await write(text.toString().replace(/"stanza":[^]*/, ''));
    assert.deepEqual(await readBuilds(root, place), builds);
  });

  it('are found in a manifest that is written otherwise', async () => {
    const { builds: last, ...others } = JSON.parse(text.toString()) as Record<string, unknown>;
    await write(JSON.stringify({ ...others, builds: last }));
    assert.deepEqual(await readBuilds(root, place), builds);
  });

  it('are not taken from another snapshot under this name, or a form that is not known', async () => {
    await write(text.toString().replace(id, '20010101T000000Z'));
    await assert.rejects(readBuilds(root, place), { code: 'SNAPSHOT_INVALID' });
    await write(text.toString().replace('"format": 2', '"format": 99'));
    await assert.rejects(readBuilds(root, place), { code: 'SNAPSHOT_NEWER_FORMAT' });
  });

  it('are missed where the beginning is damaged, or there is no manifest', async () => {
    await write(text.toString().replace('"inputs": "a', '"inputs": "x'));
    await assert.rejects(readBuilds(root, place), { code: 'SNAPSHOT_INVALID' });
    await write(text.toString().slice(0, 100));
    await assert.rejects(readBuilds(root, place), { code: 'SNAPSHOT_INVALID' });
    await assert.rejects(readBuilds(root, { profile: 'set', id: '20010101T000000Z' }), {
      code: 'SNAPSHOT_UNKNOWN',
    });
  });
});
