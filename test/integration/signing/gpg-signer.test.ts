import assert from 'node:assert/strict';
import type { ErrorCode } from '../../../src/errors.js';
import { LockstepError } from '../../../src/errors.js';
import type { Signer } from '../../../src/signing/signer.js';
import { gpgSigner, loadSigner } from '../../../src/signing/signer.js';
import { verifyClearsigned, verifyDetached } from '../../../src/signing/verifier.js';
import type { Scratch } from './machine.js';
import { accepts, GnupgHome, needTool, scratch } from './machine.js';

const made = new Date('2026-01-01T00:00:00Z');
const date = new Date('2026-02-03T04:05:06Z');
const text = 'Origin: Tést\n- dash\nFrom here\n trailing \n\n';
const withCode = (code: ErrorCode) => (error: unknown) =>
  error instanceof LockstepError && error.code === code;

describe("the signer with the user's gpg", () => {
  let dir: Scratch;
  let home: GnupgHome | undefined;
  let homedir: string;
  let fingerprint: string;
  let signer: Signer;
  before(async function () {
    await needTool(this, 'gpg', 'gpgconf', 'gpgv', 'sqv');
    dir = await scratch();
    home = await GnupgHome.make();
    ({ homedir } = home);
    fingerprint = await home.generate('Somebody', 'ed25519', made);
    await home.generate('Twin <one@test.invalid>', 'ed25519', made);
    await home.generate('Twin <two@test.invalid>', 'ed25519', made);
    signer = await gpgSigner({ keyId: fingerprint, homedir });
  });
  after(async () => {
    await home?.remove();
    await dir?.remove();
  });

  it('makes files that gpgv, sqv and we accept, dated as asked', async () => {
    const { binary, armored } = await signer.publicKey();
    const keyring = await dir.put('keyring.gpg', binary);
    const inRelease = await signer.clearsign(text, date);
    const detached = await signer.detached(text, date);
    const verified = await verifyClearsigned(inRelease, binary, { taken: { kind: 'arriving', now: date } });
    assert.equal(verified.text, text.replace('trailing ', 'trailing'));
    assert.deepEqual(verified.signers, [{ fingerprint, created: date }]);
    assert.equal(
      (await verifyDetached(text, detached, Buffer.from(armored), { taken: { kind: 'arriving', now: date } }))
        .result,
      'good',
    );
    const files = [await dir.put('Release.gpg', detached), await dir.put('Release', text)];
    assert.equal(await accepts('gpgv', ['--keyring', keyring, await dir.put('InRelease', inRelease)]), true);
    assert.equal(await accepts('gpgv', ['--keyring', keyring, ...files]), true);
    assert.equal(await accepts('sqv', ['--keyring', keyring, ...files]), true);
  });

  it('is what a workspace configures', async () => {
    const loaded = await loadSigner({ method: 'gpg', key: fingerprint, homedir }, {}, dir.path('.'));
    assert.equal(loaded.fingerprint, fingerprint);
  });

  it('names a key that is missing or ambiguous', async () => {
    await assert.rejects(gpgSigner({ keyId: 'A'.repeat(40), homedir }), withCode('SIGN_KEY_MISSING'));
    await assert.rejects(gpgSigner({ keyId: 'Twin', homedir }), withCode('SIGN_KEY_INVALID'));
    await assert.rejects(gpgSigner({ keyId: '--version', homedir }), withCode('SIGN_KEY_MISSING'));
  });

  it('says what gpg said when it refuses', async () => {
    const error: unknown = await signer.detached(text, new Date('2025-01-01')).catch((e: unknown) => e);
    assert.ok(withCode('SIGN_GPG')(error), String(error));
  });

  it('names the program that is missing', async () => {
    await assert.rejects(
      gpgSigner({ keyId: fingerprint, homedir, gpgProgram: 'no-such-gpg' }),
      withCode('TOOL_MISSING'),
    );
  });
});
