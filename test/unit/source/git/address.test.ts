import assert from 'node:assert/strict';
import { addressOf, submoduleAddress } from '../../../../src/source/git/address.js';

describe('addresses of repositories', () => {
  it('are of the web, or folders that are relative to the workspace', () => {
    assert.deepEqual(addressOf('https://example.org/core/', '/w'), {
      kind: 'web',
      url: 'https://example.org/core',
    });
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
    }
    assert.throws(() => submoduleAddress('file:///core', '../../x', '.gitmodules'), /climbs/);
  });
});
