import assert from 'node:assert/strict';
import { globalFlagsBehind } from '../../../src/cli/global-flags.js';

describe('global flags before the command', () => {
  const becomes = (typed: string, expected: string): void =>
    assert.deepEqual(globalFlagsBehind(typed.split(' ')), expected === '' ? [] : expected.split(' '));

  it('go behind the words of the command and its arguments', () => {
    becomes('-C dir status', 'status -C dir');
    becomes('--json -Cdir key rotate --dry-run', 'key rotate --json -Cdir --dry-run');
    becomes('--workspace=dir import tools pool --add', 'import tools pool --workspace=dir --add');
    becomes('--workspace dir import tools -- --odd', 'import tools --workspace dir -- --odd');
  });

  it('change nothing where none is there, or none is global', () => {
    for (const typed of ['status -C dir', '--help', '--version', '--dry-run cut wiki', '-C'])
      becomes(typed, typed);
  });

  it('mean nothing for help, the version, and no command at all', () => {
    becomes('-C dir', '');
    becomes('--json -C dir --help', '--help');
    becomes('-C dir --version', '--version');
  });
});
