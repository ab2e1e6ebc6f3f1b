import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import * as openpgp from 'openpgp';
import type { ErrorCode } from '../../../src/errors.js';
import { LockstepError } from '../../../src/errors.js';
import { canonicalBytes, formatClearsigned, splitClearsigned } from '../../../src/signing/clearsigned.js';
import type { GeneratedKey } from '../../../src/signing/keys.js';
import { dearmor, generateKey } from '../../../src/signing/keys.js';
import type { Signer } from '../../../src/signing/signer.js';
import { openpgpSigner, writeKeyFile } from '../../../src/signing/signer.js';
import { assertGood, verifyClearsigned, verifyDetached } from '../../../src/signing/verifier.js';
import { needs } from '../../fixtures/machine.js';
import type { Scratch } from '../../fixtures/signing-machine.js';
import { scratch } from '../../fixtures/signing-machine.js';

const made = new Date('2026-01-01T00:00:00Z');
const date = new Date('2026-02-03T04:05:06Z');
const now = new Date('2026-02-04T00:00:00Z');
const text = 'Origin: Test\nSuite: x\n';
const withCode = (code: ErrorCode) => (error: unknown) =>
  error instanceof LockstepError && error.code === code;

/** An armor with the signatures of several. */
async function together(...armored: string[]): Promise<string> {
  const packets = Buffer.concat(await Promise.all(armored.map((one) => dearmor(one))));
  const read = await openpgp.readSignature({ binarySignature: packets });
  return read.armor();
}

describe('the verifier', () => {
  let dir: Scratch;
  let key: GeneratedKey;
  let other: GeneratedKey;
  let signer: Signer;
  let otherSigner: Signer;
  let inRelease: string;
  before(async () => {
    dir = await scratch();
    key = await generateKey({ name: 'Test Archive', date: made });
    other = await generateKey({ name: 'Somebody Else', date: made });
    await writeKeyFile(dir.path('key.asc'), key.privateArmored);
    await writeKeyFile(dir.path('other.asc'), other.privateArmored);
    signer = await openpgpSigner({ keyFile: dir.path('key.asc') });
    otherSigner = await openpgpSigner({ keyFile: dir.path('other.asc') });
    inRelease = await signer.clearsign(text, date);
  });
  after(() => dir.remove());

  describe('of a clearsigned file', () => {
    const codeOf = (file: string, code: ErrorCode, at = now, keyring = key.publicBinary) =>
      assert.rejects(
        verifyClearsigned(file, keyring, {
          taken: { kind: 'arriving', now: at },
          subject: 'InRelease',
          scratch: dir.path('.'),
        }),
        withCode(code),
      );

    it('gives the signed text and who signed it', async () => {
      const {
        text: read,
        signers,
        signatures,
      } = await verifyClearsigned(inRelease, key.publicBinary, {
        taken: { kind: 'arriving', now },
      });
      assert.equal(read, text);
      assert.deepEqual(signers, [{ fingerprint: key.fingerprint, keyEnds: null }]);
      assert.deepEqual(signatures[0]?.created, date);
    });

    it('refuses every change of the text', async () => {
      await codeOf(inRelease.replace('Suite: x', 'Suite: y'), 'VERIFY_BAD_SIGNATURE');
      await codeOf(inRelease.replace('Suite: x', ' Suite: x'), 'VERIFY_BAD_SIGNATURE');
      await codeOf(inRelease.replace('Suite: x\n', 'Suite: x\n\n'), 'VERIFY_BAD_SIGNATURE');
      await codeOf(inRelease.replace('\n\n', '\n\nNew: field\n'), 'VERIFY_BAD_SIGNATURE');
      await codeOf(inRelease.replace('\n\n', '\n\n\n'), 'VERIFY_BAD_SIGNATURE');
    });

    it('refuses what stands around the signed block', async () => {
      await codeOf(`Suite: evil\n\n${inRelease}`, 'VERIFY_MALFORMED');
      await codeOf(`${inRelease}Suite: evil\n`, 'VERIFY_MALFORMED');
      await codeOf(inRelease + inRelease, 'VERIFY_MALFORMED');
      await codeOf(inRelease.replace('Hash: SHA512', 'Suite: evil'), 'VERIFY_MALFORMED');
      await codeOf(text, 'VERIFY_NO_SIGNATURE');
    });

    it('gives out no blanks that are not signed', async () => {
      const padded = inRelease.replace('Suite: x', 'Suite: x \t');
      assert.equal(
        (await verifyClearsigned(padded, key.publicBinary, { taken: { kind: 'arriving', now } })).text,
        text,
      );
    });

    it('refuses a key that is not in the keyring', async () => {
      await codeOf(inRelease, 'VERIFY_UNKNOWN_KEY', now, other.publicBinary);
      await codeOf(inRelease, 'KEYRING_INVALID', now, Buffer.from('no keyring'));
    });

    it('refuses a block without a signature in it', async () => {
      const empty = `-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n`;
      const junk = `-----BEGIN PGP SIGNATURE-----\n\n!!!!\n-----END PGP SIGNATURE-----\n`;
      await codeOf(formatClearsigned(text, empty, 'SHA512'), 'VERIFY_BAD_SIGNATURE');
      await codeOf(formatClearsigned(text, junk, 'SHA512'), 'VERIFY_BAD_SIGNATURE');
      const publicKey = key.publicArmored.replaceAll('PUBLIC KEY BLOCK', 'SIGNATURE');
      await codeOf(formatClearsigned(text, publicKey, 'SHA512'), 'VERIFY_BAD_SIGNATURE');
    });

    it('refuses a signature of another type, though it is over the same bytes', async () => {
      const binary = await signer.detached(canonicalBytes(text), date);
      await codeOf(formatClearsigned(text, binary, 'SHA512'), 'VERIFY_BAD_SIGNATURE');
    });

    it('refuses a signature from the future, with apt’s 10 seconds of grace', async () => {
      await codeOf(inRelease, 'VERIFY_BAD_SIGNATURE', new Date(date.getTime() - 11_000));
      const early = new Date(date.getTime() - 9_000);
      assert.equal(
        (await verifyClearsigned(inRelease, key.publicBinary, { taken: { kind: 'arriving', now: early } }))
          .text,
        text,
      );
    });

    it('takes several signatures, of which one must be good and none may be false', async () => {
      const ofOther = (await otherSigner.clearsign(text, date)).slice(
        inRelease.indexOf('-----BEGIN PGP SIGNATURE'),
      );
      const ofOtherText = await otherSigner.clearsign('Origin: Evil\n', date);
      const split = (file: string): string => splitClearsigned(Buffer.from(file)).signature;
      const both = formatClearsigned(text, await together(split(inRelease), ofOther), 'SHA512');
      for (const [keyring, signers] of [
        [Buffer.concat([key.publicBinary, other.publicBinary]), [key.fingerprint, other.fingerprint]],
        [key.publicBinary, [key.fingerprint]],
        [other.publicBinary, [other.fingerprint]],
      ] as const) {
        const verified = await verifyClearsigned(both, keyring, { taken: { kind: 'arriving', now } });
        assert.deepEqual(
          verified.signers.map(({ fingerprint }) => fingerprint),
          signers,
        );
        assert.equal(verified.signatures.length, 2);
      }
      const spoilt = formatClearsigned(text, await together(split(inRelease), split(ofOtherText)), 'SHA512');
      await codeOf(
        spoilt,
        'VERIFY_BAD_SIGNATURE',
        now,
        Buffer.concat([key.publicBinary, other.publicBinary]),
      );
      // The false one is of a key nobody trusts: it says nothing
      assert.equal(
        (await verifyClearsigned(spoilt, key.publicBinary, { taken: { kind: 'arriving', now } })).signers
          .length,
        1,
      );
    });
  });

  describe('of a detached signature', () => {
    const data = Buffer.from('some tarball');
    const judge = async (signature: string | Uint8Array, signed: Buffer = data, keyring = key.publicBinary) =>
      (
        await verifyDetached(signed, signature, keyring, {
          taken: { kind: 'arriving', now },
          scratch: dir.path('.'),
        })
      ).result;

    it('is good for the same bytes, from memory or a stream, armored or binary', async () => {
      const signature = await signer.detached(data, date);
      assert.equal(await judge(signature), 'good');
      assert.equal(await judge(await dearmor(signature)), 'good');
      assert.equal(await judge(Buffer.from(signature.replaceAll('\n', '\r\n'))), 'good');
      const stream = Readable.from([data.subarray(0, 5), data.subarray(5)]);
      const verdict = await verifyDetached(stream, signature, key.publicBinary, {
        taken: { kind: 'arriving', now },
      });
      assert.equal(verdict.result, 'good');
      assert.equal(verdict.fingerprint, key.fingerprint);
      assert.deepEqual(verdict.created, date);
      assertGood(verdict, 'the tarball');
    });

    it('is bad for other bytes', async () => {
      const signature = await signer.detached(data, date);
      const flipped = Buffer.from(data);
      flipped[3] = (flipped[3] ?? 0) ^ 1;
      assert.equal(await judge(signature, flipped), 'bad');
      assert.equal(await judge(signature, Buffer.alloc(0)), 'bad');
      const verdict = await verifyDetached(flipped, signature, key.publicBinary, {
        taken: { kind: 'arriving', now },
      });
      assert.throws(() => assertGood(verdict, 'the tarball'), withCode('VERIFY_BAD_SIGNATURE'));
    });

    it('is of an unknown key where the keyring lacks it', async () => {
      assert.equal(await judge(await otherSigner.detached(data, date)), 'unknown-key');
    });

    it('is nothing in a file that holds none', async () => {
      for (const junk of ['', 'hello', key.publicArmored, inRelease, Buffer.from([0x99, 1, 2])]) {
        assert.equal(await judge(junk), 'unverifiable');
      }
      assert.equal(await judge(key.publicBinary), 'unverifiable');
    });

    it('is not good in any form with one byte changed', async () => {
      const whole = Buffer.from(await dearmor(await signer.detached(data, date)));
      for (let at = 0; at < whole.length; at += 1) {
        const changed = Buffer.from(whole);
        changed[at] = (changed[at] ?? 0) ^ 0x10;
        const verdict = await verifyDetached(data, changed, key.publicBinary, {
          taken: { kind: 'arriving', now },
        });
        // The unhashed part (who issued it) is not signed; it can only hide the key, or say what is true anyway
        if (verdict.result === 'good') assert.equal(verdict.fingerprint, key.fingerprint);
      }
    });

    it('is good when the tool that is asked second says so', async function () {
      await needs(this, { tools: ['gpgv'] });
      // A packet of a type that openpgp.js does not know, and must not ignore (RFC 9580 section 4.3)
      const keyring = Buffer.concat([Buffer.from([0xc0 | 39, 1, 0]), key.publicBinary]);
      const options = { taken: { kind: 'arriving', now }, scratch: dir.path('.') } as const;
      const verdict = await verifyDetached(data, await signer.detached(data, date), keyring, options);
      assert.equal(verdict.result, 'good');
      assert.equal(verdict.signatures[0]?.engine, 'gpgv');
      assert.equal(await judge(await signer.detached(data, date), Buffer.from('other'), keyring), 'bad');
      await assert.rejects(
        verifyDetached(data, await otherSigner.detached(data, date), keyring, options),
        withCode('KEYRING_INVALID'),
      );
      const both = await together(await signer.detached(data, date), await otherSigner.detached(data, date));
      assert.equal((await verifyDetached(data, both, keyring, options)).result, 'good');
      const verified = await verifyClearsigned(inRelease, keyring, options);
      assert.deepEqual(verified.signers, [{ fingerprint: key.fingerprint }]);
      assert.deepEqual(verified.signatures[0]?.created, date);
      await assert.rejects(
        verifyClearsigned(inRelease.replace('Suite: x', 'Suite: y'), keyring, options),
        withCode('VERIFY_BAD_SIGNATURE'),
      );
    });
  });
});
