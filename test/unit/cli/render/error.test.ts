import assert from 'node:assert/strict';
import { errorResult } from '../../../../src/cli/error-shape.js';
import { errorToJson, exitOf, renderError } from '../../../../src/cli/render/error.js';
import { LockstepError, errorCodes, exitStatus } from '../../../../src/errors.js';

const fault = new LockstepError('PROFILE_INVALID', {
  message: 'profiles/x.yaml has 2 faults',
  hint: 'Correct what is listed',
  where: [
    {
      file: 'profiles/x.yaml',
      line: 3,
      column: 5,
      path: 'base.codename',
      message: 'must be one of: bookworm',
      value: '"sid"',
    },
    { file: 'profiles/x.yaml', line: 9, message: 'unknown key "sorce"; did you mean "source"?' },
  ],
});

describe('a fault on the terminal', () => {
  it('has its code, every place as a compiler prints it, and what to do', () => {
    assert.equal(
      renderError(fault),
      [
        'Error PROFILE_INVALID: profiles/x.yaml has 2 faults',
        '  profiles/x.yaml:3:5: base.codename: must be one of: bookworm (found "sid")',
        '  profiles/x.yaml:9: unknown key "sorce"; did you mean "source"?',
        'To do: Correct what is listed',
      ].join('\n'),
    );
  });

  it('says a place once, where it is nothing but what the sentence names', () => {
    const told = (where: LockstepError['where']): string =>
      renderError(new LockstepError('NET_NOT_FOUND', { message: 'Not found: http://x/y', where }));
    assert.equal(told([{ value: 'http://x/y' }]), 'Error NET_NOT_FOUND: Not found: http://x/y');
    assert.match(told([{ value: 'http://other' }]), /\(found http:\/\/other\)/);
    assert.match(told([{ value: 'http://x/y', path: 'mirror.debian' }]), /\n {2}mirror\.debian \(found/);
  });

  it('shows a stack only for a bug of ours', () => {
    assert.doesNotMatch(renderError(fault), /\n\s+at /);
    assert.match(
      renderError(new TypeError('x is undefined')),
      /bug in Lockstep[^]*TypeError: x is undefined[^]*\n\s+at /,
    );
  });
});

describe('a fault as JSON', () => {
  it('keeps to its schema', () => {
    assert.deepEqual(errorResult.parse(errorToJson(fault)).error.where?.[1], {
      file: 'profiles/x.yaml',
      line: 9,
      message: 'unknown key "sorce"; did you mean "source"?',
    });
    errorResult.parse(errorToJson(new Error('bug')));
  });
});

describe('exit statuses', () => {
  it('are those of the code, and 1 for a bug', () => {
    for (const [code, [exit]] of Object.entries(errorCodes)) {
      const error = new LockstepError(code as keyof typeof errorCodes, { message: '' });
      assert.equal(exitOf(error), exitStatus[exit], code);
    }
    assert.equal(exitOf(new Error('bug')), 1);
  });
});
