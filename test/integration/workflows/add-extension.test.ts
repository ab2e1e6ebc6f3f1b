import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError } from '../../../src/errors.js';
import { addExtension, type AddExtensionRequest } from '../../../src/workflows/workspace/add-extension.js';
import { SnapshotWorkspace } from '../../fixtures/snapshots.js';

const profileText = `# Our wiki
format: 1
description: A wiki
base: { distribution: debian, release: "13", codename: trixie, architectures: [amd64] }
components:
  mediawiki:
    source: { kind: apt-source, package: mediawiki, version: "~1.43.0" }
    build: { method: debian }
    packages: [mediawiki]
metapackage: { name: full, lead: mediawiki, templates: [full] }
`;

describe('lockstep add extension', () => {
  let bench: SnapshotWorkspace;
  let path: string;

  beforeEach(async () => {
    bench = await SnapshotWorkspace.make();
    path = join(bench.root, 'profiles/wiki.yaml');
    await writeFile(path, profileText);
  });

  afterEach(async () => {
    await bench.remove();
  });

  const from = {
    kind: 'git' as const,
    url: '../extensions/Cite',
    ...{ version: undefined, branch: undefined, tag: undefined, signedBy: undefined },
  };
  const add = (more: Partial<AddExtensionRequest> = {}) =>
    addExtension(bench.context, {
      ...{ name: 'Cite', component: undefined, profile: 'wiki', skin: false, from, dryRun: false },
      ...more,
    });

  async function faultOf(act: Promise<unknown>): Promise<LockstepError> {
    const error: unknown = await act.then(
      () => undefined,
      (fault: unknown) => fault,
    );
    assert.ok(error instanceof LockstepError, String(error));
    return error;
  }

  it('writes the component, on the branch for the MediaWiki of the profile', async () => {
    const report = await add();
    assert.deepEqual(
      [report.component, report.package, report.file, report.written],
      ['cite', 'mediawiki-extension-cite', 'profiles/wiki.yaml', true],
    );
    const text = await readFile(path, 'utf8');
    assert.equal(text.replace(report.fragment, ''), profileText);
    assert.match(
      text,
      /\n {2}cite:\n {4}source: \{ kind: git, url: \.\.\/extensions\/Cite, branch: REL1_43 \}\n/,
    );
  });

  it('only shows it in a dry run', async () => {
    const report = await add({ dryRun: true });
    assert.equal(report.written, false);
    assert.match(report.fragment, /^ {2}cite:/);
    assert.equal(await readFile(path, 'utf8'), profileText);
  });

  it('knows skins, tarballs and what MediaWiki brings along', async () => {
    const skin = await add({ name: 'My_Skin', skin: true, from: { ...from, branch: 'main' } });
    assert.equal(skin.package, 'mediawiki-skin-my-skin');
    assert.match(skin.fragment, /as: skin/);
    const ball = await add({
      name: 'Maps',
      from: {
        ...{ kind: 'tarball', url: 'https://files.example.org/Maps-{version}.tar.gz', version: '10.1.2' },
        ...{ sha256: 'a'.repeat(64), listing: undefined, signature: undefined, signedBy: undefined },
      },
    });
    assert.match(ball.fragment, /Maps-\{version\}/);
    const bundled = await add({ name: 'SyntaxHighlight_GeSHi', from: { kind: 'bundled' } });
    assert.equal(bundled.package, null);
    assert.match(bundled.fragment, /component: mediawiki, path: extensions\/SyntaxHighlight_GeSHi/);
  });

  it('refuses what is there, and what would be no good profile, and changes nothing', async () => {
    await add();
    const before = await readFile(path, 'utf8');
    assert.equal((await faultOf(add())).code, 'COMPONENT_EXISTS');
    const odd = await faultOf(add({ component: 'other', from: { ...from, version: '~1', branch: 'main' } }));
    assert.equal(odd.code, 'PROFILE_INVALID');
    assert.equal((await faultOf(add({ name: '../x' }))).code, 'USAGE');
    assert.equal(await readFile(path, 'utf8'), before);
  });

  it('asks which profile is meant where there are several', async () => {
    assert.equal((await add({ profile: undefined, dryRun: true })).profile, 'wiki');
    await writeFile(join(bench.root, 'profiles/wiki-next.yaml'), profileText);
    const fault = await faultOf(add({ profile: undefined }));
    assert.equal(fault.code, 'USAGE');
    assert.match(fault.hint!, /Available: wiki.*, wiki/);
  });
});
