import assert from 'node:assert/strict';
import { errorResult } from '../../../src/cli/error-shape.js';
import { errorToJson } from '../../../src/cli/render/error.js';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError } from '../../../src/errors.js';
import { loadWorkspace } from '../../../src/profile/load.js';
import type { Context } from '../../../src/workflows/workspace/context.js';
import { resolve, type Resolution } from '../../../src/workflows/release/resolve.js';
import { GitRepository } from '../../fixtures/git-repository.js';
import { FileServer } from '../../fixtures/mirror-server.js';
import { SnapshotWorkspace } from '../../fixtures/snapshots.js';

/** Real repositories of a small MediaWiki and its extensions, through the whole of `lockstep resolve`. */
describe('resolving what demands something of each other', function () {
  this.timeout(60_000);
  let server: FileServer;
  let workspace: SnapshotWorkspace;
  let context: Context;

  before(async () => {
    server = await FileServer.start();
    workspace = await SnapshotWorkspace.make();
    context = {
      ...workspace.context,
      workspace: await loadWorkspace(workspace.root),
      env: { LOCKSTEP_MIRROR: server.origin, LOCKSTEP_SECURITY_MIRROR: server.origin },
    };
    const core = new GitRepository(join(workspace.root, '../core'));
    for (const version of ['1.39.16', '1.39.17', '1.42.0', '1.43.0', '1.43.9', '1.44.0']) {
      core.commit({ 'includes/Defines.php': `<?php\ndefine( 'MW_VERSION', '${version}' );\n` });
      core.git('tag', version);
    }
    extension('Foo', { '1.0': '>= 1.35', '2.0': '>= 1.43', '2.1': '>= 1.43' });
    extension('Bar', { '1.0': '>= 1.35 <1.40', '1.1': '< 1.44' });
  });
  after(async () => {
    await server.stop();
    await workspace.remove();
  });

  /** Versions of an extension, with what each asks of MediaWiki. */
  function extension(name: string, versions: Record<string, string>): void {
    const repository = new GitRepository(join(workspace.root, `../${name}`));
    for (const [version, wanted] of Object.entries(versions)) {
      const json = { name, version, manifest_version: 2, requires: { MediaWiki: wanted } };
      repository.commit({ 'extension.json': JSON.stringify(json), 'Foo.php': '<?php\n' });
      repository.git('tag', version);
    }
  }

  /** @param requires what the profile itself demands of one component beside mediawiki */
  async function resolved(
    ranges: Record<string, string>,
    requires?: string,
    explain?: string,
  ): Promise<Resolution> {
    const components = Object.entries(ranges).map(
      ([name, range]) => `  ${name}:
    source: { kind: git, url: '${join(workspace.root, '..', name === 'mediawiki' ? 'core' : name === 'foo' ? 'Foo' : 'Bar')}', version: '${range}' }
    build: { method: tree, template: ${name} }
${requires === undefined || name !== 'mediawiki' ? '' : `    requires: ${requires}\n`}`,
    );
    await writeFile(
      join(workspace.root, 'profiles/set.yaml'),
      `format: 1
description: a set
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64] }
components:
${components.join('')}metapackage: { name: set-full, lead: mediawiki, templates: [set-full] }
`,
    );
    return await resolve(context, 'set', { explain });
  }

  const versions = ({ pins }: Resolution): Record<string, string> =>
    Object.fromEntries([...pins].map(([name, pin]) => [name, pin.upstreamVersion]));

  async function refused(ranges: Record<string, string>, requires?: string): Promise<LockstepError> {
    const error: unknown = await resolved(ranges, requires).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof LockstepError, String(error));
    return error;
  }

  it('takes the newest that goes together, and says why nothing newer', async () => {
    const resolution = await resolved({ mediawiki: '~1.43.0', foo: '*', bar: '*' });
    assert.deepEqual(versions(resolution), { mediawiki: '1.43.9', foo: '2.1', bar: '1.1' });
    const older = await resolved({ mediawiki: '~1.39.0', foo: '*', bar: '*' }, undefined, 'foo');
    assert.deepEqual(versions(older), { mediawiki: '1.39.17', foo: '1.0', bar: '1.1' });
    const { sentence, newer } = older.explanation!;
    assert.equal(sentence, 'foo 1.0 is the newest in * that fits the rest of the set');
    assert.deepEqual(
      newer.map((one) => one.sentence),
      [
        '2.0 and 2.1: mediawiki is limited to ~1.39.0 (1.39.17 is the newest version), and extension Foo requires MediaWiki >= 1.43 in all of them (extension.json, requires.MediaWiki)',
      ],
    );
  });

  it('goes back to an older core where an extension does not know the newest yet', async () => {
    assert.deepEqual(versions(await resolved({ mediawiki: '*', bar: '*' })), {
      mediawiki: '1.43.9',
      bar: '1.1',
    });
  });

  it('refuses an extension that asks for a newer MediaWiki, and names the one that would do', async () => {
    const error = await refused({ mediawiki: '~1.39.0', foo: '^2' });
    assert.equal(error.code, 'RESOLVE_DEMAND');
    assert.equal(
      error.message,
      'The set does not fit together: mediawiki is limited to ~1.39.0 (1.39.17 is the newest ' +
        'version), foo is limited to ^2 (2.1 is the newest version), and extension Foo requires ' +
        'MediaWiki >= 1.43 in both of its versions, 2.0 and 2.1 (extension.json, requires.MediaWiki)',
    );
    assert.equal(
      error.hint,
      'mediawiki 1.43.9 would fit: widen components.mediawiki.source.version to include it.\n' +
        'foo 1.0 would fit: widen components.foo.source.version to include it.',
    );
    // The same as data, for a tool that repairs the profile
    const { conflict } = errorResult.parse(errorToJson(error)).error;
    assert.deepEqual(conflict, {
      contradictions: [
        {
          demands: [
            {
              kind: 'range',
              component: 'mediawiki',
              range: '~1.39.0',
              path: 'components.mediawiki.source.version',
            },
            { kind: 'range', component: 'foo', range: '^2', path: 'components.foo.source.version' },
            {
              kind: 'demand',
              component: 'foo',
              by: 'extension Foo',
              thing: 'mediawiki',
              constraints: [{ constraint: '>= 1.43', versions: ['2.1', '2.0'] }],
              file: 'extension.json',
              field: 'requires.MediaWiki',
            },
          ],
          smallest: true,
          helps: [
            {
              component: 'mediawiki',
              path: 'components.mediawiki.source.version',
              version: '1.43.9',
              cures: 'all',
              proven: true,
            },
            {
              component: 'foo',
              path: 'components.foo.source.version',
              version: '1.0',
              cures: 'all',
              proven: true,
            },
          ],
        },
      ],
      more: false,
    });
  });

  it('says when two extensions can never go together', async () => {
    const error = await refused({ mediawiki: '*', foo: '>=2', bar: '1.0.0' });
    assert.match(
      error.message,
      /extension Bar 1\.0 requires MediaWiki >= 1\.35 <1\.40 .*extension Foo requires MediaWiki >= 1\.43 in both of its versions, 2\.0 and 2\.1/,
    );
    assert.match(error.hint ?? '', /^bar 1\.1 would fit: widen .*\nfoo 1\.0 would fit: widen /);
  });

  it('holds the profile to what it says itself', async () => {
    const resolution = await resolved({ mediawiki: '~1.43.0', foo: '*' }, "{ foo: '<2.1' }");
    assert.deepEqual(versions(resolution), { mediawiki: '1.43.9', foo: '2.0' });
    const error = await refused({ mediawiki: '~1.43.0', foo: '*' }, "{ foo: '^3' }");
    assert.equal(
      error.message,
      'The set does not fit together: the profile requires foo ^3 for mediawiki (profiles/set.yaml, ' +
        'components.mediawiki.requires.foo); foo has the versions 1.0 to 2.1 (3 versions)',
    );
    assert.match(error.hint ?? '', /\nOr change components\.mediawiki\.requires\.foo\.$/);
  });
});
