/**
 * `npm run soak mutants`: changes single tokens of the rooms that decide, one at a time, and runs the tests. A
 * change that no test notices is a test that is missing, or code that nothing needs.
 *
 *     npm run soak mutants                          the sample of floor.json, compared with it
 *     npm run soak mutants -- --room deb --sample 4 fewer; nothing is compared
 *     npm run soak mutants -- --seed 7              another sample of the same size
 *     npm run soak mutants -- --mutant 3fa9c2d1     one of them again, by the start of its id
 *     npm run soak mutants -- --write-floor         today's figures become the floor
 *
 * It fails where a room's tests kill a smaller share than floor.json says.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Compiler } from './compiler.js';
import { inOrderOf, mutated, mutationsOf, type Mutation } from '../../fixtures/mutations.js';
import { Reach } from './reach.js';
import { judges } from './rooms.js';
import { Sandbox } from './sandbox.js';

const root = resolve(import.meta.dirname, '../../..');
const floorFile = join(import.meta.dirname, 'floor.json');

/** The figures of a run: the floor of later ones. */
interface Floor {
  seed: number;
  /** Mutations a room. */
  sample: number;
  /** Of `of` mutations tests noticed `killed`. */
  rooms: Record<string, { killed: number; of: number }>;
}

interface Mutant extends Mutation {
  /** Below the repository. */
  file: string;
  /** Of the whole file, without the mutation. */
  text: string;
  /** The test files that load it, step by step. */
  steps: string[][];
}

type Verdict = 'killed' | 'timeout' | 'lived';

const floor = JSON.parse(readFileSync(floorFile, 'utf8')) as Floor;
const { values: flags } = parseArgs({
  options: {
    room: { type: 'string', multiple: true },
    seed: { type: 'string', default: String(floor.seed) },
    sample: { type: 'string', default: String(floor.sample) },
    mutant: { type: 'string', multiple: true },
    jobs: { type: 'string', default: '2' },
    'write-floor': { type: 'boolean', default: false },
  },
});
const [seed, sample, jobs] = [flags.seed, flags.sample, flags.jobs].map(Number) as [number, number, number];
const rooms = flags.room ?? Object.keys(judges);
if (
  ![seed, sample, jobs].every((one) => Number.isInteger(one) && one > 0) ||
  rooms.some((one) => !judges[one])
) {
  process.stderr.write(`Numbers are whole and above 0; the rooms are: ${Object.keys(judges).join(', ')}.\n`);
  process.exit(2);
}

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}

const reach = new Reach();
const unitTests = filesBelow('test/unit', '.test.ts');

/** In three steps, of which each runs where the one before let a mutation pass: the quick ones come first. */
function testsOf(room: string, file: string): string[][] {
  const loads = (test: string): boolean => reach.from(join(root, test)).has(join(root, file));
  const unit = unitTests.filter(loads);
  const isOwn = (test: string): boolean => test.startsWith(`test/unit/${room}/`);
  return [
    unit.filter(isOwn),
    unit.filter((test) => !isOwn(test)),
    judges[room]!.map((name) => `test/integration/${name}.test.ts`).filter(loads),
  ];
}

/** The first mutations of a room, in the seed's order, that the compiler accepts. */
function sampleOf(room: string): { mutants: Mutant[]; refused: number; all: number } {
  const all = filesBelow(`src/${room}`, '.ts').flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return mutationsOf(text).map((mutation) => ({ ...mutation, file, text }));
  });
  const isNamed = ({ id }: Mutation): boolean =>
    flags.mutant?.some((start) => id.startsWith(start)) !== false;
  const mutants: Mutant[] = [];
  let refused = 0;
  for (const one of inOrderOf(seed, all.filter(isNamed))) {
    if (mutants.length === sample) break;
    if (compiler.accepts(join(root, one.file), mutated(one.text, one))) {
      mutants.push({ ...one, steps: testsOf(room, one.file) });
    } else refused++;
  }
  return { mutants, refused, all: all.length };
}

/**
 * How long a room's tests take without a mutation, in milliseconds and step by step.
 *
 * @throws Error where one fails, because then it would fail for every mutation
 */
async function timesOf(mutants: readonly Mutant[], sandbox: Sandbox): Promise<number[]> {
  const times: number[] = [];
  for (const step of [0, 1, 2]) {
    const files = [...new Set(mutants.flatMap(({ steps }) => steps[step]!))];
    const before = performance.now();
    const ending = files.length === 0 ? 'passed' : await sandbox.test(files, 1_800_000);
    if (ending !== 'passed') throw new Error(`Without a mutation: ${ending}: ${files.join(' ')}`);
    times.push(performance.now() - before);
  }
  return times;
}

async function judge(mutant: Mutant, sandbox: Sandbox, times: readonly number[]): Promise<Verdict> {
  sandbox.write(mutant.file, mutated(mutant.text, mutant));
  try {
    for (const [step, files] of mutant.steps.entries()) {
      if (files.length === 0) continue;
      const ending = await sandbox.test(files, 3 * times[step]! + 30_000);
      if (ending !== 'passed') return ending === 'timeout' ? 'timeout' : 'killed';
    }
    return 'lived';
  } finally {
    sandbox.write(mutant.file, mutant.text);
  }
}

/** The verdicts on a room's sample. */
async function judged(mutants: readonly Mutant[]): Promise<Map<Mutant, Verdict>> {
  const times = await timesOf(mutants, sandboxes[0]!);
  const verdicts = new Map<Mutant, Verdict>();
  const waiting = [...mutants];
  const work = async (sandbox: Sandbox): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const verdict = await judge(next, sandbox, times);
      verdicts.set(next, verdict);
      say(`  ${verdict.padEnd(7)} ${shown(next)}`);
    }
  };
  await Promise.all(sandboxes.map(work));
  return verdicts;
}

function shown({ id, file, line, before, after }: Mutant): string {
  return `${id}  ${file}:${line}\n          ${before}\n       -> ${after}`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

setPriority(10);
const compiler = new Compiler(root);
const sandboxes = Array.from({ length: jobs }, () => new Sandbox(root));
process.once('exit', () => {
  for (const sandbox of sandboxes) sandbox.remove();
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const isCompared = flags.mutant === undefined && seed === floor.seed && sample === floor.sample;
const survivors: Mutant[] = [];
const below: string[] = [];
const lines: string[] = [];
for (const room of rooms) {
  const { mutants, refused, all } = sampleOf(room);
  if (mutants.length === 0) continue;
  say(`${room}: ${mutants.length} of ${all} mutations; the compiler refused ${refused} others`);
  const verdicts = await judged(mutants);
  const lived = mutants.filter((one) => verdicts.get(one) === 'lived');
  survivors.push(...lived);
  const of = mutants.length;
  const killed = of - lived.length;
  const least = isCompared ? floor.rooms[room] : undefined;
  const compared = least === undefined ? '' : `; the floor is ${least.killed} of ${least.of}`;
  lines.push(`${room.padEnd(12)} killed ${killed} of ${of}${compared}`);
  if (least !== undefined && killed * least.of < least.killed * of) below.push(room);
  if (!flags['write-floor'] || flags.mutant !== undefined) continue;
  // After each room, so that a run that is stopped has measured something; figures of another sample go
  if (seed !== floor.seed || sample !== floor.sample) floor.rooms = {};
  Object.assign(floor, { seed, sample });
  floor.rooms[room] = { killed, of };
  writeFileSync(floorFile, `${JSON.stringify(floor, null, 2)}\n`);
}

say(`\nNoticed by no test: ${survivors.length}`);
for (const mutant of survivors) say(shown(mutant));
say(`\n${lines.join('\n')}`);
if (!isCompared) say('The floor is of another sample: nothing is compared.');
if (below.length > 0) {
  say(`Below the floor: ${below.join(', ')}`);
  process.exitCode = 1;
}
