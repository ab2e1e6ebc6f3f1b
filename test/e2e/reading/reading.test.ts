import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { diffResult } from '../../../src/comparison/diff-shape.js';
import {
  historyResult,
  showResult,
  snapshotsResult,
} from '../../../src/workflows/reading/reading-results.js';
import { formatChangelogEntry } from '../../../src/deb/changelog.js';
import { exitStatus } from '../../../src/errors.js';
import { systemClock } from '../../../src/io/clock.js';
import { withLock } from '../../../src/io/lock.js';
import type { Snapshot } from '../../../src/snapshot/manifest.js';
import { lockstep, type CommandOutcome } from '../../fixtures/lockstep.js';
import { aptComponent, SnapshotWorkspace, type SetSpec } from '../../fixtures/snapshots.js';

const set = (version: string, siteName: string): SetSpec => ({
  components: { wiki: aptComponent('wiki', `${version}-1`, version) },
  composed: ['wiki-full'],
  packages: [
    {
      package: 'wiki',
      version: `${version}-1`,
      files: {
        '/etc/wiki.conf': `version = ${version}\n`,
        '/usr/share/doc/wiki/changelog.Debian.gz': gzipSync(
          formatChangelogEntry('wiki', {
            version: `${version}-1`,
            distribution: 'bookworm-security',
            lines: [`New upstream version ${version}, fixing CVE-2026-1234.`],
            maintainer: 'Someone <someone@example.invalid>',
            date: 1_700_000_000,
          }),
        ),
      },
      conffiles: ['/etc/wiki.conf'],
    },
    {
      package: 'wiki-full',
      version: `${version}+lockstep1`,
      files: { '/usr/share/wiki-full/settings.php': `<?php\n$wgSitename = '${siteName}';\n` },
    },
  ],
});

describe('commands that only read', function () {
  this.timeout(120_000);
  let place: SnapshotWorkspace;
  let first: Snapshot;
  let second: Snapshot;

  before(async () => {
    place = await SnapshotWorkspace.make();
    first = await place.cut(set('1.0', 'Old'));
    second = await place.cut({ ...set('1.1', 'New'), security: ['CVE-2026-1234'] });
    await place.move('set-stable', first);
    await place.move('set-stable', second, { from: first.manifest.id, reason: 'a security update' });
  });
  after(async () => {
    await place.remove();
  });

  const run = (...args: string[]): Promise<CommandOutcome> =>
    lockstep(args, { cwd: place.root, env: { LOCKSTEP_CACHE: place.cache } });

  /** Runs one that must succeed. */
  async function good(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await run(...args);
    assert.equal(status, 0, stderr);
    return stdout;
  }

  it('list, show and tell the history, as tables and as JSON', async () => {
    const list = await good('snapshots', 'set');
    assert.match(list, /^id +profile +created +packages +sources +changed +security +suites$/m);
    assert.match(
      list,
      new RegExp(`^${second.manifest.id} +set .*wiki 1\\.1 +CVE-2026-1234 +set-stable$`, 'm'),
    );
    assert.equal(snapshotsResult.parse(JSON.parse(await good('snapshots', '--json'))).snapshots.length, 2);

    assert.match(await good('show', 'set-stable~1'), new RegExp(`^snapshot +${first.manifest.id}$`, 'm'));
    const shown = showResult.parse(JSON.parse(await good('show', second.manifest.id, '--json')));
    assert.deepEqual(shown.manifest.packages, second.manifest.packages);

    assert.match(await good('history', 'set-stable'), /tester@example +publish .* a security update$/m);
    assert.equal(
      historyResult.parse(JSON.parse(await good('history', 'set-stable', '--json'))).moves.length,
      2,
    );
  });

  it('compare, for a terminal, a program and release notes', async () => {
    const text = await good('diff', 'set-stable~1', 'set-stable');
    for (const part of [
      /^Security update: CVE-2026-1234\.$/m,
      /^wiki +up +1\.0-1 +1\.1-1$/m,
      /^ {6}wiki \(1\.1-1\): New upstream version 1\.1, fixing CVE-2026-1234\.$/m,
      /^Conffile of wiki: \/etc\/wiki\.conf, changed$/m,
      /^\+\$wgSitename = 'New';$/m,
    ])
      assert.match(text, part);
    assert.ok(!text.includes('\u001b'));
    const report = diffResult.parse(
      JSON.parse(await good('diff', first.manifest.id, second.manifest.id, '--json')),
    );
    assert.equal(report.packages.length, 2);
    const notes = await good('diff', 'set-stable~1', 'set-stable', '--markdown');
    assert.match(notes, /^# set `/);
    assert.match(notes, /^```diff\n--- a\/etc\/wiki\.conf$/m);
    assert.match(await good('diff', 'set-stable', 'set-stable'), /There is no difference/);
  });

  it('name what is nearest to what there is not', async () => {
    const missed = async (...args: string[]): Promise<string> => {
      const { status, stderr } = await run(...args);
      assert.equal(status, exitStatus.input, stderr);
      return stderr;
    };
    assert.match(
      await missed('diff', 'set-stabel', 'set-stable'),
      /SUITE_UNKNOWN: .*did you mean "set-stable"\?/,
    );
    assert.match(await missed('show', '20260301T101631Z'), /SNAPSHOT_UNKNOWN: .*did you mean 20260301T1016/);
    assert.match(await missed('diff', 'set-stable~7', 'set-stable'), /cannot be followed back 7 steps/);
    assert.match(await missed('snapshots', 'sets'), /PROFILE_UNKNOWN: .*did you mean "set"\?/);
    assert.match(await missed('history', 'set-stabl'), /SUITE_UNKNOWN: .*did you mean "set-stable"\?/);
    const { status, stdout } = await run('show', 'set-unstable', '--json');
    assert.equal(status, exitStatus.input);
    assert.match(stdout, /"code": "SNAPSHOT_UNKNOWN"/);
  });

  it('refuse a flag that is no CVE id before any work', async () => {
    for (const command of ['cut', 'release']) {
      const { status, stderr } = await run(command, 'set', '--security', 'CVE-2026-1234,T1234');
      assert.equal(status, exitStatus.usage, stderr);
      assert.match(stderr, /USAGE: "T1234": not a CVE id/);
    }
  });

  it('need no lock and leave the workspace as it is', async () => {
    const tree = async (): Promise<string[]> => {
      const entries = await readdir(place.root, { recursive: true, withFileTypes: true });
      const paths = entries.map((entry) => join(entry.parentPath, entry.name));
      const told = paths.map(async (path) => {
        const { size, mtimeMs } = await stat(path);
        return `${path} ${size} ${mtimeMs}`;
      });
      return (await Promise.all(told)).sort();
    };
    const options = { command: 'lockstep release set', clock: systemClock };
    await withLock(join(place.context.places.state, 'lock'), options, async () => {
      const before = await tree();
      await good('snapshots');
      await good('show', 'set-stable');
      await good('history', 'set-stable');
      await good('diff', 'set-stable~1', 'set-stable');
      assert.deepEqual(await tree(), before);
    });
  });
});
