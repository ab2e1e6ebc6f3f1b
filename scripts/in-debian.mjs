/** `npm run in-debian RELEASE COMMAND`: see test/machines/in-debian.ts, which this makes runnable. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { releaseTools, root, setUp } from './setup.mjs';

setUp(releaseTools);
const program = join(root, 'test/machines/in-debian.ts');
const { status } = spawnSync(process.execPath, ['--import', 'tsx', program, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
