import assert from 'node:assert/strict';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { readDeb, readDebControl, writeDeb, type DebEntry, type DebSpec } from '../../../src/deb/deb-file.js';
import { LockstepError } from '../../../src/errors.js';
import { decompressByName, xzCompress } from '../../../src/io/compress.js';
import { needs } from '../../fixtures/machine.js';
import { gathered } from '../../fixtures/deb-arbitraries.js';
import { output, scratch } from './machine.js';

const mtime = 1795428930;
const longPath = `/usr/share/${'folder-with-a-long-name/'.repeat(6)}ünïcode ${'x'.repeat(120)}`;
const decompress = (name: string, input: AsyncIterable<Buffer>): AsyncIterable<Buffer> =>
  decompressByName(name, input);

const spec: DebSpec = {
  control: {
    Package: 'mediawiki-full-config',
    Version: '1:1.39.17-1+lockstep1',
    Architecture: 'all',
    Maintainer: 'Lockstep Archive <archive@lockstep.invalid>',
    Depends: 'apache2, php (>= 2:8.2)',
    Section: 'web',
    Priority: 'optional',
    Description: 'one working wiki\nConfigures everything.\n\nSee\n  the manual.',
  },
  entries: [
    { kind: 'file', path: '/etc/mediawiki/full.conf', mode: 0o640, body: Buffer.from('x=1\n') },
    { kind: 'file', path: '/usr/bin/mediawiki-full', mode: 0o755, body: Buffer.from('#!/bin/sh\n') },
    { kind: 'file', path: longPath, mode: 0o644, body: Buffer.alloc(5000, 'y') },
    { kind: 'symlink', path: '/usr/share/link', target: '../bin/mediawiki-full' },
    { kind: 'dir', path: '/var/lib/mediawiki-full', mode: 0o750 },
  ],
  conffiles: ['/etc/mediawiki/full.conf'],
  scripts: { postinst: '#!/bin/sh\nset -e\n', templates: 'Template: a/b\nType: string\nDescription: x\n' },
  mtime,
};

describe('deb/deb-file against dpkg-deb', () => {
  it('writes a package that dpkg-deb describes, lists and unpacks', async function () {
    await needs(this, { tools: ['dpkg-deb', 'ar'] });
    const folder = await scratch();
    try {
      const deb = folder.path('x.deb');
      const result = await writeDeb(spec, createWriteStream(deb), { compress: xzCompress });
      assert.equal(await output('ar', ['t', deb]), 'debian-binary\ncontrol.tar.xz\ndata.tar.xz');
      assert.equal(`${await output('dpkg-deb', ['-f', deb])}\n`, result.control);
      assert.equal(await output('dpkg-deb', ['-f', deb, 'Version']), '1:1.39.17-1+lockstep1');
      const info = await output('dpkg-deb', ['-I', deb]);
      for (const member of ['conffiles', 'control', 'md5sums', 'postinst', 'templates'])
        assert.ok(info.includes(member));
      const lines = (await output('dpkg-deb', ['-c', deb])).split('\n');
      assert.ok(lines.every((line) => / root\/root /.test(line) && / \.\//.test(line)));
      assert.match(lines[0]!, /^drwxr-xr-x root\/root +0 2026-11-23 \d\d:\d\d \.\/$/);
      assert.ok(
        lines.some(
          (line) => line.startsWith('-rw-r----- root/root') && line.endsWith('./etc/mediawiki/full.conf'),
        ),
      );
      assert.ok(lines.some((line) => line.endsWith('./usr/share/link -> ../bin/mediawiki-full')));

      const root = folder.path('root');
      await output('dpkg-deb', ['-R', deb, root]);
      assert.equal((await readFile(root + longPath)).length, 5000);
      assert.equal(await readlink(`${root}/usr/share/link`), '../bin/mediawiki-full');
      assert.equal((await stat(`${root}/var/lib/mediawiki-full`)).mode & 0o7777, 0o750);
      assert.equal((await stat(`${root}/DEBIAN/postinst`)).mode & 0o777, 0o755);
      await output('md5sum', ['--check', '--strict', '--quiet', 'DEBIAN/md5sums'], root);
    } finally {
      await folder.remove();
    }
  });

  it('gives the same bytes each time, and unpacks to the same archives as dpkg-deb makes of them', async function () {
    await needs(this, { tools: ['dpkg-deb'] });
    const folder = await scratch();
    try {
      const [first, second, theirs] = ['1.deb', '2.deb', '3.deb'].map((name) => folder.path(name)) as [
        string,
        string,
        string,
      ];
      const one = await writeDeb(spec, createWriteStream(first), { compress: xzCompress });
      const two = await writeDeb(spec, createWriteStream(second), { compress: xzCompress });
      assert.equal(one.sha256, two.sha256);
      assert.ok((await readFile(first)).equals(await readFile(second)));

      await output('dpkg-deb', ['-R', first, folder.path('root')]);
      await output('env', [
        `SOURCE_DATE_EPOCH=${mtime}`,
        'dpkg-deb',
        '--root-owner-group',
        '-Zxz',
        '-b',
        folder.path('root'),
        theirs,
      ]);
      const described = async (deb: string): Promise<unknown[]> => {
        const opened = await readDeb(deb, { decompress });
        const all: unknown[] = [opened.control.text(), [...opened.scripts], opened.conffiles];
        const files: string[] = [];
        // dpkg-deb clamps times to the epoch, it does not set older ones
        for await (const { header, body } of opened.files) {
          files.push(JSON.stringify([{ ...header, mtime: 0 }, (await gathered(body)).toString('base64')]));
        }
        return [...all, files.sort()];
      };
      assert.deepEqual(await described(theirs), await described(first));
    } finally {
      await folder.remove();
    }
  });

  for (const compression of ['xz', 'gzip', 'zstd', 'none']) {
    it(`reads what dpkg-deb writes with ${compression}`, async function () {
      await needs(this, { tools: ['dpkg-deb', ...(compression === 'zstd' ? ['zstd'] : [])] });
      const folder = await scratch();
      try {
        const root = folder.path('root');
        await mkdir(`${root}/DEBIAN`, { recursive: true });
        await mkdir(`${root}/etc`);
        // dpkg-deb demands the modes of a package, whatever the umask
        for (const path of [root, `${root}/DEBIAN`, `${root}/etc`]) await chmod(path, 0o755);
        const control =
          'Package: a1\nVersion: 1.0\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: x\n y\n';
        await writeFile(`${root}/DEBIAN/control`, control);
        await writeFile(`${root}/DEBIAN/conffiles`, '/etc/a1.conf\n');
        await writeFile(`${root}/DEBIAN/prerm`, '#!/bin/sh\n', { mode: 0o755 });
        await writeFile(`${root}/etc/a1.conf`, 'content');
        const deb = folder.path('x.deb');
        await output('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '-b', root, deb]);
        const opened = await readDeb(deb, { decompress });
        assert.equal(opened.control.text(), control);
        assert.deepEqual(opened.conffiles, ['/etc/a1.conf']);
        assert.deepEqual([...opened.scripts], [['prerm', '#!/bin/sh\n']]);
        const files: string[] = [];
        for await (const { header, body } of opened.files)
          files.push(header.path + (await gathered(body)).toString());
        assert.deepEqual(files, ['', 'etc', 'etc/a1.confcontent']);
        assert.equal((await readDebControl(deb, { decompress })).control.get('Version'), '1.0');
      } finally {
        await folder.remove();
      }
    });
  }

  it('streams a tree of thousands of files', async function () {
    await needs(this, { tools: ['dpkg-deb'] });
    const folder = await scratch();
    try {
      const count = 4000;
      const lazy = async function* (): AsyncGenerator<DebEntry> {
        for (let index = 0; index < count; index++) {
          const path = `/usr/share/php/d${String(index % 50).padStart(2, '0')}/${index}.php`;
          yield { kind: 'file', path, mode: 0o644, body: Buffer.from(`<?php return ${index};\n`) };
        }
      };
      const deb = folder.path('big.deb');
      const control = { ...spec.control, Description: 'many files' };
      await writeDeb({ control, entries: lazy(), mtime }, createWriteStream(deb), { compress: xzCompress });
      const lines = (await output('dpkg-deb', ['-c', deb])).split('\n');
      assert.equal(lines.filter((line) => line.endsWith('.php')).length, count);
    } finally {
      await folder.remove();
    }
  });

  it('says what a file is that is no package, and that a file is not there', async () => {
    const folder = await scratch();
    try {
      await writeFile(folder.path('x.deb'), 'nothing');
      await assert.rejects(
        readDeb(folder.path('x.deb'), { decompress }),
        (error) =>
          error instanceof LockstepError && error.code === 'DEB_ARCHIVE' && error.message.includes('x.deb'),
      );
      await assert.rejects(readDeb(folder.path('none.deb'), { decompress }), /ENOENT/);
    } finally {
      await folder.remove();
    }
  });
});
