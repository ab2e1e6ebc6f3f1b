import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { judgeWithGpgv } from '../../../src/signing/gpgv.js';
import type { SignatureResult, Taken } from '../../../src/signing/verifier.js';
import { verifyClearsigned, verifyDetached } from '../../../src/signing/verifier.js';
import { at, withGnupg } from '../../fixtures/signing-machine.js';

const year = (n: number, month = '01'): Date => new Date(`${n}-${month}-01T00:00:00Z`);
const date = year(2026, '11');
const data = Buffer.from('an upstream tarball');

describe('signatures as upstreams make them with gpg', () => {
  const { home: made, dir } = withGnupg('gpgv');

  const arriving = { kind: 'arriving', now: date } as const;
  const judge = async (
    signature: string,
    keyring: Uint8Array,
    taken: Taken = arriving,
  ): Promise<SignatureResult> =>
    (await verifyDetached(data, signature, keyring, { taken, scratch: dir().path('.') })).result;

  it('are good with RSA of 3072 bits', async () => {
    const key = await made().generate('RSA', 'rsa3072', year(2020));
    assert.equal(await judge(await made().sign(key, data, year(2021)), await made().export(key)), 'good');
  });

  it('are good by a signing subkey, in the name of its primary key', async () => {
    const key = await made().generate('Subkeys', 'ed25519', year(2020));
    await made().gpg([...at(year(2020)), '--quick-add-key', key, 'ed25519', 'sign', 'never']);
    const signature = await made().sign(key, data, year(2021));
    const verdict = await verifyDetached(data, signature, await made().export(key), {
      taken: { kind: 'arriving', now: date },
    });
    assert.equal(verdict.result, 'good');
    assert.equal(verdict.fingerprint, key);
    assert.notEqual(verdict.signatures[0]?.signingKey, key);
  });

  it('are weak over SHA-1', async () => {
    const key = await made().generate('Strong', 'rsa3072', year(2020));
    const args = ['--digest-algo', 'SHA1', '--detach-sign'];
    assert.equal(
      await judge(await made().sign(key, data, year(2021), args), await made().export(key)),
      'weak',
    );
  });

  it('are weak by a key that vouches for itself with SHA-1', async () => {
    const key = await made().generate('SHA-1 self', 'rsa3072', year(2012), ['--cert-digest-algo', 'SHA1']);
    assert.equal(await judge(await made().sign(key, data, year(2021)), await made().export(key)), 'weak');
  });

  it('are weak by short RSA and by DSA', async () => {
    for (const algorithm of ['rsa1024', 'dsa2048']) {
      const key = await made().generate(`Old ${algorithm}`, algorithm, year(2012));
      assert.equal(await judge(await made().sign(key, data, year(2021)), await made().export(key)), 'weak');
    }
  });

  it('are weak as text signatures, which do not cover line ends', async () => {
    const key = await made().generate('Text', 'ed25519', year(2020));
    const args = ['--textmode', '--detach-sign'];
    assert.equal(
      await judge(await made().sign(key, data, year(2021), args), await made().export(key)),
      'weak',
    );
  });

  it('are good by a renewed key that was exported without its older self-signatures', async () => {
    const key = await made().generate('Renewed', 'ed25519', year(2020), [], '1y');
    const signature = await made().sign(key, data, year(2020, '06'));
    await made().gpg([...at(year(2020, '12')), '--quick-set-expire', key, '20300101T000000']);
    const { bytes } = await made().gpg(['--export-options', 'export-minimal', '--export', '--', key]);
    assert.equal(await judge(signature, bytes), 'good');
    assert.equal(await judge(signature, bytes, { kind: 'recorded', at: 'signed' }), 'good');
  });

  it('are expired by a key that had expired before', async () => {
    const key = await made().generate('Expired before', 'ed25519', year(2020));
    const signature = await made().sign(key, data, year(2022));
    await made().gpg([...at(year(2020, '06')), '--quick-set-expire', key, '20210101T000000']);
    assert.equal(await judge(signature, await made().export(key)), 'expired');
  });

  it('are expired when they said so themselves', async () => {
    const key = await made().generate('Short-lived', 'ed25519', year(2020));
    const args = ['--default-sig-expire', '10d', '--detach-sign'];
    assert.equal(
      await judge(await made().sign(key, data, year(2021), args), await made().export(key)),
      'expired',
    );
  });

  it('are revoked by a key that was revoked, whenever they were made', async () => {
    const key = await made().generate('Revoked', 'ed25519', year(2020));
    const signature = await made().sign(key, data, year(2021));
    assert.equal(await judge(signature, await made().export(key)), 'good');
    const file = join(made().homedir, 'openpgp-revocs.d', `${key}.rev`);
    await made().gpg(['--import'], (await readFile(file, 'utf8')).replace(':-----BEGIN', '-----BEGIN'));
    assert.equal(await judge(signature, await made().export(key)), 'revoked');
  });

  it('are bad when dated in the future', async () => {
    const key = await made().generate('Future', 'ed25519', year(2020));
    assert.equal(await judge(await made().sign(key, data, year(2027)), await made().export(key)), 'bad');
  });

  it('make a clearsigned file with the text that gpg read', async () => {
    const key = await made().generate('Clear', 'rsa2048', year(2020));
    const text = 'From me\n- x\n\nlast\n';
    const file = await made().sign(key, text, year(2021), ['--clearsign']);
    const verified = await verifyClearsigned(file, await made().export(key), {
      taken: { kind: 'arriving', now: date },
    });
    assert.equal(verified.text, text);
    assert.deepEqual(verified.signers, [{ fingerprint: key, keyEnds: null }]);
    assert.deepEqual(verified.signatures[0]?.created, year(2021));
  });

  it('are judged alike by gpgv', async () => {
    const key = await made().generate('Second', 'rsa2048', year(2020));
    const keyring = await made().export(key);
    const ask = async (signature: string, bytes = data, ring: Uint8Array = keyring) => {
      const request = {
        data: bytes,
        signature,
        keyring: ring,
        taken: { kind: 'recorded', at: date } as const,
        kind: 'detached' as const,
      };
      return (await judgeWithGpgv({ ...request, scratch: dir().path('.') })).map(({ result }) => result);
    };
    const signature = await made().sign(key, data, year(2021));
    assert.deepEqual(await ask(signature), ['good']);
    assert.deepEqual(await ask(signature, Buffer.from('other')), ['bad']);
    const short = await made().generate('Second, short', 'rsa1024', year(2020));
    assert.deepEqual(await ask(signature, data, await made().export(short)), ['unknown-key']);
    assert.deepEqual(
      await ask(await made().sign(short, data, year(2021)), data, await made().export(short)),
      ['weak'],
    );
    const sha1 = await made().sign(key, data, year(2021), ['--digest-algo', 'SHA1', '--detach-sign']);
    assert.deepEqual(await ask(sha1), ['weak']);
    const { stdout } = await made().gpg(['--armor', '--export', '--', key]);
    assert.deepEqual(await ask(signature, data, Buffer.from(stdout)), ['good']);
    assert.deepEqual(await ask('no signature'), []);
  });
});
