import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { addChangelogEntry, formatChangelogEntry } from '../../../src/deb/changelog.js';
import { formatDsc, parseDsc } from '../../../src/deb/dsc.js';
import { tarBytes, type TarInput } from '../../../src/deb/tar.js';
import { xzCompress } from '../../../src/io/compress.js';
import { needs } from '../../fixtures/machine.js';
import { gathered } from '../../fixtures/deb-arbitraries.js';
import { output, scratch } from './machine.js';

const maintainer = 'Lockstep Archive <archive@lockstep.invalid>';
const first = formatChangelogEntry('a1', {
  version: '1.0',
  distribution: 'bookworm',
  lines: ['First.'],
  maintainer,
  date: 1795428930,
});

describe('deb/changelog against dpkg-parsechangelog', () => {
  it('writes entries that dpkg reads, with their dates', async function () {
    await needs(this, { tools: ['dpkg-parsechangelog'] });
    const folder = await scratch();
    try {
      const text = addChangelogEntry(first, {
        version: '1.0+lockstep1',
        distribution: 'bookworm',
        lines: ['Second.', 'With a long\nitem.'],
        maintainer,
        date: 1795428999,
      });
      await writeFile(folder.path('changelog'), text);
      const field = (name: string): Promise<string> =>
        output('dpkg-parsechangelog', ['-l', folder.path('changelog'), '-S', name]);
      assert.equal(await field('Source'), 'a1');
      assert.equal(await field('Version'), '1.0+lockstep1');
      assert.equal(await field('Timestamp'), '1795428999');
      assert.equal(await field('Maintainer'), maintainer);
      assert.match(
        await output('dpkg-parsechangelog', ['-l', folder.path('changelog'), '--count', '2']),
        /First\./,
      );
    } finally {
      await folder.remove();
    }
  });
});

describe('deb/dsc against dpkg-source', () => {
  it('writes a source package that dpkg-source unpacks', async function () {
    await needs(this, { tools: ['dpkg-source'] });
    const folder = await scratch();
    try {
      const file = (path: string, text: string, mode = 0o644): TarInput => ({
        kind: 'file',
        path,
        mode,
        mtime: 1795428930,
        body: Buffer.from(text),
      });
      const entries: TarInput[] = [
        { kind: 'dir', path: 'a1-1.0', mode: 0o755, mtime: 1795428930 },
        { kind: 'dir', path: 'a1-1.0/debian', mode: 0o755, mtime: 1795428930 },
        file('a1-1.0/debian/changelog', first),
        file('a1-1.0/debian/rules', '#!/usr/bin/make -f\n', 0o755),
      ];
      const tarball = await gathered(xzCompress(tarBytes(entries, { prefix: '' })));
      const hash = (name: string): string => createHash(name).update(tarball).digest('hex');
      await writeFile(folder.path('a1_1.0.tar.xz'), tarball);
      const text = formatDsc({
        fields: {
          Format: '3.0 (native)',
          Source: 'a1',
          Binary: 'a1',
          Architecture: 'all',
          Version: '1.0',
          Maintainer: maintainer,
        },
        files: [
          {
            ...{ name: 'a1_1.0.tar.xz', size: tarball.length, sha256: hash('sha256') },
            ...{ md5: hash('md5'), sha1: hash('sha1') },
          },
        ],
      });
      await writeFile(folder.path('a1_1.0.dsc'), text);
      await output('dpkg-source', ['--no-check', '-x', 'a1_1.0.dsc', 'out'], folder.path(''));
      assert.equal(await readFile(folder.path('out/debian/changelog'), 'utf8'), first);

      assert.equal(parseDsc(text).files[0]?.sha256, hash('sha256'));
    } finally {
      await folder.remove();
    }
  });
});
