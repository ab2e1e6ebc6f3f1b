/**
 * Runs a command and watches the memory of all its processes:
 * `node peak-memory.mjs FILE COMMAND ARGUMENT ...` writes the peak, in bytes,
 * to FILE. It is the largest sum of VmRSS over the command and everything that
 * it started, at one moment, looked at every few milliseconds; and not less
 * than VmHWM, the kernel's own peak, of any one of them. Pages that processes
 * share count for each of them. Threads are part of their process. Linux only.
 */
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { clearInterval, setInterval } from 'node:timers';

const every = 5;
const [file, command, ...args] = process.argv.slice(2);

/** In bytes; zero for a process that has ended. */
function memoryOf(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const kibibytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
    return { now: kibibytes('VmRSS') * 1024, most: kibibytes('VmHWM') * 1024 };
  } catch {
    return { now: 0, most: 0 };
  }
}

/** Children belong to the thread that started them. */
function childrenOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' ').filter(Boolean),
    );
  } catch {
    return [];
  }
}

let peak = 0;
function look() {
  let sum = 0;
  const waiting = [String(child.pid)];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    const { now, most } = memoryOf(pid);
    sum += now;
    peak = Math.max(peak, most);
    waiting.push(...childrenOf(pid));
  }
  peak = Math.max(peak, sum);
}

const child = spawn(command, args, { stdio: 'inherit' });
const watching = setInterval(look, every);
child.once('error', (error) => {
  throw error;
});
child.once('exit', (status, signal) => {
  clearInterval(watching);
  writeFileSync(file, String(peak));
  process.exitCode = status ?? 128 + constants.signals[signal];
});
