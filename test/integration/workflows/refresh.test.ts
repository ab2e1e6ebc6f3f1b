import assert from 'node:assert/strict';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DiskPort } from '../../../src/archive/disk-port.js';
import { LockstepError } from '../../../src/errors.js';
import { withoutArmour } from '../../../src/deb/stanza.js';
import { parseRelease } from '../../../src/deb/release-file.js';
import { sha256Of } from '../../../src/io/disk.js';
import { generateKey } from '../../../src/signing/keys.js';
import { assertRefreshed, refresh, type RefreshRequest } from '../../../src/workflows/upkeep/refresh.js';
import type { Context } from '../../../src/workflows/workspace/context.js';
import { FailingPort } from '../archive/failing-port.js';
import { MoveBench } from './move-bench.js';
import { everything, flipped, isLink, replace, troubles, verified } from './tampering.js';
import type { RefreshedView } from '../../../src/workflows/upkeep/upkeep-results.js';

const day = 86_400;

describe('refreshing', function () {
  this.timeout(180_000);
  let bench: MoveBench;
  let id: string;

  beforeEach(async () => {
    bench = await MoveBench.make(40 * day);
    id = await bench.cutWiki('1.0-1');
    await bench.publish(id);
    await bench.promote('set-unstable', 'set-stable');
  });
  afterEach(async () => bench.end());

  const renew = async (
    options: Partial<RefreshRequest> = {},
    context: Context = bench.context,
  ): Promise<RefreshedView[]> =>
    (await refresh(context, { suites: [], force: false, formerKeys: [], dryRun: false, ...options })).views;
  const told = (views: readonly RefreshedView[]): string[] =>
    views
      .filter(({ reason, fault }) => reason !== null || fault !== null)
      .map(({ suite, kind, reason, fault }) => `${suite} ${kind} ${fault === null ? reason : 'FAULT'}`);

  /** Hashes of all files of public/ but Release files, and when each was written. */
  async function indices(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const path of await everything(bench.work.root)) {
      const file = join(bench.work.root, path);
      if (!path.startsWith('public/') || /Release(\.gpg)?$/.test(path) || (await isLink(file))) continue;
      found[path] = `${sha256Of(await readFile(file))} ${(await stat(file)).mtimeMs}`;
    }
    return found;
  }

  it('does nothing while nothing is due', async () => {
    const before = await indices();
    const views = await renew();
    assert.deepEqual(told(views), []);
    assert.deepEqual(views.map(({ suite, kind }) => `${suite} ${kind}`).sort(), [
      'set-stable frozen',
      'set-stable live',
      'set-unstable frozen',
      'set-unstable live',
    ]);
    assert.deepEqual(await indices(), before);
  });

  it('signs live suites anew past half of their time, over the same indices', async () => {
    const [before, release] = [await indices(), await bench.release('set-stable')];
    bench.work.clock.move(8 * day);
    assert.deepEqual(told(await renew({ dryRun: true })), ['set-unstable live due', 'set-stable live due']);
    assert.equal((await bench.release('set-stable')).date, release.date);
    assert.deepEqual(told(await renew({ suites: ['set-stable'] })), ['set-stable live due']);
    assert.deepEqual(told(await renew()), ['set-unstable live due']);
    const now = await bench.release('set-stable');
    assert.equal(now.date, Math.floor(bench.work.clock.now().getTime() / 1000));
    assert.equal(now.validUntil! - now.date, 14 * day);
    assert.deepEqual([...now.sha256], [...release.sha256]);
    assert.deepEqual(await indices(), before);
    assert.deepEqual((await verified(bench.context)).faults, []);
    const { mtime } = await stat(join(bench.work.public, 'debian/dists/set-stable/InRelease'));
    assert.equal(mtime.getTime(), now.date * 1000);
  });

  it('gives machines an archive that they take, also when it had expired', async () => {
    const { clock } = bench.work;
    clock.move(Math.floor((Date.now() - clock.now().getTime()) / 1000) - 3600);
    assert.notDeepEqual(await troubles(bench, 'late', 'set-stable'), []);
    await renew();
    assert.deepEqual(await troubles(bench, 'live', 'set-stable'), []);
    assert.deepEqual(await troubles(bench, 'frozen', 'set-stable', id), []);
  });

  it('dates a second later where the clock stands still or ran backwards', async () => {
    const { date } = await bench.release('set-stable');
    bench.work.clock.move(-7200);
    await renew({ force: true });
    assert.equal((await bench.release('set-stable')).date, date + 1);
    await renew({ force: true });
    assert.equal((await bench.release('set-stable')).date, date + 2);
  });

  it('reads no manifest, no index and no package', async () => {
    const read: string[] = [];
    class WatchedPort extends DiskPort {
      override async read(path: string): Promise<Buffer | undefined> {
        read.push(path);
        return await super.read(path);
      }
    }
    await rm(join(bench.context.places.snapshots, 'set', `${id}.json.asc`));
    await rm(join(bench.work.public, 'debian/pool'), { recursive: true });
    bench.work.clock.move(8 * day);
    await renew({}, bench.again(new WatchedPort(bench.work.public)));
    const small = /\/(?:InRelease|Release|Release\.gpg|archive-keyring\.(?:gpg|asc)|set-[a-z]+\.sources)$/;
    assert.ok(read.length > 0);
    assert.deepEqual(
      read.filter((path) => !small.test(path)),
      [],
    );
  });

  it('signs nothing that the archive did not sign before', async () => {
    const { clock } = bench.work;
    const view = join(bench.work.public, 'debian/dists/set-stable');
    const forger = await generateKey({ name: 'Forger', date: new Date(clock.now().getTime() - 1000) });
    await writeFile(join(bench.work.root, 'forger.asc'), forger.privateArmored, { mode: 0o600 });
    const { openpgpSigner } = await import('../../../src/signing/signer.js');
    const signer = await openpgpSigner({ keyFile: join(bench.work.root, 'forger.asc') });
    const text = (await readFile(join(view, 'Release'), 'utf8')).replace(/^ [0-9a-f]{8}/gm, ' 00000000');
    await writeFile(join(view, 'Release'), text);
    await writeFile(join(view, 'Release.gpg'), await signer.detached(text, clock.now()));
    await writeFile(join(view, 'InRelease'), await signer.clearsign(text, clock.now()));
    clock.move(8 * day);
    const views = await renew();
    assert.deepEqual(told(views), ['set-unstable live due', 'set-stable live FAULT']);
    assert.ok((await readFile(join(view, 'InRelease'), 'utf8')).includes('00000000'));
    assert.throws(
      () => assertRefreshed(views),
      (error: unknown) =>
        error instanceof LockstepError &&
        error.code === 'ARCHIVE_INVALID' &&
        /set-stable/.test(error.message),
    );
  });

  it('puts damaged Release files right from those that are good', async () => {
    const view = join(bench.work.public, 'debian/dists/set-stable');
    for (const [seed, name] of ['InRelease', 'Release', 'Release.gpg'].entries()) {
      await replace(join(view, name), flipped(await readFile(join(view, name)), seed + 1));
      assert.deepEqual(told(await renew()), ['set-stable live incomplete']);
      assert.deepEqual((await verified(bench.context)).faults, []);
      await rm(join(view, name));
      assert.deepEqual(told(await renew()), ['set-stable live incomplete']);
      assert.deepEqual((await verified(bench.context)).faults, []);
    }
  });

  it('signs frozen views anew when the key, the address or an end asks for it, and not for their age', async () => {
    const before = await indices();
    bench.work.clock.move(30 * day);
    await renew();
    const moved = { ...bench.context.workspace.archive, baseUrl: 'http://127.0.0.1:10' };
    const context = { ...bench.context, workspace: { ...bench.context.workspace, archive: moved } };
    assert.deepEqual(told(await renew({ suites: ['set-stable'] }, context)), [
      'set-stable live fields',
      'set-stable frozen fields',
    ]);
    const text = await readFile(join(bench.work.public, `snapshot/${id}/dists/set-stable/InRelease`), 'utf8');
    const frozen = parseRelease(withoutArmour(text));
    assert.equal(frozen.fields.get('Snapshots'), 'http://127.0.0.1:10/snapshot/@SNAPSHOTID@/');
    assert.equal(frozen.validUntil, null);
    // What tells people the address follows it; indices and packages stay
    const sources = 'public/debian/set-stable.sources';
    assert.match(
      await readFile(join(bench.work.root, sources), 'utf8'),
      /^URIs: http:\/\/127\.0\.0\.1:10\/debian$/m,
    );
    const now = await indices();
    assert.notEqual(now[sources], before[sources]);
    assert.deepEqual({ ...now, [sources]: '' }, { ...before, [sources]: '' });
  });

  it('follows an archive without a record of keys to another key, where the one before is named', async () => {
    const { root, signer, clock } = bench.work;
    const record = join(bench.context.places.snapshots, 'keys.jsonl');
    const former = join(root, 'former.asc');
    await writeFile(former, (await signer.publicKey()).armored);
    const next = await generateKey({ name: 'Next', date: clock.now() });
    await rm(join(root, 'key.asc'));
    await writeFile(join(root, 'key.asc'), next.privateArmored, { mode: 0o600 });
    clock.move(60);
    const before = await everything(bench.work.root);
    await assert.rejects(renew(), { code: 'SIGN_KEY_CHANGED', hint: /lockstep key rotate/ });
    await assert.rejects(renew({ formerKeys: [former] }), { code: 'SIGN_KEY_CHANGED' });
    await rm(record);
    await assert.rejects(renew(), { code: 'SIGN_KEY_CHANGED', hint: /--former-key/ });
    assert.deepEqual(
      await everything(bench.work.root),
      before.filter((path) => !path.endsWith('keys.jsonl')),
    );
    assert.deepEqual(told(await renew({ formerKeys: [former] })), [
      'set-unstable live key',
      'set-unstable frozen key',
      'set-stable live key',
      'set-stable frozen key',
    ]);
    assert.deepEqual(told(await renew()), []);
    assert.deepEqual((await verified(bench.context)).faults, []);
    assert.deepEqual(await troubles(bench, 'frozen', 'set-stable', id), []);
    await bench.publish(id);
    const stranger = await generateKey({ name: 'Stranger', date: clock.now() });
    await writeFile(former, stranger.publicArmored);
    await assert.rejects(renew({ formerKeys: [former] }), { code: 'ROTATE_IMPOSSIBLE' });
  });

  it('leaves what clients go by good, wherever it is killed, and is completed by the next run', async () => {
    bench.work.clock.move(8 * day);
    for (let write = 0; ; write++) {
      const port = new FailingPort(bench.context.archive, 0, write % 2 === 0 ? 'torn' : 'after');
      const ended = await renew({}, bench.again(port)).then(
        () => true,
        (error: unknown) => {
          assert.ok(error instanceof LockstepError && error.code === 'DISK_IO', String(error));
          return false;
        },
      );
      if (ended) break;
      const { faults } = await verified(bench.context);
      assert.ok(
        faults.every(({ path, kind }) => kind === 'unfinished' || /\/Release(\.gpg)?$/.test(path)),
        String(write),
      );
      if (write === 1) await renew({ suites: ['set-unstable'] });
      if (write === 3) await renew();
    }
    await bench.context.archive.folder?.sweep();
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  it('says that the archive is gone where it is, and writes nothing in its place', async () => {
    const [place, elsewhere] = [bench.work.public, `${bench.work.root}-elsewhere`];
    await rename(place, elsewhere);
    for (const options of [{}, { force: true }, { dryRun: true }, { suites: ['set-stable'] }]) {
      await assert.rejects(renew(options), {
        code: 'ARCHIVE_INVALID',
        message: /The archive is not at .*public/,
        hint: /not mounted/,
      });
    }
    await assert.rejects(stat(place), { code: 'ENOENT' });
    await rename(elsewhere, place);
    assert.deepEqual(told(await renew()), []);
    // Never published, so not missing
    assert.deepEqual(told(await renew({ suites: ['set-testing'] })), []);
  });

  it('names a view that was published and is not there', async () => {
    for (const view of ['debian/dists/set-stable', `snapshot/${id}/dists/set-unstable`])
      await rm(join(bench.work.public, view), { recursive: true });
    const views = await renew();
    assert.deepEqual(told(views).sort(), ['set-stable live FAULT', 'set-unstable frozen FAULT']);
    assert.match(views.find(({ fault }) => fault !== null)!.fault!, /its history says that it was published/);
    assert.throws(() => assertRefreshed(views), { code: 'ARCHIVE_INVALID' });
  });

  it('names the nearest suite for one that is not there', async () => {
    await assert.rejects(renew({ suites: ['set-stabel'] }), { code: 'SUITE_UNKNOWN', message: /set-stable/ });
  });
});
