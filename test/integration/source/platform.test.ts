import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import type { Platform } from '../../../src/source/declared.js';
import { basePlatform } from '../../../src/source/platform.js';
import { needs } from '../../fixtures/machine.js';
import { TestMirror } from '../../fixtures/mirror.js';
import { phpBinaries, wikiMirror } from '../../fixtures/wiki-mirror.js';
import { Resolving } from './resolving.js';

describe('what the base release supplies to PHP software', () => {
  let mirror: TestMirror;
  let resolving: Resolving;

  before(async () => {
    mirror = await TestMirror.start(wikiMirror());
    resolving = await Resolving.with(mirror);
  });
  beforeEach(async () => {
    await mirror.publish(wikiMirror());
  });
  after(async () => {
    await resolving.end();
    await mirror.stop();
  });

  const platform = async (architectures = ['amd64']): Promise<Platform> => {
    const base = { distribution: 'debian', codename: mirror.codename, architectures };
    return await basePlatform(resolving.context({ base }));
  };

  it('is read out of its own indices', async () => {
    const { base, php, extensions } = await platform();
    assert.equal(base, 'Debian 12');
    assert.equal(php, '8.2.29');
    const wanted: [name: string, package_: string | null][] = [
      ['intl', 'php8.2-intl'],
      ['dom', 'php8.2-xml'],
      ['xml', 'php8.2-xml'],
      ['ctype', 'php8.2-common'],
      ['gettext', 'php8.2-common'],
      ['json', null],
      ['openssl', null],
      ['pdo_mysql', 'php8.2-mysql'],
      ['zend-opcache', 'php8.2-opcache'],
      ['wikidiff2', 'php-wikidiff2'],
    ];
    for (const [name, package_] of wanted) assert.equal(extensions.get(name), package_, name);
    for (const name of ['cli', 'common', 'psr-log', 'mysql', 'pcntl', 'mbstring'])
      assert.ok(!extensions.has(name), name);
  });

  it('reads no index twice, nor fetches one, until one changes', async () => {
    await platform();
    mirror.server.asked();
    await platform();
    assert.deepEqual(
      mirror.server.asked().filter((path) => !path.endsWith('/InRelease')),
      [],
    );
    await mirror.publish({ ...wikiMirror(), security: { binaries: phpBinaries('8.2.30-1~deb12u1') } });
    assert.equal((await platform()).php, '8.2.30');
  });

  it('is what every architecture of the profile has', async () => {
    const intlOnly = ({ package: name }: { package: string }): boolean => !/-(?:xml|wikidiff2)$/.test(name);
    const other = phpBinaries('8.2.28-1').filter(intlOnly);
    await mirror.publish({
      architectures: ['amd64', 'arm64'],
      release: {
        binaries: [
          ...phpBinaries(),
          ...other
            .filter(({ architecture }) => architecture === 'amd64')
            .map((one) => ({ ...one, architecture: 'arm64' })),
        ],
      },
    });
    const { php, extensions } = await platform(['amd64', 'arm64']);
    assert.equal(php, '8.2.28');
    assert.ok(extensions.has('intl'));
    assert.ok(!extensions.has('dom') && !extensions.has('wikidiff2'));
  });

  it('is nothing where there is no PHP', async () => {
    await mirror.publish({ release: { binaries: [{ package: 'libc6', version: '2.36-9' }] } });
    const { php, extensions } = await platform();
    assert.deepEqual([php, extensions.size], [null, 0]);
  });

  it("knows what is part of PHP's program as that program itself does", async function () {
    await needs(this, { tools: ['php'] });
    const listed = execFileSync('php', ['-n', '-m'], { encoding: 'utf8' });
    const names = listed
      .split('\n')
      .filter((line) => /^\w/.test(line))
      .map((line) => line.toLowerCase());
    const { extensions } = await platform();
    const inside = [...extensions].filter(([, package_]) => package_ === null).map(([name]) => name);
    // The web server's PHP has no pcntl
    assert.deepEqual(inside.sort(), names.filter((name) => name !== 'pcntl').sort());
  });
});
