/**
 * `npm run bench [release|archive|git|wiki|all]`: measures what Lockstep promises to cost.
 *
 * archive  10,000 and 100,000 packages: import, publish, move back; beside aptly and reprepro (the default)
 * release  resolve, build, cut and publish a profile; beside dpkg-buildpackage
 * resolve  deciding among 40 components of 50 versions, and explaining why nothing fits
 * git      resolve and fetch one tag of a large repository; beside git clone --depth 1
 * wiki     what visitors and editors of an installed wiki wait for; beside Debian's own mediawiki
 *
 * What comes after the name is handed on: `npm run bench archive -- 10000`.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, say } from './setup.mjs';

const benches = {
  archive: 'bench-archive.mjs',
  release: 'bench-release.mjs',
  resolve: 'bench/resolve.mjs',
  git: 'bench/git.mjs',
  wiki: 'bench-wiki.mjs',
};

const [first, ...rest] = process.argv.slice(2);
const named = first !== undefined && !first.startsWith('-');
const asked = named ? first : 'archive';
const options = named ? rest : process.argv.slice(2);
if (asked !== 'all' && !(asked in benches)) {
  say(`No benchmark named ${asked}; there are ${Object.keys(benches).join(', ')}, and all.`);
  process.exit(2);
}

let worst = 0;
for (const name of asked === 'all' ? Object.keys(benches) : [asked]) {
  const script = join(root, 'scripts', benches[name]);
  // The release bench has no options
  const args = name === asked && name !== 'release' ? options : [];
  const { status } = spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' });
  worst = Math.max(worst, status ?? 1);
}
process.exit(worst);
