import assert from 'node:assert/strict';
import type { Signer } from '../../../src/signing/signer.js';
import type { SigningRecord } from '../../../src/signing/signing-log.js';
import { formatSigningRecord, loggedSigner } from '../../../src/signing/signing-log.js';

const when = new Date('2026-11-02T10:00:00Z');
const signer: Signer = {
  fingerprint: 'A'.repeat(40),
  clearsign: () => Promise.resolve('signed'),
  detached: () => Promise.resolve('signature'),
  publicKey: () => Promise.resolve({ armored: '', binary: new Uint8Array() }),
};

describe('the log of signatures', () => {
  it('has one line a record, whatever is in it', () => {
    const line = formatSigningRecord({
      what: 'InRelease\n{"forged": true}',
      kind: 'clearsigned',
      when,
      sha256: 'ab',
      key: 'CD',
    });
    assert.equal(line.includes('\n'), false);
    assert.deepEqual(JSON.parse(line), {
      when: '2026-11-02T10:00:00.000Z',
      what: 'InRelease\n{"forged": true}',
      kind: 'clearsigned',
      sha256: 'ab',
      key: 'CD',
    });
  });

  it('records what was signed, when and by which key', async () => {
    const records: SigningRecord[] = [];
    const logged = loggedSigner(signer, (record) => {
      records.push(record);
      return Promise.resolve();
    });
    assert.equal(await logged.clearsign('text', when, 'InRelease of x'), 'signed');
    assert.equal(await logged.detached('text', when), 'signature');
    const sha256 = '982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1';
    assert.deepEqual(records, [
      { what: 'InRelease of x', kind: 'clearsigned', when, sha256, key: signer.fingerprint },
      { what: 'data', kind: 'detached', when, sha256, key: signer.fingerprint },
    ]);
  });

  it('withholds a signature that cannot be recorded', async () => {
    const logged = loggedSigner(signer, () => Promise.reject(new Error('disk full')));
    await assert.rejects(logged.clearsign('text', when), /disk full/);
    await assert.rejects(logged.detached('text', when), /disk full/);
  });
});
