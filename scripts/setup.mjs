/**
 * Brings a fresh clone to the point where the command runs: Node's version,
 * npm dependencies from the lock file, the compiled program, Debian's tools.
 * Uses nothing but Node itself, because it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');

const fromTable = JSON.parse(readFileSync(join(root, 'src/io/debian-tools.json'), 'utf8'));

// Root needs no help to make namespaces; everybody else needs subordinate ids (subuid(5))
const uses = process.getuid?.() === 0 ? ['release'] : ['release', 'release-without-root'];

/** What a release of a profile needs on the machine. `file` where the package brings no command. */
export const releaseTools = [
  ...Object.entries(fromTable)
    .filter(([, tool]) => uses.includes(tool.for))
    .map(([command, tool]) => ({ command, package: tool.package, why: tool.why })),
  {
    file: '/usr/share/keyrings/debian-archive-keyring.gpg',
    package: 'debian-archive-keyring',
    why: 'holds the keys the distribution signs with',
  },
];

/** What the tests need besides: the judges are Debian's own tools and real machines. */
export const testTools = [
  { command: 'lintian', package: 'lintian', why: 'judges the packages' },
  { command: 'dpkg-buildpackage', package: 'dpkg-dev', why: 'makes the source packages of the test mirror' },
  { command: 'sqv', package: 'sqv', why: "checks signatures as Debian 13's apt does" },
  { command: 'gpg', package: 'gnupg', why: "signs with a user's own gpg" },
  {
    command: 'systemd-nspawn',
    package: 'systemd-container',
    why: 'boots the Debian machines that install the wiki',
  },
  { command: 'aptly', package: 'aptly', why: 'mirrors an archive' },
  { command: 'reprepro', package: 'reprepro', why: 'takes an archive as an update' },
  { command: 'debmirror', package: 'debmirror', why: 'mirrors an archive' },
  { command: 'apt-mirror', package: 'apt-mirror', why: 'mirrors an archive' },
  { command: 'apt-cacher-ng', package: 'apt-cacher-ng', why: 'stands between apt and an archive' },
  { command: 'apt-file', package: 'apt-file', why: 'reads the lists of files of an archive' },
  { command: 'ip', package: 'iproute2', why: 'gives these machines a network of their own' },
  { command: 'newuidmap', package: 'uidmap', why: 'builds without root' },
  { command: 'chromium', package: 'chromium', why: 'looks at a page of the wiki' },
  { command: 'git', package: 'git', why: 'fetches sources, and reads what a snapshot commit wrote' },
  { file: '/usr/sbin/sshd', package: 'openssh-server', why: 'serves repositories over ssh' },
  { command: 'ssh', package: 'openssh-client', why: 'fetches them' },
  { command: 'openssl', package: 'openssl', why: 'makes the certificate of a test server' },
  { command: 'zstd', package: 'zstd', why: 'packs .debs as other distributions do' },
  { command: 'php', package: 'php-cli', why: "runs the wiki's own command" },
  {
    file: '/usr/share/php/Composer/Semver/autoload.php',
    package: 'php-composer-semver',
    why: 'judges constraints as Composer does',
  },
  {
    file: '/var/lib/dpkg/info/php-sqlite3.list',
    package: 'php-sqlite3',
    why: "holds that command's database in tests",
  },
  {
    file: '/var/lib/dpkg/info/php-mbstring.list',
    package: 'php-mbstring',
    why: 'is what MediaWiki and that command need',
  },
];

/** Says what is being done, on stderr: stdout is for data. */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** Ends with a sentence and the one thing to do. */
function stop(text) {
  say(text);
  process.exit(10);
}

function hasCommand(name) {
  const path = `${process.env.PATH ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`;
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function runOrStop(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
  if (result.status !== 0) stop(`${[command, ...args].join(' ')} failed; what it printed stands above.`);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    stop(`Lockstep needs Node 20.19 or newer; this is ${process.versions.node}.`);
  }
}

function sha256(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** npm dependencies, exactly as locked; a stamp beside them tells which lock they came from. */
function installDependencies() {
  const wanted = sha256(readFileSync(join(root, 'package-lock.json')), process.versions.modules);
  const stamp = join(root, 'node_modules', '.lockstep-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say('Installing npm dependencies from package-lock.json ...');
  runOrStop('npm', ['ci', '--no-audit', '--no-fund']);
  writeFileSync(stamp, wanted);
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** dist/ from src/, only when a source file, the settings or the compiler changed. */
export function compile() {
  const made = ['scripts/bundle.mjs', 'scripts/manifest.mjs', 'scripts/code-cache.mjs', 'bin/program.js'];
  const inputs = [...made, 'package.json', 'package-lock.json'].map((name) => join(root, name));
  const sources = [...inputs, ...filesBelow(join(root, 'src'))];
  const wanted = sha256(
    process.version,
    ...sources.flatMap((file) => [file.slice(root.length), '\0', readFileSync(file), '\0']),
  );
  const stamp = join(root, 'dist', '.stamp');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say('Compiling ...');
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  runOrStop(process.execPath, [join(root, 'scripts/bundle.mjs')]);
  runOrStop(process.execPath, [join(root, 'scripts/manifest.mjs')]);
  const cached = spawnSync(process.execPath, [join(root, 'scripts/code-cache.mjs')], { stdio: 'inherit' });
  if (cached.status !== 0) say('Compiled; commands start more slowly than they could.');
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stamp, wanted);
}

/** Names the Debian tools that are missing; installs them when root, otherwise ends with the line to run. */
function installTools(tools) {
  const missing = tools.filter((tool) => (tool.file ? !existsSync(tool.file) : !hasCommand(tool.command)));
  if (missing.length === 0) return;
  say('Debian packages that are needed and not here:');
  for (const tool of missing) say(`  ${tool.package.padEnd(24)} ${tool.why}`);
  const packages = [...new Set(missing.map((tool) => tool.package))];
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  if (process.getuid?.() !== 0)
    stop(
      `Run this once, then the same command again:\n  sudo apt-get update && sudo apt-get ${install.join(' ')}`,
    );
  say('Installing them ...');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  runOrStop('apt-get', ['update', '-q'], { env });
  runOrStop('apt-get', ['-q', ...install], { env });
}

/**
 * Everything up to a program that runs, with the given Debian tools on the machine.
 *
 * @param stage runs one step, given its name; `npm test` times the steps by it
 */
export function setUp(tools, stage = (name, work) => work()) {
  checkNode();
  stage('set-up: npm packages', installDependencies);
  stage('set-up: compiling', compile);
  stage('set-up: Debian packages', () => installTools(tools));
}

/** What tests keep from run to run, the product's cache too: none of it is the user's own. */
export function keptByTests() {
  const base = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return process.env.LOCKSTEP_TEST_CACHE ?? join(base, 'lockstep-test');
}
