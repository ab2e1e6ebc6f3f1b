import assert from 'node:assert/strict';
import type { ErrorCode } from '../../../src/errors.js';
import { resolveResult } from '../../../src/workflows/release/release-results.js';
import type { Fault, SuiteSpec } from '../../fixtures/mirror.js';
import { throwAwaySigner } from '../../fixtures/mirror.js';
import { wikiMirror, wikiSource } from '../../fixtures/wiki-mirror.js';
import { Bench } from '../../fixtures/bad-input-bench.js';

const wiki = 'mediawiki-1.39';
const day = 86400;

describe('a mirror that cannot be relied on', function () {
  this.timeout(60_000);
  let bench: Bench;

  before(async () => {
    bench = await Bench.make({ mirror: wikiMirror() });
  });
  beforeEach(async () => {
    bench.mirror.server.noFaults();
    await bench.mirror.publish(wikiMirror());
    await bench.freshCache();
  });
  after(async () => bench?.end());

  const orig = /mediawiki_1\.39\.17\.orig\.tar\.gz$/;
  const faults: [what: string, path: RegExp, fault: Fault, code: ErrorCode, says: RegExp][] = [
    [
      'answers 404 for InRelease',
      /bookworm\/InRelease$/,
      'missing',
      'NET_NOT_FOUND',
      /dists\/bookworm\/InRelease/,
    ],
    [
      'answers 404 for a tarball',
      orig,
      'missing',
      'SOURCE_NOT_ON_MIRROR',
      /mediawiki_1\.39\.17\.orig\.tar\.gz of mediawiki 1:1\.39\.17-1\+deb12u2/,
    ],
    ['answers 503, always', orig, 'error', 'NET_STATUS', /Status 503 from .*orig\.tar\.gz \(2 tries\)/],
    [
      'truncates an InRelease',
      /bookworm\/InRelease$/,
      'truncated',
      'NET_TRUNCATED',
      /InRelease.* \(2 tries\)/,
    ],
    ['truncates a tarball', orig, 'truncated', 'NET_TRUNCATED', /orig\.tar\.gz \(2 tries\)/],
    ['stalls', orig, 'stalled', 'NET_STALLED', /orig\.tar\.gz \(2 tries\)/],
    [
      'flips a bit of a tarball',
      orig,
      'flipped',
      'SOURCE_HASH_MISMATCH',
      /SHA-256 [0-9a-f]{64} instead of the expected [0-9a-f]{64}/,
    ],
    [
      'flips a bit of a package',
      /varnish_.*\.deb$/,
      'flipped',
      'SOURCE_HASH_MISMATCH',
      /varnish_7\.1\.1-1\.1_amd64\.deb/,
    ],
    ['flips a bit of an index', /by-hash/, 'flipped', 'SOURCE_HASH_MISMATCH', /by-hash\/SHA256/],
  ];
  for (const [what, path, fault, code, says] of faults) {
    it(`${what}; when it is well again, the next run completes`, async () => {
      bench.mirror.server.fault(path, fault);
      // Patient with a busy machine, except where waiting is what is tested
      const env: Record<string, string> = fault === 'stalled' ? { LOCKSTEP_STALL_SECONDS: '1' } : {};
      await bench.fails(['resolve', wiki], { code, env, says: [says] });
      bench.mirror.server.noFaults();
      const { components } = await bench.succeeds(resolveResult, ['resolve', wiki]);
      assert.deepEqual(Object.keys(components), ['mediawiki', 'memcached', 'parsoid', 'varnish']);
    });
  }

  it('is not reachable', async () => {
    await bench.fails(['resolve', wiki], {
      code: 'NET_UNREACHABLE',
      // Nothing listens on the discard port of loopback
      env: { LOCKSTEP_MIRROR: 'http://127.0.0.1:9/debian' },
      says: [/http:\/\/127\.0\.0\.1:9\/debian/],
    });
  });

  it('stops a release before it builds or writes anything', async () => {
    bench.mirror.server.fault(orig, 'flipped');
    await bench.fails(['release', wiki], { code: 'SOURCE_HASH_MISMATCH', says: [/orig\.tar\.gz/] });
  });

  it('has an InRelease that somebody else signed', async () => {
    const signer = await throwAwaySigner(bench.mirror.folder, 'Somebody Else');
    await bench.mirror.publish({ ...wikiMirror(), updates: { signer } });
    await bench.fails(['resolve', wiki], {
      code: 'VERIFY_UNKNOWN_KEY',
      says: [/bookworm-updates/, new RegExp(signer.fingerprint.slice(-16), 'i')],
    });
  });

  const now = Math.floor(Date.now() / 1000);
  const security = (more: SuiteSpec) => ({ sources: [wikiSource('1:1.39.17-1+deb12u2')], ...more });
  const dates: [what: string, spec: SuiteSpec, code: ErrorCode, says: RegExp][] = [
    [
      'has expired',
      security({ date: now - 30 * day, validFor: 7 * day }),
      'SOURCE_EXPIRED',
      /bookworm-security/,
    ],
    [
      'is dated in the future',
      security({ date: now + 2 * day, signedAt: now }),
      'SOURCE_FUTURE',
      /bookworm-security/,
    ],
  ];
  for (const [what, spec, code, says] of dates) {
    it(`has an InRelease that ${what}`, async () => {
      await bench.mirror.publish({ ...wikiMirror(), security: spec });
      await bench.fails(['resolve', wiki], { code, says: [says] });
    });
  }

  it('has an InRelease that is not signed', async () => {
    bench.mirror.server.files.set('/debian/dists/bookworm/InRelease', Buffer.from('Origin: Debian\n'));
    await bench.fails(['resolve', wiki], { code: 'VERIFY_NO_SIGNATURE', says: [/bookworm/] });
  });
});
