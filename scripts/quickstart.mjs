/** `npm run quickstart`: sets everything up, then releases a real profile in this clone. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { releaseTools, root, say, setUp } from './setup.mjs';

const profile = process.argv[2] ?? 'mediawiki-1.39';
setUp(releaseTools);

function lockstep(...args) {
  const result = spawnSync(process.execPath, [join(root, 'bin/run.js'), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

if (!existsSync(join(root, '.lockstep/keys/archive.asc'))) {
  say('This clone has no archive key yet; making one without a passphrase, for trying things out.');
  lockstep('key', 'generate', '--no-passphrase');
}
lockstep('release', profile);
