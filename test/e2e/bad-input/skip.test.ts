import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { skipResult } from '../../../src/workflows/workspace/workspace-results.js';
import { releaseResult, resolveResult } from '../../../src/workflows/release/release-results.js';
import { statusResult } from '../../../src/workflows/reading/status-result.js';
import { Bench, cacheMirror, profile, suite } from '../../fixtures/bad-input-bench.js';

const day = 86_400_000;

/** The built command against a mirror whose newest version is in the security suite. */
describe('a version that is to be passed over', function () {
  this.timeout(120_000);
  let bench: Bench;
  const lower = '1.6.18-1';
  const higher = '1.6.18-1+deb12u1';
  const until = new Date(Date.now() + 14 * day).toISOString().slice(0, 10);
  const line = [
    'skip',
    profile,
    'memcached',
    '--not',
    higher,
    '--reason',
    'no mirror has it',
    '--until',
    until,
  ];
  const sentence = `memcached ${higher} skipped until ${until} (no mirror has it), security fixes missing`;

  before(async () => {
    const security = cacheMirror(higher).release!.binaries!.slice(0, 1);
    bench = await Bench.make({ mirror: { ...cacheMirror(lower), security: { binaries: security } } });
  });
  after(async () => bench?.end());

  it('is refused where nothing lists it, or half of the line is missing', async () => {
    const fault = await bench.fails(
      ['skip', profile, 'memcached', '--not', '9.9', '--reason', 'x', '--until', until],
      {
        code: 'VERSION_UNLISTED',
        says: [/Available: 1\.6\.18-1\+deb12u1 \(bookworm-security\), 1\.6\.18-1 \(bookworm\)/],
      },
    );
    assert.equal(fault.where![0]!.value, '9.9');
    await bench.fails(['skip', profile, 'memcached', '--not', higher], {
      code: 'USAGE',
      says: [/--reason, --until are missing/],
    });
  });

  it('is shown first, then written, and said by what follows', async () => {
    const file = `profiles/${profile}.yaml`;
    const before = await readFile(bench.path(file), 'utf8');
    const plan = await bench.run([...line, '--dry-run']);
    assert.equal(plan.status, 0, plan.stderr);
    assert.match(
      plan.stdout,
      /^\+ {5}skip:\n\+ {7}- \{ version: "1\.6\.18-1\+deb12u1", reason: "no mirror has it", until: /,
    );
    assert.ok(plan.stderr.includes(sentence), plan.stderr);
    assert.equal(await readFile(bench.path(file), 'utf8'), before);

    const written = await bench.run(line);
    assert.equal(written.status, 0, written.stderr);
    assert.match(written.stderr, /The newest remaining version in the range: 1\.6\.18-1 \(bookworm\)\./);
    assert.equal((await bench.succeeds(skipResult, line)).action, 'none');

    const { components, skipped } = await bench.succeeds(resolveResult, ['resolve', profile]);
    assert.equal(components['memcached']!.upstreamVersion, '1.6.18');
    assert.deepEqual(
      skipped.map(({ version, security }) => [version, security]),
      [[higher, true]],
    );

    const dry = await bench.run(['release', profile, '--dry-run']);
    assert.ok(dry.stderr.includes(sentence), dry.stderr);
    const released = await bench.run(['release', profile]);
    assert.equal(released.status, 0, released.stderr);
    assert.ok(released.stderr.includes(`Not included: ${sentence}.`), released.stderr);
    const status = await bench.run(['status', suite]);
    assert.ok(status.stderr.includes(sentence), status.stderr);
    assert.ok((await bench.run(['outdated', profile])).stdout.includes(sentence.replace('memcached ', '')));
    assert.match((await bench.run(['show', suite])).stdout, /Skipped versions/);
  });

  it('is taken again once the skip is taken back', async () => {
    const removed = await bench.succeeds(skipResult, ['skip', profile, 'memcached', '--remove', higher]);
    assert.deepEqual([removed.action, removed.written], ['remove', true]);
    const { cut, skipped } = await bench.succeeds(releaseResult, ['release', profile]);
    assert.deepEqual([cut, skipped], [true, []]);
    const { suites } = await bench.succeeds(statusResult, ['status', suite]);
    assert.deepEqual(suites[0]!.skipped, []);
    const markdown = await bench.run(['diff', `${suite}~1`, suite, '--markdown']);
    assert.match(markdown.stdout, /## Skipped versions\n\n- No longer skipped: memcached /);
  });
});
