import assert from 'node:assert/strict';
import { hierarchiesOf } from '../../../src/io/control-group.js';

describe('hierarchies of control groups', () => {
  it('of version 1: those with a controller that limits something, from the own group up to the mount', () => {
    const mounts = [
      'tmpfs /sys/fs/cgroup tmpfs rw 0 0',
      'cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0',
      'cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0',
      'cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0',
      'cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0',
    ].join('\n');
    const own = '8:pids:/\n4:memory:/a/b\n1:cpu:/x\n0::/u\n';
    assert.deepEqual(hierarchiesOf(mounts, own), [
      {
        version: 1,
        folders: ['/sys/fs/cgroup/memory/a/b', '/sys/fs/cgroup/memory/a', '/sys/fs/cgroup/memory'],
        controllers: ['memory'],
      },
      { version: 1, folders: ['/sys/fs/cgroup/pids'], controllers: ['pids'] },
      {
        version: 2,
        folders: ['/sys/fs/cgroup/unified/u', '/sys/fs/cgroup/unified'],
        controllers: ['memory', 'pids'],
      },
    ]);
  });

  it('of version 2: one', () => {
    assert.deepEqual(
      hierarchiesOf(
        'cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n',
        '0::/user.slice/user-0.slice/session-1.scope\n',
      ).map(({ version, folders }) => [version, folders.length, folders.at(-1)]),
      [[2, 4, '/sys/fs/cgroup']],
    );
  });

  it('stay below the mount where the own group is outside of it, and are none without mounts', () => {
    const [one] = hierarchiesOf('cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n', '0::/../outside\n');
    assert.deepEqual(one!.folders, ['/sys/fs/cgroup']);
    assert.deepEqual(hierarchiesOf('proc /proc proc rw 0 0\n', '0::/\n'), []);
  });
});
