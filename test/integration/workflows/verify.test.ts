import assert from 'node:assert/strict';
import { cp, link, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { formatRelease } from '../../../src/deb/release-file.js';
import { sha256Of } from '../../../src/io/disk.js';
import { generateKey } from '../../../src/signing/keys.js';
import { verify } from '../../../src/workflows/upkeep/verify.js';
import { FailingPort } from '../archive/failing-port.js';
import { MoveBench } from './move-bench.js';
import { atFault, everything, flipped, isLink, repaired, replace, takeAway, verified } from './tampering.js';

describe('verifying', function () {
  this.timeout(300_000);
  let bench: MoveBench;
  let first: string;
  let second: string;
  let third: string;

  before(async () => {
    bench = await MoveBench.make();
    first = await bench.cutWiki('1.0-1');
    await bench.publish(first, 'set-unstable', { reason: 'the first' });
    second = await bench.cutWiki('1.1-1', { cache: '1.1-1' });
    await bench.publish(second);
    await bench.promote('set-unstable', 'set-stable', { reason: 'good' });
    // Cut and not published: its packages need not be in the pool
    third = await bench.cutWiki('1.2-1');
  });
  after(async () => bench.end());

  const at = (path: string): string => join(bench.work.root, path);

  /** Whether a file is an index that no Release lists any more. */
  async function isEarlier(path: string): Promise<boolean> {
    const match = /^(.*\/dists\/[^/]+)\/.*\/by-hash\/SHA256\/(\w+)$/.exec(path);
    return match !== null && !(await readFile(at(`${match[1]}/InRelease`), 'utf8')).includes(match[2]!);
  }

  it('finds nothing in a good archive, and reads all of it', async () => {
    const report = await verified(bench.context);
    assert.deepEqual(report.faults, []);
    assert.deepEqual([report.snapshots, report.views], [3, 5]);
    assert.ok(report.files > 30 && report.bytes > 10_000);
  });

  it('names exactly the file that has a flipped bit, whichever it is', async () => {
    const files = await everything(bench.work.root);
    assert.ok(files.length > 60, String(files.length));
    for (const [seed, path] of files.entries()) {
      if (await isLink(at(path))) continue;
      const bytes = await readFile(at(path));
      await replace(at(path), flipped(bytes, seed));
      const report = await verified(bench.context);
      await replace(at(path), bytes);
      assert.deepEqual(atFault(report), [path]);
      assert.ok(
        report.faults.every(({ code, message, hint }) => code !== undefined && message !== '' && hint !== ''),
      );
    }
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  it('names exactly the file that is missing, whichever it is', async () => {
    for (const path of await everything(bench.work.root)) {
      if (await isEarlier(path)) continue;
      const putBack = await takeAway(at(path));
      const report = await verified(bench.context);
      await putBack();
      assert.deepEqual(atFault(report), [path]);
      assert.equal(report.faults[0]!.kind, 'missing', path);
    }
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  it('tells a way to the pool that is missing from one that leads elsewhere', async () => {
    const pool = `public/snapshot/${first}/pool`;
    const putBack = await takeAway(at(pool));
    const missing = (await verified(bench.context)).faults;
    await symlink('/etc', at(pool));
    const elsewhere = (await verified(bench.context)).faults;
    await rm(at(pool));
    await putBack();
    assert.deepEqual(
      [...missing, ...elsewhere].map(({ path, kind }) => [path, kind]),
      [
        [pool, 'missing'],
        [pool, 'damaged'],
      ],
    );
    assert.match(missing[0]!.message, /is missing$/);
    assert.match(elsewhere[0]!.message, /points to /);
  });

  it('tells a signature that was changed from one that is of another text', async () => {
    const file = at('public/debian/dists/set-stable/Release.gpg');
    const bytes = await readFile(file);
    const said = async (other: Buffer): Promise<string> => {
      await replace(file, other);
      const { faults } = await verified(bench.context);
      await replace(file, bytes);
      return faults.map(({ message }) => message).join('; ');
    };
    const another = await readFile(at('public/debian/dists/set-unstable/Release.gpg'));
    assert.match(await said(another), /^Its signature is not accepted: /);
    assert.match(await said(Buffer.concat([bytes, Buffer.from('more\n')])), /^It was changed: /);
  });

  it('names each name of a file that is damaged in place', async () => {
    const view = 'public/debian/dists/set-stable/main/binary-amd64';
    const listed = sha256Of(await readFile(at(`${view}/Packages.xz`)));
    const bytes = await readFile(at(`${view}/Packages.xz`));
    // As publishing makes it: one file under two names
    await rm(at(`${view}/Packages.xz`));
    await link(at(`${view}/by-hash/SHA256/${listed}`), at(`${view}/Packages.xz`));
    await writeFile(at(`${view}/Packages.xz`), flipped(bytes, 3));
    const found = atFault(await verified(bench.context));
    await writeFile(at(`${view}/Packages.xz`), bytes);
    assert.deepEqual(found, [`${view}/Packages.xz`, `${view}/by-hash/SHA256/${listed}`]);
  });

  it('names files that nobody knows, wherever they are', async () => {
    const foreign = [
      'public/debian/README',
      'public/debian/other.sources',
      'public/debian/pool/main/w/wiki/wiki_9_all.deb',
      'public/debian/pool/evil',
      'public/debian/dists/set-stable/main/binary-amd64/Packages',
      'public/debian/dists/set-stable/main/binary-arm64/Packages.gz',
      'public/debian/dists/set-stable/main/i18n/Translation-en',
      `public/debian/dists/set-stable/main/by-hash/SHA256/${'a'.repeat(64)}`,
      'public/debian/dists/another/InRelease',
      `public/snapshot/${first}/note`,
      `public/snapshot/${first}/dists/set-unstable/main/note`,
      `public/snapshot/${first}/dists/another/InRelease`,
      `public/snapshot/20200101T000000Z/pool`,
      'public/snapshot/x',
    ];
    for (const path of foreign) {
      await mkdir(dirname(at(path)), { recursive: true });
      await writeFile(at(path), 'x');
    }
    const stray = 'public/debian/pool/main/link';
    await symlink('/etc/passwd', at(stray));
    const report = await verified(bench.context);
    for (const path of [...foreign, stray]) await rm(at(path));
    assert.deepEqual(atFault(report), [...foreign, stray].sort());
    assert.ok(
      report.faults.every(({ kind, path }) => kind === (path.includes('by-hash') ? 'damaged' : 'foreign')),
    );
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  it('of one snapshot or one suite names its own files only', async () => {
    const packages = `public/debian/pool/main/w/wiki/wiki_1.0-1_all.deb`;
    const view = 'public/debian/dists/set-unstable/InRelease';
    const saved = [await readFile(at(packages)), await readFile(at(view))] as const;
    await replace(at(packages), flipped(saved[0], 1));
    await replace(at(view), flipped(saved[1], 1));
    const found = async (target: string): Promise<string[]> => atFault(await verified(bench.context, target));
    assert.deepEqual(await found(first), [packages]);
    assert.deepEqual(await found(second), []);
    assert.deepEqual(await found('set-unstable'), [view, packages]);
    assert.deepEqual(await found('set-stable'), []);
    await replace(at(packages), saved[0]);
    await replace(at(view), saved[1]);
    await assert.rejects(verified(bench.context, 'set-stabel'), {
      code: 'SUITE_UNKNOWN',
      message: /set-stable/,
    });
    await assert.rejects(verified(bench.context, '20200101T000000Z'), { code: 'SNAPSHOT_UNKNOWN' });
  });

  it('needs no passphrase, and takes a public key where the workspace has none', async () => {
    const keyFile = at('key.asc');
    const key = await readFile(keyFile);
    const publicKey = at('public.asc');
    await writeFile(publicKey, (await bench.work.signer.publicKey()).armored);
    await rm(keyFile);
    await assert.rejects(verified(bench.context), { code: 'SIGN_KEY_MISSING', hint: /--keyring/ });
    const report = await verify(bench.context, { target: undefined, repair: false, keyrings: [publicKey] });
    assert.deepEqual(report.faults, []);
    const other = await generateKey({ name: 'Other', date: new Date('2026-01-01T00:00:00Z') });
    await writeFile(publicKey, other.publicArmored);
    const strange = await verify(bench.context, { target: undefined, repair: false, keyrings: [publicKey] });
    assert.ok(strange.faults.some(({ code }) => code === 'VERIFY_UNKNOWN_KEY'));
    await writeFile(keyFile, key, { mode: 0o600 });
    await rm(publicKey);
  });

  it('says what is over, and what is dated in the future', async () => {
    bench.work.clock.move(15 * 86_400);
    const late = await verified(bench.context);
    assert.deepEqual(
      atFault(late),
      ['set-stable', 'set-unstable'].map((suite) => `public/debian/dists/${suite}/InRelease`),
    );
    assert.ok(late.faults.every(({ kind, hint }) => kind === 'expired' && hint.includes('lockstep refresh')));
    bench.work.clock.move(-16 * 86_400);
    const early = await verified(bench.context);
    assert.equal(early.faults.length, 5);
    assert.ok(
      early.faults.every(
        ({ path, message }) => /InRelease$/.test(path) && /date is in the future/.test(message),
      ),
    );
    bench.work.clock.move(86_400);
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  it("finds what was signed by the archive's key and says another thing than the snapshots", async () => {
    const { signer, clock } = bench.work;
    const view = 'public/debian/dists/set-stable';
    const saved = at('saved');
    await cp(at(view), saved, { recursive: true });
    const release = await bench.release('set-stable');
    const index = 'main/binary-amd64/Packages';
    const packages = gunzipSync(await readFile(at(`${view}/${index}.gz`))).toString();
    for (const [what, text] of [
      [
        'lists evil 1 all',
        `${packages}Package: evil\nVersion: 1\nArchitecture: all\nFilename: pool/evil.deb\nSize: 1\nSHA256: ${'a'.repeat(64)}\n\n`,
      ],
      ['does not list wiki 1.1-1 all', packages.replace(/Package: wiki\n[^]*?\n\n/, '')],
      ['lists cache 1.1-1 all', packages.replace(/(Version: 1\.1-1\n)/, '$1Priority: required\n')],
    ] as const) {
      assert.notEqual(text, packages);
      const gz = gzipSync(text);
      const sha256 = new Map(release.sha256);
      sha256.delete(`${index}.xz`);
      sha256.set(index, { size: text.length, sha256: sha256Of(text) });
      sha256.set(`${index}.gz`, { size: gz.length, sha256: sha256Of(gz) });
      const fields = Object.fromEntries(
        release.fields.names().map((name) => [name, release.fields.get(name)]),
      );
      for (const name of ['Date', 'Valid-Until', 'SHA256']) delete fields[name];
      const signed = formatRelease({ fields, date: release.date, validUntil: release.validUntil!, sha256 });
      await replace(at(`${view}/${index}.gz`), gz);
      const byHash = `${view}/main/binary-amd64/by-hash/SHA256/${sha256Of(gz)}`;
      await replace(at(byHash), gz);
      await writeFile(at(`${view}/Release`), signed);
      await writeFile(at(`${view}/Release.gpg`), await signer.detached(signed, clock.now()));
      await writeFile(at(`${view}/InRelease`), await signer.clearsign(signed, clock.now()));
      await rm(at(`${view}/${index}.xz`));
      const { faults } = await verified(bench.context);
      assert.deepEqual(
        faults.map(({ path, kind }) => [path, kind]),
        [[byHash, 'contradiction']],
      );
      assert.ok(faults[0]!.message.includes(what), faults[0]!.message);
      await rm(at(view), { recursive: true });
      await cp(saved, at(view), { recursive: true });
    }
    await rm(saved, { recursive: true });
    // Copies have lost what dates the generations, no more
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  it('finds the Release of another suite, and an older one, under good signatures', async () => {
    const [stable, unstable] = ['set-stable', 'set-unstable'].map(
      (suite) => `public/debian/dists/${suite}`,
    ) as [string, string];
    const saved = await readFile(at(`${stable}/InRelease`));
    const names = ['InRelease', 'Release', 'Release.gpg'];
    const kept = await Promise.all(names.map((name) => readFile(at(`${stable}/${name}`))));
    for (const name of names) await cp(at(`${unstable}/${name}`), at(`${stable}/${name}`));
    const { faults } = await verified(bench.context);
    assert.ok(
      faults.some(
        ({ path, message }) => path === `${stable}/InRelease` && /to the suite set-unstable/.test(message),
      ),
    );
    const view = `public/snapshot/${first}/dists/set-unstable`;
    for (const name of names) await cp(at(`${view}/${name}`), at(`${stable}/${name}`));
    const older = await verified(bench.context);
    assert.ok(
      older.faults.some(({ message }) => message.includes(`points at ${first}, but its history says`)),
    );
    for (const [n, name] of names.entries()) await writeFile(at(`${stable}/${name}`), kept[n]!);
    assert.deepEqual(await readFile(at(`${stable}/InRelease`)), saved);
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  it('is not misled by moves that go on meanwhile, and still sees what is damaged', async () => {
    const moves = (async () => {
      for (let round = 0; round < 12; round++) {
        await bench.publish(second, 'set-unstable');
        await bench.rollback('set-unstable', { to: first });
      }
    })();
    for (let round = 0; round < 6; round++) assert.deepEqual((await verified(bench.context)).faults, []);
    const damaged = 'public/debian/pool/main/w/wiki/wiki_1.0-1_all.deb';
    const bytes = await readFile(at(damaged));
    await replace(at(damaged), flipped(bytes, 1));
    for (let round = 0; round < 3; round++)
      assert.deepEqual(atFault(await verified(bench.context)), [damaged]);
    await replace(at(damaged), bytes);
    await moves;
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  it('does not take a publication that was undone for a fault', async () => {
    for (let write = 0, ended = false; !ended; write += 2) {
      const port = new FailingPort(bench.context.archive, write, 'after');
      const context = { ...bench.context, archive: port };
      const { publish } = await import('../../../src/workflows/move/publish.js');
      const request = { id: third, suite: 'set-testing', reason: undefined, lower: false, dryRun: false };
      ended = await publish(context, request).then(
        () => true,
        () => false,
      );
      const { faults, notes } = await repaired(bench.context);
      assert.deepEqual([faults, notes], [[], []], `after write ${write}`);
    }
    assert.ok((await readdir(at('public/debian/dists'))).includes('set-testing'));
  });
});
