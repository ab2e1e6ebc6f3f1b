import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { isTemporaryName, sha256Of, temporaryName } from '../../../src/io/disk.js';
import { diskFault } from '../../../src/io/disk-fault.js';

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: no`), { code, errno: -1, syscall: 'write' });
}

describe('what the system says about a file', () => {
  it('is DISK_FULL when there is no room or no quota', () => {
    for (const errno of ['ENOSPC', 'EDQUOT']) {
      const fault = diskFault(systemError(errno), 'write', '/x/y');
      assert.ok(fault instanceof LockstepError);
      assert.equal(fault.code, 'DISK_FULL');
      assert.match(fault.message, /write \/x\/y/);
    }
  });

  it('is DISK_IO otherwise', () => {
    const fault = diskFault(systemError('EIO'), 'read', '/x/y');
    assert.equal(fault instanceof LockstepError && fault.code, 'DISK_IO');
  });

  it('leaves alone what the system did not say', () => {
    const bug = new TypeError('x is not a function');
    assert.equal(diskFault(bug, 'write', '/x'), bug);
    const ours = new LockstepError('NET_STALLED', { message: 'x' });
    assert.equal(diskFault(ours, 'write', '/x'), ours);
  });
});

describe('names', () => {
  it('of temporary files lie beside their place, are known again, and differ', () => {
    const name = temporaryName('/a/b/InRelease');
    assert.match(name, /^\/a\/b\/\.InRelease\./);
    assert.equal(isTemporaryName(name.slice('/a/b/'.length)), true);
    assert.equal(isTemporaryName('InRelease'), false);
    assert.notEqual(name, temporaryName('/a/b/InRelease'));
    assert.ok(temporaryName(`/a/${'x'.repeat(250)}`).length < 255);
  });

  it('of blobs are hashes and nothing else', () => {
    const store = new ContentStore('/s');
    const hash = sha256Of('');
    assert.equal(store.path(hash), `/s/sha256/${hash.slice(0, 2)}/${hash}`);
    for (const bad of ['../../etc/passwd', hash.toUpperCase(), hash.slice(1), '', `${hash}\n`]) {
      assert.throws(() => store.path(bad), TypeError, bad);
    }
  });
});
