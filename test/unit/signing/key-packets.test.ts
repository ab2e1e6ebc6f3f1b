import assert from 'node:assert/strict';
import fc from 'fast-check';
import * as openpgp from 'openpgp';
import { rsaLengths } from '../../../src/signing/key-packets.js';

describe('the lengths of RSA keys', () => {
  it('are those that openpgp.js reads, under the same fingerprints', async () => {
    const rsa = await openpgp.generateKey({
      type: 'rsa',
      rsaBits: 2048,
      userIDs: [{ name: 'A' }],
      format: 'object',
    });
    const curve = await openpgp.generateKey({ userIDs: [{ name: 'B' }], format: 'object' });
    const keyring = Buffer.concat([
      curve.publicKey.write(),
      Buffer.from([0xc0 | 39, 1, 0]),
      rsa.publicKey.write(),
    ]);
    const expected = rsa.publicKey
      .getKeys()
      .map((key) => [key.getFingerprint().toUpperCase(), 2048] as const);
    assert.equal(expected.length, 2);
    assert.deepEqual(rsaLengths(keyring), new Map(expected));
  });

  it('are none in bytes that are no keyring', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        assert.ok(rsaLengths(bytes) instanceof Map);
      }),
    );
    assert.equal(rsaLengths(Buffer.from([0x99, 0xff, 0xff, 4])).size, 0);
  });
});
