/**
 * A process that takes and leaves a lock as its standard input says, one word a
 * line, and answers on standard output. For lock.test.ts.
 */
import { createInterface } from 'node:readline';
import { systemClock } from '../../../src/io/clock.js';
import { takeLock } from '../../../src/io/lock.js';

const path = process.argv[2] ?? '';
let held: { release(): Promise<void> } | undefined;

console.log('ready');
for await (const word of createInterface({ input: process.stdin })) {
  if (word === 'take') {
    const lock = await takeLock(path, { command: `child ${process.pid}`, clock: systemClock });
    if ('heldBy' in lock) console.log(`held by ${lock.heldBy?.pid}`);
    else {
      held = lock;
      console.log('taken');
    }
  } else {
    await held?.release();
    held = undefined;
    console.log('left');
  }
}
