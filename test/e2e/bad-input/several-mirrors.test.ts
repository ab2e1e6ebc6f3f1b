import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { releaseResult, resolveResult } from '../../../src/workflows/release/release-results.js';
import { errorResult } from '../../../src/cli/error-shape.js';
import { scratch } from '../../fixtures/lockstep.js';
import { FileServer, type Fault } from '../../fixtures/mirror.js';
import { wikiMirror } from '../../fixtures/wiki-mirror.js';
import { Bench, profile, suite } from '../../fixtures/bad-input-bench.js';

const wiki = 'mediawiki-1.39';

describe('several mirrors, of which one cannot be relied on', function () {
  this.timeout(120_000);
  let bench: Bench;
  let first: FileServer;

  beforeEach(async () => {
    bench = await Bench.make();
    first = await FileServer.start(bench.mirror.server.files);
  });
  afterEach(async () => {
    await first?.stop();
    await bench?.end();
  });

  const list = (...urls: string[]): Record<string, string> => ({
    LOCKSTEP_MIRROR: urls.join(' '),
    LOCKSTEP_STALL_SECONDS: '1',
  });

  const deb = /memcached_.*\.deb$/;
  const faults: [what: string, path: RegExp, fault: Fault][] = [
    ['answers 404 for a package', deb, 'missing'],
    ['has other bytes for a package', deb, 'flipped'],
    ['stands still in a package', deb, 'stalled'],
    ['answers 404 for all indices', /Packages|Sources|by-hash/, 'missing'],
    ['answers 404 for all that is by its hash', /by-hash/, 'missing'],
    ['has other bytes for all indices', /Packages|Sources|by-hash/, 'flipped'],
  ];
  for (const [what, path, fault] of faults) {
    it(`releases from the second where the first ${what}`, async () => {
      first.fault(path, fault);
      const env = list(`${first.origin}/debian`, bench.mirror.url);
      const released = await bench.succeeds(releaseResult, ['release', profile, '--suite', suite], env);
      assert.equal(released.publication?.suite, suite);
      await bench.assertNothingHalfWritten();
      assert.ok(first.requests.some((one) => path.test(one.path)));
    });
  }

  it('releases from the second where nothing listens at the first', async () => {
    const env = list('http://127.0.0.1:9/debian', bench.mirror.url);
    await bench.succeeds(releaseResult, ['release', profile, '--suite', suite], env);
  });

  it('releases from folders, of which the first lacks a package', async () => {
    const folder = await scratch('mirrors');
    try {
      for (const name of ['part', 'whole']) await bench.mirror.writeTo(join(folder, name));
      await rm(join(folder, 'part/debian/pool/main/m'), { recursive: true });
      const url = (name: string): string => pathToFileURL(join(folder, name, 'debian')).href;
      const env = list(url('part'), url('whole'));
      await bench.succeeds(releaseResult, ['release', profile, '--suite', suite], env);
      assert.deepEqual(bench.mirror.server.asked(), []);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('takes the list of lockstep.yaml', async () => {
    first.fault(deb, 'missing');
    const written = `mirror:\n  debian: [${first.origin}/debian, ${bench.mirror.url}]\n`;
    await bench.edit('lockstep.yaml', (text) => `${text.trimEnd()}\n${written}`);
    await bench.succeeds(resolveResult, ['resolve', profile], { LOCKSTEP_MIRROR: '' });
    assert.ok(first.requests.some(({ status }) => status === 404));
  });

  it('says which address of a list is none', async () => {
    await bench.fails(['resolve', profile], {
      code: 'MIRROR_UNKNOWN',
      env: list(bench.mirror.url, 'somewhere'),
      says: [/LOCKSTEP_MIRROR: number 2 of 2 is not a mirror address: "somewhere"/],
    });
  });

  it('lack a file, all of them: word by word, and as data', async () => {
    await bench.mirror.publish(wikiMirror());
    const name = 'mediawiki_1.39.17-1+deb12u2.dsc';
    for (const server of [first, bench.mirror.server]) server.fault(/\.dsc$/, 'missing');
    const env = list(`${first.origin}/debian`, bench.mirror.url);
    const before = await bench.state();
    const { status, stdout, stderr } = await bench.run(['release', wiki, '--json'], env);
    assert.equal(status, 5, stderr);
    const path = `debian-security/pool/main/m/mediawiki/${name}`;
    const until = new Date(Date.now() + 14 * 86_400_000).toISOString().slice(0, 10);
    const told = stderr.slice(stderr.indexOf('Error SOURCE_NOT_ON_MIRROR'));
    assert.equal(
      // The day may have changed since the command looked at its clock
      told.replace(/--until \d{4}-\d\d-\d\d/, `--until ${until}`),
      [
        `Error SOURCE_NOT_ON_MIRROR: No mirror has ${name} of mediawiki 1:1.39.17-1+deb12u2, which bookworm-security lists`,
        `  ${first.origin}/${path}: Not found (404)`,
        `  ${bench.mirror.server.origin}/${path}: Not found (404)`,
        'To do: Try again later, or add mirrors: LOCKSTEP_MIRROR_SECURITY, or mirror.security in lockstep.yaml, accepts several.',
        '       The next lower version in the range ~1.39.0 is 1:1.39.8-1~deb12u1 (bookworm). It lacks the security fixes of 1:1.39.17-1+deb12u2, which the security suite has. To use it until a mirror has the other version:',
        `         lockstep skip ${wiki} mediawiki --not 1:1.39.17-1+deb12u2 --reason 'no mirror has ${name}' --until ${until}`,
      ].join('\n'),
    );
    const { missing } = errorResult.parse(JSON.parse(stdout)).error;
    assert.deepEqual(missing?.lower, {
      version: '1:1.39.8-1~deb12u1',
      suite: 'bookworm',
      lacksFixesOf: ['1:1.39.17-1+deb12u2'],
    });
    assert.equal(missing?.command?.[0], 'lockstep');
    assert.deepEqual(await bench.state(), before);
    await bench.assertNothingHalfWritten();
  });
});
