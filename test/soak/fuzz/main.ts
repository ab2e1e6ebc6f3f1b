/**
 * `npm run soak fuzz`: whatever comes in from outside, and the record, changed by chance, as long as it is told. It
 * fails where an input ends a process, is read for a minute, meets a fault that has no code, breaks a rule of its target
 * (targets.ts), or makes something write outside of the folder of the run.
 *
 *     npm run soak fuzz                              an hour, all targets
 *     npm run soak fuzz -- --minutes 2 --target deb  less
 *     npm run soak fuzz -- --target deb --seed 7 --input 1234   one input again
 *
 * As root, each process sees a read-only file system but for its folder.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { counted } from '../../../src/counted.js';
import { targets } from './targets.js';

/** An input may be read so long, on a machine that does other things too. */
const longest = 60_000;
/** Processes at a time. */
const jobs = 2;
/** The heap of a process. One of the command has no such limit, so what needs more here may be a hostile input. */
const heapMiB = 512;
/** A target gets its time in so many pieces: a process that grows old is no judge of memory. */
const rounds = 4;

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string', multiple: true },
    input: { type: 'string' },
  },
});
const names = targets.map(({ name }) => name);
const chosen = flags.target ?? names;
const unknown = chosen.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`No target ${unknown.join(', ')}; there are: ${names.join(', ')}.`);
  process.exit(2);
}
const one = flags.input === undefined ? undefined : Number(flags.input);
const total = Number(flags.minutes) * 60_000;
const share = (total * Math.min(jobs, chosen.length)) / chosen.length / (one === undefined ? rounds : 1);

const base = join(process.env['LOCKSTEP_TEST_RUN'] ?? process.env['TMPDIR'] ?? '/tmp', 'fuzz');
mkdirSync(base, { recursive: true });
const worker = resolve(import.meta.dirname, 'worker.ts');

interface Tally {
  next: number;
  taken: number;
  refused: number;
  peak: number;
  codes: Map<string, number>;
}
const tallies = new Map<string, Tally>(
  chosen.map((name) => [name, { next: one ?? 0, taken: 0, refused: 0, peak: 0, codes: new Map() }]),
);
const failures: string[] = [];

function fail(name: string, input: number, said: string): void {
  const again = `npm run soak fuzz -- --target ${name} --seed ${flags.seed} --input ${input}`;
  failures.push(`${name}, input ${input}: ${said}\n  again: ${again}`);
  console.log(`FAILED ${failures.at(-1)}`);
}

/** All but the run's folder read-only, where root can say so. What is mounted for the system stays as it is. */
const readOnly = [
  'mount --bind "$1" "$1"',
  "awk '{ print $2 }' /proc/mounts | grep -Ev '^/(proc|sys|dev)(/|$)' | while read -r at; do",
  '  [ "$at" = "$1" ] || mount -o remount,ro,bind "$at" 2>/dev/null || true',
  'done',
  'shift; exec "$@"',
].join('\n');

/** Reads inputs of a target in a process of its own, for some time. */
async function work(name: string, milliseconds: number): Promise<void> {
  const tally = tallies.get(name)!;
  const folder = join(base, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const place = join(folder, 'at');
  const end = one === undefined ? Number.MAX_SAFE_INTEGER : one + 1;
  const node = [
    ...[process.execPath, `--max-old-space-size=${heapMiB}`, '--import', 'tsx', worker],
    ...[name, flags.seed, String(tally.next), String(end), String(milliseconds), place, folder],
  ];
  const isRoot = process.getuid?.() === 0;
  const command = isRoot
    ? ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', readOnly, 'sh', folder, ...node]
    : node;
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, TMPDIR: folder, LOCKSTEP_CACHE: join(folder, 'cache') },
  });
  const reading = (): number => Number(readFileSync(place, 'utf8').trim());
  let stuck: { input: number; since: number } | undefined;
  const watch = setInterval(() => {
    let input: number;
    try {
      input = reading();
    } catch {
      return;
    }
    if (stuck?.input !== input) stuck = { input, since: Date.now() };
    else if (Date.now() - stuck.since > longest) process.kill(-child.pid!, 'SIGKILL');
  }, 1000);
  let isDone = false;
  let errors = '';
  child.stderr.on('data', (piece: Buffer) => (errors = (errors + piece.toString()).slice(-2000)));
  const lines = createInterface({ input: child.stdout });
  const exited = new Promise<{ code: number | null; signal: string | null }>((done) =>
    child.once('close', (code, signal) => done({ code, signal })),
  );
  for await (const line of lines) {
    const told = JSON.parse(line) as Record<string, unknown>;
    if ('said' in told)
      fail(name, told['input'] as number, `${String(told['said'])}\n  ${String(told['kept'])}`);
    else {
      isDone = true;
      tally.next = told['next'] as number;
      tally.taken += told['taken'] as number;
      tally.refused += told['refused'] as number;
      tally.peak = Math.max(tally.peak, told['peak'] as number);
      for (const [code, count] of Object.entries(told['codes'] as Record<string, number>)) {
        tally.codes.set(code, (tally.codes.get(code) ?? 0) + count);
      }
    }
  }
  const { code, signal } = await exited;
  clearInterval(watch);
  if (isDone) return;
  let input = tally.next;
  try {
    input = reading();
  } catch {
    // It ended before the first
  }
  const how = signal === null ? `exit ${code}` : signal;
  fail(name, input, `the process ended (${how})${errors === '' ? '' : `: ${errors.trim()}`}`);
  // Those before it count as read, though their verdicts went with the process
  tally.next = input + 1;
}

const began = Date.now();
const queue = Array.from({ length: one === undefined ? rounds : 1 }, () => chosen).flat();
console.log(`${counted(chosen.length, 'target')}, ${flags.minutes} minutes, seed ${flags.seed}.`);
const running = new Set<string>();
await Promise.all(
  Array.from({ length: Math.min(jobs, chosen.length) }, async () => {
    for (;;) {
      const index = queue.findIndex((each) => !running.has(each));
      const name = queue[index];
      if (name === undefined) return;
      queue.splice(index, 1);
      running.add(name);
      const stop = Date.now() + share;
      // One that ended early goes on after the input that ended it
      do await work(name, stop - Date.now());
      while (one === undefined && stop - Date.now() > 5000 && failures.length < 100);
      running.delete(name);
    }
  }),
);
let inputs = 0;
for (const [name, { next, taken, refused, peak, codes }] of tallies) {
  const count = one === undefined ? next : 1;
  inputs += count;
  const most = [...codes].sort((a, b) => b[1] - a[1]).map(([code, times]) => `${code} ${times}`);
  console.log(
    `${name.padEnd(10)} ${String(count).padStart(8)} inputs, ${taken} taken, ${refused} refused, peak ${peak} MiB; ${most.slice(0, 8).join(', ')}`,
  );
}
console.log(
  `${inputs} inputs in ${Math.round((Date.now() - began) / 60_000)} minutes: ${failures.length === 0 ? 'no crash, no hang, no write outside' : counted(failures.length, 'failure')}.`,
);
process.exit(failures.length === 0 ? 0 : 1);
