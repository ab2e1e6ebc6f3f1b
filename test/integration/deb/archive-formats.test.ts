import assert from 'node:assert/strict';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, lstat, mkdir, readFile, readlink, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readAr, writeAr } from '../../../src/deb/ar.js';
import { readTar, tarBytes, type TarInput } from '../../../src/deb/tar.js';
import { needs } from '../../fixtures/machine.js';
import { gathered } from '../../fixtures/deb-arbitraries.js';
import { output, scratch } from './machine.js';

const mtime = 1795428930;
const long = `usr/share/${'long-folder-name/'.repeat(8)}${'f'.repeat(120)}`;

const entries: TarInput[] = [
  { kind: 'dir', path: '', mode: 0o755, mtime },
  { kind: 'dir', path: 'etc', mode: 0o755, mtime },
  { kind: 'file', path: 'etc/a b', mode: 0o640, mtime, body: Buffer.from('x=1\n') },
  { kind: 'file', path: 'etc/empty', mode: 0o4755, mtime, body: Buffer.alloc(0) },
  { kind: 'symlink', path: 'etc/link', linkTarget: `../${'t'.repeat(150)}`, mtime },
  { kind: 'file', path: 'etc/sümlaut', mode: 0o644, mtime, body: Buffer.alloc(1024, 'z') },
  { kind: 'hardlink', path: 'etc/twin', mode: 0o644, linkTarget: 'etc/sümlaut', mtime },
  { kind: 'file', path: `etc/${'n'.repeat(94)}`, mode: 0o644, mtime, body: Buffer.from('1') },
  { kind: 'file', path: `etc/${'n'.repeat(95)}`, mode: 0o644, mtime, body: Buffer.from('2') },
  { kind: 'file', path: long, mode: 0o644, mtime, body: Buffer.alloc(700, 'q') },
];

/** The same entries on a disk, for GNU tar to read. */
async function laidOut(root: string): Promise<void> {
  for (const entry of entries) {
    const path = `${root}/${entry.path}`;
    await mkdir(entry.kind === 'dir' ? path : dirname(path), { recursive: true });
    if (entry.kind === 'file') await writeFile(path, entry.body as Buffer, { mode: entry.mode });
    if (entry.kind === 'symlink') await symlink(entry.linkTarget, path);
    if (entry.kind === 'hardlink') await link(`${root}/${entry.linkTarget}`, path);
  }
  for (const entry of entries) {
    if (entry.kind !== 'symlink' && entry.kind !== 'hardlink') {
      await output('chmod', [entry.mode.toString(8), `${root}/${entry.path}`]);
    }
  }
}

describe('deb/tar against GNU tar', () => {
  it('writes the bytes that GNU tar writes', async function () {
    await needs(this, { tools: ['tar'] });
    const folder = await scratch();
    try {
      const root = folder.path('root');
      await laidOut(root);
      const names = entries.map((entry) => (entry.path === '' ? './' : `./${entry.path}`));
      await writeFile(folder.path('names'), names.join('\n'));
      await output(
        'tar',
        [
          '-cf',
          folder.path('gnu.tar'),
          '--format=gnu',
          `--mtime=@${mtime}`,
          '--owner=root:0',
          '--group=root:0',
        ].concat(['--no-recursion', '--verbatim-files-from', '-T', folder.path('names')]),
        root,
      );
      await writeFile(folder.path('own.tar'), tarBytes(entries));
      assert.ok((await readFile(folder.path('own.tar'))).equals(await readFile(folder.path('gnu.tar'))));
    } finally {
      await folder.remove();
    }
  });

  it('is unpacked by GNU tar as it was meant', async function () {
    await needs(this, { tools: ['tar'] });
    const folder = await scratch();
    try {
      const root = folder.path('out');
      await mkdir(root);
      await writeFile(folder.path('own.tar'), tarBytes(entries));
      await output('tar', ['-xpf', folder.path('own.tar'), '-C', root]);
      for (const entry of entries) {
        const path = `${root}/${entry.path}`;
        const found = await lstat(path);
        if (entry.kind === 'symlink') assert.equal(await readlink(path), entry.linkTarget);
        else assert.equal(found.mtimeMs, mtime * 1000, entry.path);
        if (entry.kind === 'file') {
          assert.ok((await readFile(path)).equals(entry.body as Buffer), entry.path);
          assert.equal(found.mode & 0o7777, entry.mode, entry.path);
        }
      }
    } finally {
      await folder.remove();
    }
  });

  for (const format of ['gnu', 'pax', 'ustar', 'v7']) {
    it(`reads what GNU tar writes as ${format}`, async function () {
      await needs(this, { tools: ['tar'] });
      const folder = await scratch();
      try {
        const root = folder.path('root');
        await mkdir(`${root}/d`, { recursive: true });
        // v7 and ustar cannot hold longer names
        const name = format === 'gnu' || format === 'pax' ? `d/${'ö'.repeat(80)}` : 'd/short';
        await writeFile(`${root}/${name}`, 'content');
        await utimes(`${root}/${name}`, mtime, mtime + 0.25);
        await symlink('../else', `${root}/z`);
        const tar = folder.path('x.tar');
        await output('tar', ['-cf', tar, `--format=${format}`, '--sort=name', '-C', root, 'd', 'z']);
        const read: unknown[] = [];
        const reading = readTar(createReadStream(tar), tar);
        for await (const { header, body } of reading) {
          read.push([header.path, header.kind, header.linkTarget, (await gathered(body)).toString()]);
          if (header.kind === 'file') assert.equal(header.mtime, mtime);
        }
        assert.deepEqual(read, [
          ['d', 'dir', null, ''],
          [name, 'file', null, 'content'],
          ['z', 'symlink', '../else', ''],
        ]);
      } finally {
        await folder.remove();
      }
    });
  }

  it('refuses a tar made to climb out', async function () {
    await needs(this, { tools: ['tar'] });
    const folder = await scratch();
    try {
      await writeFile(folder.path('x'), 'x');
      const tar = folder.path('x.tar');
      await output('tar', ['-cPf', tar, '--transform=s,^,../../,', '-C', folder.path(''), 'x']);
      await assert.rejects(readTar(createReadStream(tar)).next(), /leads out of its folder/);
    } finally {
      await folder.remove();
    }
  });
});

describe('deb/ar against ar(1)', () => {
  it('is read by ar, and reads what ar wrote', async function () {
    await needs(this, { tools: ['ar'] });
    const folder = await scratch();
    try {
      const members = ['odd', 'even.'].map((text, index) => {
        const body = Buffer.from(text);
        return { name: `member-${index}.txt`, size: body.length, mtime, body };
      });
      const own = folder.path('own.a');
      await pipeline(Readable.from(writeAr(members)), createWriteStream(own));
      assert.equal(await output('ar', ['t', own]), 'member-0.txt\nmember-1.txt');
      assert.equal(await output('ar', ['p', own, 'member-0.txt']), 'odd');
      assert.match(await output('ar', ['tv', own]), /rw-r--r-- 0\/0 +3 /);

      for (const { name, body } of members) await writeFile(folder.path(name), body);
      await output('ar', ['rcD', 'theirs.a', ...members.map(({ name }) => name)], folder.path(''));
      const read: string[] = [];
      for await (const { name, body } of readAr(createReadStream(folder.path('theirs.a')))) {
        read.push(`${name}=${(await gathered(body)).toString()}`);
      }
      assert.deepEqual(read, ['member-0.txt=odd', 'member-1.txt=even.']);
    } finally {
      await folder.remove();
    }
  });
});
