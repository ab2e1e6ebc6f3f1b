import assert from 'node:assert/strict';
import { renderDiff } from '../../../src/cli/render/diff.js';
import { renderDiffMarkdown } from '../../../src/cli/render/diff-markdown.js';
import { renderShow } from '../../../src/cli/render/snapshots.js';
import { canonicalJson } from '../../../src/io/canonical-json.js';
import { diffSnapshots, isEmptyDiff } from '../../../src/comparison/snapshot-diff.js';
import { parseManifest, type Snapshot, type SnapshotComponent } from '../../../src/snapshot/manifest.js';
import { planSnapshot } from '../../../src/snapshot/snapshot-plan.js';
import { summaryOf } from '../../../src/comparison/summary.js';
import type { SkippedVersion } from '../../../src/profile/skip.js';
import { aptComponent } from '../../fixtures/snapshots.js';
import { sampleContent } from '../../fixtures/sample-snapshot.js';

const skipped: SkippedVersion = {
  ...{ version: '1:1.43.12-1', reason: 'no files', until: '2026-12-13', security: true },
};

function cut(skips: SkippedVersion[] | undefined, last: Snapshot | null = null): Snapshot | 'unchanged' {
  const wiki: SnapshotComponent = aptComponent('wiki', '1:1.43.9-1', '1.43.9');
  const content = sampleContent([{ name: 'wiki', version: '1:1.43.9-1' }]);
  const plan = planSnapshot({
    content: { ...content, components: { wiki: skips === undefined ? wiki : { ...wiki, skipped: skips } } },
    last,
    taken: [],
    now: new Date(last === null ? '2026-11-29T00:00:00Z' : '2026-11-30T00:00:00Z'),
    tool: { name: 'lockstep', version: '0' },
  });
  return plan.kind === 'unchanged' ? 'unchanged' : { manifest: plan.manifest, sha256: plan.sha256 };
}

function made(snapshot: Snapshot | 'unchanged'): Snapshot {
  assert.ok(snapshot !== 'unchanged');
  return snapshot;
}

describe('what a snapshot says that was skipped', () => {
  it('is read as it was written; a manifest without it is as good as ever', () => {
    const { manifest } = made(cut([skipped]));
    assert.deepEqual(parseManifest(canonicalJson(manifest), 'x').components['wiki']!.skipped, [skipped]);
    const before = made(cut(undefined)).manifest;
    assert.equal(parseManifest(canonicalJson(before), 'x').components['wiki']!.skipped, undefined);
    for (const wrong of [
      { ...skipped, reason: 'a\nb' },
      { ...skipped, until: 'soon' },
      { ...skipped, version: '\u001b[1m' },
    ]) {
      const text = canonicalJson({
        ...manifest,
        components: { wiki: { ...manifest.components['wiki'], skipped: [wrong] } },
      });
      assert.throws(() => parseManifest(text, 'x'), { code: 'SNAPSHOT_INVALID' });
    }
  });

  it('is a reason to cut anew when it begins and when it ends, and none while it stays', () => {
    const without = made(cut(undefined));
    assert.equal(cut(undefined, without), 'unchanged');
    const skipping = made(cut([skipped], without));
    assert.equal(cut([skipped], skipping), 'unchanged');
    const ended = made(cut(undefined, skipping));
    assert.equal(ended.manifest.inputs, without.manifest.inputs);
    assert.equal(summaryOf(skipping, without).change, 'wiki 1:1.43.12-1 skipped');
    assert.deepEqual(summaryOf(skipping, without).skipped, [{ component: 'wiki', ...skipped }]);
    assert.equal(summaryOf(ended, skipping).change, 'wiki 1:1.43.12-1 no longer skipped');
  });

  it('is told by diff and show, though no machine would notice', () => {
    const without = made(cut(undefined));
    const skipping = made(cut([skipped], without));
    const side = (snapshot: Snapshot) => ({
      ...{
        id: snapshot.manifest.id,
        profile: 'set',
        created: snapshot.manifest.created,
        name: snapshot.manifest.id,
      },
    });
    const report = (from: Snapshot, to: Snapshot) => {
      const diff = diffSnapshots(from.manifest, to.manifest);
      return {
        ...diff,
        from: side(from),
        to: side(to),
        same: isEmptyDiff(diff),
        changelogs: [],
        contents: [],
        notes: [],
      };
    };
    const sentence = 'wiki 1:1.43.12-1 skipped until 2026-12-13 (no files), security fixes missing';
    assert.ok(renderDiff(report(without, skipping)).includes(`Skipped versions\n  New: ${sentence}`));
    assert.ok(renderDiff(report(skipping, skipping)).includes(`  Unchanged: ${sentence}`));
    assert.match(renderDiff(report(skipping, without)), /No longer skipped: wiki 1:1\.43\.12-1$/m);
    assert.doesNotMatch(renderDiff(report(without, without)), /kipped/);
    assert.match(
      renderDiffMarkdown(report(without, skipping)),
      /## Skipped versions\n\n- New: wiki .*security fixes missing/,
    );
    const shown = renderShow({
      manifest: skipping.manifest,
      sha256: skipping.sha256,
      evidence: [],
      suites: [],
      signature: 'good',
      note: null,
    });
    assert.match(
      shown,
      /Skipped versions\n.*\n.*\nwiki +1:1\.43\.12-1 +2026-12-13 +no files +security fixes missing/,
    );
  });
});
