/** `npm run bench wiki`: see test/machines/wiki-bench.ts, which this makes runnable. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keptByTests, releaseTools, root, setUp, testTools } from './setup.mjs';

setUp([...releaseTools, ...testTools]);
const kept = keptByTests();
const temporary = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
chmodSync(temporary, 0o711);
process.once('exit', () => rmSync(temporary, { recursive: true, force: true }));
const program = join(root, 'test/machines/wiki-bench.ts');
const { status } = spawnSync(process.execPath, ['--import', 'tsx', program], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    LOCKSTEP_CACHE: join(kept, 'lockstep'),
    LOCKSTEP_TEST_CACHE: kept,
    LOCKSTEP_TEST_RUN: process.env.LOCKSTEP_TEST_RUN ?? temporary,
    TMPDIR: temporary,
  },
});
process.exit(status ?? 1);
