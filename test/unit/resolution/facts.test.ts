import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { LockstepError } from '../../../src/errors.js';
import { clausesOf, demandTable, type FactsInput } from '../../../src/resolution/facts.js';
import type { Clause, Variable } from '../../../src/resolution/problem.js';
import type { Declared, Demand, Platform, Supply } from '../../../src/source/declared.js';

const platform: Platform = {
  base: 'Debian 12',
  php: '8.2.29',
  extensions: new Map([
    ['intl', 'php-intl'],
    ['json', null],
    ['ctype', 'php8.2-common'],
  ]),
};

function variable(component: string, ...versions: (string | null)[]): Variable {
  const options = versions.map((version) => ({ version, label: version ?? 'a branch', inRange: true }));
  return { component, range: '*', path: `components.${component}.source.version`, options };
}

function demand(thing: string, constraint: string, by: string, more: Partial<Demand> = {}): Demand {
  return { thing, constraint, by, file: 'extension.json', field: `requires.${thing}`, ...more };
}

function tree(component: string, version: string, supplies: Supply[], demands: Demand[] = []): Declared {
  return { component, version, supplies, demands };
}

function supply(thing: string, version: string | null, more: Partial<Supply> = {}): Supply {
  return { thing, version, file: 'extension.json', ...more };
}

function input(more: Partial<FactsInput>): FactsInput {
  return {
    variables: [],
    facts: [],
    platform,
    requires: {},
    within: {},
    profileFile: 'profiles/p.yaml',
    ...more,
  };
}

const cite = (thing: string, constraint: string): Declared =>
  tree('cite', '1.0', [supply('extension/Cite', '1.0')], [demand(thing, constraint, 'extension Cite')]);
const core = (version: string, ...supplies: Supply[]): Declared =>
  tree('mediawiki', version, [supply('mediawiki', version), ...supplies]);

/** One extension, whose tree was read, and a MediaWiki of which the newest was. */
function withCore(declared: Declared, more: Partial<FactsInput> = {}, ...supplies: Supply[]): FactsInput {
  return input({
    variables: [variable('cite', '1.0'), variable('mediawiki', '1.43.9', '1.43.8', '1.39.17')],
    facts: [
      { component: 'cite', option: 0, declared: [declared] },
      { component: 'mediawiki', option: 0, declared: [core('1.43.9', ...supplies)] },
    ],
    ...more,
  });
}

function only(clauses: readonly Clause[]): Clause {
  assert.equal(clauses.length, 1, JSON.stringify(clauses));
  return clauses[0]!;
}

describe('demands as clauses', () => {
  it('name the versions of MediaWiki that will do, of those that were not fetched by their numbers', () => {
    const clause = only(clausesOf(withCore(cite('mediawiki', '>= 1.43.8'))));
    assert.deepEqual(clause.met, [{ component: 'mediawiki', options: [0, 1] }]);
    assert.equal(clause.component, 'cite');
  });

  it('say that no MediaWiki there is will do', () => {
    const clause = only(clausesOf(withCore(cite('mediawiki', '>= 1.45'))));
    assert.deepEqual([clause.met, clause.instead], [[], null]);
    const [row] = demandTable(
      withCore(cite('mediawiki', '>= 1.45')),
      new Map([
        ['cite', 0],
        ['mediawiki', 0],
      ]),
    );
    assert.deepEqual(
      [row?.by, row?.demands, row?.constraint, row?.suppliedBy, row?.version, row?.met],
      ['extension Cite', 'mediawiki', '>= 1.45', 'mediawiki', '1.43.9', false],
    );
  });

  it('hope for everything from a component of which nothing was read', () => {
    const facts = [{ component: 'cite', option: 0, declared: [cite('mediawiki', '>= 1.45')] }];
    const clause = only(clausesOf({ ...withCore(cite('php', '*')), facts }));
    assert.deepEqual(clause.met, [{ component: 'mediawiki', options: [0, 1, 2] }]);
  });

  it('do not guess by a number where the trees have another than the tags', () => {
    const facts = [
      { component: 'cite', option: 0, declared: [cite('mediawiki', '>= 1.45')] },
      { component: 'mediawiki', option: 0, declared: [core('1.45.0-wmf.1')] },
    ];
    const clause = only(clausesOf({ ...withCore(cite('php', '*')), facts }));
    assert.deepEqual(clause.met, [{ component: 'mediawiki', options: [0, 1, 2] }]);
  });

  it('are met or not by the base release', () => {
    assert.deepEqual(clausesOf(withCore(cite('php', '>= 8.1'))), []);
    assert.equal(only(clausesOf(withCore(cite('php', '>= 8.3')))).instead, 'Debian 12 has PHP 8.2.29');
    for (const name of ['intl', 'json'])
      assert.deepEqual(clausesOf(withCore(cite(`php-extension/${name}`, '*'))), []);
    assert.equal(
      only(clausesOf(withCore(cite('php-extension/intlx', '*')))).instead,
      'Debian 12 has no PHP extension intlx; available: intl (php-intl)',
    );
    assert.equal(
      only(clausesOf(withCore(cite('php-extension/zzzzzz', '*')))).instead,
      'Debian 12 has no PHP extension zzzzzz',
    );
    assert.deepEqual(clausesOf(withCore(cite('ability/shell', '*'))), []);
    assert.equal(
      only(clausesOf(withCore(cite('ability/fly', '*')))).instead,
      'MediaWiki has no capability fly',
    );
  });

  it('tell which extension MediaWiki brings along but the profile does not load', () => {
    const bundled = supply('extension/Syntax Highlight', '2.0', {
      file: 'extensions/SyntaxHighlight_GeSHi/extension.json',
      bundled: true,
    });
    const question = withCore(cite('extension/Syntax Highlight', '*'), {}, bundled);
    assert.equal(
      only(clausesOf(question)).instead,
      'MediaWiki 1.43.9 includes Syntax Highlight, but the profile does not load it: lockstep add extension SyntaxHighlight_GeSHi --bundled',
    );
    const [row] = demandTable(
      question,
      new Map([
        ['cite', 0],
        ['mediawiki', 0],
      ]),
    );
    assert.equal(row?.met, false);
    assert.match(row?.note ?? '', /add extension SyntaxHighlight_GeSHi --bundled/);
    assert.match(
      only(clausesOf(withCore(cite('extension/Echo', '*')))).instead ?? '',
      /no component of the profile is the extension Echo/,
    );
  });

  it('are met by an extension as by a skin of that name, as MediaWiki has it', () => {
    const vector = tree('vector', '1.0', [supply('skin/Vector', '1.0', { file: 'skin.json' })]);
    const question = withCore(cite('extension/Vector', '>=1.0'), {
      variables: [variable('cite', '1.0'), variable('vector', '1.0')],
      facts: [
        { component: 'cite', option: 0, declared: [cite('extension/Vector', '>=1.0')] },
        { component: 'vector', option: 0, declared: [vector] },
      ],
    });
    assert.deepEqual(only(clausesOf(question)).met, [{ component: 'vector', options: [0] }]);
  });

  it('are not met by what names no version, except for any', () => {
    const question = (constraint: string): FactsInput =>
      withCore(cite('extension/Echo', constraint), {
        variables: [variable('cite', '1.0'), variable('echo', '1.43.9')],
        facts: [
          { component: 'cite', option: 0, declared: [cite('extension/Echo', constraint)] },
          {
            component: 'echo',
            option: 0,
            declared: [tree('echo', '1.43.9', [supply('extension/Echo', null)])],
          },
        ],
      });
    assert.deepEqual(only(clausesOf(question('*'))).met, [{ component: 'echo', options: [0] }]);
    assert.deepEqual(only(clausesOf(question('>=1.0'))).met, []);
    const [row] = demandTable(
      question('>=1.0'),
      new Map([
        ['cite', 0],
        ['echo', 0],
      ]),
    );
    assert.deepEqual([row?.met, row?.suppliedBy, row?.note], [false, 'echo', 'it names no version']);
  });
});

describe('libraries', () => {
  const parsoidOf = (version: string): Declared =>
    tree('parsoid', version, [supply('library/wikimedia/parsoid', version, { file: 'composer.json' })]);
  const coreWants = (constraint: string, copy = 'v0.20.8', more: Partial<Demand> = {}): Declared =>
    tree(
      'mediawiki',
      '1.43.9',
      [supply('mediawiki', '1.43.9'), supply('library/wikimedia/parsoid', copy, { bundled: true })],
      [
        demand('library/wikimedia/parsoid', constraint, 'mediawiki', {
          ifSupplied: true,
          file: 'composer.json',
          ...more,
        }),
      ],
    );

  it("hold a Parsoid of the set against MediaWiki's composer.json, and not the copy that it replaces", () => {
    const question = input({
      variables: [variable('mediawiki', '1.43.9'), variable('parsoid', '0.21.0', '0.20.9', '0.20.8')],
      facts: [
        { component: 'mediawiki', option: 0, declared: [coreWants('0.20.8')] },
        { component: 'parsoid', option: 0, declared: [parsoidOf('0.21.0')] },
      ],
    });
    const clause = only(clausesOf(question));
    assert.deepEqual(clause.met, [{ component: 'parsoid', options: [2] }]);
    const chosen = new Map([
      ['mediawiki', 0],
      ['parsoid', 0],
    ]);
    const [row] = demandTable(question, chosen);
    assert.deepEqual([row?.suppliedBy, row?.version, row?.met], ['parsoid', '0.21.0', false]);
  });

  it('are met by the own copy where no component is the library', () => {
    const question = (copy: string): FactsInput =>
      input({
        variables: [variable('mediawiki', '1.43.9')],
        facts: [{ component: 'mediawiki', option: 0, declared: [coreWants('0.20.8', copy)] }],
      });
    assert.deepEqual(clausesOf(question('v0.20.8')), []);
    assert.equal(only(clausesOf(question('v0.20.7'))).instead, 'its own copy is v0.20.7');
  });

  it('are no fault where nobody brings them, if a distribution may have left them out', () => {
    const declared = tree(
      'mediawiki',
      '1.43.9',
      [],
      [demand('library/a/b', '^1', 'mediawiki', { ifSupplied: true })],
    );
    const question = input({
      variables: [variable('mediawiki', '1.43.9')],
      facts: [{ component: 'mediawiki', option: 0, declared: [declared] }],
    });
    assert.deepEqual(clausesOf(question), []);
    assert.equal(demandTable(question, new Map([['mediawiki', 0]]))[0]?.met, true);
  });

  it("of an extension may come from anybody's vendor folder, but must come", () => {
    const oath = tree('cite', '1.0', [], [demand('library/a/b', '^1.4', 'extension OATHAuth')]);
    const copy = supply('library/a/b', '1.5', { bundled: true });
    assert.deepEqual(only(clausesOf(withCore(oath, {}, copy))).met, [
      { component: 'mediawiki', options: [0, 1, 2] },
    ]);
    const alone = input({
      variables: [variable('cite', '1.0')],
      facts: [{ component: 'cite', option: 0, declared: [oath] }],
    });
    assert.equal(only(clausesOf(alone)).instead, 'nothing in the set provides a/b');
  });
});

describe("the profile's own requires", () => {
  const variables = [variable('mediawiki', '1.43.9'), variable('parsoid', '0.21.0', '0.20.8', null)];

  it('need no tree', () => {
    const clause = only(clausesOf(input({ variables, requires: { mediawiki: { parsoid: '^0.20.0' } } })));
    assert.deepEqual(clause.met, [{ component: 'parsoid', options: [1, 2] }]);
    assert.deepEqual(
      [clause.demand.by, clause.demand.file, clause.demand.field],
      ['the profile', 'profiles/p.yaml', 'components.mediawiki.requires.parsoid'],
    );
  });

  it('reach a component within another, once its tree was read', () => {
    const question = (constraint: string): FactsInput =>
      input({
        variables: [variable('mediawiki', '1.43.9')],
        facts: [
          { component: 'mediawiki', option: 0, declared: [core('1.43.9'), tree('parsoid', '0.20.8', [])] },
        ],
        within: { parsoid: 'mediawiki' },
        requires: { mediawiki: { parsoid: constraint } },
      });
    assert.deepEqual(clausesOf(question('^0.20')), []);
    assert.equal(only(clausesOf(question('^0.21'))).instead, 'parsoid is 0.20.8');
  });

  it('must be constraints', () => {
    assert.throws(
      () => clausesOf(input({ variables, requires: { mediawiki: { parsoid: '~>1.0' } } })),
      (error: LockstepError) => error.code === 'PROFILE_INVALID' && /~>1\.0/.test(error.message),
    );
  });
});

describe('clauses and table', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const version = fc.constantFrom('1.0', '1.1', '2.0');
  const constraint = fc.constantFrom('*', '^1.0', '>=1.1', '2.0', '<1.0');
  const thing = fc.constantFrom(
    'mediawiki',
    'extension/X',
    'skin/X',
    'library/l/l',
    'library/m/m',
    'php',
    'php-extension/intl',
    'php-extension/no',
  );
  const supplies = fc.array(
    fc
      .tuple(thing, fc.option(version), fc.boolean())
      .map(([what, one, bundled]) => supply(what, one, bundled ? { bundled: true } : {})),
    { maxLength: 3 },
  );
  const demands = fc.array(
    fc.tuple(thing, constraint, fc.boolean(), fc.boolean()).map(([what, text, ifSupplied, installed]) =>
      demand(what, text, 'x', {
        ...(ifSupplied ? { ifSupplied } : {}),
        ...(installed ? { file: 'vendor/composer/installed.json' } : {}),
      }),
    ),
    { maxLength: 3 },
  );
  const count = 2;

  it('say the same of every choice, once all trees were read', () => {
    const trees = fc.array(fc.tuple(supplies, demands, version), {
      minLength: 3 * count,
      maxLength: 3 * count,
    });
    const requires = fc.array(fc.tuple(name, name, constraint), { maxLength: 2 });
    fc.assert(
      fc.property(trees, requires, (made, wanted) => {
        const names = ['a', 'b', 'c'];
        const question = input({
          variables: names.map((one) => variable(one, '1.1', '1.0')),
          facts: made.map(([own, needs, own2], index) => {
            const component = names[Math.floor(index / count)]!;
            return { component, option: index % count, declared: [tree(component, own2, own, needs)] };
          }),
          requires: Object.fromEntries(wanted.map(([from, to, text]) => [from, { [to]: text }])),
        });
        const clauses = clausesOf(question);
        for (let code = 0; code < 2 ** names.length; code += 1) {
          const chosen = new Map(names.map((one, index) => [one, (code >> index) & 1]));
          const holds = clauses.every(
            (clause) =>
              chosen.get(clause.component) !== clause.option ||
              clause.met.some((other) => other.options.includes(chosen.get(other.component)!)),
          );
          const told = demandTable(question, chosen);
          assert.equal(
            told.every(({ met }) => met),
            holds,
            JSON.stringify({ chosen: [...chosen], told: told.filter(({ met }) => !met), clauses }),
          );
        }
      }),
      { numRuns: 2000 },
    );
  });
});
