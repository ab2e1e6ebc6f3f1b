import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as openpgp from 'openpgp';
import { run } from '../../../src/io/process.js';
import type { Context } from '../../../src/workflows/workspace/context.js';
import { refresh, type Refreshed } from '../../../src/workflows/upkeep/refresh.js';
import { publish } from '../../../src/workflows/move/publish.js';
import { status } from '../../../src/workflows/reading/status.js';
import { verify } from '../../../src/workflows/upkeep/verify.js';
import { MoveBench } from './move-bench.js';

const day = 86_400;

describe('an archive whose key ends', function () {
  this.timeout(180_000);
  let bench: MoveBench;
  let context: Context;
  let keyFile: string;
  /** Of the key, in seconds. */
  let end: number;
  let id: string;

  beforeEach(async () => {
    // All of it is in the past, so that gpgv, which knows the machine's clock alone, finds the key expired
    bench = await MoveBench.make(60 * day, 10 * day);
    ({ context } = bench);
    keyFile = join(bench.work.root, 'key.asc');
    end = Math.floor(bench.work.clock.now().getTime() / 1000) - 60 + 10 * day;
    id = await bench.cutWiki('1.0-1');
  });
  afterEach(async () => bench.end());

  const publishing = () =>
    publish(context, { id, suite: 'set-unstable', reason: undefined, lower: false, dryRun: false });
  const renewed = (dryRun = false): Promise<Refreshed> =>
    refresh(context, { suites: ['set-unstable'], force: false, formerKeys: [], dryRun });
  const reasons = ({ views }: Refreshed): (string | null)[] => views.map(({ reason }) => reason);
  const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
  const faults = async (): Promise<string[]> => {
    const report = await verify(context, { target: undefined, repair: false, keyrings: [] });
    return report.faults.map(({ path, message }) => `${path}: ${message}`);
  };
  const accepted = async (keyring: string): Promise<boolean> => {
    const file = join(bench.work.public, 'debian/dists/set-unstable/InRelease');
    return (
      await run('gpgv', ['--keyring', keyring, '--status-fd', '1', file], { allowFailure: true })
    ).stdout.includes('GOODSIG');
  };

  /** What `gpg --quick-set-expire` does: the same key, another self-signature. */
  async function extend(years: number): Promise<void> {
    const privateKey = await openpgp.readPrivateKey({ armoredKey: await readFile(keyFile, 'utf8') });
    const { privateKey: extended } = await openpgp.reformatKey({
      privateKey,
      userIDs: [{ name: 'Test Archive' }],
      date: new Date(context.clock.now().getTime() - 1000),
      keyExpirationTime: years * 365 * day,
      format: 'armored',
    });
    await writeFile(keyFile, extended, { mode: 0o600 });
  }

  it('promises nothing beyond it, and says so from 30 days before', async () => {
    const { report } = await publishing();
    assert.equal(report.validUntil, iso(end));
    assert.equal((await bench.release('set-unstable')).validUntil, end);
    assert.match(
      report.warnings.join(),
      /^The archive's key expires at .* UTC\. From then on, machines refuse/,
    );
    const { suites, warnings } = await status(context, 'set-unstable');
    assert.deepEqual([suites[0]!.published!.end, suites[0]!.published!.endsBy], [iso(end), 'key']);
    assert.match(warnings.join(), /The archive's key expires at/);
    // Half of its time is over, but signing anew would gain nothing
    bench.work.clock.move(8 * day);
    const again = await renewed();
    assert.deepEqual(reasons(again), [null, null]);
    assert.match(again.warnings.join(), /The archive's key expires at/);
    assert.match(
      (await status(context, 'set-unstable')).suites[0]!.warnings.join(),
      /The key that signed set-unstable expires/,
    );
    assert.deepEqual(await faults(), []);
  });

  it('is out of date after it, whatever Valid-Until says, and signs nothing', async () => {
    await publishing();
    bench.work.clock.move(11 * day);
    const [suite] = (await status(context, 'set-unstable')).suites;
    assert.equal(suite!.signature, 'expired');
    assert.match(suite!.warnings.join(), /expired at .* and machines now refuse the suite \(EXPKEYSIG\)/);
    const found = await faults();
    for (const view of ['debian/dists/set-unstable', `snapshot/${id}/dists/set-unstable`]) {
      assert.ok(
        found.some((fault) =>
          fault.startsWith(`public/${view}/InRelease: The key that signed it expired at`),
        ),
        found.join('\n'),
      );
    }
    for (const act of [renewed, publishing]) await assert.rejects(act(), { code: 'SIGN_KEY_EXPIRED' });
    assert.equal(await accepted(bench.work.keyring), false);
  });

  it('goes on with the same key once that is extended, which machines get from the archive', async () => {
    await publishing();
    bench.work.clock.move(11 * day);
    await extend(5);
    const planned = await renewed(true);
    const files = ['debian/archive-keyring.asc', 'debian/archive-keyring.gpg', 'debian/set-unstable.sources'];
    assert.deepEqual(planned.keyFiles, files);
    assert.equal(await accepted(bench.work.keyring), false);
    const done = await renewed();
    assert.deepEqual([done.keyFiles, done.warnings], [files, []]);
    assert.deepEqual(reasons(done), ['fields', null]);
    assert.equal(await accepted(bench.work.keyring), true);
    const { date, validUntil } = await bench.release('set-unstable');
    assert.equal(validUntil! - date, 14 * day);
    assert.deepEqual(await faults(), []);
    assert.deepEqual([reasons(await renewed()), (await renewed()).keyFiles], [[null, null], []]);
    assert.equal((await status(context, 'set-unstable')).suites[0]!.signature, 'good');
  });

  it('goes on by publishing, too', async () => {
    await publishing();
    bench.work.clock.move(11 * day);
    await extend(5);
    const { report } = await publishing();
    assert.equal(report.verdict, 'publish');
    assert.deepEqual(report.warnings, []);
    assert.equal(await accepted(bench.work.keyring), true);
    assert.deepEqual(await faults(), []);
  });
});
