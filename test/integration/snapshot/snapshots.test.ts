import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey } from '../../../src/signing/keys.js';
import { writeKeyFile } from '../../../src/signing/key-file.js';
import { openpgpSigner, type Signer } from '../../../src/signing/signer.js';
import { appendHistory, historyPath, listHistories, readHistory } from '../../../src/suite/history-file.js';
import { manifestBytes } from '../../../src/snapshot/manifest-text.js';
import type { SnapshotManifest } from '../../../src/snapshot/manifest.js';
import { planSnapshot, type SnapshotPlan } from '../../../src/snapshot/snapshot-plan.js';
import {
  applySnapshot,
  findSnapshot,
  lastSnapshot,
  listSnapshots,
  readSnapshot,
  snapshotFiles,
} from '../../../src/snapshot/snapshot-folder.js';
import { verifySnapshots, type SnapshotsRequest } from '../../../src/suite/verify-records.js';
import { sampleContent, type PackageWish } from '../../unit/snapshot/sample.js';

describe('snapshots on disk', () => {
  let dir: string;
  let root: string;
  let signer: Signer;
  let keyring: Uint8Array;
  let trust: SnapshotsRequest['trust'];
  const now = new Date('2026-11-23T10:15:30Z');

  before(async function () {
    dir = await mkdtemp(join(tmpdir(), 'lockstep-snapshot-'));
    const key = await generateKey({ name: 'Test', date: new Date('2026-01-01T00:00:00Z') });
    await writeKeyFile(join(dir, 'key.asc'), key.privateArmored);
    signer = await openpgpSigner({ keyFile: join(dir, 'key.asc') });
    keyring = key.publicBinary;
  });
  beforeEach(async () => {
    trust = { keyring, taken: { kind: 'recorded', at: now } };
    root = await mkdtemp(join(dir, 'snapshots-'));
  });
  after(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  async function cut(wishes: readonly PackageWish[]): Promise<SnapshotPlan> {
    const plan = planSnapshot({
      content: sampleContent(wishes),
      last: await lastSnapshot(root, 'set', { keyring, taken: { kind: 'recorded', at: now } }),
      taken: (await listSnapshots(root)).map(({ id }) => id),
      now,
      tool: { name: 'lockstep', version: '0' },
    });
    await applySnapshot(root, plan, { signer, now });
    return plan;
  }

  it('are written once, signed, and make a chain', async () => {
    const first = await cut([{ name: 'tiny', version: '1.0' }]);
    const second = await cut([{ name: 'tiny', version: '2.0' }]);
    assert.equal((await cut([{ name: 'tiny', version: '2.0' }])).kind, 'unchanged');
    const { findings, good } = await verifySnapshots({ root, trust });
    assert.deepEqual([[...good.keys()], findings], [[first.id, second.id], []]);
    assert.deepEqual(await readdir(join(root, 'set')), [
      '20261123T101530Z.json',
      '20261123T101530Z.json.asc',
      '20261123T101531Z.json',
      '20261123T101531Z.json.asc',
    ]);
    await assert.rejects(applySnapshot(root, second, { signer, now }), { code: 'SNAPSHOT_INVALID' });
    assert.deepEqual(await findSnapshot(root, first.id), { profile: 'set', id: first.id });
  });

  it('leave nothing behind when the signer refuses', async () => {
    const refusing: Signer = { ...signer, detached: () => Promise.reject(new Error('no')) };
    const plan = planSnapshot({
      content: sampleContent([]),
      last: null,
      taken: [],
      now,
      tool: { name: 'lockstep', version: '0' },
    });
    await assert.rejects(applySnapshot(root, plan, { signer: refusing, now }));
    assert.deepEqual(await readdir(root), []);
  });

  it('contradict each other where the chain was forged, or a link is lost, whoever signed that', async () => {
    const ids: string[] = [];
    for (const version of ['1.0', '2.0', '3.0']) ids.push((await cut([{ name: 'tiny', version }])).id);
    const [first, second, third] = ids as [string, string, string];
    const told = async (): Promise<string[]> =>
      (await verifySnapshots({ root, trust })).findings.map(({ path, message }) => `${path}: ${message}`);
    /** Signs the third one with another parent. */
    const forge = async (parent: { id: string; sha256: string } | null): Promise<void> => {
      const { manifest, signature } = snapshotFiles(root, { profile: 'set', id: third });
      const content = JSON.parse(await readFile(manifest, 'utf8')) as SnapshotManifest;
      const forged: SnapshotManifest = { ...content, parent };
      const text = manifestBytes(forged);
      await writeFile(manifest, text);
      await writeFile(signature, await signer.detached(text, now));
    };
    assert.deepEqual(await told(), []);
    await forge(null);
    assert.deepEqual(await told(), [
      `set/${third}.json: ${third}: it names no parent, but ${second} is older`,
    ]);
    const { sha256 } = await readSnapshot(root, { profile: 'set', id: first });
    await forge({ id: first, sha256 });
    assert.deepEqual(await told(), [`set/${third}.json: ${third}: its parent is ${first}, not ${second}`]);
    await forge({ id: second, sha256: 'a'.repeat(64) });
    assert.deepEqual(await told(), [
      `set/${third}.json: ${third}: its parent ${second} is not the previous snapshot`,
    ]);
    for (const file of Object.values(snapshotFiles(root, { profile: 'set', id: second }))) await rm(file);
    assert.deepEqual(await told(), [
      `set/${second}.json: The manifest of ${second} is missing, and no drop of it is recorded; ${third}, as its parent names it`,
    ]);
  });

  it('show when they were changed', async () => {
    const first = await cut([{ name: 'tiny', version: '1.0' }]);
    await cut([{ name: 'tiny', version: '2.0' }]);
    const files = snapshotFiles(root, { profile: 'set', id: first.id });
    const text = await readFile(files.manifest, 'utf8');
    await writeFile(files.manifest, text.replace('"lockstep"', '"locksteq"'));
    const place = { profile: 'set', id: first.id };
    await assert.rejects(readSnapshot(root, place, { keyring, taken: { kind: 'recorded', at: now } }), {
      code: 'VERIFY_BAD_SIGNATURE',
    });
    const { findings } = await verifySnapshots({ root, trust });
    assert.deepEqual(
      findings.map(({ path, code }) => `${path} ${code}`),
      [`set/${first.id}.json VERIFY_BAD_SIGNATURE`],
    );
    await rm(files.signature);
    await assert.rejects(readSnapshot(root, place, { keyring, taken: { kind: 'recorded', at: now } }), {
      code: 'VERIFY_NO_SIGNATURE',
    });
  });

  it('say what there is when an id is unknown, and when a file was renamed', async () => {
    const first = await cut([{ name: 'tiny', version: '1.0' }]);
    await assert.rejects(readSnapshot(root, { profile: 'set', id: '20200101T000000Z' }), {
      code: 'SNAPSHOT_UNKNOWN',
      hint: `Its snapshots: ${first.id}`,
    });
    await assert.rejects(findSnapshot(root, '20200101T000000Z'), { code: 'SNAPSHOT_UNKNOWN' });
    const text = await readFile(snapshotFiles(root, { profile: 'set', id: first.id }).manifest);
    await writeFile(join(root, 'set/20200101T000000Z.json'), text);
    await assert.rejects(readSnapshot(root, { profile: 'set', id: '20200101T000000Z' }), {
      code: 'SNAPSHOT_INVALID',
    });
  });

  it('have a history that is only added to', async () => {
    const move = {
      suite: 'stable',
      action: 'publish' as const,
      from: null,
      to: '20261123T101530Z',
      manifest: 'a'.repeat(64),
      profile: 'set',
      at: now.toISOString(),
      by: 'me',
    };
    await appendHistory(root, move);
    await appendHistory(root, { ...move, from: move.to, to: '20261123T101531Z' });
    assert.equal((await readHistory(root, 'stable')).length, 2);
    assert.deepEqual(await listHistories(root), ['stable']);
    assert.deepEqual(await listSnapshots(root), []);
    const path = historyPath(root, 'stable');
    const tampered = (await readFile(path, 'utf8')).replace('me', 'you');
    await writeFile(path, tampered);
    await assert.rejects(appendHistory(root, move), { code: 'SNAPSHOT_INVALID' });
    assert.equal(await readFile(path, 'utf8'), tampered);
  });
});
