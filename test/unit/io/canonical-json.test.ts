import assert from 'node:assert/strict';
import fc from 'fast-check';
import { canonicalJson, canonicalLine, canonicalPieces } from '../../../src/io/canonical-json.js';

/** The same value with the keys of every object in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

describe('canonical JSON', () => {
  it('sorts keys at every depth and ends in a newline', () => {
    assert.equal(
      canonicalJson({ b: [{ d: 1, c: null }], a: 'x' }),
      '{\n "a": "x",\n "b": [\n  {\n   "c": null,\n   "d": 1\n  }\n ]\n}\n',
    );
    assert.equal(canonicalLine({ b: 1, a: undefined }), '{"b":1}\n');
  });

  it('is one text for one value, and gives the value back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        assert.equal(canonicalJson(reversed(value)), text);
        assert.equal(canonicalJson(JSON.parse(text)), text);
        assert.equal(canonicalLine(value).trimEnd().includes('\n'), false);
      }),
    );
  });

  it('is the same in pieces', () => {
    const keys = fc.oneof(fc.string(), fc.constantFrom('__proto__', '10', '9', 'a'));
    fc.assert(
      fc.property(fc.dictionary(keys, fc.jsonValue()), (record) => {
        assert.equal([...canonicalPieces(record)].join(''), canonicalJson(record));
      }),
    );
    assert.throws(() => [...canonicalPieces({ a: [1, Number.NaN] })], /\$\.a\[1\]/);
  });

  it('refuses what JSON cannot hold, by its path', () => {
    assert.throws(() => canonicalJson({ a: [1, Number.NaN] }), /\$\.a\[1\]/);
    assert.throws(() => canonicalJson({ a: () => 1 }), /\$\.a /);
  });
});
