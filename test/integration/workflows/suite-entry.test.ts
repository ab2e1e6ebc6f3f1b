import assert from 'node:assert/strict';
import { installability } from '../../../src/suite/gates.js';
import type { EvidenceDraft } from '../../../src/snapshot/evidence.js';
import type { Pin } from '../../../src/source/pin.js';
import { MoveBench } from './move-bench.js';

/** A tree out of git that no signature vouches for. */
const unsignedTree: Pin = {
  kind: 'git',
  component: 'echo',
  upstreamVersion: '1.0',
  date: 1_700_000_000,
  provenance: [],
  url: 'https://git.example.invalid/echo',
  ref: 'refs/tags/1.0',
  commit: 'a'.repeat(40),
  submodules: [],
  signedBy: null,
  archive: { name: 'echo.tar', size: 1, sha256: 'b'.repeat(64) },
};
const gate = (name: string, state: EvidenceDraft['state']): EvidenceDraft => ({
  gate: name,
  state,
  parameters: {},
  facts: {},
});

describe('entering a suite', () => {
  let bench: MoveBench;
  const [low, high] = ['set-unstable', 'set-stable'];

  beforeEach(async () => {
    bench = await MoveBench.make();
    bench.context.workspace.signedSources = 'stable';
  });
  afterEach(async () => bench.end());

  async function isRefused(id: string, code: string, says: RegExp): Promise<void> {
    const refusal = { code, message: says };
    await assert.rejects(bench.publish(id, high), refusal);
    await assert.rejects(bench.promote(low, high, { id }), refusal);
    await assert.rejects(bench.rollback(high, { to: id }), refusal);
    await assert.rejects(bench.rollback(high, { to: id, supersede: true }), refusal);
    assert.deepEqual(
      (await bench.history(high)).map(({ to }) => to).filter((to) => to === id),
      [],
    );
  }

  it('is refused to unsigned trees by every way, from the level on that the workspace says', async () => {
    const tree = await bench.cutWiki('1.0-1', { pins: [unsignedTree] });
    const good = await bench.cutWiki('1.1-1');
    await bench.publish(tree, low);
    await bench.publish(good, low);
    await bench.publish(good, high);
    await isRefused(tree, 'MOVE_TRUST', /echo was taken from git without a required signature/);
  });

  it('is refused to imported packages that no trusted key signed, by every way', async () => {
    const unsigned = await bench.cutWiki('1.0-1', { pins: null, evidence: [gate('vetting', 'passed')] });
    const signed = await bench.cutWiki('1.1-1', { pins: null, evidence: [gate('signature', 'passed')] });
    await bench.publish(unsigned, low);
    await bench.publish(signed, low);
    await bench.promote(low, high);
    await isRefused(unsigned, 'MOVE_TRUST', /its packages were imported without a verified signature/);
  });

  it('is refused by every way to what a gate did not pass', async () => {
    const failed = await bench.cutWiki('1.0-1', { evidence: [gate(installability, 'failed')] });
    const good = await bench.cutWiki('1.1-1');
    await bench.publish(good, high);
    await assert.rejects(bench.rollback(high, { to: failed }), { code: 'GATE_FAILED' });
    await assert.rejects(bench.rollback(high, { to: failed, supersede: true }), { code: 'GATE_FAILED' });
  });

  it('is free for what the suite had, whatever is demanded since', async () => {
    bench.context.workspace.signedSources = undefined;
    const tree = await bench.cutWiki('1.0-1', { pins: [unsignedTree] });
    const good = await bench.cutWiki('1.1-1');
    await bench.publish(tree, high);
    await bench.publish(good, high);
    bench.context.workspace.signedSources = 'stable';
    await bench.rollback(high);
    assert.equal((await bench.history(high)).at(-1)!.to, tree);
    await assert.rejects(bench.publish(tree, high), { code: 'MOVE_TRUST' });
  });

  it('is decided for re-issued content as for the content itself', async () => {
    bench.context.workspace.signedSources = undefined;
    const tree = await bench.cutWiki('1.0-1', { pins: [unsignedTree] });
    const good = await bench.cutWiki('1.1-1');
    await bench.publish(tree, low);
    await bench.publish(good, low);
    await bench.rollback(low, { supersede: true });
    bench.context.workspace.signedSources = 'stable';
    await assert.rejects(bench.promote(low, high), { code: 'MOVE_TRUST' });
  });
});
