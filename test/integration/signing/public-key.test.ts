import assert from 'node:assert/strict';
import { generateKey } from '../../../src/signing/keys.js';
import { loadPublicKey, readPublicKeyFile } from '../../../src/signing/public-key.js';
import { gpgSigner, openpgpSigner } from '../../../src/signing/signer.js';
import { needs } from '../../fixtures/machine.js';
import { GnupgHome, scratch, type Scratch } from '../../fixtures/signing-machine.js';

describe("the public half of the archive's key", function () {
  this.timeout(60_000);
  let folder: Scratch;
  const made = new Date('2026-01-01T00:00:00Z');

  beforeEach(async () => (folder = await scratch()));
  afterEach(async () => folder.remove());

  it('is what the signer gives out, and no passphrase is needed for it', async () => {
    const key = await generateKey({ name: 'Test', date: made, passphrase: 'secret' });
    const keyFile = await folder.put('key.asc', key.privateArmored, 0o600);
    const signer = await openpgpSigner({ keyFile, passphrase: 'secret' });
    const found = await loadPublicKey({ method: 'openpgp', keyFile: 'key.asc' }, folder.path(''));
    assert.equal(found.fingerprint, signer.fingerprint);
    const [one, other] = [await found.publicKey(), await signer.publicKey()];
    assert.equal(one.armored, other.armored);
    assert.deepEqual(Buffer.from(one.binary), Buffer.from(other.binary));
    assert.ok(!one.armored.includes('PRIVATE'));
  });

  it('comes out of gpg where gpg has the key', async function () {
    await needs(this, { tools: ['gpg'] });
    const home = await GnupgHome.make();
    try {
      const keyId = await home.generate('Test', 'ed25519', made);
      const signer = await gpgSigner({ keyId, homedir: home.homedir });
      const config = { method: 'gpg', key: keyId, homedir: home.homedir } as const;
      const found = await loadPublicKey(config, '/');
      assert.equal(found.fingerprint, signer.fingerprint);
      assert.deepEqual(await found.publicKey(), await signer.publicKey());
      const unknown = { ...config, key: 'F'.repeat(40) };
      await assert.rejects(loadPublicKey(unknown, '/'), { code: 'SIGN_KEY_MISSING' });
    } finally {
      await home.remove();
    }
  });

  it('is read from a file of its own, armored or binary', async () => {
    const key = await generateKey({ name: 'Test', date: made });
    for (const data of [key.publicArmored, key.publicBinary]) {
      const found = await readPublicKeyFile({ path: await folder.put('public', data), flag: '--keyring' });
      assert.equal(found.fingerprint, key.fingerprint);
      assert.deepEqual(Buffer.from(found.keyring), Buffer.from(key.publicBinary));
      assert.equal((await found.publicKey()).armored, key.publicArmored);
    }
    const refused = (path: string, code: string): Promise<void> =>
      assert.rejects(readPublicKeyFile({ path, flag: '--keyring' }), { code });
    await refused(folder.path('none'), 'FILE_MISSING');
    await refused(folder.path('.'), 'FILE_MISSING');
    await refused(await folder.put('junk', 'junk'), 'KEYRING_INVALID');
  });
});
