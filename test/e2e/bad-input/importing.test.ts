import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import { publishResult } from '../../../src/workflows/move/move-results.js';
import { importResult } from '../../../src/workflows/release/release-results.js';
import { tarBytes } from '../../../src/deb/tar.js';
import { collect } from '../../../src/deb/bytes.js';
import { xzCompress } from '../../../src/io/compress.js';
import { isTemporaryName } from '../../../src/io/disk.js';
import { needs } from '../../fixtures/machine.js';
import { makeBinary } from '../../fixtures/packages.js';
import { startLockstep } from '../../fixtures/lockstep.js';
import { IsolatedApt } from '../../fixtures/archive-bench.js';
import { Bench, failedWith, profile, until } from '../../fixtures/bad-input-bench.js';
import { SmallDisk, unfitForSmallDisks } from './small-disk.js';

const tools = `format: 1
kind: imported
description: Tools that are built elsewhere
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64] }
`;

/** The members of a .deb. */
function arOf(members: readonly (readonly [string, Buffer])[]): Buffer {
  return Buffer.concat([
    Buffer.from('!<arch>\n'),
    ...[['debian-binary', Buffer.from('2.0\n')] as const, ...members].flatMap(([name, body]) => [
      Buffer.from(`${name.padEnd(16)}0           0     0     100644  ${String(body.length).padEnd(10)}\`\n`),
      body,
      Buffer.alloc(body.length % 2, '\n'),
    ]),
  ]);
}

async function controlTar(name: string, more = ''): Promise<Buffer> {
  const text = `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.invalid>\n${more}Description: ${name}\n`;
  return await collect(
    tarBytes([{ kind: 'file', path: 'control', mode: 0o644, mtime: 0, body: Buffer.from(text) }]),
  );
}

async function smallDeb(name: string): Promise<Buffer> {
  const folder = { kind: 'dir' as const, path: `usr/share/${name}`, mode: 0o755, mtime: 0 };
  const body = Buffer.from(name);
  const file = { kind: 'file' as const, path: `usr/share/${name}/x`, mode: 0o644, mtime: 0, body };
  return arOf([
    ['control.tar.gz', gzipSync(await controlTar(name))],
    ['data.tar.gz', gzipSync(await collect(tarBytes([folder, file])))],
  ]);
}

/** A package of a few megabytes that unpacks to 64 GiB: whoever reads it is busy for minutes. */
async function endlessDeb(): Promise<Buffer> {
  const piece = 16 * 1024 * 1024;
  const count = 4096;
  const header = (
    await collect(
      tarBytes([{ kind: 'file', path: 'usr/large', mode: 0o644, mtime: 0, body: Buffer.alloc(1) }]),
    )
  ).subarray(0, 512);
  const large = Buffer.from(header);
  large.fill(0, 124, 136);
  large[124] = 0x80;
  large.writeBigUInt64BE(BigInt(piece) * BigInt(count), 128);
  large.fill(0x20, 148, 156);
  large.write(
    `${large
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  const zeros = await xzBlock(Buffer.alloc(piece));
  const blocks = [await xzBlock(large), ...Array.from({ length: count }, () => zeros)];
  return arOf([
    ['control.tar', await controlTar('endless')],
    ['data.tar.xz', xzOf([...blocks, await xzBlock(Buffer.alloc(1024))])],
  ]);
}

interface XzBlock {
  /** The header of its stream. */
  head: Buffer;
  bytes: Buffer;
  /** Its record in an index: two numbers in the form of the format, 1.2. */
  record: Buffer;
}

/** The one block of a stream (the .xz file format, 2.1): header, block, index, footer. */
async function xzBlock(data: Buffer): Promise<XzBlock> {
  const stream = await collect(xzCompress(data));
  const index = (stream.readUInt32LE(stream.length - 8) + 1) * 4;
  const start = stream.length - 12 - index;
  // Indicator and count before the record; padding and a sum after it
  let end = start + 2;
  for (let numbers = 0; numbers < 2; end++) if (stream[end]! < 0x80) numbers++;
  const record = stream.subarray(start + 2, end);
  return { head: stream.subarray(0, 12), bytes: stream.subarray(12, start), record };
}

/** One stream of these blocks. */
function xzOf(blocks: readonly XzBlock[]): Buffer {
  const records = Buffer.concat(blocks.map(({ record }) => record));
  const count = Buffer.from([(blocks.length & 0x7f) | 0x80, blocks.length >> 7]);
  const bare = Buffer.concat([Buffer.from([0]), count, records]);
  const index = withSum(Buffer.concat([bare, Buffer.alloc(-bare.length & 3)]), 'after');
  const { head } = blocks[0]!;
  const size = Buffer.alloc(4);
  size.writeUInt32LE(index.length / 4 - 1);
  const footer = withSum(Buffer.concat([size, head.subarray(6, 8)]), 'before');
  return Buffer.concat([head, ...blocks.map(({ bytes }) => bytes), index, footer, Buffer.from('YZ')]);
}

function withSum(bytes: Buffer, where: 'before' | 'after'): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(bytes));
  return Buffer.concat(where === 'before' ? [sum, bytes] : [bytes, sum]);
}

describe('importing', function () {
  this.timeout(120_000);
  let bench: Bench;
  let incoming: string;

  before(async () => {
    bench = await Bench.make();
    await bench.write('profiles/tools.yaml', tools);
    await bench.edit('lockstep.yaml', (text) =>
      text.replace(
        'suites:\n',
        'packages: { limits: { data: 1T, ratio: 10000 } }\nsuites:\n  tools-unstable: { profile: tools, trust: unstable }\n',
      ),
    );
    incoming = bench.path('../incoming');
  });
  beforeEach(async () => {
    await rm(incoming, { recursive: true, force: true });
    await mkdir(incoming, { recursive: true });
  });
  after(async () => bench?.end());

  it('takes several versions of a package where the profile says so: listed, compared, moved', async () => {
    await bench.write('profiles/several.yaml', tools.replace('base:', 'versions: 2\nbase:'));
    await bench.edit('lockstep.yaml', (text) =>
      text.replace('suites:\n', 'suites:\n  several: { profile: several, trust: unstable, retain: 1 }\n'),
    );
    const deb = async (version: string): Promise<string> => {
      const { file } = await makeBinary({ package: 'hello', version, architecture: 'all' });
      return await put(file.name, Buffer.from(file.bytes));
    };
    const listed = async (): Promise<string[]> => {
      const sources = await readFile(bench.path('public/debian/several.sources'), 'utf8');
      const address = `URIs: file:${bench.path('public/debian')}`;
      const apt = await IsolatedApt.make(join(incoming, 'apt'), sources.replace(/^URIs: .*$/gm, address));
      assert.deepEqual(await apt.update(), []);
      return await apt.versions('hello');
    };
    await Promise.all(['1.0', '1.2', '1.10'].map(deb));
    const first = await bench.succeeds(importResult, ['import', 'several', incoming]);
    assert.equal(first.packages, 2);
    assert.deepEqual(
      first.passedOver.map(({ version }) => version),
      ['1.0'],
    );
    await bench.succeeds(publishResult, ['publish', first.id, 'several']);
    assert.deepEqual(await listed(), ['1.10', '1.2']);

    const older = await bench.run(['import', 'several', '--add', await deb('0.9'), '--dry-run']);
    assert.match(
      older.stderr,
      /Left out, because they are older than the versions that the profile keeps: hello 0\.9 all/,
    );
    const next = await bench.succeeds(importResult, ['import', 'several', '--add', await deb('2.0')]);
    assert.deepEqual(
      next.changes.map(({ from, to }) => [from, to]),
      [['1.10', '2.0']],
    );
    await bench.succeeds(publishResult, ['publish', next.id, 'several']);
    assert.deepEqual(await listed(), ['2.0', '1.10']);
    const diff = await bench.run(['diff', first.id, next.id]);
    assert.match(diff.stdout, /hello.*1\.10.*2\.0/);
    assert.match(diff.stdout, /hello.*1\.2/);

    const back = await bench.run([
      'rollback',
      'several',
      '--supersede',
      '--reason',
      'the old one was better',
    ]);
    assert.equal(back.status, 0, back.stderr);
    assert.deepEqual(await listed(), ['2.0+really1.10']);
    assert.equal((await bench.run(['verify'])).status, 0);
  });

  async function put(name: string, bytes: Buffer): Promise<string> {
    await writeFile(join(incoming, name), bytes);
    return join(incoming, name);
  }

  /** More than one thread would read alone. */
  async function putMany(count: number): Promise<void> {
    for (let index = 0; index < count; index++) await put(`p${index}.deb`, await smallDeb(`p${index}`));
  }

  it('refuses what is no package, and names each', async () => {
    const good = (await makeBinary({ package: 'good', version: '1' })).file;
    await put(good.name, good.bytes);
    await put('login.deb', Buffer.from('<!doctype html><title>Log in</title>'));
    await put('half.deb', good.bytes.subarray(0, good.bytes.length / 2));
    await put('flipped.deb', flipped(good.bytes));
    await put(
      'old.deb',
      (await makeBinary({ package: 'old', version: '1', architecture: 'i386' })).file.bytes,
    );
    const { where } = await bench.fails(['import', 'tools', incoming], {
      code: 'IMPORT_INVALID',
      says: [
        /4 things are wrong/,
        /login\.deb: it does not start/,
        /half\.deb: it ends/,
        /old\.deb: it is for i386/,
        /flipped\.deb: /,
      ],
    });
    assert.equal(where!.length, 4);
    await bench.fails(['import', 'tools', join(incoming, 'no.deb')], {
      code: 'IMPORT_INVALID',
      says: [/there is no such file/],
    });
    await bench.fails(['import', 'tools', bench.path('lockstep.yaml')], {
      code: 'IMPORT_INVALID',
      says: [/is not a folder, a \.deb/],
    });
    await bench.fails(['import', 'tools', bench.path('profiles')], {
      code: 'IMPORT_INVALID',
      says: [/no \.deb, \.dsc or \.changes in/],
    });
  });

  function flipped(bytes: Buffer): Buffer {
    const bad = Buffer.from(bytes);
    bad[bad.length - 40] = bad[bad.length - 40]! ^ 0xff;
    return bad;
  }

  it('takes no package that would write where it may not, or into the index of others', async () => {
    const evil = await collect(
      tarBytes([
        { kind: 'dir', path: 'home/me', mode: 0o755, mtime: 0 },
        { kind: 'file', path: 'home/me/.profile', mode: 0o777, mtime: 0, body: Buffer.from('x') },
      ]),
    );
    await put(
      'home.deb',
      arOf([
        ['control.tar', await controlTar('home')],
        ['data.tar', evil],
      ]),
    );
    const empty = Buffer.alloc(1024);
    await put(
      'second.deb',
      arOf([
        ['control.tar', await controlTar('second', 'X: y\n \t\n')],
        ['data.tar', empty],
      ]),
    );
    await put(
      'climb.deb',
      arOf([
        ['control.tar', await controlTar('../../climb')],
        ['data.tar', empty],
      ]),
    );
    await bench.fails(['import', 'tools', incoming], {
      code: 'IMPORT_INVALID',
      says: [
        /home\.deb: .*\[foreign-root\]/,
        /home\.deb: .*\[world-writable\]/,
        /climb\.deb: .*is not a package name/,
        /second\.deb: /,
      ],
    });
  });

  it('needs a profile of imported packages, and such a profile is good for nothing else', async () => {
    await put('a.deb', await smallDeb('aa'));
    await bench.fails(['import', profile, incoming], {
      code: 'USAGE',
      says: [/builds its packages from components/, /kind: imported/],
    });
    await bench.fails(['import', 'tolls', incoming], {
      code: 'PROFILE_UNKNOWN',
      says: [/did you mean "tools"/],
    });
    for (const command of ['resolve', 'build', 'cut', 'release']) {
      await bench.fails([command, 'tools'], {
        code: 'USAGE',
        says: [/The profile tools has imported packages/, /lockstep import tools DIR/],
      });
    }
    await bench.edit('profiles/tools.yaml', (text) => `${text}components: {}\n`);
    await bench.fails(['import', 'tools', incoming], {
      code: 'PROFILE_INVALID',
      says: [/unknown key "components"/],
    });
    await bench.edit('profiles/tools.yaml', (text) => text.replace('components: {}\n', ''));
  });

  it('is there for apt once it is published', async function () {
    await needs(this, { tools: ['apt-get'] });
    await putMany(899);
    const apart = { package: 'p899', version: '1', architecture: 'all', fields: { Section: 'contrib/misc' } };
    const { file } = await makeBinary(apart);
    await put('p899.deb', Buffer.from(file.bytes));
    await symlink('/etc/passwd', join(incoming, 'passwd.deb'));
    const planned = await bench.succeeds(importResult, ['import', 'tools', incoming, '--dry-run']);
    assert.deepEqual([planned.changes.length, planned.manifest], [900, null]);
    const { id, packages, links } = await bench.succeeds(importResult, ['import', 'tools', incoming]);
    assert.equal(packages, 900);
    assert.deepEqual(links, [join(incoming, 'passwd.deb')]);
    await bench.assertNothingHalfWritten();
    await bench.succeeds(publishResult, ['publish', id, 'tools-unstable']);
    const sources = await readFile(bench.path('public/debian/tools-unstable.sources'), 'utf8');
    const folder = join(dirname(bench.workspace), 'apt-import');
    const apt = await IsolatedApt.make(
      folder,
      sources.replace(/^URIs:.*$/gm, `URIs: file:${bench.path('public')}/debian`),
    );
    assert.deepEqual(await apt.update(), []);
    const { stdout } = await apt.run('apt-cache', 'pkgnames');
    assert.equal(stdout.split('\n').filter((name) => /^p\d+$/.test(name)).length, 900);
    const { exitCode } = await apt.run('apt-get', '-y', '--download-only', 'install', 'p7', 'p899');
    assert.equal(exitCode, 0);
    // What is not of main is in the area that its section names, and the lines for machines have that too
    assert.match(sources, /^Components: contrib main$/m);
    const { stdout: where } = await apt.run('apt-cache', 'policy', 'p899');
    assert.match(where, /tools-unstable\/contrib \S+ Packages/);
  });

  for (const many of [20, 500]) {
    it(`ends on Ctrl-C with nothing left behind, ${many} packages under way`, async () => {
      await putMany(many);
      await put('pp-endless.deb', await endlessDeb());
      await bench.freshCache();
      const before = await bench.state();
      const running = bench.startInTerminal(['import', 'tools', incoming, '--json']);
      const arriving = async (): Promise<number> =>
        (await readdir(join(bench.cache, 'store'), { recursive: true }).catch(() => [])).filter((name) =>
          isTemporaryName(name.slice(name.lastIndexOf('/') + 1)),
        ).length;
      await until(async () => (await arriving()) >= many - 1);
      running.kill('SIGINT');
      failedWith(await running.ended, { code: 'INTERRUPTED', says: [/Run the same/] });
      assert.deepEqual(await bench.state(), before);
      await bench.assertNothingHalfWritten();
      assert.equal(await arriving(), 0);
    });
  }

  it('says that the disk is full, and leaves nothing there', async function () {
    await needs(this, { tools: ['unshare', 'nsenter'], also: unfitForSmallDisks });
    await putMany(600);
    const cache = bench.path('../small');
    await mkdir(cache, { recursive: true });
    const disk = await SmallDisk.mount(cache, 'size=1m,nr_inodes=500');
    try {
      const before = await bench.state();
      const env = { ...bench.env, LOCKSTEP_CACHE: cache };
      const command = ['import', 'tools', incoming, '--json', '--workspace', bench.workspace];
      const outcome = await startLockstep(command, { env, within: disk.within }).ended;
      failedWith(outcome, { code: 'DISK_FULL' });
      assert.deepEqual(await bench.state(), before);
      const left = await readdir(disk.path, { recursive: true });
      assert.deepEqual(
        left.filter((name) => isTemporaryName(name.slice(name.lastIndexOf('/') + 1))),
        [],
      );
    } finally {
      await disk.end();
    }
  });
});
