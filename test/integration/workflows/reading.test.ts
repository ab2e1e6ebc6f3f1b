import assert from 'node:assert/strict';
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderHistory, renderShow, renderSnapshots } from '../../../src/cli/render/snapshots.js';
import {
  historyResult,
  showResult,
  snapshotsResult,
} from '../../../src/workflows/reading/reading-results.js';
import { LockstepError } from '../../../src/errors.js';
import { historyPath } from '../../../src/suite/history-file.js';
import type { Snapshot } from '../../../src/snapshot/manifest.js';
import { snapshotFiles } from '../../../src/snapshot/snapshot-folder.js';
import { history } from '../../../src/workflows/reading/history.js';
import { namedSnapshot, readingTrust } from '../../../src/workflows/reading/named-snapshot.js';
import { openRun } from '../../../src/workflows/workspace/run.js';
import { show } from '../../../src/workflows/reading/show.js';
import { snapshots } from '../../../src/workflows/reading/snapshots.js';
import { aptComponent, SnapshotWorkspace, type SetSpec } from '../../fixtures/snapshots.js';

const set = (version: string, more: Partial<SetSpec> = {}): SetSpec => ({
  components: { wiki: aptComponent('wiki', `1:${version}-1`, version) },
  packages: [{ package: 'wiki', version: `1:${version}-1` }],
  ...more,
});

/** The one message that a person reads. */
async function complaint(work: Promise<unknown>): Promise<{ code: string; message: string; hint: string }> {
  const error: unknown = await work.then(
    () => assert.fail('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof LockstepError, String(error));
  return { code: error.code, message: error.message, hint: error.hint ?? '' };
}

describe('reading snapshots and histories', function () {
  this.timeout(60_000);
  let place: SnapshotWorkspace;
  let first: Snapshot;
  let second: Snapshot;
  let third: Snapshot;

  beforeEach(async () => {
    place = await SnapshotWorkspace.make();
    first = await place.cut(set('1.0'));
    second = await place.cut(
      set('1.1', {
        security: ['CVE-2026-1234'],
        schema: { component: 'wiki', version: '1.1', digest: 'a'.repeat(64) },
      }),
    );
    third = await place.cut(set('1.2'));
    await place.move('set-unstable', first);
    await place.move('set-unstable', second, { from: first.manifest.id, security: ['CVE-2026-1234'] });
    await place.move('set-unstable', third, { from: second.manifest.id });
    await place.move('set-stable', second, {
      action: 'promote',
      fromSuite: 'set-unstable',
      reason: 'tested\u001b[2J',
    });
  });
  afterEach(async () => {
    await place.remove();
  });

  const idOf = async (name: string): Promise<string> => {
    const run = await openRun(place.context);
    return (await namedSnapshot(run, name, await readingTrust(run))).snapshot.manifest.id;
  };

  describe('a name', () => {
    it('is an id, a suite, or steps back from either', async () => {
      assert.equal(await idOf(first.manifest.id), first.manifest.id);
      assert.equal(await idOf('set-unstable'), third.manifest.id);
      assert.equal(await idOf('set-unstable~1'), second.manifest.id);
      assert.equal(await idOf('set-unstable~2'), first.manifest.id);
      assert.equal(await idOf(`${third.manifest.id}~`), second.manifest.id);
      assert.equal(await idOf(`${third.manifest.id}~2`), first.manifest.id);
    });

    it('goes back through what was good, not through what was withdrawn', async () => {
      await place.move('set-unstable', first, { action: 'rollback', from: third.manifest.id });
      assert.equal(await idOf('set-unstable'), first.manifest.id);
      const { code, message } = await complaint(idOf('set-unstable~1'));
      assert.equal(code, 'SNAPSHOT_UNKNOWN');
      assert.equal(
        message,
        'The suite set-unstable cannot be followed back 1 step: it has only 1 good snapshot',
      );
    });

    it('that is not known names the nearest', async () => {
      const slip = first.manifest.id.replace(/.Z$/, 'XZ').replace('XZ', '1Z');
      assert.match((await complaint(idOf(slip))).message, /did you mean 202603/);
      assert.match(
        (await complaint(idOf('set-stabel'))).message,
        /^There is no suite or snapshot "set-stabel"; did you mean "set-stable"\?$/,
      );
      assert.match(
        (await complaint(idOf('set'))).hint,
        /It is a profile\. Its suites are: set-unstable, set-stable/,
      );
      assert.equal((await complaint(idOf(`${first.manifest.id}~1`))).code, 'SNAPSHOT_UNKNOWN');
      await rm(historyPath(place.context.places.snapshots, 'set-stable'));
      assert.match((await complaint(idOf('set-stable'))).message, /points at no snapshot yet/);
    });

    it('is not followed to a manifest that was replaced', async () => {
      const { snapshots: root } = place.context.places;
      const [one, two] = [first, second].map(({ manifest }) => snapshotFiles(root, manifest));
      const text = (await readFile(one!.manifest, 'utf8')).replaceAll(first.manifest.id, second.manifest.id);
      await writeFile(two!.manifest, text);
      await writeFile(two!.signature, await place.signer.detached(text, place.now));
      assert.equal((await complaint(idOf('set-stable'))).code, 'SNAPSHOT_INVALID');
      assert.equal((await complaint(idOf(`${third.manifest.id}~1`))).code, 'SNAPSHOT_INVALID');
    });
  });

  describe('the list', () => {
    it('is the newest first, with what changed, the flag and the suites', async () => {
      const report = await snapshots(place.context, 'set');
      snapshotsResult.parse(JSON.parse(JSON.stringify(report)));
      assert.deepEqual(
        report.snapshots.map(({ id, change, security, suites }) => [
          id,
          change,
          security,
          suites.map(({ suite, as }) => `${suite} ${as}`),
        ]),
        [
          [third.manifest.id, 'wiki 1.2', [], ['set-unstable current']],
          [second.manifest.id, 'wiki 1.1', ['CVE-2026-1234'], ['set-stable current', 'set-unstable listed']],
          [first.manifest.id, 'the first', [], ['set-unstable listed']],
        ],
      );
      assert.match(
        renderSnapshots(report),
        /wiki 1\.1 +CVE-2026-1234 +set-stable, set-unstable \(listed\)$/m,
      );
    });

    it('says the same from the cache, and what is not to be read', async () => {
      const fresh = await snapshots(place.context, undefined);
      assert.equal((await readdir(join(place.cache, 'snapshot-summaries'))).length, 3);
      assert.deepEqual(await snapshots(place.context, undefined), fresh);
      const files = snapshotFiles(place.context.places.snapshots, second.manifest);
      const text = await readFile(files.manifest, 'utf8');
      await writeFile(files.manifest, text.replace('"format": 2', '"format": 3'));
      const report = await snapshots(place.context, undefined);
      assert.deepEqual(
        report.unreadable.map(({ id, code }) => [id, code]),
        [[second.manifest.id, 'SNAPSHOT_NEWER_FORMAT']],
      );
      assert.equal(report.snapshots.length, 2);
    });

    it('does not say what changed since a parent that is gone', async () => {
      await rm(snapshotFiles(place.context.places.snapshots, first.manifest).manifest);
      const report = await snapshots(place.context, 'set');
      assert.equal(report.snapshots.at(-1)!.change, null);
      assert.match(renderSnapshots(report), /its parent was dropped/);
    });

    it('is empty for a profile without snapshots, and refuses one that there is not', async () => {
      assert.deepEqual((await snapshots(place.context, 'other')).snapshots, []);
      const { code, message } = await complaint(snapshots(place.context, 'sett'));
      assert.equal(code, 'PROFILE_UNKNOWN');
      assert.match(message, /did you mean "set"/);
    });
  });

  describe('one snapshot', () => {
    it('is shown whole, checked with the public half of the key', async () => {
      const report = await show(place.context, 'set-stable');
      showResult.parse(JSON.parse(JSON.stringify(report)));
      assert.equal(report.signature, 'good');
      assert.equal(report.note, null);
      const text = renderShow(report);
      for (const line of [
        /^security +CVE-2026-1234$/m,
        /^schema +wiki 1\.1, aaaaaaaaaaaa$/m,
        /^suites +set-stable, set-unstable \(listed\)$/m,
        /^wiki +1:1\.1-1 +debian +signature by A{40}$/m,
        /^wiki +1:1\.1-1 +all +\S+ B +wiki$/m,
        /^vetting +passed/m,
      ])
        assert.match(text, line);
    });

    it('is refused when it was tampered with', async () => {
      const files = snapshotFiles(place.context.places.snapshots, second.manifest);
      const text = await readFile(files.manifest, 'utf8');
      await writeFile(files.manifest, text.replace('CVE-2026-1234', 'CVE-2026-9999'));
      assert.equal((await complaint(show(place.context, second.manifest.id))).code, 'VERIFY_BAD_SIGNATURE');
    });

    it('is shown unchecked, or by the published keyring, where the key is not here', async () => {
      const { public: folder } = place.context.places;
      const keyring = join(place.root, 'keyring.gpg');
      await writeFile(keyring, (await place.signer.publicKey()).binary);
      await rm(join(place.root, '.lockstep/keys'), { recursive: true });
      const unchecked = await show(place.context, 'set-stable');
      assert.equal(unchecked.signature, 'unchecked');
      assert.match(unchecked.note!, /not checked.*SIGN_KEY_MISSING/);
      await place.context.archive.put('debian/archive-keyring.gpg', await readFile(keyring));
      const checked = await show(place.context, 'set-stable');
      assert.equal(checked.signature, 'good');
      assert.match(checked.note!, /published keyring/);
      await copyFile(keyring, join(folder, 'debian/archive-keyring.gpg'));
    });
  });

  describe('a history', () => {
    it('is the newest first, with who, what and why', async () => {
      const report = await history(place.context, 'set-unstable');
      historyResult.parse(JSON.parse(JSON.stringify(report)));
      assert.deepEqual(
        report.moves.map(({ from, to }) => [from, to]),
        [
          [second.manifest.id, third.manifest.id],
          [first.manifest.id, second.manifest.id],
          [null, first.manifest.id],
        ],
      );
      assert.deepEqual(report.faults, []);
      const promoted = renderHistory(await history(place.context, 'set-stable'));
      assert.match(promoted, /tester@example +promote from set-unstable +- +\d+T\d+Z +tested\\x1b\[2J$/m);
    });

    it('names a last line that was changed, which no chain shows', async () => {
      const path = historyPath(place.context.places.snapshots, 'set-stable');
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replace('tested', 'hasted'));
      const report = await history(place.context, 'set-stable');
      assert.equal(report.faults.length, 1);
      assert.match(report.faults[0]!, /^Line 1 of /);
    });

    it('of a suite that was taken out of lockstep.yaml can still be read', async () => {
      await place.move('set-old', first);
      assert.equal((await history(place.context, 'set-old')).moves.length, 1);
      assert.equal((await complaint(history(place.context, 'set-odl'))).code, 'SUITE_UNKNOWN');
    });
  });
});
