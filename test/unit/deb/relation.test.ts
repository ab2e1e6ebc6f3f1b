import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  appliesTo,
  formatRelations,
  parseRelations,
  satisfies,
  type Alternative,
} from '../../../src/deb/relation.js';
import { LockstepError } from '../../../src/errors.js';
import { packageName, versionText } from '../../fixtures/deb-arbitraries.js';

const alternative: fc.Arbitrary<Alternative> = fc.record(
  {
    package: packageName,
    qualifier: fc.constantFrom(null, 'any', 'native', 'amd64'),
    constraint: fc.option(
      fc.record(
        { operator: fc.constantFrom('<<', '<=', '=', '>=', '>>'), version: versionText },
        { noNullPrototype: true },
      ),
      { nil: null },
    ),
    architectures: fc.constantFrom([], ['amd64', 'arm64'], ['!i386']),
    profiles: fc.constantFrom([], [['!nocheck']], [['cross', '!stage1'], ['nodoc']]),
  },
  { noNullPrototype: true },
);

const one = (text: string): Alternative => parseRelations(text)[0]![0]!;

describe('deb/relation', () => {
  it('reads groups of alternatives', () => {
    assert.deepEqual(parseRelations('a1 | bb (>= 1), cc:any [amd64] <!nocheck>,\n dd(<<2:3-4)'), [
      [
        { package: 'a1', qualifier: null, constraint: null, architectures: [], profiles: [] },
        {
          package: 'bb',
          qualifier: null,
          constraint: { operator: '>=', version: '1' },
          architectures: [],
          profiles: [],
        },
      ],
      [
        {
          package: 'cc',
          qualifier: 'any',
          constraint: null,
          architectures: ['amd64'],
          profiles: [['!nocheck']],
        },
      ],
      [
        {
          package: 'dd',
          qualifier: null,
          constraint: { operator: '<<', version: '2:3-4' },
          architectures: [],
          profiles: [],
        },
      ],
    ]);
    assert.deepEqual(parseRelations(' '), []);
    assert.equal(parseRelations('aa,').length, 1);
    assert.equal(one('aa (> 1)').constraint?.operator, '>=');
  });

  it('writes back what it read', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(alternative, { minLength: 1, maxLength: 3 }), { maxLength: 4 }),
        (groups) => {
          assert.deepEqual(parseRelations(formatRelations(groups)), groups);
        },
      ),
    );
  });

  it('reports every fault', () => {
    for (const text of [
      'A',
      'a1 |',
      'a1 (1)',
      'a1 (>= )',
      'a1 (== 1)',
      'a1 [',
      'a1 []',
      'a1 <>',
      'a1 b1',
      '${misc:Depends}',
      'a1:ANY',
    ]) {
      assert.throws(() => parseRelations(text), LockstepError, text);
    }
    assert.throws(
      () => parseRelations('Aa, ok, b1 (>= x)', { file: 'control', line: 3 }),
      (error) => error instanceof LockstepError && error.where.length === 2 && error.where[0]?.line === 3,
    );
  });

  it('says whether a version satisfies', () => {
    const answers = (version: string): boolean[] =>
      ['<<', '<=', '=', '>=', '>>'].map((operator) => satisfies(one(`aa (${operator} 1.0-1)`), version));
    assert.deepEqual(answers('1.0-1~'), [true, true, false, false, false]);
    assert.deepEqual(answers('1.0-1'), [false, true, true, true, false]);
    assert.deepEqual(answers('1.0-1+b1'), [false, false, false, true, true]);
    assert.ok(satisfies(one('aa'), '0'));
  });

  it('says whether a relation counts here', () => {
    assert.ok(appliesTo(one('aa [amd64]'), 'amd64'));
    assert.ok(!appliesTo(one('aa [arm64]'), 'amd64'));
    assert.ok(!appliesTo(one('aa [!amd64]'), 'amd64'));
    assert.ok(appliesTo(one('aa [linux-any]'), 'amd64'));
    assert.ok(appliesTo(one('aa <!nocheck>'), 'amd64'));
    assert.ok(!appliesTo(one('aa <nocheck>'), 'amd64'));
    assert.ok(appliesTo(one('aa <cross> <!nodoc>'), 'amd64'));
    assert.ok(!appliesTo(one('aa <cross !nodoc>'), 'amd64'));
  });
});
