import assert from 'node:assert/strict';
import { formatPath, YamlFile } from '../../../src/profile/yaml-file.js';

/** A thousand maps, each within the one before it. */
function nested(): string {
  return Array.from({ length: 1000 }, (_, level) => `${' '.repeat(level)}a:\n`).join('');
}

describe('a YAML file with positions', () => {
  it('knows where each field is', () => {
    const file = new YamlFile('a:\n  b: 1.10\n  list: [x, y]\n', 'f.yaml');
    assert.deepEqual(file.faults, []);
    assert.deepEqual(file.place(['a', 'b']), {
      file: 'f.yaml',
      line: 2,
      column: 6,
      path: 'a.b',
      value: '1.10',
    });
    assert.deepEqual(file.place(['a', 'b'], 'key'), {
      file: 'f.yaml',
      line: 2,
      column: 3,
      path: 'a.b',
      value: '1.10',
    });
    assert.deepEqual(file.place(['a', 'list', 1]), {
      file: 'f.yaml',
      line: 3,
      column: 13,
      path: 'a.list[1]',
      value: 'y',
    });
    assert.equal(file.written(['a', 'b']), '1.10');
  });

  it('points at what is around a field that is not there', () => {
    const file = new YamlFile('a:\n  b: 1\n', 'f.yaml');
    assert.deepEqual(file.place(['a', 'c', 'd']), { file: 'f.yaml', line: 1, column: 1, path: 'a.c.d' });
    assert.deepEqual(file.place(['z']), { file: 'f.yaml', line: 1, column: 1, path: 'z' });
  });

  it('follows aliases', () => {
    const file = new YamlFile('a: &x { b: 1 }\nc: *x\n', 'f.yaml');
    assert.deepEqual(file.data, { a: { b: 1 }, c: { b: 1 } });
    assert.equal(file.place(['c', 'b']).line, 1);
  });

  it('reports repeated keys at any depth with the first one, and still reads', () => {
    const file = new YamlFile('a: 1\nl:\n  - { x: 1, x: 2 }\na: 2\n', 'f.yaml');
    assert.equal(file.readable, true);
    assert.deepEqual(
      file.faults.map((fault) => [fault.line, fault.column, fault.path, fault.message]),
      [
        [3, 13, 'l[0].x', 'the key "x" occurs twice; the first is in line 3'],
        [4, 1, 'a', 'the key "a" occurs twice; the first is in line 1'],
      ],
    );
  });

  it('reports broken syntax with its place', () => {
    for (const text of [
      'a: [1\nb: 2\n',
      'a: "x\n',
      'a: 1\n---\nb: 1\n',
      'a: *nobody\n',
      '\ta: 1\n',
      'a: !odd 1\n',
    ]) {
      const file = new YamlFile(text, 'f.yaml');
      assert.equal(file.readable, false, text);
      assert.ok(file.faults.length > 0, text);
      assert.match(file.faults[0]!.message!, /^invalid YAML: /);
      assert.ok(file.faults[0]!.line! >= 1);
    }
  });

  it('refuses a bomb of aliases', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i++)
      lines.push(
        `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    const file = new YamlFile(lines.join('\n'), 'f.yaml');
    assert.equal(file.readable, false);
  });

  it('refuses what is nested by the thousand, and what no person wrote', () => {
    const deep = { file: 'x.yaml', line: 1, column: 1, message: 'invalid YAML: it is nested too deeply' };
    for (const text of [
      '['.repeat(50_000),
      '- '.repeat(50_000),
      ': '.repeat(50_000),
      '? &a '.repeat(50_000),
      '? - : '.repeat(50_000),
      nested(),
      '{a: '.repeat(101),
      '['.repeat(3000) + ']'.repeat(3000),
    ]) {
      const file = new YamlFile(text, 'x.yaml');
      assert.equal(file.readable, false);
      assert.ok(
        file.faults.some(({ message }) => message === deep.message),
        text.slice(0, 8),
      );
    }
    const large = new YamlFile(`a: ${'x'.repeat(1024 * 1024)}`, 'x.yaml');
    assert.deepEqual(large.faults, [{ ...deep, message: 'invalid YAML: it is larger than 1 MiB' }]);
  });

  it('refuses keys that are no plain word', () => {
    const file = new YamlFile('{ a: 1 }: 2\n__proto__: { x: 1 }\n', 'f.yaml');
    assert.deepEqual(
      file.faults.map((fault) => fault.message),
      ['a key must be a plain word', 'a key must not be "__proto__"'],
    );
  });

  it('reads an empty file', () => {
    const file = new YamlFile('', 'f.yaml');
    assert.equal(file.data, null);
    assert.deepEqual(file.place([]), { file: 'f.yaml', line: 1, column: 1 });
  });

  it('writes paths as people do', () => {
    assert.equal(formatPath(['components', 'mediawiki', 'packages', 0]), 'components.mediawiki.packages[0]');
  });
});
