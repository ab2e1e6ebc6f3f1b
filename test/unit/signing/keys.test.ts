import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import { generateKey, parseKeyring, readPublicKeys } from '../../../src/signing/keys.js';

const date = new Date('2026-11-01T10:00:00Z');
const withCode = (code: string) => (error: unknown) => error instanceof LockstepError && error.code === code;

describe('a generated key', () => {
  it('is an Ed25519 key of version 4 that never expires', async () => {
    const key = await generateKey({ name: 'Test Archive', email: 'archive@test.invalid', date });
    assert.match(key.fingerprint, /^[0-9A-F]{40}$/);
    assert.deepEqual(await readPublicKeys(key.publicBinary), [
      { fingerprint: key.fingerprint, created: date },
    ]);
    const [read] = await parseKeyring(key.publicBinary);
    assert.deepEqual(read?.getUserIDs(), ['Test Archive <archive@test.invalid>']);
    assert.equal(read.getAlgorithmInfo().algorithm, 'eddsaLegacy');
    assert.equal(await read.getExpirationTime(), Infinity);
  });

  it('has a public half without the secret, the same in both forms', async () => {
    const key = await generateKey({ name: 'Test Archive', date });
    assert.match(key.privateArmored, /^-----BEGIN PGP PRIVATE KEY BLOCK-----\n/);
    assert.match(key.publicArmored, /^-----BEGIN PGP PUBLIC KEY BLOCK-----\n/);
    for (const text of [key.privateArmored, key.publicArmored, key.revocationArmored]) {
      assert.equal(text.includes('\r'), false);
    }
    assert.deepEqual(
      await readPublicKeys(Buffer.from(key.publicArmored)),
      await readPublicKeys(key.publicBinary),
    );
  });

  it('expires when asked to', async () => {
    const key = await generateKey({ name: 'Test Archive', date, validFor: 86_400 });
    const [read] = await parseKeyring(key.publicBinary);
    assert.deepEqual(await read?.getExpirationTime(), new Date('2026-11-02T10:00:00Z'));
  });

  it('refuses names that no user ID can hold', async () => {
    await assert.rejects(generateKey({ name: 'Evil <a@b.c>', date }), withCode('USAGE'));
    await assert.rejects(generateKey({ name: 'Two\nlines', date }), withCode('USAGE'));
    await assert.rejects(generateKey({ name: ' ', date }), withCode('USAGE'));
    await assert.rejects(generateKey({ name: 'Fine', email: 'not an address', date }), withCode('USAGE'));
  });
});

describe('a keyring', () => {
  it('may be several armored blocks with prose between', async () => {
    const [a, b] = await Promise.all([generateKey({ name: 'A', date }), generateKey({ name: 'B', date })]);
    const file = `Keys of upstream:\n${a.publicArmored}\nand\n${b.publicArmored.replaceAll('\n', '\r\n')}`;
    assert.deepEqual(
      (await readPublicKeys(Buffer.from(file))).map(({ fingerprint }) => fingerprint),
      [a.fingerprint, b.fingerprint],
    );
  });

  it('that is none is named as the fault', async () => {
    await assert.rejects(readPublicKeys(Buffer.from('hello'), 'keys.gpg'), withCode('KEYRING_INVALID'));
    await assert.rejects(readPublicKeys(new Uint8Array()), withCode('KEYRING_INVALID'));
    await assert.rejects(readPublicKeys(Uint8Array.of(0x99, 1, 2, 3)), withCode('KEYRING_INVALID'));
  });
});
