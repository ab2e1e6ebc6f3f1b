import assert from 'node:assert/strict';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { readTar, tarBytes, type TarHeader, type TarInput } from '../../../src/deb/tar.js';
import { LockstepError } from '../../../src/errors.js';
import { gathered, inChunks, memberPathText } from '../../fixtures/deb-arbitraries.js';

type Read = TarHeader & { body: string };

async function allOf(bytes: Uint8Array, chunk = 4096): Promise<Read[]> {
  const read: Read[] = [];
  for await (const { header, body } of readTar(inChunks(bytes, chunk), 'x.tar')) {
    read.push({ ...header, body: (await gathered(body)).toString('latin1') });
  }
  return read;
}

/** A tar of one entry whose header bytes are changed and summed again. */
async function altered(change: (header: Buffer) => void, body = 'abc'): Promise<Buffer> {
  const bytes = await gathered(
    tarBytes([{ kind: 'file', path: 'a', mode: 0o644, mtime: 0, body: Buffer.from(body) }]),
  );
  change(bytes);
  bytes.fill(' ', 148, 156);
  let sum = 0;
  for (const byte of bytes.subarray(0, 512)) sum += byte;
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}

async function packed(
  ...entries: { name: string; type?: 'file' | 'symlink' | 'link'; linkname?: string; pax?: object }[]
): Promise<Buffer> {
  const tar = pack();
  for (const entry of entries) tar.entry({ mtime: new Date(0), ...entry }, '');
  tar.finalize();
  return gathered(tar as AsyncIterable<Uint8Array>);
}

const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof LockstepError && error.code === code;

const entry: fc.Arbitrary<TarInput> = fc.oneof(
  fc.record({
    kind: fc.constant('file' as const),
    path: memberPathText,
    mode: fc.integer({ min: 0, max: 0o7777 }),
    mtime: fc.nat(),
    body: fc.uint8Array({ maxLength: 1100 }),
  }),
  fc.record({
    kind: fc.constant('dir' as const),
    path: memberPathText,
    mode: fc.integer({ min: 0, max: 0o7777 }),
    mtime: fc.nat(),
  }),
  fc.record({
    kind: fc.constant('symlink' as const),
    path: memberPathText,
    linkTarget: fc.oneof(memberPathText, fc.constantFrom('../x', '/etc/x', '.')),
    mtime: fc.nat(),
  }),
  fc.record({
    kind: fc.constant('hardlink' as const),
    path: memberPathText,
    linkTarget: memberPathText,
    mode: fc.integer({ min: 0, max: 0o7777 }),
    mtime: fc.nat(),
  }),
);

describe('deb/tar', () => {
  it('comes back as it was written, long and foreign names too', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 6 }),
        fc.integer({ min: 1, max: 2000 }),
        async (entries, chunk) => {
          const bytes = await gathered(tarBytes(entries));
          assert.equal(bytes.length % 10240, 0);
          const expected = entries.map((input) => ({
            path: input.path,
            kind: input.kind,
            mode: input.kind === 'symlink' ? 0o777 : input.mode,
            size: input.kind === 'file' ? (input.body as Uint8Array).length : 0,
            linkTarget:
              input.kind === 'symlink'
                ? input.linkTarget
                : input.kind === 'hardlink'
                  ? input.linkTarget
                  : null,
            mtime: input.mtime,
            uid: 0,
            gid: 0,
            uname: 'root',
            gname: 'root',
            body: input.kind === 'file' ? Buffer.from(input.body as Uint8Array).toString('latin1') : '',
          }));
          assert.deepEqual(await allOf(bytes, chunk), expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('reads pax headers', async () => {
    const long = `${'d'.repeat(120)}/${'ö'.repeat(60)}`;
    const read = await allOf(
      await packed({ name: long }, { name: 'b', pax: { path: 'named/by/pax', mtime: '12.75' } }),
    );
    assert.deepEqual(
      read.map((header) => [header.path, header.mtime]),
      [
        [long, 0],
        ['named/by/pax', 12],
      ],
    );
  });

  it('goes on when bodies are left early, and lets the source go', async () => {
    const entries: TarInput[] = ['a', 'b', 'c'].map((path) => ({
      kind: 'file',
      path,
      mode: 0o644,
      mtime: 0,
      body: Buffer.alloc(200_000, path),
    }));
    const bytes = await gathered(tarBytes(entries));
    const seen: string[] = [];
    let closed = false;
    const source = async function* (): AsyncGenerator<Buffer> {
      try {
        yield* inChunks(bytes, 5000);
      } finally {
        closed = true;
      }
    };
    for await (const { header, body } of readTar(source())) {
      for await (const chunk of body) {
        seen.push(header.path + String.fromCharCode(chunk[0]!));
        break;
      }
      if (header.path === 'b') break;
    }
    assert.deepEqual(seen, ['aa', 'bb']);
    assert.ok(closed);
  });

  it('does not read ahead of its reader', async () => {
    const bytes = await gathered(
      tarBytes([{ kind: 'file', path: 'big', mode: 0o644, mtime: 0, body: Buffer.alloc(8_000_000) }]),
    );
    let taken = 0;
    const source = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of inChunks(bytes, 10_000)) {
        taken += chunk.length;
        yield chunk;
      }
    };
    for await (const { body } of readTar(source())) {
      for await (const chunk of body) {
        void chunk;
        break;
      }
      break;
    }
    assert.ok(taken < 1_000_000, `${taken} bytes were taken`);
  });

  for (const name of ['../x', '//etc/passwd', '././x', 'a/../../b', 'a\nb', 'x\u001b[2J']) {
    it(`refuses the name ${JSON.stringify(name)}, plain or in a pax header`, async () => {
      await assert.rejects(async () => allOf(await packed({ name })), hasCode('DEB_UNSAFE_NAME'));
      const hidden = await packed({ name: 'ok', pax: { path: name } });
      await assert.rejects(allOf(hidden), hasCode('DEB_UNSAFE_NAME'));
    });
  }

  it('refuses NUL in pax names, names that are not UTF-8, and hostile link targets', async () => {
    await assert.rejects(
      async () => allOf(await packed({ name: 'ok', pax: { path: 'a\0b' } })),
      hasCode('DEB_UNSAFE_NAME'),
    );
    await assert.rejects(
      async () => allOf(await altered((header) => header.writeUInt8(0xff, 3))),
      hasCode('DEB_UNSAFE_NAME'),
    );
    for (const [type, linkname] of [
      ['link', '../../etc/shadow'],
      ['link', '//etc/shadow'],
      ['symlink', 'a\nb'],
    ] as const) {
      await assert.rejects(
        async () => allOf(await packed({ name: 'l', type, linkname })),
        hasCode('DEB_UNSAFE_NAME'),
      );
    }
  });

  it('refuses what readers understand differently', async () => {
    const links = ['1', '2', '5'].map((flag) => altered((header) => header.write(`${flag}target`, 156)));
    const sparse = altered((header) => header.write('S', 156));
    const paxSparse = packed({ name: 'ok', pax: { 'GNU.sparse.major': '1' } });
    const negative = altered((header) => header.fill(0xff, 124, 136));
    for (const bytes of [...links, sparse, paxSparse, negative]) {
      await assert.rejects(allOf(await bytes), hasCode('DEB_ARCHIVE'));
    }
  });

  it('refuses damage, and a file cut anywhere', async () => {
    const bytes = await gathered(
      tarBytes([
        { kind: 'file', path: 'a', mode: 0o644, mtime: 0, body: Buffer.from('abc') },
        { kind: 'dir', path: 'd', mode: 0o755, mtime: 0 },
      ]),
    );
    for (const end of [0, 1, 511, 512, 600, 1024, 1100, 1535, 1536, 1600]) {
      await assert.rejects(allOf(bytes.subarray(0, end)), hasCode('DEB_ARCHIVE'), `cut at ${end}`);
    }
    const flipped = Buffer.from(bytes);
    flipped[0]! ^= 1;
    await assert.rejects(allOf(flipped), hasCode('DEB_ARCHIVE'));
    await assert.rejects(allOf(Buffer.from('no tar at all'.repeat(100))), hasCode('DEB_ARCHIVE'));
  });

  it('passes faults of its source on as they are', async () => {
    const bytes = await gathered(
      tarBytes([{ kind: 'file', path: 'a', mode: 0o644, mtime: 0, body: Buffer.alloc(9999) }]),
    );
    for (const end of [0, 100, 700]) {
      const fault = new LockstepError('NET_STALLED', { message: 'x' });
      const source = async function* (): AsyncGenerator<Buffer> {
        yield bytes.subarray(0, end);
        throw fault;
      };
      await assert.rejects(
        async () => {
          for await (const { body } of readTar(source())) await gathered(body);
        },
        (error) => error === fault,
      );
    }
  });

  it('writes what comes lazily', async () => {
    const lazy = async function* (): AsyncGenerator<TarInput> {
      yield { kind: 'dir', path: '', mode: 0o755, mtime: 1 };
      yield {
        kind: 'file',
        path: '/x/y',
        mode: 0o600,
        mtime: 1,
        size: 6,
        body: inChunks(Buffer.from('foobar'), 4),
      };
    };
    const read = await allOf(await gathered(tarBytes(lazy())));
    assert.deepEqual(
      read.map((header) => [header.path, header.body]),
      [
        ['', ''],
        ['x/y', 'foobar'],
      ],
    );
  });

  it('writes names without a prefix where asked', async () => {
    const bytes = await gathered(
      tarBytes([{ kind: 'dir', path: './src', mode: 0o755, mtime: 1 }], { prefix: '' }),
    );
    assert.equal(bytes.toString('latin1', 0, 5), 'src/\0');
  });

  it('writes sizes beyond octal in base 256', async () => {
    const size = 9_000_000_000;
    const unread = tarBytes([
      { kind: 'file', path: 'huge', mode: 0o644, mtime: 0, size, body: inChunks(Buffer.alloc(1), 1) },
    ]);
    const head = (await unread.next()).value as Buffer;
    await unread.return(undefined);
    const source = async function* (): AsyncGenerator<Buffer> {
      yield head;
    };
    for await (const { header } of readTar(source())) {
      assert.equal(header.size, size);
      break;
    }
  });

  it('refuses entries that cannot be written', async () => {
    const file = { kind: 'file', path: 'a', mode: 0o644, mtime: 0, body: Buffer.from('x') } as const;
    for (const wrong of [
      { size: 2 },
      { size: 0 },
      { mode: 0o10000 },
      { mtime: -1 },
      { mtime: 1.5 },
      { body: inChunks(Buffer.from('x'), 1) },
    ]) {
      await assert.rejects(
        gathered(tarBytes([{ ...file, ...wrong }])),
        hasCode('DEB_INVALID'),
        JSON.stringify(wrong),
      );
    }
    for (const path of ['../a', 'a\nb', '']) {
      await assert.rejects(gathered(tarBytes([{ ...file, path }])), hasCode('DEB_UNSAFE_NAME'), path);
    }
    const link = { kind: 'symlink', path: 'l', mtime: 0, linkTarget: '' } as const;
    await assert.rejects(gathered(tarBytes([link])), hasCode('DEB_UNSAFE_NAME'));
  });
});
