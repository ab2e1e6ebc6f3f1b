import assert from 'node:assert/strict';
import { join } from 'node:path';
import { resolveResult } from '../../../src/workflows/release/release-results.js';
import { GitRepository } from '../../fixtures/git-repository.js';
import { Bench } from '../../fixtures/bad-input-bench.js';

const profile = (url: string, which: string): string => `format: 1
description: a tree
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64] }
components:
  tree:
    source: { kind: git, url: ${JSON.stringify(url)}, ${which} }
    build: { method: tree, template: tree }
    relation: exact
metapackage: { name: cache-full, lead: tree, templates: [cache-full] }
`;

describe('tags of a repository that are no commits', function () {
  this.timeout(120_000);
  let bench: Bench;
  let repository: GitRepository;

  before(async () => {
    bench = await Bench.make();
    repository = new GitRepository(join(bench.workspace, '../tree'));
    repository.commit({ a: 'x' });
    repository.tag('1.0');
    repository.git('tag', '2.0', repository.object('blob', 'a key'));
    repository.git('tag', '3.0', repository.git('rev-parse', 'HEAD^{tree}'));
    await bench.write('templates/tree/package.yaml', 'package: tree\nsection: web\ndescription: x\n');
  });
  after(() => bench?.end());

  it('are not chosen as versions, with a note for each', async () => {
    await bench.write('profiles/tree.yaml', profile(repository.path, "version: '>=1'"));
    const { components } = await bench.succeeds(resolveResult, ['resolve', 'tree']);
    assert.equal(components['tree']!.upstreamVersion, '1.0');
    const { stderr } = await bench.run(['resolve', 'tree']);
    assert.match(stderr, /tree: not chosen: The tag 3\.0 of \S+ names a folder, not a commit/);
    assert.match(stderr, /tree: not chosen: The tag 2\.0 of \S+ names a file, not a commit/);
  });

  it('are a fault where the profile names one, or where there is nothing else', async () => {
    for (const which of ['tag: "3.0"', "version: '>=2'"]) {
      await bench.write('profiles/tree.yaml', profile(repository.path, which));
      await bench.fails(['resolve', 'tree'], { code: 'SOURCE_TAG', says: [/The tag 3\.0 .*not a commit/] });
    }
  });
});
