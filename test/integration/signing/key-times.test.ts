import assert from 'node:assert/strict';
import { judgeWithGpgv } from '../../../src/signing/gpgv.js';
import type { SignatureResult, Taken, Verdict } from '../../../src/signing/verifier.js';
import { assertGood, verifyClearsigned, verifyDetached } from '../../../src/signing/verifier.js';
import { at, withGnupg } from '../../fixtures/signing-machine.js';

const year = (n: number, month = '01'): Date => new Date(`${n}-${month}-01T00:00:00Z`);
const data = Buffer.from('an upstream tarball');
const arriving = (now: Date): Taken => ({ kind: 'arriving', now });
const recorded = (when: Date | 'signed'): Taken => ({ kind: 'recorded', at: when });

describe('the time at which a key is judged', () => {
  const { home: made, dir } = withGnupg('gpgv');

  const verdict = (signature: string, keyring: Uint8Array, taken: Taken): Promise<Verdict> =>
    verifyDetached(data, signature, keyring, { taken, scratch: dir().path('.') });
  /** By openpgp.js and by gpgv, which must not differ. */
  const judge = async (signature: string, keyring: Uint8Array, taken: Taken): Promise<SignatureResult> => {
    const first = await verdict(signature, keyring, taken);
    assert.deepEqual(
      first.signatures.map(({ engine }) => engine),
      ['openpgp'],
    );
    const second = await judgeWithGpgv({
      data,
      signature,
      keyring,
      taken,
      kind: 'detached',
      scratch: dir().path('.'),
    });
    assert.deepEqual(
      second.map(({ result }) => result),
      [first.result],
      `gpgv: ${second.map(({ reason }) => reason).join()}; openpgp.js: ${first.reason}`,
    );
    return first.result;
  };

  describe('of one that has expired since', () => {
    let key: string;
    let keyring: Buffer;
    let signature: string;
    before(async () => {
      key = await made().generate('Expired since', 'ed25519', year(2020), [], '1y');
      keyring = await made().export(key);
      // gpg writes whatever date its clock has: an old signature and one that was dated back are the same bytes
      signature = await made().sign(key, data, year(2020, '06'));
    });

    it('is now for what arrives: a date in a signature proves nothing', async () => {
      assert.equal(await judge(signature, keyring, arriving(year(2026, '11'))), 'expired');
      assert.equal(await judge(signature, keyring, arriving(year(2020, '07'))), 'good');
    });

    it('is when it signed for what is recorded', async () => {
      assert.equal(await judge(signature, keyring, recorded(year(2026, '11'))), 'good');
      assert.equal(await judge(signature, keyring, recorded(year(2020, '07'))), 'good');
      assert.equal(await judge(signature, keyring, recorded('signed')), 'good');
    });

    it('does not help a signature that is dated after its record', async () => {
      assert.equal(await judge(signature, keyring, recorded(year(2020, '05'))), 'bad');
    });

    it('is told, and what to do', async () => {
      const found = await verdict(signature, keyring, arriving(year(2026, '11')));
      assert.match(
        found.reason,
        /its key expired on 2020-12-31, so the date of the signature proves nothing/,
      );
      assert.throws(() => assertGood(found, 'the tarball'), {
        code: 'VERIFY_BAD_SIGNATURE',
        hint: /extended or replaced the key/,
      });
    });

    it('does not spoil a file that another key vouches for', async () => {
      const other = await made().generate('Still good', 'ed25519', year(2020));
      const args = ['--local-user', other, '--clearsign', '--digest-algo', 'SHA512'];
      const file = await made().sign(key, 'Suite: x\n', year(2020, '06'), args);
      const both = await made().export(key, other);
      const now = arriving(year(2026, '11'));
      const { signers, signatures } = await verifyClearsigned(file, both, { taken: now });
      assert.deepEqual(
        signers.map(({ fingerprint }) => fingerprint),
        [other],
      );
      assert.deepEqual(signatures.map(({ result }) => result).sort(), ['expired', 'good']);
      await assert.rejects(verifyClearsigned(file, keyring, { taken: now }), {
        code: 'VERIFY_BAD_SIGNATURE',
      });
    });

    it('is that of its extension, where the keyring has it', async () => {
      await made().gpg([...at(year(2025)), '--quick-set-expire', key, '20300101T000000']);
      const extended = await made().export(key);
      assert.equal(await judge(signature, extended, arriving(year(2026, '11'))), 'good');
      const { signatures } = await verdict(signature, extended, arriving(year(2026, '11')));
      assert.equal(signatures[0]!.keyEnds?.toISOString(), '2030-01-01T00:00:00.000Z');
    });
  });

  it('is that of the subkey that signed, too', async () => {
    const key = await made().generate('Short subkey', 'ed25519', year(2020));
    await made().gpg([...at(year(2020)), '--quick-add-key', key, 'ed25519', 'sign', '1y']);
    const keyring = await made().export(key);
    const signature = await made().sign(key, data, year(2020, '06'));
    assert.equal(await judge(signature, keyring, arriving(year(2026, '11'))), 'expired');
    assert.equal(await judge(signature, keyring, recorded('signed')), 'good');
    const early = await verdict(signature, keyring, arriving(year(2020, '07')));
    assert.equal(early.signatures[0]!.keyEnds?.toISOString(), '2020-12-31T00:00:00.000Z');
    const own = await made().sign(`${key}!`, data, year(2020, '06'));
    const found = await verdict(own, keyring, arriving(year(2026, '11')));
    assert.deepEqual([found.result, found.signatures[0]!.keyEnds], ['good', null]);
  });

  it('is that of its primary key, where this ends before the subkey', async () => {
    const key = await made().generate('Short primary', 'ed25519', year(2020), [], '1y');
    await made().gpg([...at(year(2020)), '--quick-add-key', key, 'ed25519', 'sign', 'never']);
    const keyring = await made().export(key);
    const signature = await made().sign(key, data, year(2020, '06'));
    assert.equal(await judge(signature, keyring, arriving(year(2026, '11'))), 'expired');
    const early = await verdict(signature, keyring, arriving(year(2020, '07')));
    assert.equal(early.signatures[0]!.keyEnds?.toISOString(), '2020-12-31T00:00:00.000Z');
  });

  /** As a person revokes it: the reason is asked for, one answer a line. */
  async function revoke(key: string, date: Date, reason: string): Promise<void> {
    const answers = ['y', reason, '', 'y', ''].join('\n');
    const certificate = await made().gpg(
      [...at(date), '--no-batch', '--command-fd', '0', '--output', '-', '--gen-revoke', key],
      answers,
    );
    await made().gpg(['--import'], certificate.stdout);
  }

  it('is now for one that was retired since; what is recorded stays', async () => {
    for (const reason of ['2', '3']) {
      const key = await made().generate(`Retired ${reason}`, 'ed25519', year(2020));
      const signature = await made().sign(key, data, year(2021));
      await revoke(key, year(2022), reason);
      const keyring = await made().export(key);
      assert.equal(await judge(signature, keyring, arriving(year(2026, '11'))), 'revoked');
      assert.equal(await judge(signature, keyring, recorded(year(2021, '02'))), 'good');
      assert.equal(await judge(signature, keyring, recorded('signed')), 'good');
      const later = await made()
        .sign(key, data, year(2023))
        .catch(() => undefined);
      assert.equal(later, undefined, 'gpg itself refuses');
    }
  });

  it('makes no difference for one that was stolen', async () => {
    const key = await made().generate('Stolen', 'ed25519', year(2020));
    const signature = await made().sign(key, data, year(2021));
    await revoke(key, year(2022), '1');
    const keyring = await made().export(key);
    assert.equal(await judge(signature, keyring, arriving(year(2026, '11'))), 'revoked');
    assert.equal(await judge(signature, keyring, recorded('signed')), 'revoked');
  });
});
