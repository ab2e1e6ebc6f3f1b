import assert from 'node:assert/strict';
import { addressOf, submoduleAddress } from '../../../../src/source/git/address.js';

describe('addresses of repositories', () => {
  it('are on a server, or folders that are relative to the workspace', () => {
    assert.deepEqual(addressOf('https://example.org:8443/core/', '/w'), {
      kind: 'remote',
      protocol: 'https',
      url: 'https://example.org:8443/core',
      host: 'example.org:8443',
    });
    for (const url of ['ssh://git@example.org/core.git', 'git@example.org:core.git']) {
      assert.deepEqual(addressOf(url, '/w'), { kind: 'remote', protocol: 'ssh', url, host: 'example.org' });
    }
    assert.deepEqual(addressOf('../core', '/home/w'), { kind: 'folder', path: '/home/core' });
    assert.deepEqual(addressOf('file:///srv/core', '/w'), { kind: 'folder', path: '/srv/core' });
  });

  it('of submodules are relative to the repository around them, as git has it', () => {
    const relative: [string, string, string][] = [
      [
        'https://example.org/mediawiki/core',
        '../extensions/Cite',
        'https://example.org/mediawiki/extensions/Cite',
      ],
      ['https://example.org/core.git/', '../vendor.git', 'https://example.org/vendor.git'],
      ['https://example.org:8443/a/b', './c', 'https://example.org:8443/a/b/c'],
      ['ssh://git@example.org:2222/a/b', '../c', 'ssh://git@example.org:2222/a/c'],
      ['git@example.org:a/b.git', '../c.git', 'git@example.org:a/c.git'],
      ['git@example.org:/srv/b', './c', 'git@example.org:/srv/b/c'],
      ['file:///srv/core', '../vendor', 'file:///srv/vendor'],
      ['/srv/core', '../vendor/', '/srv/vendor'],
      ['../core', '../vendor', '../vendor'],
      ['./core', '../vendor', './vendor'],
      ['https://example.org/a', 'https://other.example/b', 'https://other.example/b'],
    ];
    for (const [parent, url, result] of relative) {
      assert.equal(submoduleAddress(parent, url, '.gitmodules'), result);
    }
  });

  it('of submodules do not leave their host', () => {
    for (const url of ['../../x', '../../../evil.example/x', '../../a/b']) {
      assert.throws(
        () => submoduleAddress('https://example.org/core', url, '.gitmodules'),
        /climbs above example\.org/,
      );
      for (const parent of ['ssh://git@example.org/core', 'git@example.org:core'])
        assert.throws(() => submoduleAddress(parent, url, '.gitmodules'), /climbs above example\.org/);
    }
    assert.throws(() => submoduleAddress('file:///core', '../../x', '.gitmodules'), /climbs/);
  });
});
