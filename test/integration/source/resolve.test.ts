import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LockstepError } from '../../../src/errors.js';
import { noAptConfiguration } from '../../../src/source/apt-configuration.js';
import { chooseMirror } from '../../../src/source/mirror.js';
import type { AptBinaryPin, AptSourcePin, WithinPin } from '../../../src/source/pin.js';
import { TestMirror } from '../../fixtures/mirror.js';
import { defaultDate } from '../../fixtures/packages.js';
import { varnishBinaries, wikiMirror, wikiSource } from '../../fixtures/wiki-mirror.js';
import { fault, only, Resolving, wikiComponents } from './resolving.js';

describe('resolving from a mirror', () => {
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

  it('takes the highest version in the range, from whichever suite', async () => {
    const pins = await resolving.run();
    const mediawiki = pins.get('mediawiki') as AptSourcePin;
    assert.equal(mediawiki.version, '1:1.39.17-1+deb12u2');
    assert.equal(mediawiki.upstreamVersion, '1.39.17');
    assert.equal(mediawiki.suite, 'bookworm-security');
    assert.equal(mediawiki.date, defaultDate);
    assert.equal(mediawiki.dsc, 'mediawiki_1.39.17-1+deb12u2.dsc');
    assert.deepEqual(mediawiki.files.map(({ name }) => name).sort(), [
      'mediawiki_1.39.17-1+deb12u2.debian.tar.xz',
      'mediawiki_1.39.17-1+deb12u2.dsc',
      'mediawiki_1.39.17.orig.tar.gz',
    ]);
    for (const file of mediawiki.files) {
      assert.deepEqual(await resolving.store.verify(file.sha256), { sha256: file.sha256, size: file.size });
    }
    assert.deepEqual(
      [...pins.keys()],
      ['mediawiki', 'memcached', 'parsoid', 'varnish'].filter((n) => pins.has(n)),
    );
  });

  it('fetches a source that dpkg-source unpacks', async function () {
    if (!existsSync('/usr/bin/dpkg-source')) return this.skip();
    const pin = (await resolving.run(only('mediawiki'))).get('mediawiki') as AptSourcePin;
    const folder = join(resolving.folder, 'unpack');
    mkdirSync(folder);
    for (const file of pin.files) copyFileSync(resolving.store.path(file.sha256), join(folder, file.name));
    execFileSync('dpkg-source', ['--no-check', '-x', pin.dsc, 'tree'], { cwd: folder, stdio: 'pipe' });
    assert.ok(existsSync(join(folder, 'tree/vendor/wikimedia/parsoid/src/Parsoid.php')));
  });

  it('records the chain of proof, link by link', async () => {
    const pin = (await resolving.run(only('mediawiki'))).get('mediawiki')!;
    assert.deepEqual(
      pin.provenance.map(({ step, subject, by }) => [step, subject, by]),
      [
        ['InRelease signature', 'bookworm-security', mirror.signer.fingerprint],
        ['index hash', 'main/source/Sources.xz', 'InRelease of bookworm-security'],
        ['.dsc hash', 'mediawiki_1.39.17-1+deb12u2.dsc', 'Sources of bookworm-security'],
        ['file hash', 'mediawiki_1.39.17.orig.tar.gz', 'mediawiki_1.39.17-1+deb12u2.dsc'],
        ['file hash', 'mediawiki_1.39.17-1+deb12u2.debian.tar.xz', 'mediawiki_1.39.17-1+deb12u2.dsc'],
      ],
    );
    assert.ok(pin.provenance.every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256 ?? '')));
  });

  it('brings what a package needs of its own source, and nothing else', async () => {
    const pin = (await resolving.run(only('varnish'))).get('varnish') as AptBinaryPin;
    assert.deepEqual(
      pin.packages.map((one) => [one.package, one.version, one.architecture, one.source, one.suite]),
      [
        ['varnish', '7.1.1-1.1', 'amd64', 'varnish', 'bookworm'],
        ['libvarnishapi3', '7.1.1-1.1', 'amd64', 'varnish', 'bookworm'],
      ],
    );
    assert.equal(pin.upstreamVersion, '7.1.1');
    assert.equal(pin.date, defaultDate);
    assert.match(pin.packages[0]!.stanza, /^Package: varnish\n(?:.*\n)*Depends: libc6/);
  });

  it('has packages for every architecture, and those for all of them once', async () => {
    await mirror.publish({
      architectures: ['amd64', 'arm64'],
      release: {
        binaries: [
          ...varnishBinaries('7.1.1-1'),
          ...varnishBinaries('7.1.1-1', 'arm64'),
          { package: 'varnish-doc', version: '7.1.1-1', architecture: 'all', source: 'varnish' },
        ],
      },
      // Built on one architecture only so far: not for a set of both
      security: { binaries: varnishBinaries('7.1.1-1+deb12u1') },
    });
    const base = { distribution: 'debian', codename: 'bookworm', architectures: ['amd64', 'arm64'] };
    const pins = await resolving.run(
      { varnish: { source: { kind: 'apt-binary', packages: ['varnish', 'varnish-doc'], version: '*' } } },
      { base },
    );
    assert.deepEqual(
      (pins.get('varnish') as AptBinaryPin).packages
        .map((one) => `${one.package} ${one.version} ${one.architecture}`)
        .sort(),
      [
        'libvarnishapi3 7.1.1-1 amd64',
        'libvarnishapi3 7.1.1-1 arm64',
        'varnish 7.1.1-1 amd64',
        'varnish 7.1.1-1 arm64',
        'varnish-doc 7.1.1-1 all',
      ],
    );
  });

  it('finds a component within another, with its version and what is demanded of it', async () => {
    const pins = await resolving.run();
    const pin = pins.get('parsoid') as WithinPin;
    assert.equal(pin.upstreamVersion, '0.16.6');
    assert.equal(pin.demanded, '0.16.6');
    assert.equal(pin.path, 'vendor/wikimedia/parsoid');
    assert.equal(pin.archive.name, 'mediawiki_1.39.17.orig.tar.gz');
    assert.equal(pin.date, pins.get('mediawiki')!.date);
    assert.equal(pin.provenance.at(-1)!.sha256, pin.archive.sha256);
  });

  it('asks for the InReleases only, when nothing has changed', async () => {
    const first = await resolving.run();
    mirror.server.asked();
    const second = await resolving.run();
    assert.deepEqual(second, first);
    assert.deepEqual(mirror.server.asked(), [
      '/debian-security/dists/bookworm-security/InRelease',
      '/debian/dists/bookworm-updates/InRelease',
      '/debian/dists/bookworm/InRelease',
    ]);
  });

  it('does so too where the mirror knows no ETags', async () => {
    mirror.server.validators = false;
    const first = await resolving.run();
    mirror.server.asked();
    assert.deepEqual(await resolving.run(), first);
    assert.equal(mirror.server.asked().length, 3);
  });

  it('fetches again what was damaged on the disk', async () => {
    const first = await resolving.run(only('mediawiki'));
    const index = first.get('mediawiki')!.provenance.find(({ step }) => step === 'index hash')!.sha256!;
    await chmod(resolving.store.path(index), 0o644);
    const whole = await resolving.store.read(index);
    await writeFile(resolving.store.path(index), Buffer.alloc(whole.length));
    // Another component, so that the index itself must be read
    await resolving
      .run({ other: { source: { kind: 'apt-source', package: 'other', version: '*' } } })
      .catch(() => undefined);
    assert.deepEqual(await resolving.store.read(index), whole);
  });

  it('sees what is new on the mirror', async () => {
    await resolving.run();
    await mirror.publish({ ...wikiMirror(), security: { sources: [wikiSource('1:1.39.18-1~deb12u1')] } });
    const pins = await resolving.run();
    assert.equal((pins.get('mediawiki') as AptSourcePin).version, '1:1.39.18-1~deb12u1');
  });

  it('does not believe a mirror that goes back in time', async () => {
    const spec = wikiMirror();
    await resolving.run();
    const now = Math.floor(Date.now() / 1000);
    await mirror.publish({
      ...spec,
      security: { ...spec.security, sources: [wikiSource('1:1.39.9-1')], date: now - 86400 },
    });
    const pins = await resolving.run();
    assert.equal((pins.get('mediawiki') as AptSourcePin).version, '1:1.39.17-1+deb12u2');
  });

  it("checks upstream's signature where there is one, and records what it is worth", async () => {
    const upstreamSigner = mirror.signer;
    await mirror.publish({ security: { sources: [wikiSource('1:1.39.17-1', { upstreamSigner })] } });
    const pin = (await resolving.run(only('mediawiki'))).get('mediawiki')!;
    const { step, subject, by } = pin.provenance.at(-1)!;
    assert.deepEqual(
      [step, subject, by],
      ['upstream signature: good', 'mediawiki_1.39.17.orig.tar.gz', upstreamSigner.fingerprint],
    );
  });

  it('reads the date of a native source, and one with gz indices without by-hash', async () => {
    await mirror.publish({
      release: {
        sources: [wikiSource('1.39.1', { format: '3.0 (native)', date: 1_600_000_000 })],
        byHash: false,
        compression: '.gz',
      },
    });
    const pins = await resolving.run(only('mediawiki', 'parsoid'));
    assert.equal(pins.get('mediawiki')!.date, 1_600_000_000);
    assert.equal((pins.get('parsoid') as WithinPin).archive.name, 'mediawiki_1.39.1.tar.xz');
  });

  it('works from a file: URL', async () => {
    const folder = join(resolving.folder, 'copy');
    await mirror.writeTo(folder);
    const environment = { LOCKSTEP_MIRROR: pathToFileURL(join(folder, 'debian')).href };
    const base = { distribution: 'debian', codename: 'bookworm', architectures: ['amd64'] };
    const pins = await resolving.run(wikiComponents, {
      mirror: chooseMirror({ base, environment, apt: noAptConfiguration }),
    });
    assert.equal(pins.size, 4);
    assert.deepEqual(mirror.server.asked(), []);
  });

  it('asks the next mirror of a list when one cannot be reached', async () => {
    const context = resolving.context();
    const dead = { ...context.mirror.release, uris: ['http://127.0.0.1:9/debian', mirror.url] };
    const pins = await resolving.run(only('memcached'), { mirror: { ...context.mirror, release: dead } });
    assert.equal(pins.get('memcached')!.upstreamVersion, '1.6.18');
  });

  it('says where the security archive is missing that it had guessed', async () => {
    mirror.server.fault(/debian-security/, 'missing');
    await assert.rejects(resolving.run(), fault('MIRROR_UNKNOWN', /bookworm-security/));
  });

  it('says when the keyring is not there, and when it is none', async () => {
    const keyring = join(resolving.folder, 'none.gpg');
    await assert.rejects(resolving.run(wikiComponents, { keyring }), fault('KEYRING_MISSING'));
    writeFileSync(keyring, 'nothing');
    await assert.rejects(resolving.run(wikiComponents, { keyring }), fault('KEYRING_INVALID'));
  });

  it('names a package that is not there, and one that is like it', async () => {
    const components = {
      wiki: { source: { kind: 'apt-source' as const, package: 'mediawikis', version: '*' } },
      cache: { source: { kind: 'apt-binary' as const, packages: ['varnich'], version: '*' } },
    };
    await assert.rejects(resolving.run(components), (error: unknown) => {
      assert.ok(error instanceof LockstepError);
      assert.equal(error.code, 'SOURCE_UNKNOWN_PACKAGE');
      assert.deepEqual(
        error.where.map(({ path, value }) => [path, value]),
        [
          ['components.cache.source.packages', 'varnich'],
          ['components.wiki.source.package', 'mediawikis'],
        ],
      );
      assert.match(error.hint ?? '', /varnish.*mediawiki/);
      return true;
    });
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    mirror.server.fault(/orig\.tar/, 'stalled');
    const running = resolving.run(wikiComponents, { signal: controller.signal });
    setTimeout(() => controller.abort(), 60);
    await assert.rejects(running, fault('INTERRUPTED'));
  });
});
