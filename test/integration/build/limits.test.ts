import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';

import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { BuildLimits } from '../../../src/build/build-limits.js';
import { applyBuild, planBuild, prepareBuild } from '../../../src/build/build-plan.js';
import { sweepWork } from '../../../src/build/work-folder.js';
import { makeControlGroup, sweepGroups } from '../../../src/io/control-group.js';
import { buildLimits } from '../../../src/profile/workspace-schema.js';
import { Builds, fault, rules, sampleSpec } from '../../fixtures/builds.js';

const execute = promisify(execFile);
const mebibyte = 1024 ** 2;

/** What a build does in place of its facts, and which limit ends it. `$MARK` is on the command line of what it starts. */
const cases: [string, string, Partial<BuildLimits>, RegExp][] = [
  [
    'a fork bomb',
    'sh -c \'bomb() { sh -c "sleep 1000; : $MARK" & bomb; }; bomb\' || true; sleep 1000',
    { processes: 64 },
    /had more than 64 processes/,
  ],
  [
    'processes that fork and end at once, out of the session',
    "perl -e 'use POSIX; while (1) { my $p = fork; next unless defined $p; if (!$p) { setsid; fork; fork; sleep 1000 } } # $MARK'",
    { processes: 64 },
    /had more than 64 processes/,
  ],
  ['a file without an end', 'yes > large', { disk: 64 * mebibyte }, /wrote more than 67108864 bytes/],
  [
    'many files, of which each is small',
    'for i in $(seq 1000); do head -c 1048576 /dev/zero > f$i; done; sleep 1000',
    { disk: 64 * mebibyte },
    /wrote more than 67108864 bytes/,
  ],
  [
    'a large file without a name',
    'perl -e \'for (1 .. 8) { open my $f, "+>", "x"; unlink "x"; print $f "x" x 2e7; flush $f; push @all, $f } sleep 1000 # $MARK\'',
    { disk: 64 * mebibyte },
    /wrote more than 67108864 bytes/,
  ],
  ['a build that sleeps', "sh -c 'sleep 1000; : $MARK'", { silence: 2 }, /printed nothing for 2 s/],
  [
    'a build that prints and does not end',
    "while :; do echo 'still here'; sleep 0.2; done",
    { time: 4, silence: 3 },
    /took longer than 4 s/,
  ],
  [
    'a build that ignores signals',
    "trap '' TERM INT HUP; while :; do echo 'still here'; sleep 0.2; done",
    { time: 4 },
    /took longer than 4 s/,
  ],
  [
    '10 GB of log',
    'yes | head -c 10000000000; sleep 1000',
    { log: mebibyte },
    /printed more than 1048576 bytes/,
  ],
  [
    'memory',
    'perl -e \'for (1 .. 30) { push @x, "a" x 1e7; select undef, undef, undef, 0.05 } sleep 1000 # $MARK\'',
    { memory: 200 * mebibyte },
    /used more than 209715200 bytes of memory/,
  ],
  [
    'memory of many',
    'for i in 1 2 3 4 5 6; do perl -e \'$x = "a" x 6e7; sleep 1000 # $MARK\' & done; wait; sleep 1000',
    { memory: 200 * mebibyte },
    /used more than 209715200 bytes of memory/,
  ],
];

describe('the limits of builds', function () {
  this.timeout(300_000);
  let builds: Builds;

  before(async function () {
    builds = await Builds.forSuite(this);
  });
  after(async () => {
    await builds?.end();
  });

  it('remove the control groups of runs that were killed, and no others', async () => {
    const group = await makeControlGroup('build-999999999-1-x', buildLimits.parse({}));
    const other = await makeControlGroup(`lockstep-test-${process.pid}`, buildLimits.parse({}));
    const folders = (one: typeof group): string[] => (one?.doors ?? []).map((door) => dirname(door));
    await sweepWork(process.getuid?.() === 0 ? 'root' : 'subordinate', builds.temporary);
    assert.deepEqual(
      folders(group).filter((folder) => existsSync(folder)),
      [],
    );
    assert.ok(folders(other).every((folder) => existsSync(folder)));
    await other?.remove();
  });

  for (const [what, step, limits, says] of cases) {
    it(`end ${what}, with a code, and leave nothing`, async () => {
      const mark = `lockstep-limit-${process.pid}-${cases.findIndex(([one]) => one === what)}`;
      const made = rules.replace('sh debian/facts >', `export MARK=${mark}; sh debian/evil; true >`);
      const evil = step.replaceAll('$MARK', mark);
      const spec = { ...sampleSpec, debian: { ...sampleSpec.debian, rules: made, evil } };
      const builder = builds.builder({ limits: { ...buildLimits.parse({}), ...limits } });
      const context = builds.context({ builder });
      const planned = planBuild(await prepareBuild(await builds.request({}, spec), context));
      await assert.rejects(applyBuild(planned, context), fault('BUILD_LIMIT', says));
      assert.deepEqual(await builds.leftovers(), []);
      const { stdout } = await execute('ps', ['-eo', 'args']);
      assert.ok(!stdout.includes(mark), stdout);
      assert.ok(!(await readFile('/proc/self/mounts', 'utf8')).includes(builds.temporary));
      const groups: string[] = [];
      await sweepGroups((name) => {
        if (name.startsWith(`build-${process.pid}-`)) groups.push(name);
        return Promise.resolve(false);
      });
      assert.deepEqual(groups, []);
      if (limits.log !== undefined) assert.ok((await stat(builds.log)).size < 2 * limits.log);
    });
  }
});
