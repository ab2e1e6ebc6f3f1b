import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseStanza } from '../../../src/deb/deb822.js';
import { supersedingVersion } from '../../../src/deb/really-version.js';
import {
  changesMeaning,
  movedFields,
  namedPackages,
  versionedRelations,
  type VersionMoves,
} from '../../../src/deb/relation-moves.js';
import { parseRelations, satisfies, type RelationGroup } from '../../../src/deb/relation.js';
import { compareVersions } from '../../../src/deb/version.js';
import { versionText } from '../../fixtures/deb-arbitraries.js';

const from = '1:1.39.16-1';
const withdrawn = '1:1.39.17-2';
const to = '1:1.39.17-2+really1.39.16+1';
const moves: VersionMoves = new Map([['wiki', [{ from, to }]]]);

function stanzaOf(fields: Record<string, string>) {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`);
  return parseStanza(`Package: other\nVersion: 1\nArchitecture: all\n${lines.join('')}`);
}

function moved(field: string, value: string, by: VersionMoves = moves): string {
  return movedFields(stanzaOf({ [field]: value }), by)[field] ?? 'unchanged';
}

describe('deb/relation-moves', () => {
  describe('demands', () => {
    const cases: [before: string, after: string, why: string][] = [
      [`wiki (= ${from})`, `wiki (= ${to})`, 'exactly the old one'],
      [`wiki (>= ${from})`, `wiki (>= ${to})`, 'at least the old one'],
      [`wiki (>> ${from})`, `wiki (>> ${to})`, 'more than the old one: still not the same content'],
      ['wiki (>= 1:1.39.0)', 'unchanged', 'a bound below both'],
      ['wiki', 'unchanged', 'any version'],
      ['wiki (<< 1:1.40~)', 'unchanged', 'a bound above both'],
      ['wiki (<< 1:1.39.17)', `wiki (= ${to})`, 'an upper bound that the new version is beyond'],
      [`wiki (<= ${from})`, `wiki (= ${to})`, 'the same with <='],
      [`wiki (<< ${from})`, 'unchanged', 'what the old one did not satisfy either'],
      [`wiki (>= ${withdrawn})`, `wiki (>> ${to})`, 'what only the withdrawn content satisfied'],
      ['wiki (= 1:1.39.15-1)', 'unchanged', 'another exact version'],
      ['wiki-data (= 1:1.39.16-1)', 'unchanged', 'another package'],
      [
        `aa | wiki:any (= ${from}) [amd64] | bb, cc`,
        `aa | wiki:any (= ${to}) [amd64] | bb, cc`,
        'an alternative with all that belongs to it',
      ],
    ];
    for (const [before, after, why] of cases) {
      it(`${why}: ${before}`, () => assert.equal(moved('Depends', before), after));
    }

    it('is the same in Pre-Depends, Recommends, Suggests and Enhances', () => {
      for (const field of ['Pre-Depends', 'Recommends', 'Suggests', 'Enhances'])
        assert.equal(moved(field, `wiki (= ${from})`), `wiki (= ${to})`);
    });

    it('takes the same version for the same, however it is written', () => {
      assert.equal(moved('Depends', 'wiki (= 1:1.39.16-01)'), `wiki (= ${to})`);
    });

    it('knows versions that differ between architectures', () => {
      const two: VersionMoves = new Map([
        [
          'wiki',
          [
            { from: '1.0', to: '2.0+really1.0' },
            { from: '1.0+b1', to: '2.0+really1.0+b1' },
          ],
        ],
      ]);
      assert.equal(moved('Depends', 'wiki (= 1.0)', two), 'wiki (= 2.0+really1.0)');
      assert.equal(moved('Depends', 'wiki (= 1.0+b1)', two), 'wiki (= 2.0+really1.0+b1)');
      assert.equal(moved('Depends', 'wiki (<< 1.1)', two), 'wiki (<= 2.0+really1.0+b1)');
    });
  });

  describe('refusals', () => {
    const cases: [before: string, after: string, why: string][] = [
      ['wiki (<< 1:1.39.10)', 'unchanged', 'older ones than both'],
      ['wiki (<< 1:1.39.17)', `wiki (<< 1:1.39.17), wiki (= ${to})`, 'the old content among others'],
      [`wiki (= ${from})`, `wiki (= ${from}), wiki (= ${to})`, 'the old content alone'],
      ['wiki (>= 1:1.39.17~)', `wiki (>> ${to})`, 'what is newer in content, and the new version is not'],
      ['wiki', 'unchanged', 'any version'],
    ];
    for (const field of ['Breaks', 'Conflicts', 'Replaces']) {
      for (const [before, after, why] of cases)
        it(`${field} ${why}: ${before}`, () => assert.equal(moved(field, before), after));
    }
  });

  it('lets a package stand for the new version where it stood for the old one', () => {
    assert.equal(moved('Provides', `wiki (= ${from}), api (= ${from})`), `wiki (= ${to}), api (= ${from})`);
  });

  it('gives no field that need not be written anew, and keeps the order of the others', () => {
    const stanza = stanzaOf({
      Depends: `php,  wiki (= ${from})`,
      Breaks: 'xx (<< 2)',
      Description: `wiki (= ${from})`,
    });
    assert.deepEqual(movedFields(stanza, moves), { Depends: `php, wiki (= ${to})` });
    assert.deepEqual([...namedPackages(stanza)].sort(), ['php', 'wiki', 'xx']);
  });

  it('tells which relations change their meaning, suggestions left out', () => {
    const stanza = stanzaOf({
      Depends: `wiki (>= ${from}), wiki (= ${from}), wiki`,
      Breaks: 'wiki (>= 1:1.39.17~)',
      Provides: `wiki (= ${from})`,
      Suggests: `wiki (= ${from})`,
    });
    assert.deepEqual(
      versionedRelations(stanza)
        .filter((relation) => changesMeaning(relation, moves.get(relation.package) ?? []))
        .map(({ field, text }) => `${field}: ${text}`),
      [`Depends: wiki (= ${from})`, 'Breaks: wiki (>= 1:1.39.17~)', `Provides: wiki (= ${from})`],
    );
  });

  const operator = fc.constantFrom('<<', '<=', '=', '>=', '>>');
  const holds = (groups: readonly RelationGroup[], version: string): boolean[] =>
    groups.map((group) => group.some((alternative) => satisfies(alternative, version)));

  it('means for the new version what it meant for the old one, whatever it demands', () => {
    fc.assert(
      fc.property(versionText, versionText, operator, versionText, (old, above, sign, bound) => {
        fc.pre(compareVersions(old, above) <= 0);
        const next = supersedingVersion(above, old);
        // A relation that names the new version itself cannot be there before it is given out
        fc.pre(compareVersions(bound, next) !== 0);
        const by: VersionMoves = new Map([['wiki', [{ from: old, to: next }]]]);
        const before = `wiki (${sign} ${bound})`;
        const after = moved('Depends', before, by);
        const [was] = holds(parseRelations(before), old);
        const [is] = holds(parseRelations(after === 'unchanged' ? before : after), next);
        assert.equal(is, was, `${before} -> ${after}, ${old} -> ${next}`);
      }),
      { numRuns: 3000 },
    );
  });

  it('never accepts withdrawn content that was not accepted before', () => {
    fc.assert(
      fc.property(versionText, versionText, operator, versionText, (old, above, sign, bound) => {
        fc.pre(compareVersions(old, above) < 0);
        const by: VersionMoves = new Map([['wiki', [{ from: old, to: supersedingVersion(above, old) }]]]);
        const before = `wiki (${sign} ${bound})`;
        const after = moved('Depends', before, by);
        if (after === 'unchanged') return;
        const [was] = holds(parseRelations(before), above);
        const [is] = holds(parseRelations(after), above);
        assert.ok(was === true || is === false, `${before} -> ${after}`);
      }),
      { numRuns: 3000 },
    );
  });

  it('refuses the new version exactly where it refused the old one', () => {
    fc.assert(
      fc.property(versionText, versionText, operator, versionText, (old, above, sign, bound) => {
        fc.pre(compareVersions(old, above) <= 0);
        const next = supersedingVersion(above, old);
        fc.pre(compareVersions(bound, next) !== 0);
        const by: VersionMoves = new Map([['wiki', [{ from: old, to: next }]]]);
        const before = `wiki (${sign} ${bound})`;
        const after = moved('Breaks', before, by);
        const was = holds(parseRelations(before), old).includes(true);
        const is = holds(parseRelations(after === 'unchanged' ? before : after), next).includes(true);
        assert.equal(is, was, `${before} -> ${after}, ${old} -> ${next}`);
      }),
      { numRuns: 3000 },
    );
  });
});
