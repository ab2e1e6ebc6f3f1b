import assert from 'node:assert/strict';
import { namespaceCommand, obstacleOf } from '../../../src/build/namespace.js';

describe('the command line of a namespace', () => {
  it('cuts off the network, mounts and processes, and ties the lives together', () => {
    const { program, args } = namespaceCommand('root', ['true', 'a b']);
    assert.equal(program, 'setpriv');
    for (const part of [
      '--pdeathsig=KILL',
      '--net',
      '--mount',
      '--pid',
      '--ipc',
      '--uts',
      '--kill-child=KILL',
    ]) {
      assert.ok(args.includes(part), part);
    }
    assert.ok(!args.includes('--user'));
    assert.deepEqual(args.slice(-3), ['--', 'true', 'a b']);
  });

  it('is root by subordinate ids where we are not', () => {
    const { args } = namespaceCommand('subordinate', ['true']);
    for (const part of ['--user', '--map-root-user', '--map-auto']) assert.ok(args.includes(part), part);
  });
});

describe('what keeps a process from namespaces', () => {
  const can = 'CapInh:\t0000000000000000\nCapEff:\t000001ffffffffff\n';
  const cannot = 'CapInh:\t0000000000000000\nCapEff:\t00000000a80425fb\n';
  const root = '22 1 8:1 / / rw,relatime - ext4 /dev/root rw\n23 22 0:21 / /proc rw - proc proc rw\n';
  const chroot = '23 22 0:21 / /proc rw - proc proc rw\n';

  it('is told by what /proc says', () => {
    assert.equal(obstacleOf('root', { mountinfo: null, status: null }), 'no-proc');
    assert.equal(obstacleOf('root', { mountinfo: root, status: cannot }), 'capability');
    assert.equal(obstacleOf('root', { mountinfo: chroot, status: can }), 'chroot');
    assert.equal(obstacleOf('root', { mountinfo: root, status: can }), 'unknown');
    assert.equal(obstacleOf('subordinate', { mountinfo: root, status: cannot }), 'user-namespaces');
    assert.equal(obstacleOf('subordinate', { mountinfo: chroot, status: cannot }), 'chroot');
  });
});
