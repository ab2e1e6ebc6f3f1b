import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LockstepError } from '../../../src/errors.js';
import { canonicalJson } from '../../../src/io/canonical-json.js';
import { parseManifest } from '../../../src/snapshot/manifest.js';
import { manifestBytes, splitManifest } from '../../../src/snapshot/manifest-text.js';
import { samplePackage, sampleSnapshot } from '../../fixtures/sample-snapshot.js';

const { manifest } = sampleSnapshot(
  [
    { name: 'tiny', version: '1.0' },
    { name: 'other', version: '1:2.0-1' },
  ],
  '2026-11-01T00:00:00Z',
);
const text = canonicalJson(manifest);

function faultsOf(bytes: Buffer): { code: string; where: unknown } | null {
  try {
    parseManifest(bytes, 'x.json');
    return null;
  } catch (error) {
    assert.ok(error instanceof LockstepError);
    return { code: error.code, where: error.where };
  }
}

describe("a manifest's text", () => {
  it('is the canonical JSON, however many and long its entries are', () => {
    assert.equal(manifestBytes(manifest).toString('utf8'), text);
    const stanza = `Package: tiny\nDescription: ${'\u20ac"\\'.repeat(200_000)}\n`;
    const large = { ...manifest, packages: [...manifest.packages, { ...manifest.packages[0]!, stanza }] };
    assert.equal(manifestBytes(large).toString('utf8'), canonicalJson(large));
    assert.equal(manifestBytes({ packages: [] }).toString('utf8'), canonicalJson({ packages: [] }));
  });

  it('is taken apart entry by entry into what JSON says', () => {
    const split = splitManifest(Buffer.from(text));
    assert.deepEqual(split, JSON.parse(text));
    assert.equal(canonicalJson(split), text);
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), { maxKeys: 4 }), {
          minLength: 1,
        }),
        fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }),
        (packages, rest) => {
          const other = canonicalJson({ ...rest, packages });
          const read = splitManifest(Buffer.from(other));
          if (read !== undefined) assert.deepEqual(read, JSON.parse(other));
        },
      ),
    );
  });

  const packagesKey = ' "packages": [\n';
  const others: Record<string, string> = {
    'on one line': JSON.stringify(manifest),
    'with other indentation': JSON.stringify(manifest, null, 2),
    'with the key twice': text.replace(packagesKey, ` "packages": [],\n${packagesKey}`),
    'with the key twice, the second one last': text.replace('\n "parent"', '\n "packages": [],\n "parent"'),
    'with the packages deeper down': text
      .replace('{\n', '{"a": {\n')
      .replace(/\n\}\n$/, '\n}, "packages": []}\n'),
    'with something behind it': `${text}{}`,
    'with a byte order mark': `\ufeff${text}`,
    'that ends in an entry': text.slice(0, text.indexOf('\n  }') + 4),
    'that ends behind an entry': text.slice(0, text.indexOf('\n  },\n') + 6),
    'with a comma too many': text.replace(/\n {2}\}\n \]/, '\n  },\n ]'),
    'without packages': canonicalJson({ ...manifest, packages: [] }),
  };
  for (const [what, other] of Object.entries(others)) {
    it(`${what} is left to JSON.parse`, () => {
      assert.equal(splitManifest(Buffer.from(other)), undefined);
    });
  }

  it('has the same faults in whatever form it is', () => {
    const first = manifest.packages[0]!;
    const changes: object[] = [
      { path: 'pool/../../etc/passwd' },
      { stanza: `${first.stanza}\nPackage: evil\n` },
      { stanza: first.stanza.replace('tiny', 'evil').replace('other', 'evil') },
      { stanza: 7 },
      { size: -1 },
      { sha256: 'x' },
      { 'x-unknown': { a: [1] } },
      { package: 'other', version: '1:2.0-1' },
    ];
    for (const change of changes) {
      const hostile = { ...manifest, packages: [{ ...first, ...change }, ...manifest.packages.slice(1)] };
      const canonical = faultsOf(Buffer.from(canonicalJson(hostile)));
      assert.deepEqual(canonical, faultsOf(Buffer.from(JSON.stringify(hostile))), JSON.stringify(change));
    }
    const broken = text.replace('"size": 1000', '"size": 1000x');
    assert.equal(faultsOf(Buffer.from(broken))?.code, 'SNAPSHOT_INVALID');
  });
});

describe('an entry whose paragraph stays in the bytes', () => {
  const [entry] = parseManifest(Buffer.from(text), 'x.json').packages as [(typeof manifest.packages)[0]];
  const plain = { ...entry };

  it('is like any other', () => {
    assert.deepEqual(entry, plain);
    assert.deepEqual(
      Object.keys(entry).sort(),
      Object.keys(samplePackage({ name: 'a', version: '1' })).sort(),
    );
    assert.equal(JSON.stringify(entry), JSON.stringify(plain));
    assert.equal(structuredClone(entry).stanza, plain.stanza);
    assert.equal({ ...entry, version: '2' }.stanza, plain.stanza);
  });

  it('takes its paragraph as JSON reads it, escapes and all', () => {
    const stanza = `${plain.stanza.trimEnd()}\nX-Note: "\\ \u20ac \ud83d\ude00 \u2028\n`;
    const changed = { ...manifest, packages: [{ ...plain, stanza }] };
    const escaped = canonicalJson(changed).replaceAll('\u20ac', '\\u20ac');
    assert.equal(parseManifest(Buffer.from(escaped), 'x.json').packages[0]!.stanza, stanza);
  });
});
