import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { LockstepError } from '../../../src/errors.js';
import { collect } from '../../../src/deb/bytes.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { Http } from '../../../src/io/http.js';
import { silentProgress } from '../../../src/io/progress.js';
import type { TarballConfig } from '../../../src/profile/profile-schema.js';
import type { Signer } from '../../../src/signing/signer-port.js';
import { chooseMirror } from '../../../src/source/mirror.js';
import { noAptConfiguration } from '../../../src/source/apt-configuration.js';
import type { SourceContext } from '../../../src/source/source-context.js';
import type { TarballPin } from '../../../src/source/pin.js';
import { fetchTarball, tarballCandidates, versionsIn } from '../../../src/source/tarball.js';
import { readSourceTree } from '../../../src/source/source-tree.js';
import { FileServer } from '../../fixtures/mirror-server.js';
import { throwAwaySigner } from '../../fixtures/mirror.js';
import { sha256, tarOf } from '../../fixtures/packages.js';
import { fault } from './resolving.js';

describe('a tarball of source code', () => {
  let folder: string;
  let server: FileServer;
  let signer: Signer;
  let context: SourceContext;
  let config: TarballConfig;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-tarball-'));
    signer = await throwAwaySigner(folder, 'Upstream');
    const other = await throwAwaySigner(folder, 'Somebody else');
    await mkdir(join(folder, 'keys'));
    await writeFile(join(folder, 'keys/upstream.asc'), (await signer.publicKey()).armored);
    await writeFile(join(folder, 'keys/other.asc'), (await other.publicKey()).armored);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  beforeEach(async () => {
    server = await FileServer.start();
    const clock = { now: () => new Date('2026-01-01T00:00:00Z'), sleep: () => Promise.resolve() };
    const base = { distribution: 'debian', codename: 'bookworm', architectures: ['amd64'] };
    context = {
      http: new Http({ clock, tries: 2, backoffMs: 1, stallMs: 150 }),
      store: new ContentStore(await mkdtemp(join(folder, 'store-'))),
      cacheDir: await mkdtemp(join(folder, 'cache-')),
      keyring: '/dev/null',
      mirror: chooseMirror({
        base,
        environment: { LOCKSTEP_MIRROR: server.origin, LOCKSTEP_SECURITY_MIRROR: server.origin },
        apt: noAptConfiguration,
      }),
      base,
      clock,
      progress: silentProgress,
      workspaceRoot: folder,
    };
    for (const version of ['1.0.0', '1.2.0', '1.10.0-rc.1']) {
      const tar = await tarOf({ 'lib/a.php': `<?php // ${version}` }, `lib-${version}`, 1_700_000_000);
      const packed = gzipSync(tar);
      server.files.set(`/lib/lib-${version}.tar.gz`, packed);
      server.files.set(
        `/lib/lib-${version}.tar.gz.asc`,
        Buffer.from(await signer.detached(packed, new Date('2025-12-01T00:00:00Z'))),
      );
      server.files.set(
        `/lib/lib-${version}.tar.sign`,
        Buffer.from(await signer.detached(tar, new Date('2025-12-01T00:00:00Z'))),
      );
    }
    server.files.set(
      '/lib/',
      Buffer.from(
        '<a href="lib-1.0.0.tar.gz">lib-1.0.0.tar.gz</a> <a href="/lib/lib-1.2.0.tar.gz">1.2</a>' +
          '<a href="other-lib-9.0.0.tar.gz">no</a> <a href="lib-extra-3.0.tar.gz">no</a> lib-1.10.0-rc.1.tar.gz lib-1.2.0.tar.gz.asc',
      ),
    );
    config = {
      kind: 'tarball',
      url: `${server.origin}/lib/lib-{version}.tar.gz`,
      version: '^1',
      listing: `${server.origin}/lib/`,
      signature: `${server.origin}/lib/lib-{version}.tar.gz.asc`,
      signedBy: 'keys/upstream.asc',
    };
  });
  afterEach(async () => {
    context.http.close();
    await server.stop();
  });

  const fetched = async (version: string, more: Partial<TarballConfig> = {}): Promise<TarballPin> => {
    const wanted = { ...config, ...more };
    const { found } = await tarballCandidates('lib', wanted, context);
    const listing = found.find((one) => one.version === version);
    assert.ok(listing, `${version} is not listed`);
    return await fetchTarball({ kind: 'tarball', component: 'lib', config: wanted, listing }, context);
  };

  it('is found by the names on a page, and by no others', async () => {
    const { found } = await tarballCandidates('lib', config, context);
    assert.deepEqual(
      found.map(({ version, url }) => [version, url.replace(server.origin, '')]),
      [
        ['1.0.0', '/lib/lib-1.0.0.tar.gz'],
        ['1.2.0', '/lib/lib-1.2.0.tar.gz'],
        ['1.10.0-rc.1', '/lib/lib-1.10.0-rc.1.tar.gz'],
      ],
    );
    assert.deepEqual(
      versionsIn('a-1%2Bb.tar.xz a-2~rc1.tar.xz a-x.tar.xz', 'https://x.org/a-{version}.tar.xz'),
      ['1+b', '2~rc1'],
    );
  });

  it('says what the page has where it names none', async () => {
    await assert.rejects(
      tarballCandidates('lib', { ...config, url: `${server.origin}/lib/libb_{version}.tar.gz` }, context),
      fault('SOURCE_UNKNOWN_VERSION', /has no name of the form libb_\{version\}\.tar\.gz/),
    );
  });

  it('is proven by its signature, and told who signed it and when it was packed', async () => {
    const pin = await fetched('1.2.0');
    assert.equal(pin.signedBy, signer.fingerprint);
    assert.equal(pin.upstreamVersion, '1.2.0');
    assert.equal(pin.date, 1_700_000_000);
    assert.equal(pin.archive.sha256, sha256(server.files.get('/lib/lib-1.2.0.tar.gz')!));
    assert.ok(
      pin.provenance.some(({ step, by }) => /signature: good/.test(step) && by === signer.fingerprint),
    );
    const members = [];
    for await (const member of readSourceTree(context.store, pin.archive, '')) {
      if (member.kind === 'file') members.push(`${member.path} ${(await collect(member.body)).toString()}`);
    }
    assert.deepEqual(members, ['lib/a.php <?php // 1.2.0']);
  });

  it('may be signed before it was compressed', async () => {
    const pin = await fetched('1.2.0', { signature: `${server.origin}/lib/lib-{version}.tar.sign` });
    assert.equal(pin.signedBy, signer.fingerprint);
  });

  it('is not fetched twice', async () => {
    const first = await fetched('1.2.0');
    server.asked();
    assert.deepEqual(await fetched('1.2.0'), first);
    assert.deepEqual(
      server.asked().filter((path) => path.endsWith('.tar.gz')),
      [],
    );
  });

  it('is refused where another key signed it, where nobody did, and where a bit is another', async () => {
    await assert.rejects(fetched('1.2.0', { signedBy: 'keys/other.asc' }), fault('VERIFY_UNKNOWN_KEY'));
    await assert.rejects(fetched('1.2.0', { signedBy: 'keys/nobody.asc' }), fault('SOURCE_KEYS_MISSING'));
    server.fault(/\.asc$/, 'missing');
    await assert.rejects(fetched('1.2.0'), fault('NET_NOT_FOUND'));
    server.noFaults();
    server.fault(/\.tar\.gz$/, 'flipped');
    await assert.rejects(fetched('1.2.0'), fault('VERIFY_BAD_SIGNATURE'));
    server.noFaults();
    // What was wrong once is asked for again
    assert.equal((await fetched('1.2.0')).signedBy, signer.fingerprint);
  });

  it('is proven by a SHA-256 of the profile', async () => {
    const one: TarballConfig = {
      kind: 'tarball',
      url: `${server.origin}/lib/lib-1.0.0.tar.gz`,
      version: '1.0.0',
      sha256: sha256(server.files.get('/lib/lib-1.0.0.tar.gz')!),
    };
    const take = (config: TarballConfig): Promise<TarballPin> =>
      fetchTarball(
        {
          kind: 'tarball',
          component: 'lib',
          config,
          listing: { version: '1.0.0', url: config.url, signature: null },
        },
        context,
      );
    server.fault(/\.tar\.gz$/, 'truncated');
    await assert.rejects(take(one), fault('NET_TRUNCATED'));
    server.noFaults();
    assert.equal((await take(one)).signedBy, null);
    await assert.rejects(take({ ...one, sha256: 'a'.repeat(64) }), fault('SOURCE_HASH_MISMATCH'));
    server.files.set('/lib/text', Buffer.from('no tarball at all'));
    const text = { ...one, url: `${server.origin}/lib/text`, sha256: sha256('no tarball at all') };
    await assert.rejects(take(text), (error: { code?: string }) => /^DEB_|^DATA_/.test(error.code ?? ''));
  });

  describe('by a key that has expired since', () => {
    let expired: Signer;
    before(async () => {
      expired = await throwAwaySigner(folder, 'Expired', new Date('2025-12-20T00:00:00Z'));
      await writeFile(join(folder, 'keys/expired.asc'), (await expired.publicKey()).armored);
    });
    beforeEach(async () => {
      const packed = server.files.get('/lib/lib-1.2.0.tar.gz')!;
      const signature = await expired.detached(packed, new Date('2025-12-01T00:00:00Z'));
      server.files.set('/lib/lib-1.2.0.tar.gz.asc', Buffer.from(signature));
    });
    const by = { signedBy: 'keys/expired.asc' };

    it('is refused, whatever date the signature has', async () => {
      await assert.rejects(fetched('1.2.0', by), (error: LockstepError) => {
        assert.equal(error.code, 'VERIFY_BAD_SIGNATURE');
        assert.match(
          error.message,
          /its key expired on 2025-12-20, so the date of the signature proves nothing/,
        );
        assert.match(error.hint!, new RegExp(`list ${expired.fingerprint} under "expiredKeys"`));
        return true;
      });
    });

    it('is taken where an earlier snapshot has it by that key, and nothing else is', async () => {
      const clock = { now: () => new Date('2025-12-02T00:00:00Z'), sleep: () => Promise.resolve() };
      const now = context;
      context = { ...context, clock };
      const pin = await fetched('1.2.0', by);
      context = { ...now, knownPins: [pin] };
      assert.deepEqual(await fetched('1.2.0', by), pin);
      for (const other of [
        { ...pin, signedBy: signer.fingerprint },
        { ...pin, signedBy: null },
        { ...pin, url: `${pin.url}?` },
      ]) {
        context = { ...now, knownPins: [other] };
        await assert.rejects(fetched('1.2.0', by), fault('VERIFY_BAD_SIGNATURE'));
      }
    });

    it('is taken where the profile names the key and says why; the reason is recorded', async () => {
      const named = { fingerprint: expired.fingerprint.toLowerCase(), reason: 'Its owner retired' };
      const pin = await fetched('1.2.0', { ...by, expiredKeys: [named] });
      assert.equal(pin.signedBy, expired.fingerprint);
      assert.ok(pin.provenance.some(({ step }) => step.endsWith('later, accepted: Its owner retired')));
      const other = { fingerprint: signer.fingerprint, reason: 'Another one' };
      await assert.rejects(fetched('1.2.0', { ...by, expiredKeys: [other] }), fault('VERIFY_BAD_SIGNATURE'));
      // Naming it does not make another file of it
      server.files.set('/lib/lib-1.2.0.tar.gz', Buffer.from('changed'));
      context = { ...context, cacheDir: await mkdtemp(join(folder, 'cache-')) };
      await assert.rejects(
        fetched('1.2.0', { ...by, expiredKeys: [named] }),
        fault('VERIFY_BAD_SIGNATURE', /does not match/),
      );
    });
  });

  it('is refused with pointers of Git LFS in the place of files, each named', async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`;
    const tree = { 'lib/a.php': '<?php', 'img/logo.png': pointer, 'img/other.png': pointer };
    const packed = gzipSync(await tarOf(tree, 'lib-1.2.0', 1_700_000_000));
    server.files.set('/lib/lib-1.2.0.tar.gz', packed);
    server.files.set(
      '/lib/lib-1.2.0.tar.gz.asc',
      Buffer.from(await signer.detached(packed, new Date('2025-12-01T00:00:00Z'))),
    );
    await assert.rejects(
      fetched('1.2.0'),
      fault(
        'SOURCE_LFS',
        /2 pointers of Git LFS instead of files: "lib-1.2.0\/img\/logo.png", "lib-1.2.0\/img\/other.png"/,
      ),
    );
  });

  it('is refused where an earlier snapshot had other bytes from the same address', async () => {
    const known = await fetched('1.2.0');
    const { url } = known;
    const packed = gzipSync(await tarOf({ 'lib/a.php': '<?php // changed' }, 'lib-1.2.0'));
    server.files.set('/lib/lib-1.2.0.tar.gz', packed);
    server.files.set(
      '/lib/lib-1.2.0.tar.gz.asc',
      Buffer.from(await signer.detached(packed, new Date('2025-12-02T00:00:00Z'))),
    );
    context = { ...context, cacheDir: await mkdtemp(join(folder, 'cache-')), knownPins: [known] };
    await assert.rejects(
      fetched('1.2.0'),
      fault('SOURCE_MOVED', new RegExp(`${url.replaceAll('.', '\\.')} has other content`)),
    );
  });
});
