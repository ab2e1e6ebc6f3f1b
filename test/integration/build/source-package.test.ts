import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packagingOfSource } from '../../../src/build/packaging.js';
import {
  prepareSource,
  type PreparedSource,
  type RebuildRequest,
} from '../../../src/build/prepared-source.js';
import { parseDsc } from '../../../src/deb/dsc.js';
import { run } from '../../../src/io/process.js';
import { needs } from '../../fixtures/machine.js';
import type { SourceSpec } from '../../fixtures/packages.js';
import { Builds, control, date, fault, rules, sampleSpec } from '../../fixtures/builds.js';

const rebuild: RebuildRequest = {
  suffix: '+lockstep1',
  distribution: 'bookworm',
  maintainer: 'Archive <archive@example.invalid>',
  changes: ['Rebuilt by a test.'],
};

/** Everything that dpkg-source derives fields from. */
const richControl = `# A comment
Source: sample
Section: misc
Priority: optional
Maintainer: Test Maintainer <test@example.invalid>
Uploaders: One <one@example.invalid>,
           Two <two@example.invalid>
Build-Depends: debhelper-compat (= 13),
# another
               dpkg-dev (>= 1.18)
Build-Depends-Indep: make
Build-Conflicts: evil
Standards-Version: 4.6.2
Homepage: https://example.invalid/
Vcs-Git: https://example.invalid/sample.git
Testsuite: autopkgtest-pkg-perl
Rules-Requires-Root: no

Package: sample
Architecture: all
Section: web
Description: a sample
 Text.

Package: sample-bin
Architecture: amd64 arm64
Priority: extra
Build-Profiles: <!nodoc> <cross !stage1>
Description: another
 Text.
`;

/** Source packages, looked at with Debian's own tools. */
describe('the source package of a build', () => {
  let builds: Builds;

  beforeEach(async () => {
    builds = await Builds.make();
  });

  afterEach(async () => {
    await builds.end();
  });

  async function prepare(
    folder?: string,
    spec = sampleSpec,
    changes: readonly string[] = rebuild.changes,
  ): Promise<PreparedSource> {
    return await prepareSource(await builds.pin(spec), folder, { ...rebuild, changes }, builds.context());
  }

  /** Lays the package out as files, and unpacks it with dpkg-source. */
  async function unpack({ source }: PreparedSource): Promise<string> {
    const folder = join(builds.folder, 'unpack');
    for (const { name, sha256 } of source.files) await builds.store.copyTo(sha256, join(folder, name));
    await run('dpkg-source', ['-x', source.dsc, 'tree'], { cwd: folder });
    return join(folder, 'tree');
  }

  async function put(folder: string, files: Record<string, string>): Promise<string> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    return folder;
  }

  const packagingFiles = {
    control,
    rules,
    facts: 'true\n',
    'source/format': '3.0 (quilt)\n',
    changelog: `sample (1:1.0-7) bookworm; urgency=low\n\n  * Ours.\n\n -- Ops <ops@example.invalid>  Fri, 24 Nov 2023 00:00:00 +0000\n`,
  };

  it('unpacks, with one changelog entry more', async function () {
    await needs(this, { tools: ['dpkg-source'] });
    const tree = await unpack(await prepare());
    const changelog = await readFile(join(tree, 'debian/changelog'), 'utf8');
    assert.match(
      changelog,
      /^sample \(1:1\.0-1\+lockstep1\) bookworm; urgency=medium\n\n {2}\* Rebuilt by a test\.\n\n -- Archive <archive@example\.invalid> {2}Tue, 14 Nov 2023 22:13:21 \+0000\n\nsample \(1:1\.0-1\) /,
    );
    assert.equal(await readFile(join(tree, 'data.txt'), 'utf8'), 'data\n');
    assert.equal(await readFile(join(tree, 'debian/rules'), 'utf8'), rules);
  });

  it('is the same bytes each time, and is written once', async () => {
    const first = await prepare();
    assert.deepEqual(await prepare(), first);
    const other = await Builds.make();
    const again = await prepareSource(await other.pin(), undefined, rebuild, other.context());
    await other.end();
    assert.deepEqual(again, first);
  });

  it('is written anew when the store has lost it', async () => {
    const first = await prepare();
    await builds.store.remove(first.source.files[0]!.sha256);
    assert.deepEqual(await prepare(), first);
    assert.ok(await builds.store.has(first.source.files[0]!.sha256));
  });

  it('says what dpkg-source itself says of it', async function () {
    await needs(this, { tools: ['dpkg-source'] });
    const debian = { ...sampleSpec.debian, control: richControl, 'tests/control': 'Tests: x\nDepends: @\n' };
    const prepared = await prepare(undefined, { ...sampleSpec, debian });
    const tree = await unpack(prepared);
    await run('dpkg-source', ['-b', 'tree'], { cwd: dirname(tree) });
    const theirs = parseDsc(await readFile(join(dirname(tree), prepared.source.dsc), 'utf8')).stanza;
    const ours = parseDsc((await builds.store.read(prepared.source.files[0]!.sha256)).toString()).stanza;
    // Hashes are of files that both write in their own way; triggers are for Debian's test machines
    const left = ['Files', 'Checksums-Sha1', 'Checksums-Sha256', 'Testsuite-Triggers'];
    const fields = (stanza: typeof ours): [string, string | undefined][] =>
      stanza
        .names()
        .filter((name) => !left.includes(name))
        .sort()
        .map((name) => [name, stanza.unfolded(name)]);
    assert.deepEqual(fields(ours), fields(theirs));
    assert.equal(prepared.buildDepends, 'debhelper-compat (= 13), dpkg-dev (>= 1.18), make');
  });

  it("has nothing that Debian's tools complain of: hashes, date and version of a local package", async function () {
    await needs(this, { tools: ['lintian', 'dpkg-source'] });
    const prepared = await prepare(undefined, sampleSpec, [
      'Local package, built by a test.',
      'Another line.',
    ]);
    const folder = dirname(await unpack(prepared));
    const tags = [
      'required-field',
      'latest-debian-changelog-entry-without-new-date',
      'no-nmu-in-changelog',
      'source-nmu-has-incorrect-version-number',
      'maintainer-upload-has-incorrect-version-number',
    ];
    const dsc = join(folder, prepared.source.dsc);
    assert.equal((await run('lintian', ['--fail-on', 'none', '--tags', tags.join(), dsc])).stdout, '');
  });

  it('has the packaging of the workspace where there is one', async function () {
    await needs(this, { tools: ['dpkg-source'] });
    const folder = await put(join(builds.folder, 'debian'), packagingFiles);
    await chmod(join(folder, 'facts'), 0o755);
    await symlink('facts', join(folder, 'link'));
    const prepared = await prepare(folder);
    assert.equal(prepared.source.version, '1:1.0-7+lockstep1');
    assert.equal(prepared.date, Date.UTC(2023, 10, 24) / 1000 + 1);
    const tree = await unpack(prepared);
    assert.equal(await readFile(join(tree, 'debian/link'), 'utf8'), 'true\n');
    // Whatever else the folder's files are (times, owners) makes no difference; what they say does
    await writeFile(join(folder, 'facts'), 'true\n');
    assert.deepEqual(await prepare(folder), prepared);
    await writeFile(join(folder, 'facts'), 'false\n');
    assert.notDeepEqual(await prepare(folder), prepared);
  });

  it('is refused where the packaging does not fit the source', async () => {
    const folder = await put(join(builds.folder, 'debian'), {
      ...packagingFiles,
      'source/format': '1.0\n',
      changelog: packagingFiles.changelog.replace('1:1.0-7', '1:1.1-1'),
    });
    await assert.rejects(
      prepare(folder),
      fault(
        'BUILD_PACKAGING',
        /newest changelog entry is 1:1\.1-1, but the source is 1\.0.*; debian\/source\/format is "1\.0"/,
      ),
    );
  });

  it('is refused where the packaging lacks what it must have, or is of something else', async () => {
    const lacking = await put(join(builds.folder, 'a'), { control });
    await assert.rejects(
      prepare(lacking),
      fault('BUILD_PACKAGING', /lacks debian\/changelog, debian\/rules/),
    );
    const other = await put(join(builds.folder, 'b'), {
      ...packagingFiles,
      control: control.replace('Source: sample', 'Source: other'),
    });
    await assert.rejects(
      prepare(other),
      fault('BUILD_PACKAGING', /control names other, but debian\/changelog names sample/),
    );
    const leaving = await put(join(builds.folder, 'c'), packagingFiles);
    await symlink('../../etc/passwd', join(leaving, 'link'));
    await assert.rejects(prepare(leaving), fault('DEB_UNSAFE_NAME', /leads out of its tree/));
  });

  it('is refused for a source of format 1.0', async () => {
    const pin = await builds.pin();
    const diff = await builds.store.put('nothing');
    const files = pin.files.map((one) =>
      one.name.includes('.debian.tar') ? { ...one, ...diff, name: 'sample_1.0-1.diff.gz' } : one,
    );
    await assert.rejects(
      prepareSource({ ...pin, files }, undefined, rebuild, builds.context()),
      fault('BUILD_PACKAGING', /source format 1\.0/),
    );
  });

  it('takes of a native source its debian/ directory alone', async () => {
    const native: SourceSpec = {
      ...sampleSpec,
      version: '2.0',
      format: '3.0 (native)',
      upstream: { 'data.txt': 'native\n', 'debian-notes/a': 'x\n' },
    };
    const { entries } = await packagingOfSource(await builds.pin(native), builds.store);
    const outside = entries.filter(({ path }) => path !== 'debian' && !path.startsWith('debian/'));
    assert.deepEqual(outside, []);
    assert.ok(entries.some(({ path }) => path === 'debian/rules'));
  });

  it('is a second younger than the changelog that it goes on from', async () => {
    assert.equal((await prepare()).date, date + 1);
  });
});
