/** The search over what trees declare, each read only when it is about to be chosen. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { clausesOf, demandTable, type FactsInput, type OptionFacts } from '../../../src/resolution/facts.js';
import type { Variable } from '../../../src/resolution/problem.js';
import { search, type SearchResult } from '../../../src/resolution/search.js';
import type { Demand, Platform, Supply } from '../../../src/source/declared.js';

const platform: Platform = { base: 'Debian 12', php: '8.2.29', extensions: new Map([['intl', 'php-intl']]) };

interface Tree {
  supplies: Supply[];
  demands: Demand[];
}

/** By component, then newest version first: what its tree says. */
type World = Record<string, Record<string, Tree>>;

function demand(by: string, thing: string, constraint: string, ifSupplied = false): Demand {
  const place = { by, file: 'extension.json', field: `requires.${thing}` };
  return { thing, constraint, ...place, ...(ifSupplied ? { ifSupplied } : {}) };
}

function itself(thing: string, version: string): Supply {
  return { thing, version, file: 'extension.json' };
}

function questionOf(world: World, ranges: Record<string, (version: string) => boolean> = {}) {
  const variables = Object.entries(world).map(([component, trees]): Variable => {
    const options = Object.keys(trees).map((version) => ({
      version,
      label: version,
      inRange: ranges[component]?.(version) ?? true,
    }));
    return { component, range: '*', path: `components.${component}.source.version`, options };
  });
  const all: OptionFacts[] = Object.entries(world).flatMap(([component, trees]) =>
    Object.entries(trees).map(([version, tree], option) => ({
      component,
      option,
      declared: [{ component, version, ...tree }],
    })),
  );
  const known = { variables, platform, requires: {}, within: {}, profileFile: 'profiles/p.yaml' };
  return { variables, inputOf: (facts: readonly OptionFacts[]): FactsInput => ({ ...known, facts }), all };
}

async function searched(
  world: World,
  lead: string,
  ranges: Record<string, (version: string) => boolean> = {},
): Promise<{ result: SearchResult; read: string[] }> {
  const { variables, inputOf, all } = questionOf(world, ranges);
  const facts: OptionFacts[] = [];
  const result = await search({
    variables,
    lead,
    clauses: () => clausesOf(inputOf(facts)),
    load: (wanted) => {
      for (const [component, option] of wanted) {
        const found = all.find((one) => one.component === component && one.option === option)!;
        if (!facts.includes(found)) facts.push(found);
      }
      return Promise.resolve();
    },
  });
  const read = facts.map(({ component, declared }) => `${component} ${declared[0]!.version}`);
  return { result, read };
}

function chosenIn(result: SearchResult): Map<string, number> {
  return result.kind === 'found' ? result.chosen : assert.fail(result.error.message);
}

function sentenceOf(result: SearchResult): string {
  assert.equal(result.kind, 'conflict');
  return result.kind === 'conflict' ? `${result.error.message} ${result.error.hint ?? ''}` : '';
}

const core = (version: string, demands: Demand[] = []): Tree => ({
  supplies: [itself('mediawiki', version)],
  demands,
});
const cite = (version: string, ...demands: [thing: string, constraint: string][]): Tree => ({
  supplies: [itself('extension/Cite', version)],
  demands: demands.map(([thing, constraint]) => demand('extension Cite', thing, constraint)),
});
const parsoid = (version: string): Tree => ({
  supplies: [itself('library/wikimedia/parsoid', version)],
  demands: [],
});

describe('a search over what trees declare', () => {
  it('takes the newest extension that fits the newest MediaWiki, and reads no other MediaWiki for it', async () => {
    const world: World = {
      mediawiki: { '1.43.9': core('1.43.9'), '1.43.8': core('1.43.8'), '1.39.17': core('1.39.17') },
      cite: {
        '3.0': cite('3.0', ['mediawiki', '>= 1.45']),
        '2.0': cite('2.0', ['mediawiki', '>= 1.43']),
        '1.0': cite('1.0', ['mediawiki', '>= 1.39']),
      },
    };
    const { result, read } = await searched(world, 'mediawiki');
    assert.deepEqual([...chosenIn(result)].sort(), [
      ['cite', 1],
      ['mediawiki', 0],
    ]);
    assert.deepEqual(read.sort(), ['cite 2.0', 'cite 3.0', 'mediawiki 1.43.9']);
  });

  it('says which MediaWiki an extension asks for, and that it would help', async () => {
    const world: World = {
      mediawiki: { '1.45.0': core('1.45.0'), '1.43.9': core('1.43.9'), '1.43.8': core('1.43.8') },
      cite: { '3.0': cite('3.0', ['mediawiki', '>= 1.45']) },
    };
    const within = (version: string): boolean => version.startsWith('1.43.');
    const { result, read } = await searched(world, 'mediawiki', { mediawiki: within });
    const said = sentenceOf(result);
    assert.match(said, /extension Cite 3\.0/);
    assert.match(said, /MediaWiki >= 1\.45/);
    assert.match(said, /1\.45\.0/);
    assert.ok(!read.includes('mediawiki 1.43.8'), 'its number says enough');
  });

  it("takes the Parsoid that MediaWiki's composer.json names, though there are newer ones", async () => {
    const demands = [demand('mediawiki', 'library/wikimedia/parsoid', '0.20.8', true)];
    const world: World = {
      mediawiki: { '1.43.9': core('1.43.9', demands) },
      parsoid: { '0.22.0': parsoid('0.22.0'), '0.21.0': parsoid('0.21.0'), '0.20.8': parsoid('0.20.8') },
    };
    const { result, read } = await searched(world, 'mediawiki');
    assert.equal(chosenIn(result).get('parsoid'), 2);
    assert.ok(!read.includes('parsoid 0.21.0'));
    const kept = await searched(world, 'mediawiki', { parsoid: (version) => version !== '0.20.8' });
    const said = sentenceOf(kept.result);
    assert.match(said, /mediawiki 1\.43\.9/);
    assert.match(said, /library wikimedia\/parsoid 0\.20\.8/);
  });

  it('says which extension of PHP the base release has not, and which PHP it has', async () => {
    const mediawiki = { '1.43.9': core('1.43.9') };
    const lacking = await searched(
      { mediawiki, cite: { '3.0': cite('3.0', ['php-extension/wikidiff3', '*']) } },
      'mediawiki',
    );
    assert.match(
      sentenceOf(lacking.result),
      /extension Cite 3\.0.*PHP extension wikidiff3.*Debian 12 has no PHP extension/,
    );
    const old = await searched({ mediawiki, cite: { '3.0': cite('3.0', ['php', '>=8.3']) } }, 'mediawiki');
    assert.match(sentenceOf(old.result), /PHP >=8\.3.*Debian 12 has PHP 8\.2\.29/);
  });

  it('finds what trying every combination of trees that were all read finds', async () => {
    const versions = ['3.0', '2.1', '2.0', '1.0'];
    const constraint = fc.constantFrom('*', '>=2.0', '^2.0', '<3.0', '1.0', '>=3.0 || 1.0');
    const things = { a: 'mediawiki', b: 'extension/B', c: 'library/c/c' };
    const needs = fc.array(
      fc.tuple(
        fc.constantFrom(...Object.values(things), 'php-extension/intl', 'php-extension/none'),
        constraint,
        fc.boolean(),
      ),
      { maxLength: 2 },
    );
    const trees = fc.array(needs, { minLength: 12, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(trees, async (made) => {
        const world: World = {};
        Object.entries(things).forEach(([component, thing], row) => {
          world[component] = Object.fromEntries(
            versions.map((version, column) => [
              version,
              {
                supplies: [itself(thing, version)],
                demands: made[row * versions.length + column]!.map(([what, text, optional]) =>
                  demand(component, what, text, optional && what.startsWith('library/')),
                ),
              },
            ]),
          );
        });
        const { inputOf, all } = questionOf(world);
        const everything = inputOf(all);
        const { result } = await searched(world, 'b');
        let best: number[] | undefined;
        // The lead first, then the others by name; the newest is number 0
        for (let b = 0; b < 4 && best === undefined; b += 1)
          for (let a = 0; a < 4 && best === undefined; a += 1)
            for (let c = 0; c < 4 && best === undefined; c += 1) {
              const chosen = new Map([
                ['a', a],
                ['b', b],
                ['c', c],
              ]);
              if (demandTable(everything, chosen).every(({ met }) => met)) best = [a, b, c];
            }
        const found =
          result.kind === 'found' ? ['a', 'b', 'c'].map((name) => result.chosen.get(name)) : undefined;
        assert.deepEqual(found, best);
      }),
      { numRuns: 300 },
    );
  });
});
