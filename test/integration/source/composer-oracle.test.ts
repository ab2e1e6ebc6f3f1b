/** Constraints and versions held against composer/semver itself, as Debian packages it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { allows, compareComposer, parseConstraint } from '../../../src/source/composer.js';
import { normalVersion } from '../../../src/source/composer-version.js';
import { needs } from '../../fixtures/machine.js';

const library = '/usr/share/php/Composer/Semver/autoload.php';
const parser = '/usr/share/php/Composer/Semver/VersionParser.php';

/** A date with two more numbers behind it, which is a version since composer/semver 3.4. */
const longDate = /^\d{4}(?:[.:-]?\d{2}){1,6}(?:[.:-]?\d{1,3}){2}$/;
const date = /^\d{4}(?:[.:-]?\d{2}){1,6}(?:[.:-]?\d{1,3})?$/;

/** Whether the library that is installed reads a text as today's does: Debian 12's is of before 3.4. */
function isReadAsToday(): (text: string) => boolean {
  const reads = readFileSync(parser, 'utf8').includes(String.raw`(?:[.:-]?\d{1,3}){0,2})`);
  const isNew = (number: string): boolean => longDate.test(number) && !date.test(number);
  return (text) => reads || !(text.match(/\d+(?:[.:-]?\d+)*/g) ?? []).some(isNew);
}

const program = `
require '${library}';
$parser = new Composer\\Semver\\VersionParser();
$out = [];
foreach (json_decode(stream_get_contents(STDIN), true) as [$a, $b, $constraint]) {
  $normal = function ($text) use ($parser) { try { return $parser->normalize($text); } catch (\\Exception $e) { return null; } };
  [$left, $right] = [$normal($a), $normal($b)];
  try { $parsed = $parser->parseConstraints($constraint); } catch (\\Exception $e) { $parsed = null; }
  $out[] = [
    'version' => $left,
    'order' => $left === null || $right === null || str_starts_with($left, 'dev-') || str_starts_with($right, 'dev-')
      ? null : version_compare($left, $right),
    'allowed' => $parsed === null ? null
      : ($left === null ? false : $parsed->matches(new Composer\\Semver\\Constraint\\Constraint('==', $left))),
  ];
}
echo json_encode($out);
`;

interface Verdict {
  version: string | null;
  order: number | null;
  /** Null where the constraint cannot be read. */
  allowed: boolean | null;
}

type Question = [a: string, b: string, constraint: string];

function askComposer(questions: readonly Question[]): Verdict[] {
  const { stdout, stderr, status } = spawnSync('php', ['-d', 'memory_limit=512M', '-r', program], {
    input: JSON.stringify(questions),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  assert.equal(status, 0, stderr + stdout.slice(0, 1000));
  return JSON.parse(stdout) as Verdict[];
}

function ours([a, b, text]: Question): Verdict {
  const constraint = parseConstraint(text);
  const order = compareComposer(a, b);
  return {
    version: normalVersion(a),
    order: order === null ? null : Math.sign(order),
    allowed: constraint === null ? null : allows(constraint, a),
  };
}

const number = fc.oneof(
  { weight: 8, arbitrary: fc.nat({ max: 4 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('007', '43', '99999', '123456', '20240131', '9999999') },
);
const stage = fc.constantFrom(
  ...['', '', '', '', '-alpha', '-alpha1', '-a2', 'b1', '-beta', '-beta.2.1', '-b-3', '-RC1', '-rc.1', 'RC'],
  ...['-dev', '.dev', 'dev', '-beta1-dev', '-p1', '-patch', '-pl2', '-stable', '-stable-dev', '-', '.x-dev'],
  ...['+build.5', '-rc1+x', '.x', '.*', '-foo', '-2', '_beta1'],
);
const numbered = fc
  .tuple(fc.constantFrom('', '', '', 'v'), fc.array(number, { minLength: 1, maxLength: 5 }), stage)
  .map(([v, numbers, end]) => v + numbers.join('.') + end);
const odd = fc.constantFrom(
  ...['dev-master', 'dev-main', 'master', 'dev-main#abc', 'feature-dev', 'trunk', '2024-01-31', '2024.01.31'],
  ...[
    '20240131',
    '2024-01-31-beta1',
    '1.x-dev',
    '1.0.*-dev',
    'v1',
    'x',
    '*',
    '',
    'banana',
    '1.2.3.4.5',
    'DEV-x',
  ],
);
const version = fc.oneof({ weight: 6, arbitrary: numbered }, { weight: 1, arbitrary: odd });
const operator = fc.constantFrom(
  ...['', '', '^', '~', '>', '>=', '<', '<=', '=', '==', '!=', '<>', '>= ', '< ', '^ ', '~>', '! ', '> ='],
);
const flag = fc.constantFrom(
  '',
  '',
  '',
  '',
  '',
  '@dev',
  '@stable',
  '@RC',
  '@beta',
  '@alpha',
  '#abc',
  ' as 1.0',
);
const single = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(operator, version, flag).map((parts) => parts.join('')) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(version, fc.constantFrom(' - ', ' - ', '  -  ', '-'))
      .chain(([from, middle]) => version.map((to) => from + middle + to)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('*', '@dev', 'x', 'v*', '*.*', '1.*', '1.2.x', '0.*', '1.*.*', '@'),
  },
);
const constraint = fc
  .tuple(
    single,
    fc.array(fc.tuple(fc.constantFrom(' ', ',', ', ', ' , ', ' || ', '|', '||', ' | ', '  '), single), {
      maxLength: 2,
    }),
  )
  .map(([first, more]) => first + more.flat().join(''))
  // Composer takes a comma for part of a build or a branch's name, a blank behind a hyphen for none; not so here
  .filter((text) => !/[+#][^ ]*,|-,|dev-[^ ]*,|DEV-[^ ]*,|(?<! )- | -$/.test(text.trim()));

describe('Composer itself', () => {
  before(async function () {
    await needs(this, {
      tools: ['php'],
      also: () => Promise.resolve(existsSync(library) ? null : 'php-composer-semver is not installed'),
    });
  });

  it('reads, orders and allows the same', () => {
    const questions = fc.sample(fc.tuple(version, version, constraint), {
      numRuns: 20_000,
      seed: 4,
    }) as Question[];
    // What is near to one another tells more than what is far
    for (const [a] of questions.slice(0, 4000))
      questions.push([a, a, `>=${a}`], [a, a, `<${a}`], [a, a, `^${a}`]);
    const known = isReadAsToday();
    const asked = questions.filter((texts) => texts.every(known));
    assert.ok(asked.length > questions.length * 0.9, String(asked.length));
    const verdicts = askComposer(asked);
    const different = asked
      .map((question, index) => ({ question, composer: verdicts[index]!, lockstep: ours(question) }))
      .filter(({ composer, lockstep }) => JSON.stringify(composer) !== JSON.stringify(lockstep));
    assert.deepEqual(different.slice(0, 10), []);
    assert.ok(
      verdicts.filter(({ allowed }) => allowed === true).length > 2000,
      'the question reaches both answers',
    );
    assert.ok(
      verdicts.filter(({ allowed }) => allowed === false).length > 2000,
      'the question reaches both answers',
    );
  });
});
