import assert from 'node:assert/strict';
import fc from 'fast-check';
import { whyNot } from '../../../src/resolution/explain-choice.js';
import { conflictError } from '../../../src/resolution/conflict-error.js';
import { explainConflict } from '../../../src/resolution/explain-conflict.js';
import type { Clause, Option, Problem, Variable } from '../../../src/resolution/problem.js';
import { isGranted, wishesOf } from '../../../src/resolution/solver-encoding.js';
import { solve } from '../../../src/resolution/solver.js';
import { demandingSet } from '../../fixtures/demanding-set.js';
import { firstGranting, randomProblem } from './random-problem.js';

function component(
  name: string,
  range: string,
  versions: readonly string[],
  inRange: RegExp = /./,
): Variable {
  const options = versions.map((version): Option => ({
    version,
    label: `${version} (tag ${version})`,
    inRange: inRange.test(version),
  }));
  return { component: name, range, path: `components.${name}.source.version`, options };
}

/** A demand of some versions on others, or on the platform. */
function demand(
  from: Variable,
  versions: RegExp,
  what: Partial<Clause['demand']> & { thing: string; constraint: string },
  met: { by: Variable; versions: RegExp } | string,
): Clause[] {
  const indices = (variable: Variable, pattern: RegExp): number[] =>
    variable.options.flatMap(({ version }, index) => (pattern.test(version!) ? [index] : []));
  return indices(from, versions).map((option) => ({
    component: from.component,
    option,
    demand: {
      by: `extension ${from.component}`,
      file: 'extension.json',
      field: 'requires.MediaWiki',
      ...what,
    },
    met:
      typeof met === 'string'
        ? []
        : [{ component: met.by.component, options: indices(met.by, met.versions) }],
    instead: typeof met === 'string' ? met : null,
  }));
}

const cores = ['1.44.2', '1.44.0', '1.43.9', '1.43.0', '1.42.5', '1.39.17', '1.39.16'];
const core = component('mediawiki', '~1.39.0', cores, /^1\.39/);
const wanted = { thing: 'mediawiki', constraint: '>= 1.43' };
const enough = { by: core, versions: /^1\.4[34]/ };

function problem(variables: Variable[], ...clauses: Clause[][]): Problem {
  return { variables, clauses: clauses.flat(), lead: 'mediawiki' };
}

describe('why nothing fits, in sentences', () => {
  it('an extension that asks for a newer MediaWiki than the profile has', () => {
    const foo = component('foo', '*', ['3.2', '3.1', '2.0', '1.0']);
    const conflict = explainConflict(
      problem([core, foo], demand(foo, /./, { ...wanted, by: 'extension Foo' }, enough)),
    );
    const error = conflictError(conflict);
    assert.equal(error.code, 'RESOLVE_DEMAND');
    assert.equal(
      error.message,
      'The set does not fit together: mediawiki is limited to ~1.39.0 (1.39.17 is the newest ' +
        'version), and extension Foo requires MediaWiki >= 1.43 in each of its 4 versions from 1.0 to ' +
        '3.2 (extension.json, requires.MediaWiki)',
    );
    assert.equal(
      error.hint,
      'mediawiki 1.43.9 would fit: widen components.mediawiki.source.version to include it.\nNo known ' +
        'version of foo would help.',
    );
    assert.deepEqual(error.where, [
      { path: 'components.mediawiki.source.version', value: '~1.39.0' },
      { file: 'foo/extension.json', path: 'requires.MediaWiki', value: '>= 1.43' },
    ]);
    assert.equal(conflict.contradictions[0]?.smallest, true);
  });

  it('names the older version that would do, where the range leaves it out', () => {
    const foo = component('foo', '^3', ['3.2', '3.1', '2.0', '1.0'], /^3/);
    const error = conflictError(explainConflict(problem([core, foo], demand(foo, /^3/, wanted, enough))));
    assert.equal(
      error.message,
      'The set does not fit together: mediawiki is limited to ~1.39.0 (1.39.17 is the newest ' +
        'version), foo is limited to ^3 (3.2 is the newest version), and extension foo requires ' +
        'MediaWiki >= 1.43 in both of its versions, 3.1 and 3.2 (extension.json, requires.MediaWiki)',
    );
    assert.equal(
      error.hint,
      'mediawiki 1.43.9 would fit: widen components.mediawiki.source.version to include it.\n' +
        'foo 2.0 would fit: widen components.foo.source.version to include it.',
    );
  });

  it('a PHP that the base release does not have', () => {
    const foo = component('foo', 'tag 2.0', ['2.0']);
    const php = { thing: 'php', constraint: '>= 8.3', by: 'extension Foo', field: 'requires.platform.php' };
    const error = conflictError(
      explainConflict(problem([core, foo], demand(foo, /./, php, 'Debian 12 has PHP 8.2.29'))),
    );
    assert.equal(
      error.message,
      'The set does not fit together: extension Foo 2.0 requires PHP >= 8.3 ' +
        '(extension.json, requires.platform.php); Debian 12 has PHP 8.2.29',
    );
    assert.equal(error.hint, 'No known version of foo would help.');
  });

  it('a PHP extension that is nowhere to be had, and one that several parts of a component ask for', () => {
    const foo = component('foo', '*', ['1.0']);
    const luasandbox = { thing: 'php-extension/luasandbox', constraint: '*', by: 'extension Scribunto' };
    const error = conflictError(
      explainConflict(problem([foo], demand(foo, /./, luasandbox, 'Debian 12 has no package of it'))),
    );
    assert.match(
      error.message,
      /: extension Scribunto \(of foo 1\.0\) requires the PHP extension luasandbox \([^)]*\); Debian 12 has no package of it$/,
    );
  });

  it('a Parsoid outside of what composer.json wants, fixed to a tag', () => {
    const parsoid = component('parsoid', 'tag v0.16.2', ['0.16.2']);
    const library = {
      thing: 'library/wikimedia/parsoid',
      constraint: '^0.20',
      by: 'mediawiki',
      file: 'composer.json',
    };
    const newer = component('mediawiki', '~1.43.0', cores, /^1\.43/);
    const error = conflictError(
      explainConflict(
        problem(
          [newer, parsoid],
          demand(newer, /^1\.4[34]/, { ...library, field: 'require' }, { by: parsoid, versions: /^0\.20/ }),
        ),
      ),
    );
    assert.equal(
      error.message,
      'The set does not fit together: mediawiki is limited to ~1.43.0 (1.43.9 is the newest ' +
        'version), and mediawiki requires library wikimedia/parsoid ^0.20 in both of its versions, ' +
        '1.43.0 and 1.43.9 (composer.json, require); parsoid is fixed to tag v0.16.2',
    );
    assert.equal(
      error.hint,
      'mediawiki 1.42.5 would fit: widen components.mediawiki.source.version to include it.',
    );
  });

  it('the profile’s own wish', () => {
    const parsoid = component('parsoid', '*', ['0.16.2', '0.16.1']);
    const own = {
      thing: 'component/parsoid',
      constraint: '^0.20',
      by: 'the profile',
      file: 'profiles/w.yaml',
    };
    const error = conflictError(
      explainConflict(
        problem(
          [core, parsoid],
          demand(
            core,
            /./,
            { ...own, field: 'components.mediawiki.requires.parsoid' },
            { by: parsoid, versions: /^0\.20/ },
          ),
        ),
      ),
    );
    assert.match(
      error.message,
      /: the profile requires parsoid \^0\.20 for mediawiki \(profiles\/w\.yaml, comp/,
    );
    assert.equal(error.where[0]?.file, 'profiles/w.yaml');
  });

  it('tells every contradiction, those of one range together', () => {
    const names = ['aa', 'bb', 'cc'].map((name) => component(name, '*', ['2.0', '1.0']));
    const conflict = explainConflict(
      problem([core, ...names], ...names.map((one) => demand(one, /./, wanted, enough))),
    );
    assert.equal(conflict.contradictions.length, 3);
    const { message, hint } = conflictError(conflict);
    assert.match(
      message,
      /^The set does not fit together: mediawiki is limited to [^;]*; but extension aa requires/,
    );
    assert.match(message, /; extension bb requires .*; extension cc requires /);
    assert.match(hint ?? '', /^mediawiki 1\.43\.9 would fit.*\nNo known version of aa, bb, cc would help\.$/);
  });

  it('says where a step helps against one contradiction but not against the others', () => {
    const [foo, bar] = [component('foo', '*', ['1.0']), component('bar', '*', ['1.0'])];
    const old = { by: core, versions: /^1\.3/ };
    const older = component('mediawiki', '~1.42.0', cores, /^1\.42/);
    const conflict = explainConflict(
      problem(
        [older, foo, bar],
        demand(foo, /./, wanted, enough),
        demand(bar, /./, { thing: 'mediawiki', constraint: '< 1.40' }, old),
      ),
    );
    assert.equal(
      conflictError(conflict).hint,
      'mediawiki 1.39.17 would fit here, but not with the rest of the set: widen ' +
        'components.mediawiki.source.version to include it.\nmediawiki 1.43.9 would fit here, but not ' +
        'with the rest of the set: widen components.mediawiki.source.version to include it.\nNo known ' +
        'version of bar, foo would help.',
    );
  });

  it('says so where a tree that matters was not read', () => {
    const foo = component('foo', '^3', ['3.2', '2.0'], /^3/);
    const asked = problem([core, foo], demand(foo, /^3/, wanted, enough));
    const conflict = explainConflict(asked, (_, option) => asked.variables[0]!.options[option]!.inRange);
    assert.match(conflictError(conflict).hint ?? '', /^mediawiki 1\.43\.9 may fit \(not all/);
  });

  it('names only steps that help, and none only where none does', () => {
    fc.assert(
      fc.property(randomProblem, (random) => {
        if (solve(random).kind === 'found') return;
        const wishes = wishesOf(random);
        for (const { helps, reasons } of explainConflict(random).contradictions) {
          for (const help of helps) {
            const others = wishes.filter(
              (wish) => wish.kind !== 'range' || wish.component !== help.component,
            );
            const possible = firstGranting(random, others) !== undefined;
            if (help.cures === 'all') {
              const chosen = new Map(Object.entries(help.chosen));
              assert.ok(others.every((wish) => isGranted(wish, chosen, random)));
            } else {
              // A contradiction of which its range is no part stays whatever the range is
              const part = reasons.some(
                ({ kind, component: own }) => kind === 'range' && own === help.component,
              );
              assert.ok(!possible || !part);
            }
          }
        }
      }),
      { seed: 20261123, numRuns: 500 },
    );
  });
});

describe('why this version and not a newer one', () => {
  const inRange = component('mediawiki', '~1.43.0', cores, /^1\.43/);

  function explained(asked: Problem, name: string): string[] {
    const decision = solve(asked);
    assert.ok(decision.kind === 'found');
    const { sentence, newer } = whyNot(asked, decision.chosen, name);
    return [sentence, ...newer.map((one) => one.sentence)];
  }

  it('says what the range leaves out', () => {
    assert.deepEqual(explained(problem([inRange]), 'mediawiki'), [
      'mediawiki 1.43.9 is the newest in ~1.43.0',
      '1.44.0 and 1.44.2 are outside ~1.43.0',
    ]);
  });

  it('says which demand bars a newer one, and folds those of which the same is to be said', () => {
    const foo = component('foo', '*', ['3.2', '3.1', '2.0']);
    const php = { thing: 'php', constraint: '>= 8.5', by: 'extension foo', field: 'requires.platform.php' };
    assert.deepEqual(
      explained(
        problem(
          [inRange, foo],
          demand(
            foo,
            /^3/,
            { thing: 'mediawiki', constraint: '>= 1.44' },
            { by: inRange, versions: /^1\.44/ },
          ),
          demand(foo, /^3\.2/, php, 'Debian 13 has PHP 8.4.11'),
        ),
        'foo',
      ),
      [
        'foo 2.0 is the newest in * that fits the rest of the set',
        '3.2: extension foo 3.2 requires PHP >= 8.5 (extension.json, requires.platform.php); Debian 13 has PHP 8.4.11',
        '3.1: mediawiki is limited to ~1.43.0 (1.43.9 is the newest version), and extension foo 3.1 requires MediaWiki >= 1.44 (extension.json, requires.MediaWiki)',
      ],
    );
  });

  it('says what was decided before', () => {
    const any = component('mediawiki', '*', cores);
    const foo = component('foo', '*', ['3.2', '3.1', '2.0']);
    assert.deepEqual(
      explained(
        problem(
          [any, foo],
          demand(
            foo,
            /^3/,
            { thing: 'mediawiki', constraint: '< 1.44' },
            { by: any, versions: /^1\.(?:3|4[23])/ },
          ),
        ),
        'foo',
      ),
      [
        'foo 2.0 is the newest in * that fits the rest of the set',
        '3.1 and 3.2: mediawiki is already decided: 1.44.2, and extension foo requires MediaWiki < 1.44 in all of them (extension.json, requires.MediaWiki)',
      ],
    );
  });

  it('says so where there is nothing newer', () => {
    assert.deepEqual(explained(problem([component('mediawiki', '*', cores)]), 'mediawiki'), [
      'mediawiki 1.44.2 is the newest version',
    ]);
    assert.deepEqual(explained(problem([component('mediawiki', 'tag x', ['1.0'])]), 'mediawiki'), [
      'mediawiki 1.0 is the only version that is known',
    ]);
  });

  it('has a reason for every newer version, and each reason holds', () => {
    fc.assert(
      fc.property(randomProblem, (random) => {
        const decision = solve(random);
        if (decision.kind === 'conflict') return;
        for (const { component: name, options } of random.variables) {
          const own: number = decision.chosen.get(name)!;
          const { newer } = whyNot(random, decision.chosen, name);
          assert.equal(
            newer.reduce((sum, { versions }) => sum + versions.length, 0),
            own,
          );
          const barred = newer.filter(({ why }) => why === 'barred');
          assert.ok(barred.every(({ reasons }) => reasons.length > 0));
          assert.equal(
            barred.reduce((sum, { versions }) => sum + versions.length, 0),
            options.slice(0, own).filter((option) => option.inRange).length,
          );
        }
      }),
      { seed: 20261123, numRuns: 300 },
    );
  });
});

describe('a large set that does not fit', () => {
  it('is explained with little work', () => {
    const asked = demandingSet({ seed: 1, components: 40, versions: 50, coreSeries: 9 });
    const conflict = explainConflict(asked);
    assert.ok(conflict.contradictions.every(({ smallest }) => smallest));
    assert.ok(conflict.contradictions.every(({ reasons }) => reasons.length <= 3));
    assert.ok(conflict.more);
  });

  it('tells no contradiction that is none', () => {
    const asked = demandingSet({ seed: 1, components: 5, versions: 5, eager: 0 });
    assert.deepEqual(explainConflict(asked).contradictions, []);
  });
});
