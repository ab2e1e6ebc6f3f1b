/**
 * `npm run in-debian RELEASE COMMAND [ARG...]`: a command of npm's in a bare Debian that never saw this
 * project: what `mmdebstrap --variant=apt` makes, Node, npm and git, and a copy of the tree without anything
 * that was made in it. What set-up forgets to install is missing there.
 *
 *     npm run in-debian 13 run quickstart
 *     npm run in-debian 13 test
 *
 * Debian 12 has no Node that is new enough: it gets this machine's. Root only. The folder goes at the end.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../src/io/process.js';
import { debianSources, type Codename } from '../fixtures/debian-root.js';
import { top } from '../fixtures/lockstep.js';

const codenames: Record<string, Codename> = { '12': 'bookworm', '13': 'trixie' };

/** As process 1 of a pid namespace, with mounts of its own that end with it. */
const enter = `
set -eu
root=$1
shift
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
exec chroot "$root" "$@"
`;

/** How the network is reached, and whom to trust there; nothing else of this machine's environment goes along. */
const passedOn =
  /^(?:https?_proxy|no_proxy|all_proxy|LOCKSTEP_MIRROR(?:_SECURITY)?|NODE_EXTRA_CA_CERTS|CI)$/i;

const [release = '', ...command] = process.argv.slice(2);
const codename = codenames[release];
if (codename === undefined || command.length === 0 || process.getuid?.() !== 0) {
  process.stderr.write(
    'As root: npm run in-debian 12|13 COMMAND [ARG...], as in: npm run in-debian 13 test\n',
  );
  process.exit(2);
}
const place = await mkdtemp(join(tmpdir(), 'lockstep-debian-'));
try {
  process.exitCode = await inside(join(place, 'root'), codename);
} finally {
  await rm(place, { recursive: true, force: true });
}

async function inside(root: string, of: Codename): Promise<number> {
  const sources = join(place, 'debian.sources');
  await writeFile(sources, await debianSources(of));
  const packages = ['ca-certificates', 'git', ...(of === 'trixie' ? ['nodejs', 'npm'] : [])];
  const made = ['--mode=root', '--variant=apt', `--include=${packages.join(',')}`, of, root, sources];
  await run('mmdebstrap', made, { inherit: /_proxy$/i });
  if (of === 'bookworm') await copyNode(root);
  const tree = join(root, 'srv/lockstep');
  await run('git', ['clone', '--quiet', '--no-hardlinks', top, tree]);
  await copyFile('/etc/resolv.conf', join(root, 'etc/resolv.conf'));
  await copyFile('/etc/hosts', join(root, 'etc/hosts'));
  const npmrc = process.env['npm_config_userconfig'] ?? join(homedir(), '.npmrc');
  if (existsSync(npmrc)) await copyFile(npmrc, join(root, 'root/.npmrc'));
  const authorities = process.env['NODE_EXTRA_CA_CERTS'];
  if (authorities !== undefined) await copyFile(authorities, await placeIn(root, authorities));
  const passed = Object.entries(process.env).filter(([name]) => passedOn.test(name));
  const env = ['-i', 'HOME=/root', 'PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'TERM=dumb'];
  const named = passed.map(([name, value]) => `${name}=${value ?? ''}`);
  const started = performance.now();
  const { status } = spawnSync(
    'unshare',
    [
      ...['--mount', '--propagation=private', '--pid', '--fork', '--kill-child', '--'],
      ...['sh', '-c', enter, 'enter', root, 'env', ...env, ...named],
      ...['sh', '-c', 'cd /srv/lockstep && exec npm "$@"', 'npm', ...command],
    ],
    { stdio: 'inherit' },
  );
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stderr.write(
    `npm ${command.join(' ')} in a bare Debian ${release}: ${seconds} s, status ${status}\n`,
  );
  return status ?? 1;
}

/** The place of a file of this machine, in a folder that is there. */
async function placeIn(root: string, path: string): Promise<string> {
  const place = join(root, path);
  await mkdir(dirname(place), { recursive: true });
  return place;
}

/** This machine's Node with its npm, where a Debian has none that will do. */
async function copyNode(root: string): Promise<void> {
  const node = await realpath(process.execPath);
  const library = join(dirname(dirname(node)), 'lib/node_modules/npm');
  await mkdir(join(root, 'usr/local/lib/node_modules'), { recursive: true });
  await copyFile(node, join(root, 'usr/local/bin/node'));
  await cp(library, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true });
  await run('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm')]);
}
