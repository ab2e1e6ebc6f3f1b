import assert from 'node:assert/strict';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { withoutArmour } from '../../../src/deb/stanza.js';
import { parseRelease } from '../../../src/deb/release-file.js';
import { run } from '../../../src/io/process.js';
import { generateKey } from '../../../src/signing/keys.js';
import { openpgpSigner } from '../../../src/signing/signer.js';
import { drop } from '../../../src/workflows/upkeep/drop.js';
import { gc } from '../../../src/workflows/upkeep/gc.js';
import {
  replaceCompromisedKey,
  type CompromiseReport,
  type CompromiseRequest,
} from '../../../src/workflows/keys/key-compromise.js';
import { Ledger } from '../../../src/workflows/workspace/ledger.js';
import { keyStatus, rotateKey, type RotateReport } from '../../../src/workflows/keys/rotate-key.js';
import { refresh } from '../../../src/workflows/upkeep/refresh.js';
import { show } from '../../../src/workflows/reading/show.js';
import { MoveBench } from './move-bench.js';
import { verified } from './tampering.js';

const day = 86_400;
const top = resolve(import.meta.dirname, '../../..');

describe('changing the key', function () {
  this.timeout(300_000);
  let bench: MoveBench;
  let first: string;
  let second: string;
  let id: string;

  before(async () => {
    bench = await MoveBench.make(400 * day);
    await cp(join(top, 'templates/archive-keyring'), join(bench.work.root, 'templates/archive-keyring'), {
      recursive: true,
    });
    id = await bench.cutWiki('1.0-1');
    await bench.publish(id);
    first = bench.work.signer.fingerprint;
  });
  after(async () => bench.end());

  const rotate = (now = false): Promise<RotateReport> =>
    rotateKey(bench.context, { now, abandon: false, dryRun: false });
  const published = async (path: string): Promise<string> =>
    await readFile(join(bench.work.public, 'debian', path), 'utf8');
  const dropIt = (which: string): Promise<unknown> =>
    drop(bench.context, { id: which, reason: undefined, dryRun: false });
  /** The keys that gpgv, which knows all of a keyring file, finds good signatures of. */
  const signers = async (view: string): Promise<string[]> => {
    const keyring = join(bench.work.root, 'all.gpg');
    const { keys } = (await (await Ledger.open(bench.context.places.snapshots)).keys())!.state;
    const { keyringOf } = await import('../../../src/snapshot/key-record.js');
    await writeFile(keyring, await keyringOf(keys));
    const { stdout } = await run(
      'gpgv',
      ['--status-fd', '1', '--keyring', keyring, join(bench.work.public, view, 'InRelease')],
      { allowFailure: true },
    );
    return [...stdout.matchAll(/VALIDSIG ([0-9A-F]{40})/g)].map(([, name]) => name!).sort();
  };

  it('is refused where another key is simply put in place, before anything is written', async () => {
    const { root, clock } = bench.work;
    const [file, kept] = [join(root, 'key.asc'), await readFile(join(root, 'key.asc'))];
    const other = await generateKey({ name: 'Other', date: clock.now() });
    await writeFile(file, other.privateArmored, { mode: 0o600 });
    const before = await published('dists/set-unstable/InRelease');
    const refused = { code: 'SIGN_KEY_CHANGED', hint: /lockstep key rotate/ };
    await assert.rejects(bench.publish(id), refused);
    await assert.rejects(
      refresh(bench.context, { suites: [], force: true, formerKeys: [], dryRun: false }),
      refused,
    );
    await assert.rejects(show(bench.context, id), refused);
    await assert.rejects(gc(bench.context, { grace: 0, dryRun: true }), refused);
    assert.equal(await published('dists/set-unstable/InRelease'), before);
    await writeFile(file, kept, { mode: 0o600 });
  });

  it('has a suite for the key alone from the first publication on, without an end', async () => {
    const release = parseRelease(withoutArmour(await published(`dists/keyring-${first}/InRelease`)));
    assert.equal(release.validUntil, null);
    assert.equal(release.fields.get('Origin'), 'Test');
    assert.match(await published('set-unstable.sources'), new RegExp(`^Suites: keyring-${first}$`, 'm'));
    assert.match(
      await published(`dists/keyring-${first}/main/binary-amd64/Packages`).catch(
        async () =>
          (
            await run('xz', [
              '-dc',
              join(bench.work.public, `debian/dists/keyring-${first}/main/binary-amd64/Packages.xz`),
            ])
          ).stdout,
      ),
      /^Package: test-archive-keyring$/m,
    );
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  it('waits for machines, unless it is told not to', async () => {
    const { root, clock } = bench.work;
    const next = await generateKey({ name: 'Next', date: clock.now() });
    second = next.fingerprint;
    await writeFile(join(root, 'next.asc'), next.privateArmored, { mode: 0o600 });
    clock.move(60);
    await assert.rejects(rotate(), { code: 'ROTATE_EARLY', message: /set-unstable/ });
    const { done } = await rotate(true);
    assert.equal(done, 'announce');
    await assert.rejects(rotate(), { code: 'ROTATE_EARLY' });
    const { plan } = await keyStatus(bench.context);
    assert.equal(plan.step, 'both');
  });

  it('gives machines both keys before the next one signs', async () => {
    assert.deepEqual(await signers('debian/dists/set-unstable'), [first]);
    const { stdout } = await run('gpg', [
      '--show-keys',
      '--with-colons',
      join(bench.work.public, 'debian/archive-keyring.asc'),
    ]);
    assert.ok(stdout.includes(first) && stdout.includes(second));
    assert.match(
      await published('set-unstable.sources'),
      new RegExp(`^Suites: keyring-${first} keyring-${second}$`, 'm'),
    );
    assert.deepEqual(await signers(`debian/dists/keyring-${second}`), [second]);
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  it('signs with both, then with the next one alone; what was recorded before still holds', async () => {
    bench.work.clock.move(15 * day);
    assert.equal((await rotate()).done, 'both');
    assert.deepEqual(await signers('debian/dists/set-unstable'), [first, second].sort());
    const between = await bench.cutWiki('1.0-2');
    await bench.publish(between);
    assert.deepEqual(await signers('debian/dists/set-unstable'), [first, second].sort());
    assert.deepEqual((await verified(bench.context)).faults, []);
    bench.work.clock.move(15 * day);
    assert.equal((await rotate()).done, 'finish');
    assert.deepEqual(await signers('debian/dists/set-unstable'), [second]);
    assert.deepEqual(await signers(`snapshot/${id}/dists/set-unstable`), [second]);
    assert.deepEqual(await signers(`debian/dists/keyring-${first}`), [first]);
    assert.match(await published('set-unstable.sources'), new RegExp(`^Suites: keyring-${second}$`, 'm'));
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  it('needs the former key no more', async () => {
    await rm(join(bench.work.root, 'key.asc'));
    bench.work.clock.move(8 * day);
    const { views } = await refresh(bench.context, {
      suites: [],
      force: false,
      formerKeys: [],
      dryRun: false,
    });
    assert.ok(views.every(({ fault }) => fault === null));
    await bench.promote('set-unstable', 'set-stable');
    await show(bench.context, id);
    await gc(bench.context, { grace: 0, dryRun: false });
    assert.deepEqual((await verified(bench.context)).faults, []);
    const { state } = await keyStatus(bench.context);
    assert.deepEqual(
      state.keys.map(({ fingerprint, state: kind }) => [fingerprint, kind]),
      [
        [first, 'former'],
        [second, 'current'],
      ],
    );
  });

  it('stops vouching for a key that somebody else may have, from a date on', async () => {
    const { root, clock } = bench.work;
    const stolen = await openpgpSigner({ keyFile: join(root, 'next.asc') });
    Object.assign(bench.work, { signer: stolen });
    clock.move(3600);
    const doubtful: string[] = [];
    for (const version of ['1.0-3', '1.0-4']) {
      doubtful.push(await bench.cutWiki(version));
      await bench.publish(doubtful.at(-1)!);
    }
    const next = await generateKey({ name: 'Third', date: clock.now() });
    await writeFile(join(root, 'key.asc'), next.privateArmored, { mode: 0o600 });
    clock.move(3600);
    const since = new Date(clock.now().getTime() - 3600_000 - 600_000);
    const replace = (wish: Partial<CompromiseRequest>): Promise<CompromiseReport> =>
      replaceCompromisedKey(bench.context, { since: null, accept: [], dryRun: false, ...wish });

    const lines = 'history/set-unstable.jsonl';
    const planned = await replace({ since, dryRun: true });
    assert.deepEqual(planned.unbelieved, [...doubtful, lines]);
    assert.equal(planned.state.current.fingerprint, second);
    await assert.rejects(replace({ since, accept: ['20010101.1'] }), { code: 'SNAPSHOT_UNKNOWN' });
    await assert.rejects(replace({ since, accept: ['history/set-unstabel.jsonl'] }), {
      code: 'SNAPSHOT_UNKNOWN',
      message: /did you mean "history\/set-unstable\.jsonl/,
    });
    assert.equal((await keyStatus(bench.context)).state.current.fingerprint, second);

    // The suite lists both; what nobody has looked at gets no signature of the new key
    const before = await published('dists/set-unstable/InRelease');
    await assert.rejects(replace({ since, accept: [doubtful[1]!] }), {
      code: 'ARCHIVE_INVALID',
      hint: new RegExp(`No longer trusted: ${doubtful[0]!}, ${lines}\\.`),
    });
    assert.equal(await published('dists/set-unstable/InRelease'), before);
    assert.deepEqual(await signers('debian/dists/set-stable'), [next.fingerprint]);
    const { state } = await keyStatus(bench.context);
    assert.equal(state.current.fingerprint, next.fingerprint);
    assert.deepEqual(await signers(`snapshot/${id}/dists/set-unstable`), [next.fingerprint]);
    await assert.rejects(published(`dists/keyring-${second}/InRelease`), { code: 'ENOENT' });
    await show(bench.context, doubtful[1]!);
    await assert.rejects(show(bench.context, doubtful[0]!), { code: 'VERIFY_BAD_SIGNATURE' });
    await assert.rejects(bench.publish(doubtful[0]!, 'set-unstable', { lower: true }), {
      code: 'VERIFY_BAD_SIGNATURE',
    });

    // Nothing goes while it is not known what is needed; but what nobody believes may
    await assert.rejects(gc(bench.context, { grace: 0, dryRun: true }), { code: 'SNAPSHOT_INVALID' });
    await assert.rejects(dropIt(doubtful[0]!), { code: 'SNAPSHOT_IN_USE' });
    const open = (await verified(bench.context)).faults.filter(({ path }) => path.startsWith('snapshots/'));
    assert.deepEqual(
      open.map(({ path }) => path),
      [`snapshots/${lines}`, `snapshots/set/${doubtful[0]!}.json.asc`],
    );
    for (const { hint } of open) assert.match(hint, /--compromised --accept/);

    // Looked at later
    await assert.rejects(replace({ since: clock.now() }), { code: 'ROTATE_IMPOSSIBLE', message: /already/ });
    await assert.rejects(replace({ accept: [doubtful[0]!] }), {
      code: 'ARCHIVE_INVALID',
      hint: new RegExp(`No longer trusted: ${lines}\\.`),
    });
    const later = await replace({ accept: [`snapshots/${lines}`] });
    assert.deepEqual(later.unbelieved, []);
    assert.deepEqual(later.state.keys, state.keys);
    await show(bench.context, doubtful[0]!);
    assert.deepEqual(await signers('debian/dists/set-unstable'), [next.fingerprint]);
    assert.deepEqual(await signers(`snapshot/${doubtful[1]!}/dists/set-unstable`), [next.fingerprint]);
    await bench.rollback('set-unstable');
    assert.deepEqual((await verified(bench.context)).faults, []);
    await gc(bench.context, { grace: 0, dryRun: false });
    await dropIt(doubtful[1]!);
    assert.deepEqual((await verified(bench.context)).faults, []);

    // With the stolen key, dated after that
    const place = join(bench.context.places.snapshots, 'set', `${id}.json`);
    const good = await readFile(`${place}.asc`);
    await writeFile(`${place}.asc`, await stolen.detached(await readFile(place), clock.now()));
    await assert.rejects(show(bench.context, id), {
      code: 'VERIFY_BAD_SIGNATURE',
      message: /is not trusted since/,
    });
    await writeFile(`${place}.asc`, good);
  });

  it('leaves nothing that cannot be put right where the key was never to be believed', async () => {
    const { root, clock } = bench.work;
    const { snapshots } = bench.context.places;
    const signWith = async (file: string): Promise<unknown> =>
      Object.assign(bench.work, { signer: await openpgpSigner({ keyFile: join(root, file) }) });
    await signWith('key.asc');
    const bad = await bench.cutWiki('1.0-5');
    await dropIt(await bench.cutWiki('1.0-6'));
    await bench.publish(bad);
    clock.move(60);
    const next = await generateKey({ name: 'Fourth', date: clock.now() });
    await rm(join(root, 'next.asc'));
    await writeFile(join(root, 'next.asc'), next.privateArmored, { mode: 0o600 });
    const replace = (accept: string[]): Promise<CompromiseReport> =>
      replaceCompromisedKey(bench.context, { since: new Date(0), accept, dryRun: false });
    const { unbelieved } = await replaceCompromisedKey(bench.context, {
      since: new Date(0),
      accept: [],
      dryRun: true,
    });
    assert.ok(unbelieved.includes('dropped.jsonl') && unbelieved.includes(bad), unbelieved.join());
    // A line that a stranger changed is not vouched for
    const history = join(snapshots, 'history/set-unstable.jsonl');
    const whole = await readFile(history, 'utf8');
    await writeFile(history, whole.replace(/"by":"[^"]*"(?=.*\n$)/, '"by":"nobody"'));
    await assert.rejects(replace(['history/set-unstable.jsonl']), { code: 'SNAPSHOT_INVALID' });
    await writeFile(history, whole);
    const good = unbelieved.filter((name) => name !== bad);
    await assert.rejects(replace(good), {
      code: 'ARCHIVE_INVALID',
      hint: new RegExp(`No longer trusted: ${bad}\\.`),
    });
    await bench.rollback('set-unstable');
    await dropIt(bad);
    assert.deepEqual((await replace([])).unbelieved, []);
    assert.deepEqual((await verified(bench.context)).faults, []);
    await gc(bench.context, { grace: 0, dryRun: false });
    await assert.rejects(published(`dists/keyring-${first}/InRelease`), { code: 'ENOENT' });
    assert.deepEqual(await signers('debian/dists/set-unstable'), [next.fingerprint]);
    await signWith('next.asc');
    const fresh = await bench.cutWiki('1.0-7');
    await bench.publish(fresh);
    assert.deepEqual((await verified(bench.context)).faults, []);
  });
});
