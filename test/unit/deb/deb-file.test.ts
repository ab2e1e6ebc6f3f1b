import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { readAr, writeAr } from '../../../src/deb/ar.js';
import type { Codec, DecompressByName } from '../../../src/deb/codec.js';
import {
  readDeb,
  readDebControl,
  writeDeb,
  type DebEntry,
  type DebResult,
  type DebSpec,
} from '../../../src/deb/deb-file.js';
import { tarBytes, type TarInput } from '../../../src/deb/tar.js';
import { LockstepError } from '../../../src/errors.js';
import { gathered, inChunks } from '../../fixtures/deb-arbitraries.js';

const gzip: Codec = async function* (input) {
  yield gzipSync(await gathered(input));
};
const decompress: DecompressByName = async function* (name, input) {
  const bytes = await gathered(input);
  yield name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
};

const control = {
  Package: 'mediawiki-full',
  Version: '1:1.0+lockstep1',
  Architecture: 'all',
  Maintainer: 'Lockstep Archive <archive@lockstep.invalid>',
  Depends: 'mediawiki (= 1:1.0)',
  Description: 'a wiki\nLong text.\n\nMore.',
};
const entries: DebEntry[] = [
  { kind: 'file', path: '/etc/mediawiki/full.conf', mode: 0o640, body: Buffer.from('x=1\n') },
  { kind: 'dir', path: '/usr/share/doc/mediawiki-full', mode: 0o755 },
  { kind: 'file', path: '/usr/share/doc/mediawiki-full/a b', mode: 0o644, body: Buffer.alloc(1025, 'y') },
  { kind: 'symlink', path: '/usr/share/x', target: '../lib/x' },
];
const spec: DebSpec = {
  control,
  entries,
  conffiles: ['/etc/mediawiki/full.conf'],
  scripts: { postinst: '#!/bin/sh\nexit 0\n', templates: 'Template: a/b\n' },
  triggers: 'activate x\n',
  mtime: 1795428930,
};

async function written(changes: Partial<DebSpec> = {}): Promise<{ bytes: Buffer; result: DebResult }> {
  const sink = new PassThrough();
  const [result, bytes] = await Promise.all([
    writeDeb({ ...spec, ...changes }, sink, { compress: gzip, suffix: '.gz' }),
    gathered(sink),
  ]);
  return { bytes, result };
}

async function refusal(changes: Partial<DebSpec>): Promise<LockstepError> {
  const sink = new PassThrough();
  try {
    await writeDeb({ ...spec, ...changes }, sink, { compress: gzip, suffix: '.gz' });
  } catch (error) {
    assert.equal(sink.readableLength, 0, 'something was written');
    if (error instanceof LockstepError) return error;
    throw error;
  }
  assert.fail('it was written');
}

/** A package out of parts, to leave some out or change them. */
async function assembled(members: Record<string, Buffer>): Promise<Buffer> {
  return gathered(
    writeAr(Object.entries(members).map(([name, body]) => ({ name, body, size: body.length, mtime: 0 }))),
  );
}
async function controlTar(files: Record<string, string>): Promise<Buffer> {
  const list = Object.entries(files).map(([path, text]): TarInput => ({
    kind: 'file',
    path,
    mode: 0o644,
    mtime: 0,
    body: Buffer.from(text),
  }));
  return gathered(tarBytes(list));
}

const read = (bytes: Uint8Array): ReturnType<typeof readDeb> =>
  readDeb(inChunks(bytes, 999), { decompress, file: 'x.deb' });

describe('deb/deb-file writing', () => {
  it('comes back as it was written', async () => {
    const { bytes, result } = await written();
    assert.equal(result.size, bytes.length);
    assert.equal(result.sha256, createHash('sha256').update(bytes).digest('hex'));
    const deb = await read(bytes);
    assert.equal(deb.control.text(), result.control);
    assert.equal(deb.control.unfolded('Description'), control.Description);
    assert.deepEqual(deb.conffiles, ['/etc/mediawiki/full.conf']);
    assert.deepEqual([...deb.scripts.keys()], ['postinst', 'templates']);
    assert.equal(deb.members.get('triggers')?.toString(), 'activate x\n');
    const md5 = createHash('md5').update(Buffer.alloc(1025, 'y')).digest('hex');
    assert.equal(deb.members.get('md5sums')?.toString(), `${md5}  usr/share/doc/mediawiki-full/a b\n`);
    const files: unknown[] = [];
    for await (const { header } of deb.files) {
      assert.deepEqual([header.uid, header.gid, header.uname, header.gname], [0, 0, 'root', 'root']);
      assert.equal(header.mtime, spec.mtime);
      files.push([header.path, header.kind, header.mode, header.linkTarget ?? header.size]);
    }
    assert.deepEqual(files, [
      ['', 'dir', 0o755, 0],
      ['etc', 'dir', 0o755, 0],
      ['etc/mediawiki', 'dir', 0o755, 0],
      ['etc/mediawiki/full.conf', 'file', 0o640, 4],
      ['usr', 'dir', 0o755, 0],
      ['usr/share', 'dir', 0o755, 0],
      ['usr/share/doc', 'dir', 0o755, 0],
      ['usr/share/doc/mediawiki-full', 'dir', 0o755, 0],
      ['usr/share/doc/mediawiki-full/a b', 'file', 0o644, 1025],
      ['usr/share/x', 'symlink', 0o777, '../lib/x'],
    ]);
    assert.deepEqual(result.files, ['/etc/mediawiki/full.conf', '/usr/share/doc/mediawiki-full/a b']);
  });

  it('reckons the installed size as dpkg-gencontrol does, and keeps a given one', async () => {
    // 7 folders and a link of 1 KiB each, files of 4 and 1025 bytes
    assert.match((await written()).result.control, /\nMaintainer: .*\nInstalled-Size: 11\nDepends: /);
    const given = await written({ control: { ...control, 'Installed-Size': '7' } });
    assert.match(given.result.control, /\nInstalled-Size: 7\n/);
  });

  it('gives the same bytes for the same spec, lazily too', async () => {
    const lazy = async function* (): AsyncGenerator<DebEntry> {
      for (const entry of entries) {
        yield entry.kind === 'file'
          ? { ...entry, size: (entry.body as Buffer).length, body: inChunks(entry.body as Buffer, 10) }
          : entry;
      }
    };
    assert.deepEqual((await written({ entries: lazy() })).bytes, (await written()).bytes);
  });

  it('writes a package with no files', async () => {
    const { bytes } = await written({ entries: [], conffiles: [] });
    const deb = await read(bytes);
    const paths: string[] = [];
    for await (const { header } of deb.files) paths.push(header.path);
    assert.deepEqual(paths, ['']);
    assert.ok(!deb.members.has('md5sums') && !deb.members.has('conffiles'));
  });

  it('reports every fault of the spec, and writes nothing then', async () => {
    const fault = await refusal({
      control: { Package: 'A', Version: 'x y', Architecture: 'any', Description: 'd' },
      scripts: { postinst: 'echo' },
    });
    assert.equal(fault.code, 'DEB_INVALID');
    assert.equal(fault.where.length, 5);
  });

  it('reports a time before 1970 or of a part of a second', async () => {
    for (const mtime of [-1, 0.5]) {
      const { where } = await refusal({ mtime });
      assert.deepEqual(
        where.map(({ message }) => message),
        [`${mtime} is not a time in seconds`],
      );
    }
  });

  it('reports entries that cannot stand side by side', async () => {
    const file = (path: string): DebEntry => ({ kind: 'file', path, mode: 0o644, body: Buffer.from('') });
    const fault = await refusal({
      entries: [file('/a'), file('/a'), file('/a/b'), file('/d/e'), { kind: 'dir', path: '/d', mode: 0o755 }],
      conffiles: ['/etc/none', '/a', '/a'],
    });
    assert.deepEqual(
      fault.where.map((place) => place.message),
      [
        '"/a" occurs twice',
        '"/a/b" is below "/a", which is not a folder',
        'the folder "/d" occurs twice, or after its content',
        'the conffile "/a" is listed twice',
        'the conffile "/etc/none" is not a file of the package',
      ],
    );
    assert.equal((await refusal({ entries: [file('/x/../../y')], conffiles: [] })).code, 'DEB_INVALID');
  });

  it('reports a body that is not as long as announced', async () => {
    const short: DebEntry = {
      kind: 'file',
      path: '/a',
      mode: 0o644,
      size: 5,
      body: inChunks(Buffer.from('abc'), 2),
    };
    assert.match((await refusal({ entries: [short], conffiles: [] })).message, /5 bytes, but it has 3/);
  });
});

describe('deb/deb-file reading', () => {
  const minimal = { control: 'Package: a1\nVersion: 1\nArchitecture: all\n' };

  it('reads the control archive alone, and lets the source go', async () => {
    const { bytes } = await written();
    let closed = false;
    const source = async function* (): AsyncGenerator<Buffer> {
      try {
        yield* inChunks(bytes, 100);
      } finally {
        closed = true;
      }
    };
    assert.equal((await readDebControl(source(), { decompress })).control.get('Package'), 'mediawiki-full');
    assert.ok(closed);
  });

  it('ignores members with an underscore, and refuses others out of their order', async () => {
    const tars = { 'control.tar': await controlTar(minimal), 'data.tar': await controlTar({}) };
    const parts = { 'debian-binary': Buffer.from('2.0\n'), ...tars };
    await (
      await read(
        await assembled({ 'debian-binary': parts['debian-binary'], _gpg: Buffer.from('x'), ...tars }),
      )
    ).close();
    const damagedOnes: Record<string, Buffer>[] = [
      tars,
      { _gpg: Buffer.from('x'), ...parts },
      { ...parts, 'debian-binary': Buffer.from('3.0\n') },
      {
        'debian-binary': parts['debian-binary'],
        'data.tar': parts['data.tar'],
        'control.tar': parts['control.tar'],
      },
      { 'debian-binary': parts['debian-binary'], 'control.tar': parts['control.tar'] },
      { ...parts, 'control.tar': await controlTar({ md5sums: 'x' }) },
      { ...parts, 'control.tar': await controlTar({ ...minimal, 'sub/dir': 'x' }) },
      { ...parts, 'control.tar': Buffer.from('no tar') },
    ];
    for (const [index, members] of damagedOnes.entries()) {
      await assert.rejects(
        async () => read(await assembled(members)),
        (error) => error instanceof LockstepError && error.code === 'DEB_ARCHIVE',
        `number ${index}`,
      );
    }
  });

  it('refuses a control archive with two control files', async () => {
    const file = (text: string): TarInput => ({
      kind: 'file',
      path: 'control',
      mode: 0o644,
      mtime: 0,
      body: Buffer.from(text),
    });
    const bytes = await assembled({
      'debian-binary': Buffer.from('2.0\n'),
      'control.tar': await gathered(tarBytes([file(minimal.control), file(minimal.control)])),
      'data.tar': await controlTar({}),
    });
    await assert.rejects(read(bytes), /two members control/);
  });

  it('refuses a package cut anywhere', async () => {
    const { bytes } = await written();
    for (let end = 0; end < bytes.length - 1; end += 37) {
      await assert.rejects(
        async () => {
          for await (const { body } of (await read(bytes.subarray(0, end))).files) await gathered(body);
        },
        (error) => error instanceof LockstepError && error.code === 'DEB_ARCHIVE',
        `cut at ${end} of ${bytes.length}`,
      );
    }
  });

  it('refuses a flipped bit in the compressed files', async () => {
    const { bytes } = await written();
    const names: string[] = [];
    for await (const member of readAr(inChunks(bytes, 999))) names.push(member.name);
    assert.deepEqual(names, ['debian-binary', 'control.tar.gz', 'data.tar.gz']);
    const flipped = Buffer.from(bytes);
    flipped[bytes.length - 40]! ^= 4;
    await assert.rejects(
      async () => {
        for await (const { body } of (await read(flipped)).files) await gathered(body);
      },
      (error) => error instanceof LockstepError && error.code === 'DEB_ARCHIVE',
    );
  });
});
