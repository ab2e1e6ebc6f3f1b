import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readAptConfiguration } from '../../../src/source/apt-configuration.js';
import { chooseMirror, suitesOfBase } from '../../../src/source/mirror.js';

describe("reading this machine's apt", () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lockstep-apt-'));
  });

  afterEach(() => rm(root, { recursive: true, force: true }));

  async function write(files: Record<string, string>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      const path = join(root, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
  }

  it('finds a mirror behind mirror+file, as on cloud images', async () => {
    await write({
      'mirrors/debian.list': 'http://near.test/debian\tpriority:1\nhttp://far.test/debian\n',
      'mirrors/security.list': 'http://near.test/debian-security\n',
      'sources.list.d/debian.sources': `Types: deb deb-src
URIs: mirror+file://${root}/mirrors/debian.list
Suites: trixie trixie-updates trixie-backports
Components: main

Types: deb deb-src
URIs: mirror+file://${root}/mirrors/security.list
Suites: trixie-security
Components: main
`,
      'sources.list.d/old.list.save': 'deb http://old.test/debian trixie main\n',
      'apt.conf.d/90proxy': 'Acquire::http::Proxy "http://proxy.test:3128";\n',
      'apt.conf.d/91dates.dpkg-old': 'Acquire::Check-Valid-Until "false";\n',
    });
    const apt = await readAptConfiguration(root);
    assert.equal(apt.access.settings.get('acquire::http::proxy'), 'http://proxy.test:3128');
    assert.equal(apt.datesIgnoredBy, null);
    assert.deepEqual(apt.files, [join(root, 'sources.list.d/debian.sources')]);
    const base = { distribution: 'debian', codename: 'bookworm', architectures: ['amd64'] };
    const places = suitesOfBase(chooseMirror({ base, environment: {}, apt }), base);
    assert.deepEqual(
      places.map(({ suite, uris }) => [suite, uris]),
      [
        ['bookworm', ['http://near.test/debian', 'http://far.test/debian']],
        ['bookworm-updates', ['http://near.test/debian', 'http://far.test/debian']],
        ['bookworm-security', ['http://near.test/debian-security']],
      ],
    );
  });

  it('takes a list that is not there, or a machine without apt, for nothing', async () => {
    const entry = `deb mirror+file:${root}/none.list bookworm main\ndeb tor+http://x.test/debian bookworm main\n`;
    await write({ 'sources.list': entry });
    const apt = await readAptConfiguration(root);
    assert.deepEqual(
      apt.entries.map(({ uris }) => uris),
      [[], []],
    );
    assert.deepEqual((await readAptConfiguration(join(root, 'none'))).entries, []);
  });
});
