import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { diffResult } from '../../../src/comparison/diff-shape.js';
import { historyResult, snapshotsResult } from '../../../src/workflows/reading/reading-results.js';
import { cutResult, releaseResult } from '../../../src/workflows/release/release-results.js';
import { formatChangelogEntry } from '../../../src/deb/changelog.js';
import type { SnapshotManifest } from '../../../src/snapshot/manifest.js';
import { Bench, cacheMirror, profile, suite } from '../../fixtures/bad-input-bench.js';

describe('a security update', function () {
  this.timeout(120_000);
  let bench: Bench;

  before(async () => {
    bench = await Bench.make();
  });
  after(async () => bench?.end());

  it('is flagged when it is released, and shows wherever somebody looks', async () => {
    const before = await bench.succeeds(releaseResult, ['release', profile]);
    assert.deepEqual(before.security, []);
    const changelog = formatChangelogEntry('memcached', {
      version: '1.6.19-1',
      distribution: 'bookworm-security',
      lines: ['Fix a crash on long keys (CVE-2026-1234).'],
      maintainer: 'Someone <someone@example.invalid>',
      date: 1_700_000_000,
    });
    await bench.mirror.publish(
      cacheMirror('1.6.19-1', { 'usr/share/doc/memcached/changelog.Debian': changelog }),
    );
    const flags = ['--security', 'cve-2026-1234', '--security', 'CVE-2026-0001,CVE-2026-1234'];
    const after = await bench.succeeds(releaseResult, ['release', profile, ...flags]);
    const ids = ['CVE-2026-0001', 'CVE-2026-1234'];
    assert.equal(after.cut, true);
    assert.deepEqual(after.security, ids);
    const file = bench.path('snapshots', profile, `${after.snapshot}.json`);
    assert.deepEqual((JSON.parse(await readFile(file, 'utf8')) as SnapshotManifest).security, ids);

    const { snapshots } = await bench.succeeds(snapshotsResult, ['snapshots', profile]);
    assert.deepEqual(
      snapshots.map(({ id, change, security }) => [id, change, security]),
      [
        [after.snapshot, 'memcached 1.6.19', ids],
        [before.snapshot, 'the first', []],
      ],
    );
    const { moves } = await bench.succeeds(historyResult, ['history', suite]);
    assert.deepEqual(moves[0]!.security, ids);

    const diff = await bench.succeeds(diffResult, ['diff', `${suite}~1`, suite]);
    assert.deepEqual(diff.security.added, ids);
    assert.deepEqual(
      diff.packages.map(({ package: name, change }) => [name, change]),
      [
        ['cache-full', 'up'],
        ['memcached', 'up'],
      ],
    );
    assert.deepEqual(
      diff.changelogs.flatMap(({ fixes }) => fixes),
      [
        {
          id: 'CVE-2026-1234',
          line: 'Fix a crash on long keys (CVE-2026-1234).',
          where: 'memcached (1.6.19-1)',
        },
      ],
    );
    assert.match(diff.relations.map(({ added }) => added.join()).join(), /memcached \(>= 1\.6\.19/);
  });

  it('is not cut anew for a flag alone, and the command says so', async () => {
    const { stdout, stderr, status } = await bench.run([
      'cut',
      profile,
      '--security',
      'CVE-2026-9999',
      '--json',
    ]);
    assert.equal(status, 0, stderr);
    const report = cutResult.parse(JSON.parse(stdout));
    assert.equal(report.cut, false);
    assert.deepEqual(report.security, ['CVE-2026-0001', 'CVE-2026-1234']);
    assert.match(stderr, /Not recorded: CVE-2026-9999\. The set equals the last snapshot/);
  });
});
