import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { run } from '../../../src/io/process.js';
import type { GeneratedKey } from '../../../src/signing/keys.js';
import { generateKey } from '../../../src/signing/keys.js';
import type { Signer } from '../../../src/signing/signer.js';
import { openpgpSigner, writeKeyFile } from '../../../src/signing/signer.js';
import { needs } from '../../fixtures/machine.js';
import type { Scratch } from '../../fixtures/signing-machine.js';
import { scratch } from '../../fixtures/signing-machine.js';

const made = new Date('2026-01-01T00:00:00Z');
const date = new Date('2026-01-02T00:00:00Z');
const packages = 'Package: nothing\nVersion: 1\nArchitecture: amd64\nFilename: pool/nothing.deb\nSize: 1\n';

function releaseOf(index: string): string {
  const sha256 = createHash('sha256').update(index).digest('hex');
  return [
    'Origin: Test',
    'Suite: x',
    'Codename: x',
    `Date: ${date.toUTCString()}`,
    'Architectures: amd64',
    'Components: main',
    'SHA256:',
    ` ${sha256} ${index.length} main/binary-amd64/Packages`,
    '',
  ].join('\n');
}

/** The machine's own configuration, hooks and lists are left alone: APT_CONFIG is read before all else. */
function aptConfig(root: string): string {
  return [
    `Dir "${root}/apt";`,
    'Dir::Etc "etc"; Dir::Etc::parts "none"; Dir::Etc::sourceparts "none"; Dir::Etc::sourcelist "sources.list";',
    'Dir::Etc::trusted "none"; Dir::Etc::trustedparts "none"; Dir::State "state"; Dir::Cache "cache";',
    `Dir::State::status "${root}/apt/status"; Dir::Bin::methods "/usr/lib/apt/methods";`,
    'APT::Architecture "amd64"; APT::Architectures { "amd64"; }; APT::Sandbox::User ""; Acquire::Languages "none";',
    '',
  ].join('\n');
}

describe("the machine's own apt", () => {
  let dir: Scratch;
  let key: GeneratedKey;
  let signer: Signer;
  const put = async (name: string, data: string | Uint8Array): Promise<void> => {
    await mkdir(dirname(dir.path(name)), { recursive: true });
    await writeFile(dir.path(name), data);
  };
  const update = async (keyring: string) => {
    const source = `deb [signed-by=${dir.path(keyring)}] file:${dir.path('archive')} x main\n`;
    await put('apt/etc/sources.list', source);
    for (const folder of ['etc/none', 'etc/preferences.d', 'state/lists/partial', 'cache/archives/partial']) {
      await mkdir(dir.path(`apt/${folder}`), { recursive: true });
    }
    const env = { APT_CONFIG: dir.path('apt.conf') };
    const result = await run('apt-get', ['update'], { env, allowFailure: true });
    const known = await run('apt-cache', ['policy', 'nothing'], { env });
    return { ...result, said: result.stdout + result.stderr, known: known.stdout.includes('Candidate: 1') };
  };

  before(async function () {
    await needs(this, { tools: ['apt-get'] });
    key = await generateKey({ name: 'Test Archive', date: made });
  });
  beforeEach(async () => {
    dir = await scratch();
    await writeKeyFile(dir.path('key.asc'), key.privateArmored);
    signer = await openpgpSigner({ keyFile: dir.path('key.asc') });
    await put('apt.conf', aptConfig(dir.path('.')));
    await put('apt/status', '');
    await put('keyring.gpg', key.publicBinary);
    await put('keyring.asc', key.publicArmored);
    await put('archive/dists/x/main/binary-amd64/Packages', packages);
  });
  afterEach(() => dir.remove());

  for (const keyring of ['keyring.gpg', 'keyring.asc']) {
    it(`takes our InRelease with ${keyring}, without a warning`, async () => {
      await put('archive/dists/x/InRelease', await signer.clearsign(releaseOf(packages), date));
      const result = await update(keyring);
      assert.equal(result.exitCode, 0, result.said);
      assert.doesNotMatch(result.said, /^[WE]:/m);
      assert.equal(result.known, true);
    });
  }

  it('takes our Release.gpg, without a warning', async () => {
    const release = releaseOf(packages);
    await put('archive/dists/x/Release', release);
    await put('archive/dists/x/Release.gpg', await signer.detached(release, date));
    const result = await update('keyring.gpg');
    assert.equal(result.exitCode, 0, result.said);
    assert.doesNotMatch(result.said, /^[WE]:/m);
    assert.equal(result.known, true);
  });

  it('refuses an InRelease that was changed after it was signed', async () => {
    const inRelease = await signer.clearsign(releaseOf(packages), date);
    await put('archive/dists/x/InRelease', inRelease.replace('Origin: Test', 'Origin: Evil'));
    const result = await update('keyring.gpg');
    assert.notEqual(result.exitCode, 0);
    assert.match(result.said, /signature/i);
    assert.equal(result.known, false);
  });
});
