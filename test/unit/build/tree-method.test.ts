import assert from 'node:assert/strict';
import { planTree } from '../../../src/build/tree-method.js';
import type { TreeEntry, TreePackage } from '../../../src/build/tree-package.js';
import { LockstepError } from '../../../src/errors.js';
import { file, samplePackage } from '../../fixtures/sample-packages.js';

function faultsOf(change: Partial<TreePackage>, to?: string): string[] {
  const from =
    to === undefined
      ? []
      : [{ archive: { name: 'a.tar', size: 0, sha256: '0'.repeat(64) }, path: '', to, exclude: [] }];
  try {
    planTree({ ...samplePackage(), ...change }, from);
    return [];
  } catch (error) {
    assert.ok(error instanceof LockstepError && error.code === 'DEB_INVALID');
    return error.where.map(({ message }) => message ?? '');
  }
}

function entryFaults(...entries: TreeEntry[]): string[] {
  return faultsOf({ entries });
}

describe('the plan of a tree package', () => {
  it('sorts entries so that folders come before what is in them', () => {
    assert.deepEqual(
      planTree(samplePackage()).map(({ path }) => path),
      ['/etc/sample.conf', '/usr/share/sample/a', '/usr/share/sample/link', '/var/lib/sample'],
    );
  });

  it('refuses paths that are not absolute, climb or are the root', () => {
    assert.match(entryFaults(file('usr/x', '')).join(), /not absolute/);
    assert.match(entryFaults(file('/usr/../../x', '')).join(), /leads out of its folder/);
    assert.match(entryFaults({ kind: 'dir', path: '/', mode: 0o755 }).join(), /the root itself/);
    assert.match(faultsOf({}, 'usr/share').join(), /not absolute/);
  });

  it('refuses a path that is there twice, however it is written', () => {
    assert.deepEqual(entryFaults(file('/usr/x', '1'), file('/usr/x/', '2')), ['/usr/x occurs twice']);
    assert.match(entryFaults(file('/usr//x', '')).join(), /has an empty part/);
  });

  it('refuses modes that no package should have', () => {
    assert.match(entryFaults(file('/x', '', 0o4755)).join(), /set-user-id/);
    assert.match(entryFaults(file('/x', '', 0o666)).join(), /everyone may write/);
    assert.match(entryFaults(file('/x', '', 0o044)).join(), /its owner cannot use it/);
    assert.match(entryFaults(file('/x', '', 420.5)).join(), /no valid mode/);
    assert.match(entryFaults({ kind: 'dir', path: '/x', mode: 0o644 }).join(), /its owner cannot use it/);
    assert.deepEqual(entryFaults({ kind: 'dir', path: '/x', mode: 0o2770 }, file('/y', '', 0o440)), []);
  });

  it('refuses links that lead out of the root', () => {
    const link = (path: string, target: string): TreeEntry => ({ kind: 'symlink', path, target });
    assert.match(entryFaults(link('/usr/x', '../../y')).join(), /leads out of the root/);
    assert.match(entryFaults(link('/usr/x', '/../y')).join(), /leads out of the root/);
    assert.match(entryFaults(link('/usr/x', 'a\nb')).join(), /control characters/);
    assert.match(entryFaults(link('/usr/x', '')).join(), /is empty/);
    assert.deepEqual(entryFaults(link('/usr/x', '../y'), link('/usr/z', '/etc/z')), []);
  });

  it('refuses conffiles that are not there', () => {
    assert.match(
      faultsOf({ conffiles: ['/etc/none'] }).join(),
      /conffile "\/etc\/none" is not a file of the package/,
    );
    assert.match(faultsOf({ conffiles: ['/var/lib/sample'] }).join(), /not a file of the package/);
    assert.deepEqual(faultsOf({ conffiles: ['/etc/sample.conf'] }), []);
    // Whether the tarball has it only the writer sees
    assert.deepEqual(faultsOf({ conffiles: ['/etc/tree/x'] }, '/etc/tree'), []);
  });

  it('says all faults at once', () => {
    assert.equal(faultsOf({ entries: [file('x', '', 0o666)], conffiles: ['/etc/none'] }).length, 3);
  });
});
