/**
 * One process that reads inputs of one target, one after the other, until its time is over. Its arguments: the target,
 * the seed, the first and the end of the inputs, the milliseconds, and the file into which it writes which input it
 * reads. Its standard output has one line of JSON for each failure, and a last one with its counts.
 */
import { openSync, writeFileSync, writeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError } from '../../../src/errors.js';
import { Random } from '../../fixtures/random.js';
import { targets } from './targets.js';

const [name, seed, first, end, milliseconds, place, folder] = process.argv.slice(2) as [
  ...[string, string, string, string, string, string, string],
];
const target = targets.find((one) => one.name === name)!;
const failures = join(folder, 'failures');
const own = join(folder, name);
await mkdir(failures, { recursive: true });
await mkdir(own, { recursive: true });
const at = openSync(place, 'w');
const running = await target.start(own);
const counts = { taken: 0, refused: 0, codes: {} as Record<string, number> };
const until = Date.now() + Number(milliseconds);
let input = Number(first);
for (; input < Number(end) && Date.now() < until; input++) {
  // Written at once, as nothing else is told by a process that hangs or dies
  writeSync(at, String(input).padEnd(16), 0);
  let bytes: Uint8Array | string = '';
  try {
    const random = new Random(Math.imul(Number(seed), 0x9e3779b1) ^ Math.imul(input + 1, 0x85ebca6b));
    counts[await running.run(random, (kept) => (bytes = kept))]++;
  } catch (error) {
    // A fault of the disk is a write outside: all but the target's own folder is read-only
    if (error instanceof LockstepError && !error.code.startsWith('DISK_')) {
      counts.refused++;
      counts.codes[error.code] = (counts.codes[error.code] ?? 0) + 1;
      continue;
    }
    const kept = join(failures, `${name}-${input}`);
    writeFileSync(kept, bytes);
    const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
    console.log(JSON.stringify({ input, said: said.slice(0, 2000), kept }));
  }
}
await running.stop?.();
const peak = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ ...counts, next: input, peak }));
process.exit(0);
