import assert from 'node:assert/strict';
import fc from 'fast-check';
import { allows, compareComposer, parseConstraint, plainVersion } from '../../../src/source/composer.js';

function allowed(constraint: string, version: string): boolean {
  const parsed = parseConstraint(constraint);
  assert.ok(parsed, `${constraint} should be readable`);
  return allows(parsed, version);
}

describe('Composer constraints', () => {
  const cases: [constraint: string, yes: string[], no: string[]][] = [
    ['0.16.6', ['0.16.6', 'v0.16.6', '0.16.6.0'], ['0.16.5', '0.16.6-rc1', 'dev-master']],
    ['=1.2', ['1.2.0'], ['1.2.1']],
    ['==1.2', ['1.2.0'], ['1.2.1']],
    ['0.16.0-a17', ['0.16.0-a17', '0.16.0-alpha17', '0.16.0-alpha.17'], ['0.16.0-a16', '0.16.0']],
    ['^1.2.3', ['1.2.3', '1.9.9', '1.2.4-beta1'], ['1.2.2', '2.0.0', '2.0.0-alpha1']],
    ['^0.3', ['0.3.0', '0.3.9'], ['0.4.0', '0.2.9']],
    ['^0.0.3', ['0.0.3', '0.0.3.7'], ['0.0.4', '0.0.2']],
    ['^0', ['0.0.1', '0.9'], ['1.0']],
    ['^0.16.0-a17', ['0.16.0-a17', '0.16.0-b1', '0.16.3'], ['0.16.0-a16', '0.17.0-a1']],
    ['~1.2', ['1.2', '1.9.3'], ['1.1.9', '2.0.0', '2.0.0-dev']],
    ['~1.2.3', ['1.2.3', '1.2.99'], ['1.3.0', '1.2.2']],
    ['~1', ['1.0', '1.9'], ['2.0', '0.9']],
    ['>=7.4.3', ['7.4.3', '8.1', '7.4.3-rc1'], ['7.4.2']],
    ['>1.0 <2.0', ['1.5', '1.0.1'], ['1.0', '2.0', '2.0-beta1']],
    ['>= 1.0, < 2.0', ['1.0', '1.9'], ['2.0']],
    ['>=1.0,<1.1 || >=1.2', ['1.0.5', '1.2', '3'], ['1.1', '0.9']],
    ['^7.4 | ^8.0', ['7.4.1', '8.3'], ['7.3', '9.0']],
    ['1.0.*', ['1.0.0', '1.0.99'], ['1.1.0', '0.9']],
    ['1.x', ['1.0', '1.99'], ['2.0']],
    ['*', ['0.1', '99', 'dev-master'], []],
    ['@dev', ['0.1', '99'], []],
    ['1.0 - 2.0', ['1.0', '2.0', '2.0.9'], ['2.1', '0.9']],
    ['1.0.0 - 2.1.0', ['1.0.0', '2.1.0'], ['2.1.1']],
    ['1.0.0-alpha1 - 2', ['1.0.0-alpha1', '2.9'], ['3.0', '1.0.0-dev']],
    ['!=1.5', ['1.4', '1.6'], ['1.5', '1.5.0.0']],
    ['<>1.5', ['1.4'], ['1.5']],
    ['<1.5', ['1.4.9'], ['1.5', '1.5-alpha1']],
    ['<1.5-stable', ['1.5-alpha1'], ['1.5']],
    ['<=1.5', ['1.5', '1.5-rc1'], ['1.5.1']],
    ['1.0@beta', ['1.0'], ['1.0-beta']],
    ['>1.0@beta', ['1.0'], ['1.0-beta', '1.0-alpha']],
    ['^1.0@dev', ['1.0-dev', '1.5'], ['2.0']],
    ['dev-master', ['dev-master'], ['dev-main', '1.0']],
    ['dev-main#deadbeef', ['dev-main'], ['1.0']],
    ['dev-main as 1.0.0', ['dev-main'], ['1.0.0']],
    ['1.0.x-dev', ['1.0.x-dev'], ['1.0.1']],
    ['^1.0', ['1.0.x-dev', '1.x-dev'], ['2.x-dev', 'dev-main']],
    ['~1.x-dev', ['1.x-dev'], ['1.9', '2.0']],
    ['feature-dev', ['dev-feature'], ['1.0']],
    ['>=2024-01-31', ['20240201', '2024.01.31'], ['2024.01.30']],
    ['1.0+build', ['1.0.0', '1.0+other'], ['1.0.1']],
    ['>= 1.47', ['1.47.0-wmf.9', '1.47.0-alpha', '1.47.0'], ['1.46.3', '1.46.0-wmf.27']],
    ['>= 1.47.0', ['1.47.0-wmf.9', '1.47.0+git20261123.1a2b3c4d'], ['1.46.9']],
    ['>= 1.47.0-wmf.14', ['1.47.0-wmf.14', '1.47.0-rc.0', '1.47.0'], ['1.47.0-wmf.9', '1.47.0-alpha']],
    ['< 1.47', ['1.46.3'], ['1.47.0-wmf.9']],
    ['~1.43.0', ['1.43.0-alpha', '1.43.0-rc.1', '1.43.9'], ['1.44.0-wmf.1']],
    ['1.0-p1', ['1.0-patch1', '1.0-pl1'], ['1.0', '1.0-p2']],
  ];
  for (const [constraint, yes, no] of cases) {
    it(`reads ${constraint}`, () => {
      for (const version of yes)
        assert.equal(allowed(constraint, version), true, `${version} should be allowed`);
      for (const version of no)
        assert.equal(allowed(constraint, version), false, `${version} should be refused`);
    });
  }

  it('says when something is no constraint', () => {
    for (const text of ['', 'latest', '^', '~banana', '1.2.3.4.5', '1.0 - ', '|| 1.0', '>='])
      assert.equal(parseConstraint(text), null, text);
  });

  it('orders as PHP does', () => {
    const ascending = [
      '1.0-dev',
      '1.0-alpha1',
      '1.0-a2',
      '1.0-beta',
      '1.0-b1',
      '1.0-RC1-dev',
      '1.0-RC1',
      '1.0',
      '1.0-p1',
      '1.0.0.1',
      '1.10',
    ];
    for (let index = 1; index < ascending.length; index += 1) {
      assert.ok(
        compareComposer(ascending[index - 1]!, ascending[index]!)! < 0,
        `${ascending[index - 1]} < ${ascending[index]}`,
      );
    }
  });

  it("orders MediaWiki's weekly versions by their numbers, between its alpha and its first rc", () => {
    const ascending = [
      '1.46.2',
      '1.47.0-alpha',
      '1.47.0-wmf.1',
      '1.47.0-wmf.9',
      '1.47.0-wmf.14',
      '1.47.0-beta.0',
      '1.47.0-rc.0',
      '1.47.0',
      '1.47.1',
    ];
    const shuffled = [...ascending].reverse().sort((a, b) => compareComposer(a, b)!);
    assert.deepEqual(shuffled, ascending);
  });

  it('bears what only a hostile tree writes', () => {
    const long = '1.'.repeat(100_000);
    for (const text of [long, `^${long}`, '|'.repeat(100_000), `>=${'9'.repeat(400)}`, '~'.repeat(400)]) {
      const constraint = parseConstraint(text);
      if (constraint !== null) assert.equal(allows(constraint, '1.0'), false);
    }
    assert.equal(plainVersion(long), null);
  });

  it('takes the v off a version, and gives none for a branch', () => {
    assert.equal(plainVersion('v0.16.4'), '0.16.4');
    assert.equal(plainVersion('0.16.0-a17'), '0.16.0-a17');
    assert.equal(plainVersion('dev-master'), null);
    assert.equal(plainVersion('1.0.x-dev'), null);
  });

  it('holds what ~ and ^ promise, for any numbers', () => {
    const part = fc.nat({ max: 50 });
    fc.assert(
      fc.property(part, part, part, part, (major, minor, patch, step) => {
        const version = `${major}.${minor}.${patch}`;
        assert.equal(allowed(`^${version}`, version), true);
        assert.equal(allowed(`~${version}`, `${major}.${minor}.${patch + step}`), true);
        assert.equal(allowed(`~${version}`, `${major}.${minor + 1}.0`), false);
        assert.equal(allowed(`^${version}`, `${major + 1}.0.0`), false);
        assert.equal(allowed(`^${version}`, `${major}.${minor + step}.${patch}`), major > 0 || step === 0);
      }),
    );
  });
});
