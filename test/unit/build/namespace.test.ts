import assert from 'node:assert/strict';
import { namespaceCommand } from '../../../src/build/namespace.js';

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
