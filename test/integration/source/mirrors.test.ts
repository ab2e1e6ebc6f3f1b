import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Phase } from '../../../src/io/progress.js';
import { silentPhase } from '../../../src/io/progress.js';
import { noAptConfiguration } from '../../../src/source/apt-configuration.js';
import type { SourceContext } from '../../../src/source/source-context.js';
import { chooseMirror } from '../../../src/source/mirror.js';
import { NotOnMirrorError } from '../../../src/source/not-on-mirror.js';
import { FileServer, TestMirror, type Fault } from '../../fixtures/mirror.js';
import { wikiMirror, wikiSource } from '../../fixtures/wiki-mirror.js';
import { fault, only, Resolving } from './resolving.js';

const day = 86400;
const orig = /mediawiki_1\.39\.17\.orig\.tar\.gz$/;

describe('several mirrors', () => {
  let mirror: TestMirror;
  /** Has what the mirror has, and is asked before it. */
  let first: FileServer;
  let resolving: Resolving;

  beforeEach(async () => {
    mirror = await TestMirror.start(wikiMirror());
    first = await FileServer.start(mirror.server.files);
    resolving = await Resolving.with(mirror);
  });

  afterEach(async () => {
    await resolving.end();
    await first.stop();
    await mirror.stop();
  });

  function of(...urls: string[]): Pick<SourceContext, 'mirror'> {
    const base = { distribution: 'debian', codename: 'bookworm', architectures: ['amd64'] };
    const environment = { LOCKSTEP_MIRROR: urls.join(' ') };
    return { mirror: chooseMirror({ base, environment, apt: noAptConfiguration }) };
  }

  const both = (): Pick<SourceContext, 'mirror'> => of(`${first.origin}/debian`, mirror.url);

  /** A phase, and what it was told. */
  function listening(): { told: string[]; progress: SourceContext['progress'] } {
    const told: string[] = [];
    const phase: Phase = { ...silentPhase, info: (text) => told.push(text) };
    return { told, progress: { phase: () => phase } };
  }

  it('are asked in their order', async () => {
    await resolving.run(undefined, both());
    assert.deepEqual(mirror.server.asked(), []);
    assert.ok(first.asked().length > 0);
  });

  const faults: Fault[] = ['missing', 'error', 'truncated', 'stalled', 'flipped'];
  const files: [what: string, path: RegExp][] = [
    ['an InRelease', /bookworm\/InRelease$/],
    ['an index by its hash', /by-hash/],
    ['an index by both its names', /Sources\.xz$|source\/by-hash/],
    ['a .dsc', /\.dsc$/],
    ['a tarball', orig],
    ['a package', /varnish_.*\.deb$/],
  ];
  for (const [what, path] of files) {
    for (const how of faults) {
      it(`stand in for one whose answer for ${what} is: ${how}`, async () => {
        first.fault(path, how);
        const { moderate: http } = resolving;
        const using = how === 'stalled' ? { ...both(), http } : both();
        assert.equal((await resolving.run(undefined, using)).size, 4);
        for await (const { sha256 } of resolving.store.list()) await resolving.store.verify(sha256);
        // By its name the first has what it lacks by its hash
        const named = what === 'an index by its hash' && how === 'missing';
        assert.equal(mirror.server.asked().length > 0, !named);
      });
    }
  }

  it('stand in for one that nothing listens at', async () => {
    assert.equal((await resolving.run(undefined, of('http://127.0.0.1:9/debian', mirror.url))).size, 4);
  });

  it('may be folders: one that lacks a tarball, and a whole one', async () => {
    const part = join(resolving.folder, 'part');
    const whole = join(resolving.folder, 'whole');
    await mirror.writeTo(part);
    await mirror.writeTo(whole);
    await rm(join(part, 'debian-security/pool/main/m/mediawiki/mediawiki_1.39.17.orig.tar.gz'));
    const url = (folder: string): string => pathToFileURL(join(folder, 'debian')).href;
    const { told, progress } = listening();
    assert.equal((await resolving.run(undefined, { ...of(url(part), url(whole)), progress })).size, 4);
    assert.match(
      told.join('\n'),
      /file:.*\/part\/.*orig\.tar\.gz: Not found \(404\); trying the next mirror/,
    );
    assert.deepEqual(mirror.server.asked(), []);
  });

  it('cost one stall for all files, not one for each try', async () => {
    first.fault(/pool\//, 'stalled');
    await resolving.run(undefined, { ...both(), http: resolving.moderate });
    const stalled = first.requests.filter(({ path }) => path.includes('/pool/'));
    // Those that were under way side by side when the first of them stood still
    assert.ok(stalled.length >= 1 && stalled.length <= 4, JSON.stringify(stalled));
    assert.equal(new Set(stalled.map(({ path }) => path)).size, stalled.length);
  });

  it('are asked again where each may do better, and the tries count for each', async () => {
    first.fault(orig, 'missing');
    mirror.server.fault(orig, 'error', 2);
    assert.equal((await resolving.run(only('mediawiki'), both())).size, 1);
    assert.equal(first.requests.filter(({ path }) => orig.test(path)).length, 1);
    assert.equal(mirror.server.requests.filter(({ path }) => orig.test(path)).length, 3);
  });

  it('go on with what the one before them had sent of a file', async () => {
    first.fault(orig, 'truncated');
    const { told, progress } = listening();
    await resolving.run(only('mediawiki'), { ...both(), progress });
    assert.match(told.join('\n'), /orig\.tar\.gz: .*; trying the next mirror/);
    const [asked] = mirror.server.requests.filter(({ path }) => orig.test(path));
    assert.match(asked?.range ?? '', /^bytes=\d+-$/);
  });

  it('lack a file: every address is named with what it said', async () => {
    first.fault(orig, 'missing');
    mirror.server.fault(orig, 'missing');
    const path = 'pool/main/m/mediawiki/mediawiki_1.39.17.orig.tar.gz';
    await assert.rejects(resolving.run(only('mediawiki'), both()), (error: unknown) => {
      assert.ok(error instanceof NotOnMirrorError, String(error));
      assert.equal(
        error.message,
        'No mirror has mediawiki_1.39.17.orig.tar.gz, which bookworm-security lists',
      );
      assert.deepEqual(error.where, [
        { file: `${first.origin}/debian-security/${path}`, message: 'Not found (404)' },
        { file: `${mirror.server.origin}/debian-security/${path}`, message: 'Not found (404)' },
      ]);
      assert.equal(error.missing.final, true);
      return true;
    });
  });

  it('lack it or have other bytes: that is final; one that is away may have it', async () => {
    first.fault(orig, 'flipped');
    mirror.server.fault(orig, 'missing');
    const missing = async (more: Partial<SourceContext>) => {
      const error = await resolving.run(only('mediawiki'), more).catch((caught: unknown) => caught);
      assert.ok(error instanceof NotOnMirrorError, String(error));
      return error.missing;
    };
    const { final, tried } = await missing(both());
    assert.equal(final, true);
    assert.match(tried[0]!.said, /^SHA-256 [0-9a-f]{64} instead of the expected [0-9a-f]{64}$/);
    const away = await missing(of('http://127.0.0.1:9/debian', mirror.url));
    assert.equal(away.final, false);
    assert.deepEqual(
      away.tried.map(({ url }) => new URL(url).host).sort(),
      ['127.0.0.1:9', new URL(mirror.url).host].sort(),
    );
    assert.match(away.tried.map(({ said }) => said).join('\n'), /Could not reach the server .*\(3 tries\)/);
  });

  it('all have other bytes: that is told before a server that is away', async () => {
    mirror.server.fault(orig, 'flipped');
    await assert.rejects(
      resolving.run(only('mediawiki'), of('http://127.0.0.1:9/debian', mirror.url)),
      fault('SOURCE_HASH_MISMATCH', /None of 2 addresses has mediawiki_1\.39\.17\.orig\.tar\.gz/),
    );
  });

  it('all stand still: each is tried as often as one would be', async () => {
    first.fault(orig, 'stalled');
    mirror.server.fault(orig, 'stalled');
    const { moderate: http } = resolving;
    await assert.rejects(resolving.run(only('mediawiki'), { ...both(), http }), fault('NET_STALLED'));
    for (const { requests } of [first, mirror.server]) {
      assert.equal(requests.filter(({ path }) => orig.test(path)).length, 3);
    }
  });

  it('do not bring back an InRelease that is older than another one of them gave', async () => {
    const now = Math.floor(Date.now() / 1000);
    const old = await FileServer.start(new Map(mirror.server.files));
    try {
      await mirror.publish({
        ...wikiMirror(),
        security: { sources: [wikiSource('1:1.39.18-1')], date: now + 5 },
      });
      const list = of(mirror.url, `${old.origin}/debian`);
      assert.equal(
        (await resolving.run(only('mediawiki'), list)).get('mediawiki')!.upstreamVersion,
        '1.39.18',
      );
      mirror.server.fault(/InRelease$/, 'missing');
      const { told, progress } = listening();
      const pins = await resolving.run(only('mediawiki'), { ...list, progress });
      assert.equal(pins.get('mediawiki')!.upstreamVersion, '1.39.18');
      assert.match(
        told.join('\n'),
        /is older than the InRelease that http:.* had before; the newer one is kept/,
      );
    } finally {
      await old.stop();
    }
  });

  it('stand in for one whose InRelease has expired, but never for its security suite as a whole', async () => {
    const old = await FileServer.start(new Map(mirror.server.files));
    try {
      const later = Math.floor(Date.now() / 1000) + 10 * day;
      resolving.now = new Date(later * 1000);
      await mirror.publish({
        ...wikiMirror(),
        security: { sources: [wikiSource('1:1.39.18-1')], date: later },
      });
      const list = of(`${old.origin}/debian`, mirror.url);
      const pins = await resolving.run(only('mediawiki'), list);
      assert.equal(pins.get('mediawiki')!.upstreamVersion, '1.39.18');
      mirror.server.fault(/security\/.*InRelease$/, 'missing');
      await resolving.end();
      resolving = await Resolving.with(mirror, new Date(later * 1000));
      await assert.rejects(
        resolving.run(only('mediawiki'), list),
        fault('SOURCE_EXPIRED', /None of 2 addresses has InRelease; .* was valid until/),
      );
    } finally {
      await old.stop();
    }
  });
});
