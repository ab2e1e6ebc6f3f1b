import assert from 'node:assert/strict';
import { symlink, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ImportFolder } from '../../fixtures/import-folder.js';
import { makeBinary, makeSource, sha256, type BinarySpec, type MadeFile } from '../../fixtures/packages.js';
import { evidenceBeside } from '../../fixtures/snapshots.js';
import type { ImportResult } from '../../../src/workflows/release/release-results.js';

interface UploadWish {
  /** Fields that differ from those of an upload of hello 1-1 for amd64. */
  fields?: Record<string, string>;
  debs?: BinarySpec[];
  files?: MadeFile[];
  /** What the .dsc lists. */
  binaries?: string[];
  isSigned?: boolean;
}

describe('an upload', () => {
  let folder: ImportFolder;
  beforeEach(async () => {
    folder = await ImportFolder.make();
    const { binary } = await folder.work.signer.publicKey();
    await writeFile(join(folder.incoming, 'keys.gpg'), binary);
  });
  afterEach(() => folder.remove());

  async function upload(wish: UploadWish = {}): Promise<string> {
    const { signer, now } = folder.work;
    const source = await makeSource({
      package: 'hello',
      version: '1-1',
      upstream: { 'hello.c': 'x' },
      binaries: wish.binaries ?? ['hello'],
    });
    const debs = await Promise.all(
      (wish.debs ?? [{ package: 'hello', version: '1-1' }]).map(
        async (spec) => (await makeBinary(spec)).file,
      ),
    );
    const files = [...source.files, ...debs, ...(wish.files ?? [])];
    for (const file of files) await folder.put(file);
    const fields = {
      Format: '1.8',
      Source: 'hello',
      Binary: 'hello',
      Architecture: 'source amd64',
      Version: '1-1',
      Distribution: 'unstable',
      ...wish.fields,
    };
    const text = [
      ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`),
      'Checksums-Sha256:',
      ...files.map((file) => ` ${sha256(file.bytes)} ${file.bytes.length} ${file.name}`),
      '',
    ].join('\n');
    const whole = wish.isSigned === false ? text : await signer.clearsign(text, now, 'test');
    return await folder.put({ name: 'hello.changes', bytes: Buffer.from(whole) });
  }

  const keyring = 'keys.gpg';
  const refused = (path: string): Promise<string[]> => folder.faultsOf([path], { keyring });

  async function signatureOf({ id }: ImportResult) {
    const { snapshots } = folder.work.context.places;
    const evidence = await evidenceBeside(snapshots, { profile: 'tools', id });
    const found = evidence.find(({ gate }) => gate === 'signature');
    return found === undefined ? undefined : [found.state, found.facts['uncovered']];
  }

  it('brings the packages that its source names, and their debug symbols', async () => {
    const debs = ['hello', 'hello-dbgsym'].map((name) => ({
      package: name,
      version: '1-1',
      source: 'hello',
    }));
    const report = await folder.run([await upload({ debs, fields: { Binary: 'hello hello-dbgsym' } })], {
      keyring,
    });
    assert.equal(report.packages, 2);
    assert.deepEqual(await signatureOf(report), ['passed', 0]);
  });

  it('covers no package of another source or version', async () => {
    const other = await upload({ debs: [{ package: 'hello', version: '1-1', source: 'other' }] });
    assert.deepEqual(await refused(other), [
      'hello_1-1_amd64.deb: names the source package other 1-1, but its .changes names hello 1-1',
    ]);
    const newer = await upload({ debs: [{ package: 'hello', version: '2-1' }] });
    assert.deepEqual(await refused(newer), [
      'hello_2-1_amd64.deb: names the source package hello 2-1, but its .changes names hello 1-1',
    ]);
  });

  it('covers a rebuild, whose version is not that of its source', async () => {
    const debs = [{ package: 'hello', version: '1-1+b1', source: 'hello (1-1)' }];
    const fields = { Source: 'hello (1-1)', Version: '1-1+b1' };
    assert.equal((await folder.run([await upload({ debs, fields })], { keyring })).packages, 1);
  });

  it('covers no package that its source does not name, nor another architecture', async () => {
    const debs = [{ package: 'evil', version: '1-1', source: 'hello' }];
    const told = [
      'evil_1-1_amd64.deb: is the package evil, which the source package hello 1-1 does not name',
    ];
    assert.deepEqual(await refused(await upload({ debs })), told);
    // It says so itself, but its source does not
    assert.deepEqual(await refused(await upload({ debs, fields: { Binary: 'hello evil' } })), told);
    assert.deepEqual(await refused(await upload({ fields: { Architecture: 'source arm64' } })), [
      'hello_1-1_amd64.deb: is for amd64, which its .changes does not name',
    ]);
  });

  it('is for the distribution that it is signed for', async () => {
    assert.deepEqual(await refused(await upload({ fields: { Distribution: 'experimental' } })), [
      'hello.changes: it is signed for experimental; tools takes uploads for unstable, stable, bookworm',
    ]);
    await folder.run([await upload({ fields: { Distribution: 'bookworm' } })], { keyring });
  });

  it('is not for a package of the installer', async () => {
    const udeb = { name: 'hello-udeb_1-1_amd64.udeb', bytes: Buffer.from('x') };
    assert.deepEqual(await refused(await upload({ files: [udeb] })), [
      'hello.changes: it names hello-udeb_1-1_amd64.udeb, and no suite has a place for packages of the installer (.udeb) or of debug symbols (.ddeb)',
    ]);
    // In a folder they are named and left alone
    const { path } = { path: await folder.deb({ package: 'aa', version: '1' }, 'pool') };
    await folder.put(udeb, 'pool');
    const report = await folder.run([join(path, '..')]);
    assert.deepEqual(
      report.others.map((file) => file.split('/').at(-1)),
      [udeb.name],
    );
  });

  it('passes the gate of signatures only where every package of the set is covered', async () => {
    const alone = await folder.deb({ package: 'aa', version: '1' }, 'alone');
    await folder.run([alone]);
    const changes = await upload();
    const mixed = await folder.run([changes], { add: true, keyring });
    assert.deepEqual(await signatureOf(mixed), ['failed', 1]);
    // Without the one that nobody signed
    const covered = await folder.run([changes], { replace: true, keyring });
    assert.deepEqual(await signatureOf(covered), ['passed', 0]);
    const again = await folder.run([alone], { add: true });
    assert.deepEqual(await signatureOf(again), ['failed', 1]);
    // Whether it covers all of what is left, nothing says any more
    assert.equal(await signatureOf(await folder.run([], { remove: ['aa'] })), undefined);
  });

  it('is recorded for packages that were imported before without a keyring', async () => {
    const changes = await upload();
    const first = await folder.run([changes]);
    assert.equal(await signatureOf(first), undefined);
    assert.equal((await folder.run([changes])).cut, false);
    const second = await folder.run([changes], { keyring });
    assert.deepEqual([second.cut, await signatureOf(second)], [true, ['passed', 0]]);
    assert.equal((await folder.run([changes], { keyring })).cut, false);
  });

  it('is not looked for behind links, and a folder of nothing else says so', async () => {
    const path = await folder.deb({ package: 'aa', version: '1' }, 'real');
    await mkdir(join(folder.incoming, 'links'));
    await symlink(path, join(folder.incoming, 'links/aa.deb'));
    assert.deepEqual(await folder.faultsOf(['links']), [
      'no .deb, .dsc or .changes in links, only 1 symbolic link, which are not followed: name the files, or the folder that they lead to',
    ]);
  });
});
