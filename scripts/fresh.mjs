/**
 * `npm test -- --fresh`: the whole of `npm test` as on a machine that never saw this project. The tree is
 * copied into a new folder, with a home, npm's cache, Lockstep's cache and the tests' own cache in it, all of
 * them empty. What a test leans on and no test makes is then missing.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root, say } from './setup.mjs';

/** Ours and the XDG base directories: each would lead back to what is there already. */
const leadsBack = /^(?:LOCKSTEP_.*|XDG_.*|npm_.*|INIT_CWD|NODE_OPTIONS)$/i;
/** What says where things are fetched from goes along. */
const kept = /^LOCKSTEP_(?:MIRROR|MIRROR_SECURITY|KEYRING)$/;

/** What a home may hold afterwards: the caches alone. */
const allowedAtHome = new Set(['.cache', '.npm']);
const allowedCaches = new Set(['lockstep-test']);

/** What git would commit, and what it would have to be asked about; without git, all but what is made. */
function filesOfTree() {
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (listed.status === 0) return listed.stdout.split('\0').filter((name) => name !== '');
  const made = new Set(['node_modules', 'dist', 'public', '.lockstep', 'coverage', 'oclif.manifest.json']);
  return readdirSync(root).filter((name) => !made.has(name));
}

/**
 * Runs the tests so; the exit status is theirs, or 1 where they left something outside their folders.
 *
 * @param args the parts asked for, as for `npm test`
 */
export function runFresh(args) {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-fresh-'));
  // Some of what tests start runs as the web server's user, and has to get through
  chmodSync(folder, 0o711);
  try {
    const tree = join(folder, 'lockstep');
    for (const name of filesOfTree()) {
      const from = join(root, name);
      if (!existsSync(from)) continue;
      mkdirSync(dirname(join(tree, name)), { recursive: true });
      cpSync(from, join(tree, name), { recursive: true, verbatimSymlinks: true });
    }
    const home = join(folder, 'home');
    const temporary = join(folder, 'tmp');
    mkdirSync(home);
    mkdirSync(temporary, { mode: 0o711 });
    say(`Everything from nothing, in ${tree}`);
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !leadsBack.test(name) || kept.test(name)),
    );
    const { status } = spawnSync(process.execPath, [join(tree, 'scripts/test.mjs'), ...args], {
      cwd: tree,
      stdio: 'inherit',
      env: {
        ...env,
        HOME: home,
        TMPDIR: temporary,
        // Which registry npm asks is the machine's setting, not a cache
        npm_config_userconfig: process.env['npm_config_userconfig'] ?? join(homedir(), '.npmrc'),
        npm_config_cache: join(home, '.npm'),
      },
    });
    const left = leftAt(home);
    for (const name of left) say(`The tests left ${name} in the home folder: nobody would ever remove it.`);
    return status !== 0 ? (status ?? 1) : left.length > 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function leftAt(home) {
  const names = readdirSync(home).filter((name) => !allowedAtHome.has(name));
  const caches = existsSync(join(home, '.cache')) ? readdirSync(join(home, '.cache')) : [];
  return [...names, ...caches.filter((name) => !allowedCaches.has(name)).map((name) => join('.cache', name))];
}
