import assert from 'node:assert/strict';
import type { SignatureResult } from '../../../src/signing/verdict.js';
import { readStatus } from '../../../src/signing/gpgv.js';

const key = '4CB50190207B4758A3F73A796ED0E7B82643E131';
const id = key.slice(-16);
const made = 1_790_000_000;
const date = new Date((made + 100) * 1000);

interface Shape {
  holder?: string;
  timestamp?: number;
  algorithm?: number;
  hash?: number;
  signatureClass?: string;
}

function status({
  holder = 'GOODSIG',
  timestamp = made,
  algorithm = 22,
  hash = 10,
  signatureClass = '00',
}: Shape) {
  return [
    'gpgv: Good signature from "[GNUPG:] VALIDSIG"',
    '[GNUPG:] NEWSIG',
    `[GNUPG:] KEY_CONSIDERED ${key} 0`,
    `[GNUPG:] ${holder} ${id} Somebody <[GNUPG:] BADSIG>`,
    `[GNUPG:] VALIDSIG ${key} 2026-09-21 ${timestamp} 0 4 0 ${algorithm} ${hash} ${signatureClass} ${key}`,
    '',
  ].join('\n');
}

function judged(shape: Shape, bits?: number, kind: 'text' | 'detached' = 'detached'): SignatureResult {
  const [signature, ...more] = readStatus(status(shape), {
    taken: { kind: 'arriving', now: date },
    kind,
    rsaBits: () => bits,
    revocations: () => [],
  });
  assert.equal(more.length, 0);
  assert.ok(signature);
  assert.equal(signature.keyId, id);
  assert.equal(signature.fingerprint, key);
  return signature.result;
}

describe("gpgv's status lines", () => {
  it('are good only with algorithms known to be strong', () => {
    assert.equal(judged({}), 'good');
    assert.equal(judged({ algorithm: 1 }, 4096), 'good');
    assert.equal(judged({ algorithm: 1 }, 1024), 'weak');
    assert.equal(judged({ algorithm: 1 }), 'weak');
    assert.equal(judged({ algorithm: 17 }), 'weak');
    for (const hash of [1, 2, 3]) assert.equal(judged({ hash }), 'weak');
  });

  it('are not good for expired or revoked keys, though gpgv itself ends with success', () => {
    assert.equal(judged({ holder: 'EXPKEYSIG' }), 'expired');
    assert.equal(judged({ holder: 'EXPSIG' }), 'expired');
    assert.equal(judged({ holder: 'REVKEYSIG' }), 'revoked');
    assert.equal(judged({ holder: 'SOMETHINGNEW' }) === 'good', false);
  });

  it('are bad for another class of signature, or a date in the future', () => {
    assert.equal(judged({ signatureClass: '10' }), 'bad');
    assert.equal(judged({ signatureClass: '00' }, undefined, 'text'), 'bad');
    assert.equal(judged({ signatureClass: '01' }, undefined, 'text'), 'good');
    assert.equal(judged({ signatureClass: '01' }), 'weak');
    assert.equal(judged({ timestamp: made + 1000 }), 'bad');
  });

  it('are taken one signature at a time', () => {
    const text = [
      '[GNUPG:] NEWSIG',
      `[GNUPG:] ERRSIG ${id} 1 8 01 ${made} 9 ${key}`,
      `[GNUPG:] NO_PUBKEY ${id}`,
      '[GNUPG:] NEWSIG',
      `[GNUPG:] BADSIG ${id} Somebody`,
      '[GNUPG:] NEWSIG',
      `[GNUPG:] ERRSIG ${id} 99 8 01 ${made} 4 -`,
      '[GNUPG:] NEWSIG',
      '[GNUPG:] NODATA 4',
      status({}),
    ].join('\n');
    assert.deepEqual(
      readStatus(text, {
        taken: { kind: 'arriving', now: date },
        kind: 'detached',
        rsaBits: () => undefined,
        revocations: () => [],
      }).map(({ result }) => result),
      ['unknown-key', 'bad', 'unverifiable', 'unverifiable', 'good'],
    );
  });

  it('say nothing where there is no signature', () => {
    assert.deepEqual(
      readStatus('gpgv: verify signatures failed\n', {
        taken: { kind: 'arriving', now: date },
        kind: 'text',
        rsaBits: () => undefined,
        revocations: () => [],
      }),
      [],
    );
  });
});
