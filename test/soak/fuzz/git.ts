/** Targets: git objects as they are, and what a git server sends. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { idOf, parseCommit, parseTag, parseTree } from '../../../src/source/git/git-object.js';
import { gitCandidates } from '../../../src/source/git/candidates.js';
import { fetchGit } from '../../../src/source/git/fetch-git.js';
import { GitFetching } from '../../fixtures/git-fetching.js';
import type { Random } from '../../fixtures/random.js';
import { mutatedBytes, mutatedText } from './mutate.js';
import { mustHold, type Target } from './target.js';

const id = 'a'.repeat(40);
const person = 'A U Thor <a@example.invalid> 1700000000 +0000';
const commit = `tree ${id}\nparent ${id}\nauthor ${person}\ncommitter ${person}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ\n -----END PGP SIGNATURE-----\n\nSubject\n\nBody\n`;
const tag = `object ${id}\ntype commit\ntag 1.0\ntagger ${person}\n\nSubject\n-----BEGIN PGP SIGNATURE-----\n\niQ\n-----END PGP SIGNATURE-----\n`;
const tree = Buffer.concat(
  ['100644 a.txt', '100755 b', '120000 link', '40000 sub', '160000 module'].map((entry) =>
    Buffer.concat([Buffer.from(`${entry}\0`), Buffer.alloc(20, 0xaa)]),
  ),
);

/** Commits, tags and trees. */
export const objectTarget: Target = {
  name: 'object',
  start: () =>
    Promise.resolve({
      async run(random, keep) {
        const which = random.below(3);
        const from = which === 2 ? tree : Buffer.from(which === 0 ? commit : tag);
        const bytes =
          random.chance(2) && which < 2
            ? Buffer.from(mutatedText(from.toString(), random))
            : mutatedBytes(from, random, [from]);
        keep(bytes);
        if (which === 0) parseCommit(bytes, idOf('commit', bytes));
        else if (which === 1) parseTag(bytes, idOf('tag', bytes));
        else {
          for (const { name } of parseTree(bytes, idOf('tree', bytes), '')) {
            mustHold(
              !['', '.', '..', '.git'].includes(name) && !name.includes('/'),
              'no name leads elsewhere',
            );
          }
        }
        return await Promise.resolve('taken');
      },
    }),
};

/** Answers of a server. What is taken is the tree that the commit's id stands for. */
export const gitTarget: Target = {
  name: 'git',
  async start() {
    const git = await GitFetching.start();
    const repository = git.repository('project');
    repository.commit({ 'a.txt': 'a'.repeat(3000), 'lib/b.txt': 'b\n', 'lib/link': ['link', '../a.txt'] });
    repository.tag('1.0');
    repository.commit({ 'c.txt': 'c\n' });
    repository.tag('1.1');
    const url = git.server.url('project');
    const config = git.config({ url, version: '1.1' });
    const right = await git.fetch({ url, version: '1.1' });
    const whole = await git.tree(right);
    return {
      async run(random: Random, keep) {
        await rm(join(git.folder, 'cache'), { recursive: true, force: true });
        await rm(join(git.folder, 'store'), { recursive: true, force: true });
        git.server.tamper = (bytes) => {
          const changed = random.chance(4) ? bytes : mutatedBytes(bytes, random, [bytes]);
          keep(changed);
          return changed;
        };
        try {
          const context = git.context({ http: git.impatient });
          const { found } = await gitCandidates('thing', config, context);
          const first = found[0];
          if (first === undefined) return 'refused';
          const pin = await fetchGit({ kind: 'git', component: 'thing', config, listing: first }, context);
          if (pin.commit === right.commit) {
            mustHold(JSON.stringify(await git.tree(pin)) === JSON.stringify(whole), 'a commit has one tree');
          }
          return 'taken';
        } finally {
          git.server.tamper = undefined;
        }
      },
      stop: () => git.stop(),
    };
  },
};
