import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Signer } from '../../../src/signing/signer.js';
import { TestMirror, throwAwaySigner, type MirrorSpec } from '../../fixtures/mirror.js';
import { makeSource, sha256 } from '../../fixtures/packages.js';
import { varnishBinaries, wikiMirror, wikiSource, wikiTree } from '../../fixtures/wiki-mirror.js';
import { fault, only, Resolving, wikiComponents, type Components } from './resolving.js';

const day = 86400;

describe('a mirror with faults', () => {
  let mirror: TestMirror;
  let resolving: Resolving;

  beforeEach(async () => {
    mirror = await TestMirror.start(wikiMirror());
    resolving = await Resolving.with(mirror);
  });

  afterEach(async () => {
    await resolving.end();
    await mirror.stop();
  });

  /** Every file under a final name in the store is whole. */
  async function assertNothingBroken(): Promise<void> {
    for await (const { sha256: hash } of resolving.store.list()) await resolving.store.verify(hash);
  }

  const orig = /orig\.tar\.gz$/;

  it('has no InRelease', async () => {
    mirror.server.fault(/dists\/bookworm\/InRelease/, 'missing');
    await assert.rejects(resolving.run(), fault('NET_NOT_FOUND', /dists\/bookworm\/InRelease/));
  });

  it('lacks a tarball', async () => {
    mirror.server.fault(orig, 'missing');
    await assert.rejects(
      resolving.run(),
      fault('SOURCE_NOT_ON_MIRROR', /mediawiki_1\.39\.17\.orig\.tar\.gz/),
    );
    await assertNothingBroken();
  });

  it('lacks an index', async () => {
    mirror.server.fault(/Sources\.xz|source\/by-hash/, 'missing');
    await assert.rejects(resolving.run(), fault('SOURCE_NOT_ON_MIRROR', /main\/source\/Sources\.xz/));
  });

  it('leaves out by-hash: the name does, and the hash is checked all the same', async () => {
    mirror.server.fault(/by-hash/, 'missing');
    assert.equal((await resolving.run()).size, 4);
  });

  it('answers 503 now and then', async () => {
    mirror.server.fault(/./, 'error', 2);
    assert.equal((await resolving.run()).size, 4);
  });

  it('breaks off once: the rest is fetched', async () => {
    // So much that some of it has arrived when the connection ends
    const upstream = { ...wikiTree(), large: randomBytes(1024 * 1024).toString('hex') };
    await mirror.publish({
      ...wikiMirror(),
      security: { sources: [wikiSource('1:1.39.17-1', { upstream })] },
    });
    mirror.server.fault(orig, 'truncated', 1);
    mirror.server.fault(/InRelease/, 'truncated', 1);
    await resolving.run();
    const asked = mirror.server.requests.filter(({ path }) => orig.test(path));
    assert.equal(asked.length, 2);
    assert.match(asked[1]!.range ?? '', /^bytes=\d+-$/);
  });

  it('breaks off always', async () => {
    mirror.server.fault(orig, 'truncated');
    await assert.rejects(resolving.run(), fault('NET_TRUNCATED', /orig\.tar\.gz/));
    await assertNothingBroken();
    mirror.server.noFaults();
    assert.equal((await resolving.run()).size, 4);
  });

  it('stalls', async () => {
    mirror.server.fault(orig, 'stalled');
    const { impatient: http } = resolving;
    await assert.rejects(resolving.run(wikiComponents, { http }), fault('NET_STALLED', /orig\.tar\.gz/));
    await assertNothingBroken();
  });

  for (const [what, path] of [
    ['a tarball', orig],
    ['a .dsc', /\.dsc$/],
    ['an index', /by-hash/],
    ['a package', /varnish_.*\.deb$/],
  ] as const) {
    it(`serves ${what} with one flipped bit`, async () => {
      mirror.server.fault(path, 'flipped');
      await assert.rejects(resolving.run(), fault('SOURCE_HASH_MISMATCH'));
      await assertNothingBroken();
    });
  }

  it('serves an InRelease with one flipped bit', async () => {
    mirror.server.fault(/bookworm\/InRelease/, 'flipped');
    await assert.rejects(resolving.run(), (error: unknown) =>
      /^(?:VERIFY_BAD_SIGNATURE|VERIFY_MALFORMED|VERIFY_UNKNOWN_KEY)$/.test((error as { code: string }).code),
    );
  });

  it('signs with another key', async () => {
    const signer = await throwAwaySigner(mirror.folder, 'Somebody Else');
    await mirror.publish({ ...wikiMirror(), updates: { signer } });
    await assert.rejects(resolving.run(), fault('VERIFY_UNKNOWN_KEY', /bookworm-updates/));
  });

  it('does not sign', async () => {
    mirror.server.files.set(
      '/debian/dists/bookworm/InRelease',
      Buffer.from('Origin: Debian\nCodename: bookworm\n'),
    );
    await assert.rejects(resolving.run(), fault('VERIFY_NO_SIGNATURE', /bookworm/));
  });

  it('does not trust a verdict that was made with another keyring', async () => {
    await resolving.run();
    const other = await throwAwaySigner(mirror.folder, 'Another Archive');
    const keyring = join(mirror.folder, 'other.gpg');
    await writeFile(keyring, (await other.publicKey()).binary);
    await assert.rejects(resolving.run(wikiComponents, { keyring }), fault('VERIFY_UNKNOWN_KEY'));
  });

  it('is out of date', async () => {
    await resolving.run();
    resolving.now = new Date(Date.now() + 8 * day * 1000);
    await assert.rejects(resolving.run(), fault('SOURCE_EXPIRED', /bookworm-security was valid until/));
  });

  it('has a security suite that never expires', async () => {
    const spec = wikiMirror();
    await mirror.publish({ ...spec, security: { ...spec.security, validFor: null } });
    await assert.rejects(resolving.run(), fault('SOURCE_EXPIRED', /no Valid-Until/));
  });

  it("is out of date, and this machine's apt is told not to mind", async () => {
    const { mirror: places } = resolving.context();
    const datesIgnoredBy = '/etc/apt/apt.conf.d/99frozen:1';
    const lax = {
      release: { ...places.release, datesIgnoredBy },
      updates: { ...places.updates, datesIgnoredBy },
      security: { ...places.security, datesIgnoredBy, from: '/etc/apt/sources.list:1' },
    };
    resolving.now = new Date(Date.now() + 30 * day * 1000);
    const pins = await resolving.run(only('mediawiki'), { mirror: lax });
    const note = pins.get('mediawiki')!.provenance.find(({ step }) => step === 'dates not checked');
    assert.match(note?.by ?? '', /\/etc\/apt\/apt\.conf\.d\/99frozen:1/);
  });

  it('is ahead of this clock', async () => {
    const now = Math.floor(Date.now() / 1000);
    await mirror.publish({ ...wikiMirror(), updates: { date: now + day, signedAt: now } });
    await assert.rejects(resolving.run(), fault('SOURCE_FUTURE', /bookworm-updates is dated/));
  });

  describe('whose key has expired', () => {
    const ends = new Date(Date.now() - day * 1000);
    let expired: Signer;
    beforeEach(async () => {
      expired = await throwAwaySigner(mirror.folder, 'Expired', ends);
      const both = [mirror.signer, expired].map(async (one) => (await one.publicKey()).binary);
      await writeFile(mirror.keyring, Buffer.concat(await Promise.all(both)));
      const date = Math.floor(Date.now() / 1000) - 2 * day;
      // As a thief of the key would date it
      await mirror.publish({ ...wikiMirror(), updates: { date, signer: expired } });
    });

    it('is not believed for a date in the signature', async () => {
      await assert.rejects(
        resolving.run(),
        fault('VERIFY_BAD_SIGNATURE', /InRelease of bookworm-updates .* its key expired on/),
      );
    });

    it('was believed while it was good, and is not by what is remembered of that', async () => {
      resolving.now = new Date(ends.getTime() - 3_600_000);
      const date = Math.floor(resolving.now.getTime() / 1000) - 60;
      const spec = wikiMirror();
      await mirror.publish({
        release: { ...spec.release, date },
        security: { ...spec.security, date },
        updates: { date, signer: expired },
      });
      await resolving.run();
      await resolving.run();
      resolving.now = new Date();
      await assert.rejects(resolving.run(), fault('VERIFY_BAD_SIGNATURE', /InRelease of bookworm-updates/));
    });
  });

  it('gives one suite for another', async () => {
    await mirror.publish({ ...wikiMirror(), release: { ...wikiMirror().release, codename: 'bullseye' } });
    await assert.rejects(
      resolving.run(),
      fault('SOURCE_SUITE_SWAPPED', /InRelease of bullseye, not of bookworm/),
    );
  });

  it('has a .dsc that contradicts its Sources', async () => {
    const real = await makeSource(wikiSource('1:1.39.17-1'));
    const orig0 = real.files.find(({ name }) => orig.test(name))!;
    const spec: MirrorSpec = {
      security: {
        sources: [wikiSource('1:1.39.17-1')],
        rewriteSources: (text) => text.replaceAll(sha256(orig0.bytes), '0'.repeat(64)),
      },
    };
    await mirror.publish(spec);
    await assert.rejects(
      resolving.run(only('mediawiki')),
      fault('SOURCE_MISMATCH', /different hash or size for mediawiki_1\.39\.17\.orig\.tar\.gz/),
    );
  });

  it('names files that leave their folder', async () => {
    await mirror.publish({
      security: {
        sources: [wikiSource('1:1.39.17-1')],
        rewriteSources: (text) => text.replace(/^Directory: .*$/m, 'Directory: ../../etc'),
      },
    });
    await assert.rejects(resolving.run(only('mediawiki')), fault('DEB_UNSAFE_NAME'));
    await mirror.publish({
      security: {
        sources: [wikiSource('1:1.39.17-1')],
        rewriteSources: (text) => text.replaceAll('mediawiki_1.39.17.orig.tar.gz', '../../x.tar.gz'),
      },
    });
    await assert.rejects(resolving.run(only('mediawiki')), fault('DEB_UNSAFE_NAME'));
  });

  it('has an upstream signature that is of other bytes', async () => {
    const upstreamSigner = mirror.signer;
    const other = await throwAwaySigner(mirror.folder, 'Upstream');
    const spoilt = {
      fingerprint: other.fingerprint,
      clearsign: other.clearsign.bind(other),
      publicKey: other.publicKey.bind(other),
      detached: (_: Uint8Array | string, date: Date) => other.detached('other bytes', date),
    };
    await mirror.publish({ security: { sources: [wikiSource('1:1.39.17-1', { upstreamSigner: spoilt })] } });
    await assert.rejects(resolving.run(only('mediawiki')), fault('VERIFY_BAD_SIGNATURE', /orig\.tar\.gz/));
    await mirror.publish({
      security: { sources: [wikiSource('1:1.39.18-1', { upstreamSigner, keyOf: other })] },
    });
    const pin = (await resolving.run(only('mediawiki'))).get('mediawiki')!;
    assert.equal(pin.provenance.at(-1)!.step, 'upstream signature: unknown-key');
  });

  it('has nothing in the range, and says what it has', async () => {
    const components: Components = {
      mediawiki: { source: { kind: 'apt-source', package: 'mediawiki', version: '~1.43.0' } },
    };
    await assert.rejects(
      resolving.run(components),
      fault(
        'RESOLVE_UNSATISFIABLE',
        /matches the range ~1\.43\.0; available: 1:1\.39\.17-1\+deb12u2 \(bookworm-security\), 1:1\.39\.8-1~deb12u1 \(bookworm\)/,
      ),
    );
  });

  it('has a package whose library is too old', async () => {
    const [varnish, library] = varnishBinaries('7.1.1-1');
    await mirror.publish({
      release: { binaries: [varnish!, { ...library!, version: '7.0.0-1', source: 'varnish (7.0.0-1)' }] },
    });
    await assert.rejects(
      resolving.run(only('varnish')),
      fault(
        'RESOLVE_DEMAND',
        /varnish 7\.1\.1-1 \(bookworm\) depends on libvarnishapi3 \(>= 7\.1\.0\); available: 7\.0\.0-1/,
      ),
    );
  });

  describe('with another tree of MediaWiki', () => {
    async function serve(upstream: Record<string, string>): Promise<void> {
      await mirror.publish({ security: { sources: [wikiSource('1:1.39.17-1', { upstream })] } });
    }

    it('refuses a Parsoid that composer.json refuses', async () => {
      await serve(wikiTree({ demands: '^0.17.0', installed: 'v0.16.6' }));
      await assert.rejects(
        resolving.run(only('mediawiki', 'parsoid')),
        fault(
          'RESOLVE_DEMAND',
          /^mediawiki 1\.39\.17 demands wikimedia\/parsoid \^0\.17\.0 in its composer\.json \(mediawiki_1\.39\.17\.orig\.tar\.gz\), but vendor\/wikimedia\/parsoid is v0\.16\.6/,
        ),
      );
      // The verdict is on the facts, which are remembered; the refusal is not forgotten
      await assert.rejects(resolving.run(only('mediawiki', 'parsoid')), fault('RESOLVE_DEMAND'));
    });

    it('takes one that is an alpha, and names it as Debian would order it', async () => {
      await serve(wikiTree({ demands: '^0.16.0-a10', installed: 'v0.16.0-a17' }));
      const pins = await resolving.run(only('mediawiki', 'parsoid'));
      assert.equal(pins.get('parsoid')!.upstreamVersion, '0.16.0-a17');
    });

    it("says when the profile's range refuses what is there", async () => {
      const parsoid = wikiComponents['parsoid']!.source;
      assert.equal(parsoid.kind, 'within');
      const components = {
        ...only('mediawiki'),
        parsoid: { source: { ...parsoid, version: '~0.20.0' } },
      };
      await assert.rejects(
        resolving.run(components),
        fault('RESOLVE_UNSATISFIABLE', /matches the range ~0\.20\.0: 0\.16\.6 in /),
      );
    });

    it('says when the path is not there, and which one is like it', async () => {
      const within = { kind: 'within' as const, component: 'mediawiki', path: 'vendor/wikimedia/parsoidd' };
      await assert.rejects(
        resolving.run({ ...only('mediawiki'), parsoid: { source: within } }),
        (error: unknown) =>
          fault('SOURCE_PATH_MISSING', /vendor\/wikimedia\/parsoidd/)(error) &&
          /vendor\/wikimedia\/parsoid\?/.test((error as { hint: string }).hint),
      );
    });

    it('says when installed.json does not know the library, or is broken', async () => {
      await serve({ ...wikiTree(), 'vendor/composer/installed.json': '{"packages":[]}' });
      await assert.rejects(
        resolving.run(only('mediawiki', 'parsoid')),
        fault('SOURCE_PATH_MISSING', /installed\.json.*does not list wikimedia\/parsoid/),
      );
      await mirror.publish({
        security: {
          sources: [
            wikiSource('1:1.39.18-1', { upstream: { ...wikiTree(), 'vendor/composer/installed.json': '{' } }),
          ],
        },
      });
      await assert.rejects(resolving.run(only('mediawiki', 'parsoid')), fault('SOURCE_PATH_MISSING'));
    });
  });

  it('leaves no unfinished file under a final name after all this', async () => {
    mirror.server.fault(orig, 'truncated');
    await assert.rejects(resolving.run());
    const partial = await readdir(resolving.store.partialDir);
    assert.ok(
      partial.some((name) => name.endsWith('.part')),
      'what came is kept for resuming',
    );
    await assertNothingBroken();
  });
});
