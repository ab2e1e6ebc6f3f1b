import assert from 'node:assert/strict';
import { armorFault, clearsignedFault, signatureFault } from '../../../src/signing/exact-armor.js';
import { dearmor, generateKey } from '../../../src/signing/keys.js';
import { openpgpSigner, type Signer } from '../../../src/signing/signer.js';
import { verifyClearsigned, verifyDetached } from '../../../src/signing/verifier.js';
import { needs } from '../../fixtures/machine.js';
import { GnupgHome, scratch, type Scratch } from '../../fixtures/signing-machine.js';

describe('files that a signature is in', function () {
  this.timeout(60_000);
  const date = new Date('2026-11-23T10:15:30Z');
  const text = 'Origin: Test\nDescription: -- a dash, and -----BEGIN PGP\n- listed\nSuite: set\n';
  let folder: Scratch;
  let signer: Signer;
  let keyring: Uint8Array;

  before(async () => {
    folder = await scratch();
    const key = await generateKey({ name: 'Test', date: new Date('2026-01-01T00:00:00Z') });
    signer = await openpgpSigner({ keyFile: await folder.put('key.asc', key.privateArmored, 0o600) });
    keyring = key.publicBinary;
  });
  after(async () => folder.remove());

  const isGood = async (check: () => Promise<unknown>): Promise<boolean> =>
    await check().then(
      (found) => found !== 'bad',
      () => false,
    );

  /** Every byte once, another bit of it each time. */
  async function assertEveryFlipShows(
    bytes: Buffer,
    holds: (flipped: Buffer) => Promise<boolean>,
  ): Promise<void> {
    assert.equal(await holds(bytes), true);
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << ((at * 5) % 8);
      assert.equal(
        await holds(flipped),
        false,
        `byte ${at}: ${JSON.stringify(bytes.toString().slice(at - 5, at + 5))}`,
      );
    }
  }

  it('clearsigned, show every flipped bit: by the signature or by the form', async () => {
    const file = Buffer.from(await signer.clearsign(text, date));
    await assertEveryFlipShows(file, async (bytes) => {
      return (
        clearsignedFault(bytes) === null &&
        (await isGood(() => verifyClearsigned(bytes, keyring, { taken: { kind: 'arriving', now: date } })))
      );
    });
  });

  it('armored, show every flipped bit', async () => {
    const signature = Buffer.from(await signer.detached(text, date));
    await assertEveryFlipShows(signature, async (bytes) => {
      if (armorFault(bytes.toString('latin1')) !== null) return false;
      return await isGood(
        async () =>
          (await verifyDetached(text, bytes, keyring, { taken: { kind: 'arriving', now: date } })).result ===
            'good' || 'bad',
      );
    });
    const { armored } = await signer.publicKey();
    await assertEveryFlipShows(
      Buffer.from(armored),
      async (bytes) => armorFault(bytes.toString('latin1')) === null,
    );
  });

  it('binary, show every flipped bit', async () => {
    const signature = Buffer.from(await dearmor(await signer.detached(text, date)));
    await assertEveryFlipShows(signature, async (bytes) => {
      if ((await signatureFault(bytes)) !== null) return false;
      return await isGood(
        async () =>
          (await verifyDetached(text, bytes, keyring, { taken: { kind: 'arriving', now: date } })).result ===
            'good' || 'bad',
      );
    });
  });

  it('may have the headers of an armored block, and no others', async () => {
    const signature = await signer.detached(text, date);
    const withHeader = (line: string): string => signature.replace(/\n\n/, `\n${line}\n\n`);
    assert.equal(armorFault(withHeader('Comment: made by a test')), null);
    assert.match(armorFault(withHeader('Remark: made by a test'))!, /its headers are not those/);
    assert.match(armorFault(signature.replace('\n\n', '\n'))!, /its headers are not those/);
  });

  it('that gpg made are in order too', async function () {
    await needs(this, { tools: ['gpg'] });
    const home = await GnupgHome.make();
    try {
      for (const algorithm of ['ed25519', 'rsa3072']) {
        const key = await home.generate(algorithm, algorithm, new Date('2026-01-01T00:00:00Z'));
        const clear = await home.sign(key, text, date, ['--clearsign', '--digest-algo', 'SHA512']);
        assert.equal(clearsignedFault(Buffer.from(clear)), null);
        const detached = await home.sign(key, text, date);
        assert.equal(armorFault(detached), null);
        assert.equal(await signatureFault(await dearmor(detached)), null);
      }
    } finally {
      await home.remove();
    }
  });
});
