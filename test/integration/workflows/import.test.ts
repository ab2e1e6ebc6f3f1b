import { evidenceBeside } from '../../fixtures/snapshots.js';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { LockstepError } from '../../../src/errors.js';
import { generateKey } from '../../../src/signing/keys.js';
import { parseManifest, type SnapshotManifest } from '../../../src/snapshot/manifest.js';
import { importPackages, type ImportRequest } from '../../../src/workflows/release/import.js';
import {
  makeBinary,
  makeSource,
  md5,
  sha256,
  type BinarySpec,
  type MadeFile,
} from '../../fixtures/packages.js';
import { throwAwaySigner } from '../../fixtures/mirror.js';
import { SnapshotWorkspace } from '../../fixtures/snapshots.js';
import type { ImportResult } from '../../../src/workflows/release/release-results.js';

const profileText = `format: 1
kind: imported
description: Tools
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64, arm64] }
`;

describe('importing packages', () => {
  let work: SnapshotWorkspace;
  let incoming: string;

  beforeEach(async () => {
    work = await SnapshotWorkspace.make();
    incoming = await mkdtemp(join(tmpdir(), 'lockstep-incoming-'));
    await writeFile(join(work.root, 'profiles/tools.yaml'), profileText);
  });
  afterEach(async () => {
    await work.remove();
    await rm(incoming, { recursive: true, force: true });
  });

  async function put(file: MadeFile, folder = ''): Promise<string> {
    await mkdir(join(incoming, folder), { recursive: true });
    await writeFile(join(incoming, folder, file.name), file.bytes);
    return join(incoming, folder, file.name);
  }

  async function deb(spec: BinarySpec, folder = ''): Promise<string> {
    return await put((await makeBinary(spec)).file, folder);
  }

  async function run(
    paths: readonly string[],
    more: Partial<ImportRequest> = {},
    signal = work.context.signal,
  ): Promise<ImportResult> {
    work.now = new Date(work.now.getTime() + 60_000);
    const request = {
      profile: 'tools',
      cwd: incoming,
      add: false,
      replace: false,
      remove: [],
      lower: false,
      keyring: undefined,
      dryRun: false,
    };
    return await importPackages({ ...work.context, signal }, { ...request, paths, ...more });
  }

  async function faultsOf(paths: readonly string[], more: Partial<ImportRequest> = {}): Promise<string[]> {
    try {
      await run(paths, more);
    } catch (error) {
      assert.ok(error instanceof LockstepError, String(error));
      assert.equal(error.code, 'IMPORT_INVALID');
      return error.where.map(({ file, message }) => (file === undefined ? message! : `${file}: ${message}`));
    }
    throw new assert.AssertionError({ message: 'it was imported' });
  }

  async function manifestOf({ id }: ImportResult): Promise<SnapshotManifest> {
    const file = join(work.root, 'snapshots/tools', `${id}.json`);
    return parseManifest(await readFile(file, 'utf8'), file);
  }

  /** Every file that is in the store, whole or not. */
  async function stored(): Promise<string[]> {
    const below = join(work.cache, 'store');
    const entries = await readdir(below, { recursive: true, withFileTypes: true }).catch(() => []);
    return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  }

  async function snapshots(): Promise<string[]> {
    return (await readdir(join(work.root, 'snapshots/tools')).catch(() => [])).sort();
  }

  it('cuts a snapshot of exactly what is in a folder, searched to the bottom', async () => {
    await deb({ package: 'hello', version: '1:2.10-3', source: 'greetings (2.10-3)' });
    await deb({ package: 'libtool-data', version: '1', architecture: 'all' }, 'a/b');
    await writeFile(join(incoming, 'notes.txt'), 'not a package');
    const report = await run(['.']);
    assert.equal(report.cut, true);
    assert.deepEqual([report.packages, report.sources, report.changes.length], [2, 0, 2]);
    const manifest = await manifestOf(report);
    assert.deepEqual(manifest.components, {});
    assert.deepEqual(manifest.base.architectures, ['amd64', 'arm64']);
    const [hello, data] = manifest.packages;
    assert.equal(hello!.path, 'pool/main/g/greetings/hello_2.10-3_amd64.deb');
    assert.equal(data!.path, 'pool/main/libt/libtool-data/libtool-data_1_all.deb');
    assert.match(hello!.stanza, /^Package: hello\n/);
    const [vetting] = await evidenceBeside(work.context.places.snapshots, manifest);
    assert.deepEqual(vetting!.facts, { packages: 2, origin: 'imported' });
    for (const entry of manifest.packages) await work.context.store.verify(entry.sha256);
    const files = ['evidence.jsonl', 'json', 'json.asc'].map((end) => `${report.id}.${end}`);
    assert.deepEqual(await snapshots(), files);
    // The same again is the same snapshot
    const again = await run(['.']);
    assert.deepEqual([again.cut, again.id, again.manifest], [false, report.id, null]);
  });

  it('needs a profile for it', async () => {
    const path = await deb({ package: 'hello', version: '1' });
    const profiles = join(import.meta.dirname, '../../../profiles');
    await cp(join(profiles, 'mediawiki-1.39.yaml'), join(work.root, 'profiles/wiki.yaml'));
    await assert.rejects(run([path], { profile: 'wiki' }), {
      code: 'USAGE',
      message: /builds its packages from components/,
    });
    await assert.rejects(run([path], { profile: 'tulls' }), { code: 'PROFILE_UNKNOWN' });
  });

  it('replaces or adds, as it is told', async () => {
    await deb({ package: 'aa', version: '1' });
    await deb({ package: 'bb', version: '1' });
    const first = await run(['.']);
    const newer = await deb({ package: 'bb', version: '2' }, 'newer');
    const added = await run([newer], { add: true });
    const manifest = await manifestOf(added);
    assert.deepEqual(
      manifest.packages.map((entry) => `${entry.package} ${entry.version}`),
      ['aa 1', 'bb 2'],
    );
    assert.equal(manifest.parent?.id, first.id);
    assert.deepEqual(added.changes, [{ package: 'bb', architecture: 'amd64', from: '1', to: '2' }]);
    // Nothing leaves without a word
    const planned = await run([newer], { dryRun: true });
    assert.deepEqual(planned.wants, ['replace']);
    await assert.rejects(run([newer]), (error: unknown) => {
      assert.ok(error instanceof LockstepError && error.code === 'IMPORT_REMOVES');
      assert.deepEqual(
        error.where.map(({ path, message }) => `${path}: ${message}`),
        ['aa amd64: 1 would be removed'],
      );
      return true;
    });
    const alone = await manifestOf(await run([newer], { replace: true }));
    assert.deepEqual(
      alone.packages.map((entry) => entry.package),
      ['bb'],
    );
  });

  it('records a changelog for each source package that brings one, and keeps it', async () => {
    const changelog = (text: string): Record<string, Buffer> => ({
      'usr/share/doc/aa/changelog.Debian.gz': gzipSync(`aa (1) unstable; urgency=low\n\n  * ${text}\n`),
    });
    await deb({ package: 'aa', version: '1', files: changelog('One.') });
    await deb({ package: 'aa-data', version: '1', source: 'aa' });
    await deb({ package: 'bb', version: '1' });
    const first = await manifestOf(await run(['.']));
    const [found, ...others] = first.sourceChangelogs ?? [];
    assert.deepEqual([found!.path, others], ['pool/main/a/aa/aa_1_changelog', []]);
    assert.match((await work.context.store.read(found!.sha256)).toString(), /\n {2}\* One\.\n$/);
    // The package goes and another one of that source stays; then it comes again, and says something else
    const without = await manifestOf(await run([], { remove: ['aa'] }));
    assert.deepEqual(without.sourceChangelogs, [found]);
    const other = await deb({ package: 'aa', version: '1', files: changelog('Other.') }, 'other');
    assert.deepEqual((await manifestOf(await run([other], { add: true }))).sourceChangelogs, [found]);
    const alone = await manifestOf(
      await run([await deb({ package: 'cc', version: '1' })], { replace: true }),
    );
    assert.equal(alone.sourceChangelogs, undefined);
  });

  it('takes out what is named, and lowers nothing unasked', async () => {
    await deb({ package: 'aa', version: '2' });
    await deb({ package: 'bb', version: '1' });
    await run(['.']);
    const left = await manifestOf(await run([], { remove: ['bb'] }));
    assert.deepEqual(
      left.packages.map((entry) => entry.package),
      ['aa'],
    );
    await assert.rejects(run([], { remove: ['bb'] }), { code: 'IMPORT_INVALID' });
    const older = await deb({ package: 'aa', version: '1' }, 'older');
    assert.deepEqual((await run([older], { dryRun: true })).wants, ['lower']);
    await assert.rejects(run([older]), { code: 'IMPORT_LOWER' });
    assert.equal((await manifestOf(await run([older], { lower: true }))).packages[0]!.version, '1');
  });

  it('says what it would do, and writes nothing', async () => {
    await deb({ package: 'aa', version: '1' });
    const report = await run(['.'], { dryRun: true });
    assert.deepEqual(report.changes, [{ package: 'aa', architecture: 'amd64', from: null, to: '1' }]);
    assert.equal(report.manifest, null);
    assert.deepEqual(await snapshots(), []);
    assert.deepEqual(await readdir(work.cache).catch(() => []), []);
  });

  it('lists everything that is wrong, and leaves nothing behind', async () => {
    await deb({ package: 'good', version: '1' });
    const whole = await makeBinary({ package: 'cut', version: '1' });
    await put({ name: 'cut.deb', bytes: whole.file.bytes.subarray(0, -100) });
    await put({ name: 'page.deb', bytes: Buffer.from('<html>Log in</html>') });
    await put({ name: 'empty.deb', bytes: Buffer.alloc(0) });
    await deb({ package: 'other', version: '1', architecture: 'riscv64' });
    await deb({ package: 'twice', version: '1', files: { 'usr/share/a': 'a' } });
    await deb({ package: 'twice', version: '1', files: { 'usr/share/a': 'b' } }, 'again');
    await deb({ package: 'mine', version: '1', files: { 'home/me/x': '' } });
    await put({ name: 'wrong.txt', bytes: Buffer.from('x') });
    execFileSync('mkfifo', [join(incoming, 'pipe.deb')]);
    const told = await faultsOf(['.', 'wrong.txt', 'nothing.deb']);
    const expected = [
      /^pipe\.deb: is not a file/,
      /^wrong\.txt: is not a folder, a \.deb/,
      /^nothing\.deb: there is no such file/,
      /^cut\.deb: it ends/,
      /^empty\.deb: /,
      /^mine_1_amd64\.deb: "\/home\/me\/x" is in \/home.*\[foreign-root\]/,
      /^other_1_riscv64\.deb: it is for riscv64/,
      /^page\.deb: it does not start with/,
      /^twice_1_amd64\.deb: twice 1 amd64 occurs twice, with different content: see .*again\/twice_1_amd64\.deb/,
    ];
    for (const one of expected)
      assert.ok(
        told.some((text) => one.test(text)),
        `${one} in\n${told.join('\n')}`,
      );
    assert.equal(told.length, expected.length, told.join('\n'));
    assert.deepEqual(await stored(), []);
    assert.deepEqual(await snapshots(), []);
  });

  it('says so when there is nothing to import', async () => {
    await mkdir(join(incoming, 'empty'));
    assert.deepEqual(await faultsOf(['empty']), ['no .deb, .dsc or .changes in empty']);
  });

  it('does not follow links out of a folder', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'lockstep-elsewhere-'));
    try {
      const { file } = await makeBinary({ package: 'secret', version: '1' });
      await writeFile(join(elsewhere, file.name), file.bytes);
      await symlink(join(elsewhere, file.name), join(incoming, 'secret.deb'));
      await symlink(elsewhere, join(incoming, 'folder'));
      await deb({ package: 'aa', version: '1' });
      const report = await run(['.']);
      assert.equal(report.packages, 1);
      assert.equal(report.links.length, 1);
      assert.match(report.links[0]!, /secret\.deb$/);
      // Whoever names a link means where it leads
      assert.equal((await run(['secret.deb'], { replace: true })).packages, 1);
    } finally {
      await rm(elsewhere, { recursive: true, force: true });
    }
  });

  it('reads packages however they are packed, and refuses names that leave their folder', async () => {
    const { tarBytes } = await import('../../../src/deb/tar.js');
    const { collect } = await import('../../../src/deb/bytes.js');
    const control = 'Package: odd\nVersion: 1\nArchitecture: all\nMaintainer: A <a@b.c>\nDescription: x\n';
    const controlTar = await collect(
      tarBytes([{ kind: 'file', path: 'control', mode: 0o644, mtime: 0, body: Buffer.from(control) }]),
    );
    const dataTar = await collect(
      tarBytes([{ kind: 'file', path: 'usr/x', mode: 0o644, mtime: 0, body: Buffer.from('x') }]),
    );
    const { gzipSync } = await import('node:zlib');
    await put({
      name: 'gz.deb',
      bytes: arOf([
        ['control.tar.gz', gzipSync(controlTar)],
        ['data.tar', dataTar],
      ]),
    });
    assert.equal((await run(['gz.deb'])).packages, 1);
    const evil = Buffer.from(dataTar);
    evil.fill(0, 0, 100);
    evil.write('../../etc/passwd');
    evil.fill(0x20, 148, 156);
    evil.write(
      `${evil
        .subarray(0, 512)
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
    await put({
      name: 'evil.deb',
      bytes: arOf([
        ['control.tar', controlTar],
        ['data.tar', evil],
      ]),
    });
    const [told] = await faultsOf(['evil.deb']);
    assert.match(told!, /^evil\.deb: .*etc\/passwd" leads out of its folder/);
  });

  it('stops on request with nothing left behind', async () => {
    await deb({ package: 'aa', version: '1' });
    const stopped = AbortSignal.abort(new LockstepError('INTERRUPTED', { message: 'stopped' }));
    await assert.rejects(run(['.'], {}, stopped), { code: 'INTERRUPTED' });
    assert.deepEqual(await stored(), []);
    assert.deepEqual(await snapshots(), []);
  });

  describe('that a .changes names', () => {
    let changes: string;
    let source: string[];

    async function upload(signer?: typeof work.signer, date = work.now): Promise<string> {
      const made = await makeSource({ package: 'hello', version: '1-1', upstream: { 'hello.c': 'x' } });
      source = made.files.map(({ name }) => name);
      for (const file of made.files) await put(file);
      const binary = await makeBinary({ package: 'hello', version: '1-1' });
      await put(binary.file);
      await put({ name: 'hello_1-1_amd64.buildinfo', bytes: Buffer.from('Format: 1.0\n') });
      const bytes = Buffer.from('Format: 1.0\n');
      const files = [...made.files, binary.file, { name: 'hello_1-1_amd64.buildinfo', bytes }];
      const text = [
        'Format: 1.8',
        'Source: hello',
        'Binary: hello',
        'Architecture: source amd64',
        'Version: 1-1',
        'Distribution: unstable',
        'Checksums-Sha256:',
        ...files.map((file) => ` ${sha256(file.bytes)} ${file.bytes.length} ${file.name}`),
        'Files:',
        ...files.map((file) => ` ${md5(file.bytes)} ${file.bytes.length} misc optional ${file.name}`),
        '',
      ].join('\n');
      const signed = signer === undefined ? text : await signer.clearsign(text, date, 'test');
      return await put({ name: 'hello_1-1_amd64.changes', bytes: Buffer.from(signed) });
    }

    beforeEach(async () => {
      changes = await upload();
    });

    it('come with their source package', async () => {
      const report = await run([changes]);
      assert.deepEqual([report.packages, report.sources], [1, 1]);
      const [entry] = (await manifestOf(report)).sources;
      assert.equal(entry!.directory, 'pool/main/h/hello');
      assert.deepEqual(entry!.files.map(({ name }) => name).sort(), [...source].sort());
      assert.match(entry!.stanza, /^Package: hello$/m);
      assert.doesNotMatch(entry!.stanza, /^Source:/m);
      for (const file of entry!.files) await work.context.store.verify(file.sha256);
    });

    it('may leave out what the store has already', async () => {
      await run([changes]);
      const dsc = source.find((name) => name.endsWith('.dsc'))!;
      const orig = source.find((name) => name.includes('.orig.'))!;
      await rm(join(incoming, orig));
      assert.equal((await run([dsc], { add: true })).sources, 1);
      await work.context.store.remove(
        sha256(await readFile(work.context.store.path(await hashOf(orig, dsc)))),
      );
      assert.deepEqual(await faultsOf([dsc]), [`${dsc}: it names ${orig}, which is not in the same folder`]);
    });

    async function hashOf(name: string, dsc: string): Promise<string> {
      const text = await readFile(join(incoming, dsc), 'utf8');
      return new RegExp(`^ ([0-9a-f]{64}) \\d+ ${name.replace(/[.+]/g, '\\$&')}$`, 'm').exec(text)![1]!;
    }

    it('are refused when a byte of any of them is another', async () => {
      const names = [...source, 'hello_1-1_amd64.deb', 'hello_1-1_amd64.buildinfo'];
      for (const name of names) {
        const path = join(incoming, name);
        const good = await readFile(path);
        const bad = Buffer.from(good);
        bad[bad.length - 3] = bad[bad.length - 3]! ^ 1;
        await writeFile(path, bad);
        const told = await faultsOf([changes]);
        assert.ok(
          told.some((text) => text.includes(name)),
          `${name}: ${told.join('; ')}`,
        );
        await writeFile(path, good);
      }
      await rm(join(incoming, 'hello_1-1_amd64.deb'));
      const [told] = await faultsOf([changes]);
      assert.match(told!, /names hello_1-1_amd64\.deb, which is not in the same folder/);
    });

    it('must be signed where a keyring is given', async () => {
      const { binary } = await work.signer.publicKey();
      await writeFile(join(incoming, 'keys.gpg'), binary);
      const keyring = 'keys.gpg';
      assert.match((await faultsOf([changes], { keyring }))[0]!, /changes: .*is not signed/);
      changes = await upload(work.signer);
      const report = await run([changes], { keyring });
      const evidence = await evidenceBeside(work.context.places.snapshots, await manifestOf(report));
      assert.deepEqual(evidence[1]!.facts, {
        signers: [work.signer.fingerprint],
        distributions: ['unstable'],
        uncovered: 0,
      });
      // A package that it does not name is not proven by it
      await deb({ package: 'stranger', version: '1' });
      assert.deepEqual(await faultsOf(['.'], { keyring }), [
        'stranger_1_amd64.deb: no signed .changes names it, but --keyring requires one',
      ]);
      const other = await generateKey({ name: 'Other', date: new Date('2026-01-01T00:00:00Z') });
      await writeFile(join(incoming, keyring), other.publicArmored);
      assert.match((await faultsOf([changes], { keyring }))[0]!, /changes: .*(key|signature)/i);
      // A signature that is dated back to when its key was good
      const ends = new Date(work.now.getTime() - 3_600_000);
      const former = await throwAwaySigner(incoming, 'Former', ends);
      await writeFile(join(incoming, keyring), (await former.publicKey()).binary);
      changes = await upload(former, new Date(ends.getTime() - 86_400_000));
      assert.match((await faultsOf([changes], { keyring }))[0]!, /changes: .*its key expired on/);
      await assert.rejects(run([changes], { keyring: 'none.gpg' }), { code: 'FILE_MISSING' });
    });
  });
});

function arOf(members: readonly (readonly [string, Buffer])[]): Buffer {
  return Buffer.concat([
    Buffer.from('!<arch>\n'),
    ...[['debian-binary', Buffer.from('2.0\n')] as const, ...members].flatMap(([name, body]) => [
      Buffer.from(`${name.padEnd(16)}0           0     0     100644  ${String(body.length).padEnd(10)}\`\n`),
      body,
      Buffer.alloc(body.length % 2, '\n'),
    ]),
  ]);
}
