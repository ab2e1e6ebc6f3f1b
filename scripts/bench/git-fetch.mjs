/**
 * What a resolution does with one git source, by itself: asks for its refs,
 * takes the highest tag of a range, fetches it into a store. Bundled by git.mjs,
 * as the command is.
 */
import { join } from 'node:path';
import { systemClock } from '../../src/io/clock.ts';
import { ContentStore } from '../../src/io/content-store.ts';
import { Http } from '../../src/io/http.ts';
import { silentPhase, silentProgress } from '../../src/io/progress.ts';
import { gitCandidates } from '../../src/source/git/candidates.ts';
import { fetchGit } from '../../src/source/git/fetch-git.ts';

const [url, tag, folder] = process.argv.slice(2);
const http = new Http({ clock: systemClock });
const context = {
  http,
  store: new ContentStore(join(folder, 'store')),
  cacheDir: join(folder, 'cache'),
  clock: systemClock,
  progress: silentProgress,
  workspaceRoot: folder,
  env: process.env,
};
const config = { kind: 'git', url, version: '*', submodules: true };
const { found } = await gitCandidates('bench', config, context, silentPhase);
const listing = found.find(({ ref }) => ref === `refs/tags/${tag}`);
const pin = await fetchGit({ kind: 'git', component: 'bench', config, listing }, context, silentPhase);
process.stdout.write(`${JSON.stringify({ commit: pin.commit, tags: found.length, ...pin.archive })}\n`);
http.close();
