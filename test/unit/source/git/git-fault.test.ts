import assert from 'node:assert/strict';
import { isTransient } from '../../../../src/io/http-fault.js';
import { gitFault } from '../../../../src/source/git/git-fault.js';

const url = 'https://git.example.org/core';
const want = '1'.repeat(40);
const of = (stderr: string, endedBy?: string) =>
  gitFault(url, want, { stderr, ...(endedBy === undefined ? {} : { endedBy }) });

describe('what git says when it cannot fetch', () => {
  it('has one code for each kind of fault', () => {
    const said: [string, string][] = [
      [`fatal: remote error: upload-pack: not our ref ${want}`, 'SOURCE_REF_UNKNOWN'],
      [`error: Server does not allow request for unadvertised object ${want}`, 'SOURCE_REF_UNKNOWN'],
      ['fatal: remote error: access denied or repository not exported: /x', 'NET_STATUS'],
      [`fatal: could not read Username for '${url}': terminal prompts disabled`, 'NET_STATUS'],
      [`fatal: repository '${url}/' not found`, 'NET_NOT_FOUND'],
      [`fatal: unable to access '${url}/': The requested URL returned error: 503`, 'NET_STATUS'],
      ['error: RPC failed; curl 28 Operation too slow. Less than 1 bytes/sec', 'NET_STALLED'],
      ['error: RPC failed; curl 18 transfer closed with outstanding read data remaining', 'NET_TRUNCATED'],
      [`fatal: unable to access '${url}/': Could not resolve host: git.example.org`, 'NET_UNREACHABLE'],
      ['ssh: connect to host git.example.org port 22: Connection refused', 'NET_UNREACHABLE'],
      ['Host key verification failed.', 'NET_UNREACHABLE'],
      ['git@git.example.org: Permission denied (publickey).', 'NET_STATUS'],
      ['fatal: write error: No space left on device', 'DISK_FULL'],
      ['fatal: write error: File too large', 'NET_TOO_LARGE'],
      ['error: index-pack died of signal 25', 'NET_TOO_LARGE'],
      ['fatal: Out of memory, malloc failed (tried to allocate 9 bytes)', 'NET_TOO_LARGE'],
      [`error: object ${want}: hasDotdot: contains '..'`, 'DEB_UNSAFE_NAME'],
      [`error: object ${want}: gitmodulesUrl: disallowed submodule url: -x`, 'SOURCE_SUBMODULE'],
      [`error: object ${want}: duplicateEntries: contains duplicate file entries`, 'SOURCE_GIT_DAMAGED'],
      [`fatal: bad object ${want}\nerror: remote did not send all necessary objects`, 'SOURCE_GIT_DAMAGED'],
      ['fatal: early EOF', 'SOURCE_GIT_DAMAGED'],
      ['fatal: something that nobody has seen yet', 'SOURCE_GIT_DAMAGED'],
      ['', 'SOURCE_GIT_DAMAGED'],
    ];
    for (const [stderr, code] of said) assert.equal(of(stderr).code, code, stderr);
    assert.equal(of('', 'SIGXFSZ').code, 'NET_TOO_LARGE');
  });

  it('is tried again only where that may help', () => {
    assert.ok(isTransient(of(`fatal: unable to access '${url}/': Failed to connect to host`)));
    assert.ok(!isTransient(of(`fatal: unable to access '${url}/': server certificate verification failed.`)));
    assert.ok(!isTransient(of('Host key verification failed.')));
  });

  it("is not decided by the server's own talk", () => {
    const stderr =
      'remote: fatal: Out of memory, malloc failed\nremote: Host key verification failed.\nfatal: early EOF';
    assert.equal(of(stderr).code, 'SOURCE_GIT_DAMAGED');
    const told = of('fatal: remote error: a\u001b[2Jb').message;
    assert.ok(!told.includes('\u001b'), told);
  });
});
