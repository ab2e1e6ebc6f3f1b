/** Loaded into a measured process: writes its peak resident memory, in KiB, when it ends. */
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread && process.env.BENCH_PEAK_MEMORY !== undefined) {
  process.on('exit', () => {
    writeFileSync(process.env.BENCH_PEAK_MEMORY, String(process.resourceUsage().maxRSS));
  });
}
