import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import git from 'isomorphic-git';
import fs from 'node:fs';
import { generateKey } from '../../../src/signing/keys.js';
import { writeKeyFile } from '../../../src/signing/key-file.js';
import { openpgpSigner, type Signer } from '../../../src/signing/signer.js';
import { verifyChain } from '../../../src/snapshot/chain.js';
import { commitFiles } from '../../../src/snapshot/commit.js';
import {
  appendHistory,
  historyPath,
  listHistories,
  readHistory,
} from '../../../src/snapshot/history-file.js';
import { planSnapshot, type SnapshotPlan } from '../../../src/snapshot/plan.js';
import {
  applySnapshot,
  findSnapshot,
  lastSnapshot,
  listSnapshots,
  readSnapshot,
  snapshotFiles,
} from '../../../src/snapshot/snapshot-folder.js';
import { sampleContent, type PackageWish } from '../../unit/snapshot/sample.js';

describe('snapshots on disk', () => {
  let dir: string;
  let root: string;
  let signer: Signer;
  let keyring: Uint8Array;
  const now = new Date('2026-11-23T10:15:30Z');

  before(async function () {
    dir = await mkdtemp(join(tmpdir(), 'lockstep-snapshot-'));
    const key = await generateKey({ name: 'Test', date: new Date('2026-01-01T00:00:00Z') });
    await writeKeyFile(join(dir, 'key.asc'), key.privateArmored);
    signer = await openpgpSigner({ keyFile: join(dir, 'key.asc') });
    keyring = key.publicBinary;
  });
  beforeEach(async () => {
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
    assert.deepEqual(await verifyChain(root, 'set', { keyring, taken: { kind: 'recorded', at: now } }), {
      ids: [first.id, second.id],
      faults: [],
    });
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

  it('show when they were changed', async () => {
    const first = await cut([{ name: 'tiny', version: '1.0' }]);
    const second = await cut([{ name: 'tiny', version: '2.0' }]);
    const files = snapshotFiles(root, { profile: 'set', id: first.id });
    const text = await readFile(files.manifest, 'utf8');
    await writeFile(files.manifest, text.replace('"lockstep"', '"locksteq"'));
    const place = { profile: 'set', id: first.id };
    await assert.rejects(readSnapshot(root, place, { keyring, taken: { kind: 'recorded', at: now } }), {
      code: 'VERIFY_BAD_SIGNATURE',
    });
    const { faults } = await verifyChain(root, 'set', { taken: { kind: 'recorded', at: now } });
    assert.deepEqual(
      faults.map(({ id, code }) => `${id} ${code}`),
      [`${second.id} SNAPSHOT_INVALID`],
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
      hint: `There are: ${first.id}`,
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

  describe('in a git repository', () => {
    const fallbackAuthor = { name: 'Archive', email: 'a@example.invalid' };

    it('are committed alone, whatever else is staged', async () => {
      const repository = await mkdtemp(join(dir, 'repository-'));
      await git.init({ fs, dir: repository, defaultBranch: 'main' });
      await writeFile(join(repository, 'README'), 'x');
      await git.add({ fs, dir: repository, filepath: 'README' });
      const author = { name: 'Someone', email: 's@example.invalid' };
      await git.commit({ fs, dir: repository, message: 'start', author });
      await writeFile(join(repository, 'README'), 'changed');
      await git.add({ fs, dir: repository, filepath: 'README' });

      const file = join(repository, 'work/snapshots/set/one.json');
      await mkdir(join(file, '..'), { recursive: true });
      await writeFile(file, '{}\n');
      const request = {
        directory: join(repository, 'work'),
        files: [file],
        message: 'Snapshot one\n',
        date: now,
        fallbackAuthor,
      };
      const result = await commitFiles(request);
      assert.equal(result.kind, 'committed');
      const [head, before] = await git.log({ fs, dir: repository });
      assert.equal(head!.commit.message, 'Snapshot one\n');
      assert.equal(head!.commit.author.name, 'Archive');
      assert.deepEqual(head!.commit.parent, [before!.oid]);
      const { blob } = await git.readBlob({ fs, dir: repository, oid: head!.oid, filepath: 'README' });
      assert.equal(Buffer.from(blob).toString(), 'x');
      assert.equal(await git.status({ fs, dir: repository, filepath: 'README' }), 'modified');
      assert.equal(
        await git.status({ fs, dir: repository, filepath: 'work/snapshots/set/one.json' }),
        'unmodified',
      );
      assert.equal((await commitFiles(request)).kind, 'unchanged');
    });

    it('are the first commit of an empty one', async () => {
      const repository = await mkdtemp(join(dir, 'repository-'));
      await git.init({ fs, dir: repository, defaultBranch: 'main' });
      await writeFile(join(repository, 'one.json'), '{}\n');
      const files = [join(repository, 'one.json')];
      const result = await commitFiles({
        directory: repository,
        files,
        message: 'm',
        date: now,
        fallbackAuthor,
      });
      assert.equal(result.kind, 'committed');
      assert.equal((await git.log({ fs, dir: repository })).length, 1);
    });

    it('are not committed where there is none', async () => {
      const files = [join(root, 'x')];
      assert.deepEqual(
        await commitFiles({ directory: root, files, message: 'm', date: now, fallbackAuthor }),
        {
          kind: 'no-repository',
        },
      );
    });
  });
});
