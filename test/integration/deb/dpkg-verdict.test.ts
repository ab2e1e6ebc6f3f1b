/**
 * `dpkg --unpack` of Debian 12 and 13 judges what an import takes. LOCKSTEP_MUTANTS=5000 and LOCKSTEP_SEED=0 send more
 * packages past both; `npm run soak` does.
 */
import assert from 'node:assert/strict';
import { quickDeb } from '../../../src/deb/quick-deb.js';
import { controlStanza, readDeb } from '../../../src/deb/deb-file.js';
import { unlessFault } from '../../../src/errors.js';
import { decompressByName } from '../../../src/io/compress.js';
import { SmallDecoder } from '../../../src/io/small-decoder.js';
import { rawLong, rawPax, rawTar, type RawTarEntry } from '../../fixtures/deb-bytes.js';
import { bytesOfDeb, pack, soundDeb, type DebModel, type Packing } from '../../fixtures/deb-model.js';
import { unfitForRoots } from '../../fixtures/debian-root.js';
import { Judges, type Verdicts } from '../../fixtures/dpkg-verdicts.js';
import { needs } from '../../fixtures/machine.js';
import { mutatedDeb } from '../../fixtures/mutated-debs.js';

const count = Number(process.env['LOCKSTEP_MUTANTS'] ?? 300);
const seed = Number(process.env['LOCKSTEP_SEED'] ?? 0);

function made(change: (model: DebModel) => void): Buffer {
  const model = soundDeb();
  change(model);
  return bytesOfDeb(model);
}

const line = (text: string) =>
  made((model) => (model.control = model.control.replace('Description:', () => `${text}\nDescription:`)));
const data = (...entries: RawTarEntry[]) => made((model) => model.data.push(...entries));
const file = (name: string): RawTarEntry => ({ name, body: Buffer.from('x') });
const twoStreams = (packing: Packing, at = 3700) =>
  made((model) => {
    const tar = rawTar(model.data);
    model.dataPacking = packing;
    model.onPacked = () =>
      Buffer.concat([pack(tar.subarray(0, at), packing), pack(tar.subarray(at), packing)]);
  });

/** Packages by what is odd about them; with the rule where one refuses what dpkg takes. */
const taken: Record<string, Buffer> = {
  'a sound package': made(() => undefined),
  'lower-case field names': made((model) => {
    model.control = model.control.replace(/^[A-Z][a-z]+:/gm, (name) => name.toLowerCase());
  }),
  'tar as it was before POSIX': made((model) => {
    model.data = model.data.map((entry) => ({ ...entry, magic: 'v7', uname: '', gname: '' }));
    model.controlEntry = { magic: 'v7' };
  }),
  'a data.tar.gz that is a plain tar': made((model) => {
    model.dataPacking = '';
    model.onAr = (members) =>
      members.map((one) => ({ ...one, name: one.name.replace(/^data.tar$/, 'data.tar.gz') }));
  }),
  'absolute member names': made((model) => {
    model.data = model.data.map((entry) => ({ ...entry, name: entry.name.slice(1) }));
  }),
  'no end blocks': made((model) => (model.dataEnd = Buffer.alloc(0))),
  'folders of dpkg’s database': data(
    { name: './var/', flag: '5' },
    { name: './var/lib/', flag: '5' },
    ...['', 'alternatives/', 'info/'].map((name) => ({ name: `./var/lib/dpkg/${name}`, flag: '5' })),
  ),
  'pax headers in control.tar': made((model) => model.files.push(rawPax({ comment: 'x' }), file('./notes'))),
  'a long name': data(rawLong('L', `./usr/share/mutant/${'n'.repeat(200)}`), file('short')),
  'something behind data.tar': made(
    (model) => (model.onDeb = (deb) => Buffer.concat([deb, Buffer.from('rest')])),
  ),
};
const refused: Record<string, Buffer> = {
  'pax headers in data.tar': data(rawPax({ mtime: '1.5' }), file('./usr/share/mutant/p')),
  'a control file without a final newline': made((model) => (model.control = model.control.trimEnd())),
  'a Status field': line('Status: install ok installed'),
  'an empty first item in Provides': line('Provides: , b'),
  'two xz streams': twoStreams('.xz'),
  'two zstd frames': twoStreams('.zst'),
  'two bzip2 streams': twoStreams('.bz2'),
  'a relation with two words': line('Recommends: foo bar'),
  'a version that is not closed': line('Recommends: foo (>= 1.0'),
  'a contiguous file': data({ name: './usr/share/mutant/t', flag: '7' }),
  'a folder in control.tar': made((model) => model.files.push({ name: './folder/', flag: '5' })),
  'an unknown directive in triggers': made((model) =>
    model.files.push({ name: './triggers', body: Buffer.from('x y\n') }),
  ),
  'a folder that is listed as a conffile': made((model) => {
    model.files[1] = { name: './conffiles', body: Buffer.from('/usr/share/mutant\n') };
  }),
  'a conffile with a space before it': made((model) => {
    model.files[1] = { name: './conffiles', body: Buffer.from(' /etc/mutant.conf\n') };
  }),
};
const byRule: Record<string, [rule: string, bytes: Buffer]> = {
  'a name with more than one ./': ['member-name', data(file('././usr/share/mutant/x'))],
  'a second stream with further members': ['whole-stream', twoStreams('.xz', 2560)],
  'a name with /./': ['member-name', data(file('./usr/share/./mutant/x'))],
  'a name with an empty part': ['member-name', data(file('./usr/share/mutant//x'))],
  'a member twice': ['member-twice', data(file('/usr/share/mutant/a'))],
  'a file of dpkg’s database': ['dpkg-state', data(file('./var/lib/dpkg/evil'))],
  'a member below a link': [
    'below-link',
    data({ name: './var/opt', flag: '2', link: '../etc' }, file('./var/opt/x')),
  ],
  'a field of dpkg’s own database': [
    'control-field',
    line('Conffiles:\n /etc/x d41d8cd98f00b204e9800998ecf8427e'),
  ],
  'text that is not UTF-8': ['control-text', line('X-Name: \xe9')],
};

describe('an import and dpkg', function () {
  let judges: Judges;
  const verdicts = new Map<string, Verdicts>();

  before(async function () {
    await needs(this, { root: true, also: async () => (await unfitForRoots()) ?? null });
    judges = await Judges.make();
    const all = [
      ...Object.entries(taken),
      ...Object.entries(refused),
      ...Object.entries(byRule).map(([what, [, bytes]]) => [what, bytes] as const),
    ].map(([what, bytes]) => ({ what, bytes }));
    for (const one of await judges.verdicts(all)) verdicts.set(one.what, one);
  });
  after(() => judges?.remove());

  for (const what of Object.keys(taken)) {
    it(`take ${what}`, () => {
      const { ours, dpkg } = verdicts.get(what)!;
      assert.deepEqual(dpkg, [null, null]);
      assert.deepEqual(ours, []);
    });
  }

  for (const what of Object.keys(refused)) {
    it(`refuse ${what}`, () => {
      const { ours, dpkg } = verdicts.get(what)!;
      assert.ok(dpkg.every((said) => said !== null));
      assert.notDeepEqual(ours, []);
    });
  }

  for (const [what, [rule]] of Object.entries(byRule)) {
    it(`differ over ${what}, by the rule ${rule}`, () => {
      const { ours, dpkg } = verdicts.get(what)!;
      assert.deepEqual(dpkg, [null, null]);
      assert.ok(ours.length > 0 && ours.every((fault) => fault.endsWith(`[${rule}]`)), ours.join());
    });
  }

  it(`have one verdict on ${count} packages from the seed ${seed}`, async () => {
    assert.deepEqual(await judges.disagreements(seed, count), []);
  });

  it('is the same by the quick reader and the thorough one', async () => {
    const decoder = await SmallDecoder.withLimit(1024 * 1024);
    let quick = 0;
    for (let nth = seed; nth < seed + count; nth++) {
      const { what, bytes } = mutatedDeb(nth);
      const found = quickDeb(bytes, (name, packed) => decoder.unpack(name, packed));
      // A control file that only dpkg takes is refused after either
      if (
        found === undefined ||
        unlessFault(
          () => controlStanza(found.control, what),
          () => null,
        ) === null
      )
        continue;
      quick++;
      const deb = await readDeb(bytes, { decompress: decompressByName, file: what });
      const headers = [];
      for await (const { header } of deb.files) headers.push(header);
      assert.deepEqual(
        [controlStanza(found.control, what).text(), found.members],
        [deb.control.text(), headers],
        what,
      );
    }
    assert.ok(quick > 0);
  });
});
