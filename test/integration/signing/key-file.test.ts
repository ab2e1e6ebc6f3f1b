import assert from 'node:assert/strict';
import { chmod, readdir, readFile, stat, symlink } from 'node:fs/promises';
import type { ErrorCode } from '../../../src/errors.js';
import { LockstepError } from '../../../src/errors.js';
import { passphraseFrom, readKeyFile, writeKeyFile } from '../../../src/signing/key-file.js';
import type { Scratch } from '../../fixtures/signing-machine.js';
import { scratch } from '../../fixtures/signing-machine.js';

const withCode = (code: ErrorCode) => (error: unknown) =>
  error instanceof LockstepError && error.code === code;

describe('a key file', () => {
  let dir: Scratch;
  beforeEach(async () => {
    dir = await scratch();
  });
  afterEach(() => dir.remove());

  it('is its owner’s alone, in a folder that is made', async () => {
    const file = dir.path('keys/archive.asc');
    await writeKeyFile(file, 'secret');
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(dir.path('keys'))).mode & 0o777, 0o700);
    assert.equal(await readKeyFile(file), 'secret');
    assert.deepEqual(await readdir(dir.path('keys')), ['archive.asc']);
  });

  it('is never overwritten, and nothing is left beside it', async () => {
    const file = dir.path('archive.asc');
    await writeKeyFile(file, 'first');
    await assert.rejects(writeKeyFile(file, 'second'), withCode('SIGN_KEY_EXISTS'));
    assert.equal(await readFile(file, 'utf8'), 'first');
    assert.deepEqual(await readdir(dir.path('.')), ['archive.asc']);
  });

  it('is not written through a dangling link', async () => {
    await symlink(dir.path('elsewhere'), dir.path('archive.asc'));
    await assert.rejects(writeKeyFile(dir.path('archive.asc'), 'key'), withCode('SIGN_KEY_EXISTS'));
    assert.deepEqual(await readdir(dir.path('.')), ['archive.asc']);
  });

  it('goes to one of two that write at once', async () => {
    const file = dir.path('archive.asc');
    const results = await Promise.allSettled([writeKeyFile(file, 'a'), writeKeyFile(file, 'b')]);
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    const lost = results.find((result) => result.status === 'rejected');
    assert.ok(withCode('SIGN_KEY_EXISTS')(lost?.reason));
    assert.deepEqual(await readdir(dir.path('.')), ['archive.asc']);
  });

  it('is refused when others can read it', async () => {
    const file = await dir.put('archive.asc', 'secret', 0o600);
    for (const mode of [0o640, 0o604, 0o622]) {
      await chmod(file, mode);
      await assert.rejects(readKeyFile(file), withCode('SIGN_KEY_MODE'));
    }
    await chmod(file, 0o400);
    assert.equal(await readKeyFile(file), 'secret');
  });

  it('is named when it is missing', async () => {
    await assert.rejects(readKeyFile(dir.path('none.asc')), withCode('SIGN_KEY_MISSING'));
    await assert.rejects(readKeyFile(dir.path('no/ne.asc')), withCode('SIGN_KEY_MISSING'));
  });

  it('is not read when it is endless', async () => {
    await assert.rejects(
      readKeyFile(await dir.put('big.asc', Buffer.alloc(1024 * 1024 + 1), 0o600)),
      withCode('SIGN_KEY_INVALID'),
    );
  });
});

describe('a passphrase', () => {
  let dir: Scratch;
  before(async () => {
    dir = await scratch();
    await dir.put('one', 'from one\nsecond line\n', 0o600);
    await dir.put('two', ' from two \r\n', 0o600);
    await dir.put('open', 'shown to all\n', 0o644);
    await dir.put('empty', '\nx\n', 0o600);
  });
  after(() => dir.remove());

  const from = (env: Record<string, string>, file?: string) =>
    passphraseFrom({ env, file, directory: dir.path('.') });

  it('comes from the environment first, then from the file the environment names, then from the workspace’s', async () => {
    const LOCKSTEP_PASSPHRASE_FILE = dir.path('two');
    assert.equal(await from({ LOCKSTEP_PASSPHRASE: 'direct', LOCKSTEP_PASSPHRASE_FILE }, 'one'), 'direct');
    assert.equal(await from({ LOCKSTEP_PASSPHRASE: '', LOCKSTEP_PASSPHRASE_FILE }, 'one'), ' from two ');
    assert.equal(await from({}, 'one'), 'from one');
    assert.equal(await from({}), undefined);
  });

  it('is refused from a file that others can read, that is empty or missing', async () => {
    await assert.rejects(from({}, 'open'), withCode('SIGN_KEY_MODE'));
    await assert.rejects(from({}, 'empty'), withCode('SIGN_PASSPHRASE_NEEDED'));
    await assert.rejects(
      from({ LOCKSTEP_PASSPHRASE_FILE: 'none' }, 'one'),
      withCode('SIGN_PASSPHRASE_NEEDED'),
    );
  });
});
