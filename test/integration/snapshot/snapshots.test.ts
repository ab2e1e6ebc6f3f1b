import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey } from '../../../src/signing/keys.js';
import { writeKeyFile } from '../../../src/signing/key-file.js';
import { openpgpSigner, type Signer } from '../../../src/signing/signer.js';
import {
  appendHistory,
  historyPath,
  listHistories,
  readHistoryText,
} from '../../../src/suite/history-file.js';
import { parseHistory } from '../../../src/suite/history.js';
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
  type SnapshotFiles,
} from '../../../src/snapshot/snapshot-folder.js';
import type { Evidence, EvidenceDraft, Statement } from '../../../src/snapshot/evidence.js';
import { sha256Of } from '../../../src/io/disk.js';
import { readEvidence, withEvidence } from '../../../src/snapshot/evidence-file.js';
import { verifySnapshots, type SnapshotsRequest } from '../../../src/suite/verify-records.js';
import { sampleContent, type PackageWish } from '../../fixtures/sample-snapshot.js';

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
      '20261123T101530Z.evidence.jsonl',
      '20261123T101530Z.json',
      '20261123T101530Z.json.asc',
      '20261123T101531Z.evidence.jsonl',
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
      const { manifest, signature, evidence } = snapshotFiles(root, { profile: 'set', id: third });
      const content = JSON.parse(await readFile(manifest, 'utf8')) as SnapshotManifest;
      const forged: SnapshotManifest = { ...content, parent };
      const text = manifestBytes(forged);
      await writeFile(manifest, text);
      await writeFile(signature, await signer.detached(text, now));
      const snapshot = { manifest: forged, sha256: sha256Of(text) };
      const drafts = [{ gate: 'vetting', state: 'passed' as const, parameters: {}, facts: {} }];
      await writeFile(evidence, await withEvidence('', drafts, snapshot, { signer, now }));
    };
    assert.deepEqual(await told(), []);
    await forge(null);
    assert.deepEqual(await told(), [
      `set/${third}.json: ${third}: it names no parent, but ${second} is older`,
    ]);
    const { sha256 } = await readSnapshot(root, { profile: 'set', id: first });
    // Two that follow one are the work of two people, and no fault
    await forge({ id: first, sha256 });
    assert.deepEqual(await told(), []);
    assert.deepEqual([...(await verifySnapshots({ root, trust })).forks], [['set', [second, third]]]);
    await forge({ id: first, sha256: 'a'.repeat(64) });
    assert.deepEqual(await told(), [
      `set/${third}.json: ${third}: its parent ${first} is not the snapshot of that name`,
    ]);
    await forge({ id: second, sha256: 'a'.repeat(64) });
    assert.deepEqual(await told(), [
      `set/${third}.json: ${third}: its parent ${second} is not the snapshot of that name`,
    ]);
    const gone: SnapshotFiles = snapshotFiles(root, { profile: 'set', id: second });
    for (const file of [gone.manifest, gone.signature, gone.evidence]) await rm(file);
    assert.deepEqual(await told(), [
      `set/${second}.json: The manifest of ${second} is missing, and no drop of it is recorded; ${third}, as its parent names it`,
    ]);
  });

  describe('have evidence beside them', () => {
    const place = { profile: 'set', id: '20261123T101530Z' };
    let file: string;
    let text: string;
    let sha256: string;
    const read = async (): Promise<Evidence[]> => await readEvidence(file, sha256, trust);
    const told = async (): Promise<string[]> =>
      (await verifySnapshots({ root, trust })).findings.map(({ kind, path, message }) => {
        assert.equal(path, `set/${place.id}.evidence.jsonl`);
        return `${kind}: ${message}`;
      });

    beforeEach(async () => {
      await cut([{ name: 'tiny', version: '1.0' }]);
      file = snapshotFiles(root, place).evidence;
      text = await readFile(file, 'utf8');
      sha256 = (await readSnapshot(root, place)).sha256;
    });

    it('as an in-toto statement about the manifest and its packages, signed and dated', async () => {
      const { manifest } = await readSnapshot(root, place);
      const { statement } = JSON.parse(text) as { statement: Record<string, unknown> };
      assert.equal(statement['_type'], 'https://in-toto.io/Statement/v1');
      assert.deepEqual(statement['subject'], [
        { name: `snapshots/set/${place.id}.json`, digest: { sha256 } },
        { name: manifest.packages[0]!.path, digest: { sha256: manifest.packages[0]!.sha256 } },
      ]);
      assert.equal('evidence' in manifest, false);
      assert.deepEqual(await read(), [
        {
          gate: 'vetting',
          state: 'passed',
          parameters: { rules: 1 },
          facts: { packages: 1 },
          recorded: now.toISOString(),
          key: signer.fingerprint,
        },
      ]);
    });

    it('to which records are added, each signed by itself', async () => {
      const snapshot = await readSnapshot(root, place);
      const tests = { passed: ['page'], warned: [], failed: ['edit'] };
      const draft: EvidenceDraft = { gate: 'browser', state: 'failed', parameters: {}, facts: {}, tests };
      await writeFile(file, await withEvidence(text, [draft], snapshot, { signer, now }));
      assert.deepEqual(
        (await read()).map(({ gate, state }) => `${gate} ${state}`),
        ['vetting passed', 'browser failed'],
      );
      const [, line] = (await readFile(file, 'utf8')).split('\n');
      const { statement } = JSON.parse(line!) as { statement: Statement };
      assert.equal(statement.predicateType, 'https://in-toto.io/attestation/test-result/v0.1');
      assert.equal(statement.predicate['result'], 'FAILED');
      assert.deepEqual(await told(), []);
    });

    it('which is damaged, foreign or missing where somebody touched it', async () => {
      await writeFile(file, text.replace('"packages":1', '"packages":2'));
      await assert.rejects(read(), { code: 'VERIFY_BAD_SIGNATURE', message: /line 1: its signature/ });
      assert.match((await told()).join(), /^damaged: It was changed: line 1/);
      await rm(file);
      assert.deepEqual(await read(), []);
      assert.match((await told()).join(), /^missing: The evidence of 20261123T101530Z is missing/);
      // Good evidence of another snapshot, under this one's name
      await cut([{ name: 'tiny', version: '2.0' }]);
      await writeFile(
        file,
        await readFile(snapshotFiles(root, { ...place, id: '20261123T101531Z' }).evidence),
      );
      await assert.rejects(read(), { code: 'SNAPSHOT_INVALID', message: /about a manifest other/ });
      assert.match((await told()).join(), /^contradiction: Line 1: it is about a manifest other/);
    });
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
    await assert.rejects(findSnapshot(root, '20200101T000000Z'), {
      code: 'SNAPSHOT_UNKNOWN',
      hint: `The newest snapshots are: ${first.id} (set)`,
    });
    await assert.rejects(findSnapshot(join(root, 'empty'), '20200101T000000Z'), {
      code: 'SNAPSHOT_UNKNOWN',
      hint: 'There are no snapshots yet',
    });
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
    const text = await appendHistory(root, move, { text: undefined });
    await appendHistory(root, { ...move, from: move.to, to: '20261123T101531Z' }, { text });
    assert.equal(parseHistory((await readHistoryText(root, 'stable'))!, 'stable').length, 2);
    assert.deepEqual(await listHistories(root), ['stable']);
    assert.deepEqual(await listSnapshots(root), []);
    const path = historyPath(root, 'stable');
    const tampered = (await readFile(path, 'utf8')).replace('me', 'you');
    await writeFile(path, tampered);
    await assert.rejects(appendHistory(root, move, { text: tampered }), { code: 'SNAPSHOT_INVALID' });
    assert.equal(await readFile(path, 'utf8'), tampered);
  });
});
