import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import * as openpgp from 'openpgp';
import type { ErrorCode } from '../../../src/errors.js';
import { LockstepError } from '../../../src/errors.js';
import { run } from '../../../src/io/process.js';
import { splitClearsigned } from '../../../src/signing/clearsigned.js';
import type { GeneratedKey } from '../../../src/signing/keys.js';
import { generateKey } from '../../../src/signing/keys.js';
import { appendSigningRecord, loggedSigner } from '../../../src/signing/signing-log.js';
import type { Signer } from '../../../src/signing/signer.js';
import { loadSigner, openpgpSigner, writeKeyFile } from '../../../src/signing/signer.js';
import { verifyClearsigned, verifyDetached } from '../../../src/signing/verifier.js';
import { needs } from '../../fixtures/machine.js';
import type { Scratch } from '../../fixtures/signing-machine.js';
import { accepts, scratch } from '../../fixtures/signing-machine.js';

const made = new Date('2026-01-01T00:00:00Z');
const date = new Date('2026-02-03T04:05:06Z');
const text =
  'Origin: Tést\nSuite: x\n- dash\n-----BEGIN PGP SIGNATURE-----\nFrom here\nSHA256:\n abc 1 main/a\n';
const withCode = (code: ErrorCode) => (error: unknown) =>
  error instanceof LockstepError && error.code === code;

describe('the signer with a key file', () => {
  let dir: Scratch;
  let key: GeneratedKey;
  let signer: Signer;
  before(async () => {
    dir = await scratch();
    key = await generateKey({ name: 'Test Archive', date: made, passphrase: 'open sesame' });
    await writeKeyFile(dir.path('key.asc'), key.privateArmored);
    signer = await openpgpSigner({ keyFile: dir.path('key.asc'), passphrase: 'open sesame' });
    await dir.put('keyring.gpg', key.publicBinary);
    await dir.put('keyring.asc', key.publicArmored);
    await dir.put('InRelease', await signer.clearsign(text, date));
    await dir.put('Release', text);
    await dir.put('Release.gpg', await signer.detached(text, date));
  });
  after(() => dir.remove());

  it('makes an InRelease that gpgv accepts, with the text it was given', async function () {
    await needs(this, { tools: ['gpgv'] });
    const { stdout } = await run('gpgv', [
      '--status-fd',
      '1',
      '--output',
      dir.path('signed-text'),
      '--keyring',
      dir.path('keyring.gpg'),
      dir.path('InRelease'),
    ]);
    // SHA-512 (10), EdDSA (22), a text signature, at the date given, a key of version 4
    const seconds = date.getTime() / 1000;
    assert.match(
      stdout,
      new RegExp(`VALIDSIG ${key.fingerprint} 2026-02-03 ${seconds} 0 4 0 22 10 01 ${key.fingerprint}`),
    );
    assert.equal(await readFile(dir.path('signed-text'), 'utf8'), text);
  });

  it('makes a Release.gpg that gpgv and sqv accept', async function () {
    await needs(this, { tools: ['gpgv', 'sqv'] });
    const files = [dir.path('Release.gpg'), dir.path('Release')];
    assert.equal(await accepts('gpgv', ['--keyring', dir.path('keyring.gpg'), ...files]), true);
    assert.equal(await accepts('sqv', ['--keyring', dir.path('keyring.gpg'), ...files]), true);
    assert.equal(await accepts('sqv', ['--keyring', dir.path('keyring.asc'), ...files]), true);
    assert.equal(
      await accepts('sqv', [
        '--keyring',
        dir.path('keyring.gpg'),
        dir.path('Release.gpg'),
        dir.path('InRelease'),
      ]),
      false,
    );
  });

  it('makes an InRelease that sqv accepts once it is split, as apt does', async function () {
    await needs(this, { tools: ['sqv'] });
    const parts = splitClearsigned(await readFile(dir.path('InRelease')));
    // apt's message file has no line end after its last line
    await dir.put('message', parts.text.slice(0, -1));
    await dir.put('message.asc', parts.signature);
    const files = [dir.path('message.asc'), dir.path('message')];
    assert.equal(await accepts('sqv', ['--keyring', dir.path('keyring.gpg'), ...files]), true);
  });

  it('is verified in process', async () => {
    const file = await readFile(dir.path('InRelease'));
    const verified = await verifyClearsigned(file, key.publicBinary, {
      taken: { kind: 'arriving', now: date },
    });
    assert.equal(verified.text, text);
    assert.deepEqual(verified.signers, [{ fingerprint: key.fingerprint, keyEnds: null }]);
    assert.deepEqual(verified.signatures[0]?.created, date);
    const verdict = await verifyDetached(
      text,
      await readFile(dir.path('Release.gpg')),
      Buffer.from(key.publicArmored),
      { taken: { kind: 'arriving', now: date } },
    );
    assert.equal(verdict.result, 'good');
    assert.equal(verdict.fingerprint, signer.fingerprint);
  });

  it('makes the same bytes from the same text, key and date', async () => {
    assert.equal(await signer.clearsign(text, date), await readFile(dir.path('InRelease'), 'utf8'));
    assert.notEqual(await signer.clearsign(text, made), await readFile(dir.path('InRelease'), 'utf8'));
  });

  it('signs the strangest lines so that gpgv and we read the same', async function () {
    await needs(this, { tools: ['gpgv'] });
    const strange = 'a\r-b\n-\n- \n\u2028-c\n.\n\n  \n\t- d\n--\n\n';
    const file = await dir.put('strange', await signer.clearsign(strange, date));
    await run('gpgv', ['--output', dir.path('out'), '--keyring', dir.path('keyring.gpg'), file]);
    const { text: read } = await verifyClearsigned(await readFile(file), key.publicBinary, {
      taken: { kind: 'arriving', now: date },
    });
    assert.equal(read, 'a\r-b\n-\n-\n\u2028-c\n.\n\n\n\t- d\n--\n\n');
    assert.equal(await readFile(dir.path('out'), 'utf8'), read);
  });

  it('gives its public key, and no more, in both forms', async () => {
    const { armored, binary } = await signer.publicKey();
    assert.deepEqual(binary, key.publicBinary);
    assert.equal(armored, key.publicArmored);
  });

  it('says when the passphrase is wrong or missing', async () => {
    const keyFile = dir.path('key.asc');
    await assert.rejects(openpgpSigner({ keyFile, passphrase: 'wrong' }), withCode('SIGN_WRONG_PASSPHRASE'));
    await assert.rejects(openpgpSigner({ keyFile, passphrase: '' }), withCode('SIGN_WRONG_PASSPHRASE'));
    await assert.rejects(openpgpSigner({ keyFile }), withCode('SIGN_PASSPHRASE_NEEDED'));
  });

  it('refuses a public key, another file, and keys that not every apt knows', async () => {
    const v6 = await openpgp.generateKey({
      type: 'curve25519',
      userIDs: [{ name: 'New' }],
      config: { v6Keys: true },
    });
    const newer = await openpgp.generateKey({ type: 'curve25519', userIDs: [{ name: 'Newer' }] });
    for (const content of [key.publicArmored, 'hello', v6.privateKey, newer.privateKey]) {
      const keyFile = await dir.put('other.asc', content, 0o600);
      await assert.rejects(openpgpSigner({ keyFile }), withCode('SIGN_KEY_INVALID'));
    }
  });

  it('does not sign at a date at which its key is not valid', async () => {
    const short = await generateKey({ name: 'Short', date: made, validFor: 3600 });
    await writeKeyFile(dir.path('short.asc'), short.privateArmored);
    const expiring = await openpgpSigner({ keyFile: dir.path('short.asc') });
    await assert.rejects(expiring.clearsign(text, date), withCode('SIGN_KEY_EXPIRED'));
    await assert.rejects(expiring.detached(text, new Date('2025-01-01')), withCode('SIGN_KEY_EXPIRED'));
    assert.match(await expiring.detached(text, made), /BEGIN PGP SIGNATURE/);
  });

  it('is what a workspace configures, by paths relative to it', async () => {
    await dir.put('passphrase', 'open sesame\n', 0o600);
    const config = { method: 'openpgp' as const, keyFile: 'key.asc', passphraseFile: 'passphrase' };
    const loaded = await loadSigner(config, {}, dir.path('.'));
    assert.equal(loaded.fingerprint, key.fingerprint);
    await assert.rejects(
      loadSigner(config, { LOCKSTEP_PASSPHRASE: 'no' }, dir.path('.')),
      withCode('SIGN_WRONG_PASSPHRASE'),
    );
  });

  it('leaves a line for each signature in the log, which only grows', async () => {
    const file = dir.path('.lockstep/signing.log');
    const logged = loggedSigner(signer, (record) => appendSigningRecord(file, record));
    await logged.clearsign(text, date, 'InRelease of x');
    await logged.detached(Buffer.from([1, 2, 3]), date, 'snapshot y');
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { what: string }).what),
      ['InRelease of x', 'snapshot y'],
    );
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });
});
