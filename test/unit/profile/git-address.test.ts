import assert from 'node:assert/strict';
import { gitAddress } from '../../../src/profile/names.js';

describe('addresses of git repositories in a profile', () => {
  it('are of the web, of ssh, or paths', () => {
    for (const address of [
      'https://git.example.org/core',
      'ssh://git.example.org/core.git',
      'ssh://git@git.example.org:2222/~me/core.git',
      'git@git.example.org:mediawiki/core.git',
      '../core',
      '/srv/git/core',
    ])
      assert.ok(gitAddress.safeParse(address).success, address);
  });

  it('hold no password, no option and no program', () => {
    for (const address of [
      'https://me@git.example.org/core',
      'ssh://me:pw@git.example.org/core',
      'ssh://-oProxyCommand=id/core',
      'ssh://-l@git.example.org/core',
      'git@-oProxyCommand=id:core',
      '-oProxyCommand=id@host:core',
      'git@git.example.org:-u./payload',
      'ext::sh -c id',
      'git://git.example.org/core',
    ])
      assert.ok(!gitAddress.safeParse(address).success, address);
  });
});
