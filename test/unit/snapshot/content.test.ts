import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { recordedParagraph } from '../../../src/deb/one-paragraph.js';
import { withoutFields } from '../../../src/deb/paragraph-text.js';
import { canonicalLine } from '../../../src/io/canonical-json.js';
import { inputsOf, packageEntry, sourceEntry, takenPackageEntry } from '../../../src/snapshot/content.js';
import type { AptSourcePin, Provenance } from '../../../src/source/pin.js';
import { poolDirectory, poolPath } from '../../../src/snapshot/pool-path.js';
import { sampleContent, samplePackage } from '../../fixtures/sample-snapshot.js';

const sha256 = 'a'.repeat(64);

describe('the pool', () => {
  it('is laid out as in Debian', () => {
    assert.equal(poolDirectory('main', 'mediawiki'), 'pool/main/m/mediawiki');
    assert.equal(poolDirectory('main', 'libvarnish'), 'pool/main/libv/libvarnish');
    assert.equal(poolDirectory('extra', 'lib3ds'), 'pool/extra/lib3/lib3ds');
    assert.equal(poolPath('main', 'x11', 'x11_1.0~1+b.deb'), 'pool/main/x/x11/x11_1.0~1+b.deb');
  });

  it('takes no hostile name', () => {
    for (const name of ['../x', 'a/b', '.hidden', 'a\nb', '']) {
      assert.throws(() => poolPath('main', 'abc', name), { code: 'DEB_UNSAFE_NAME' });
    }
    assert.throws(() => poolDirectory('main', '../../etc'), { code: 'DEB_UNSAFE_NAME' });
  });
});

describe('entries of a snapshot', () => {
  it('keep the control paragraph as it is, and name the file without the epoch', () => {
    const control = 'Package: tiny\nVersion: 1:1.0-1\nArchitecture: all\nDescription: a\n b\n .\n c\n';
    const entry = packageEntry(
      {
        package: 'tiny',
        version: '1:1.0-1',
        architecture: 'all',
        source: 'libtiny',
        sourceVersion: '1:1.0-1',
        control,
        file: { name: 'whatever.deb', size: 7, sha256 },
      },
      { component: 'c', area: 'main' },
    );
    assert.equal(entry.stanza, control);
    assert.equal(entry.path, 'pool/main/libt/libtiny/tiny_1.0-1_all.deb');
  });

  it('drop what the index of the base distribution said of the file, and have the whole description', () => {
    const stanza = `Package: vv\nVersion: 7\nArchitecture: amd64\nFilename: pool/x.deb\nSize: 1\nMD5sum: d\nSHA256: e\nDescription-md5: ${'f'.repeat(32)}\nDescription: g\n`;
    const entry = takenPackageEntry(
      {
        package: 'vv',
        version: '7',
        architecture: 'amd64',
        source: 'v1',
        sourceVersion: '7',
        suite: 's',
        stanza,
        file: { name: 'x.deb', size: 1, sha256 },
      },
      'Package: vv\nVersion: 7\nArchitecture: amd64\nDescription: g\n long\n .\n longer\n',
      { component: 'c', area: 'main' },
    );
    assert.equal(
      entry.stanza,
      'Package: vv\nVersion: 7\nArchitecture: amd64\nDescription: g\n long\n .\n longer\n',
    );
  });

  it('are in the area that their section names', () => {
    const inSection = (section: string): string => {
      const built = {
        package: 'tiny',
        version: '1',
        architecture: 'all',
        source: 'tiny',
        sourceVersion: '1',
      };
      const control = `Package: tiny\nVersion: 1\nArchitecture: all\nSection: ${section}\nDescription: a\n`;
      const file = { name: 'x.deb', size: 7, sha256 };
      const { area, path } = packageEntry({ ...built, control, file }, { component: 'c', area: 'extra' });
      return `${area} ${path}`;
    };
    assert.equal(inSection('contrib/net'), 'contrib pool/contrib/t/tiny/tiny_1_all.deb');
    assert.equal(
      inSection('non-free-firmware/x'),
      'non-free-firmware pool/non-free-firmware/t/tiny/tiny_1_all.deb',
    );
    for (const own of ['net', 'main/net', '../net', '../../etc/x', 'Contrib/net', 'a/b/c']) {
      assert.equal(inSection(own), 'extra pool/extra/t/tiny/tiny_1_all.deb', own);
    }
    const source = (list: string): string =>
      sourceEntry(
        {
          package: 'tiny',
          version: '1',
          stanza: `Source: tiny\nVersion: 1\nPackage-List:\n${list}`,
          files: [{ name: 'tiny_1.dsc', size: 5, sha256 }],
        },
        'main',
      ).directory;
    assert.equal(source(' tiny deb contrib/net optional arch=all\n'), 'pool/contrib/t/tiny');
    assert.equal(source(' tiny deb contrib/net optional\n more deb net optional\n'), 'pool/main/t/tiny');
  });

  it('drop a field with all its lines', () => {
    const text = 'A: 1\nDrop:\n x\n y\nB: 2\n z\ndrop: q';
    assert.equal(withoutFields(text, new Set(['drop'])), 'A: 1\nB: 2\n z\n');
  });

  it('give a source what apt looks for', () => {
    const entry = sourceEntry(
      {
        package: 'tiny',
        version: '1',
        stanza: 'Source: tiny\nBinary: tiny\nVersion: 1\nDirectory: elsewhere\n',
        files: [{ name: 'tiny_1.dsc', size: 5, sha256 }],
      },
      'main',
    );
    assert.equal(entry.directory, 'pool/main/t/tiny');
    assert.match(entry.stanza, /^Package: tiny$/m);
    assert.doesNotMatch(entry.stanza, /^(Source|Directory):/m);
    assert.ok(entry.stanza.includes(`Checksums-Sha256:\n ${sha256} 5 tiny_1.dsc\n`), entry.stanza);
  });
});

describe('the inputs of a set', () => {
  const pin = (provenance: Provenance[]): AptSourcePin => ({
    kind: 'apt-source',
    component: 'tiny',
    package: 'tiny',
    version: '1',
    upstreamVersion: '1',
    suite: 's',
    dsc: 'tiny_1.dsc',
    files: [],
    date: 1,
    provenance,
  });
  const withPin = (value: AptSourcePin): ReturnType<typeof sampleContent> => ({
    ...sampleContent([]),
    components: { tiny: { pin: value, build: { inputs: sha256, method: 'debian' } } },
  });

  it('do not depend on the order of entries', () => {
    const set = sampleContent([
      { name: 'aa', version: '1' },
      { name: 'bb', version: '1' },
    ]);
    assert.equal(inputsOf(set), inputsOf({ ...set, packages: set.packages.slice().reverse() }));
  });

  it('change with a package, a pin and the base, not with the proof of a pin', () => {
    const set = sampleContent([{ name: 'aa', version: '1' }]);
    assert.notEqual(inputsOf(set), inputsOf(sampleContent([{ name: 'aa', version: '1', bytes: 'other' }])));
    assert.notEqual(inputsOf(set), inputsOf({ ...set, base: { ...set.base, release: '13' } }));
    const proven = withPin(pin([{ step: 'InRelease signature', subject: 's', sha256 }]));
    assert.equal(inputsOf(proven), inputsOf(withPin(pin([]))));
    assert.notEqual(inputsOf(proven), inputsOf(withPin({ ...pin([]), version: '2' })));
  });
});

describe('the hash of a set', () => {
  it('is that of its lines, sorted', () => {
    const name = fc.constantFrom('a', 'aa', 'b', '"a', 'a"', 'a,');
    const entries = fc.array(
      fc.record({
        package: name,
        area: name,
        source: name,
        sourceVersion: name,
        stanza: name.map(recordedParagraph),
        size: fc.nat(12),
      }),
      { maxLength: 12 },
    );
    const source = { package: 's', version: '1', area: '!', directory: 'pool/!', stanza: 'x', files: [] };
    fc.assert(
      fc.property(entries, (changes) => {
        const sample = samplePackage({ name: 'tiny', version: '1' });
        const packages = changes.map((change) => ({ ...sample, ...change }));
        const content = { ...sampleContent([]), packages, sources: [source] };
        const hash = createHash('sha256').update(canonicalLine({ base: content.base, components: {} }));
        const lines = [
          ...packages.map((item) => canonicalLine({ kind: 'package', ...item })),
          canonicalLine({ kind: 'source', ...source }),
        ];
        for (const line of lines.sort()) hash.update(line);
        assert.equal(inputsOf(content), hash.digest('hex'));
      }),
    );
  });
});
