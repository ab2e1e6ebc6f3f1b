import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LockstepError } from '../../../../src/errors.js';
import { parseGitmodules } from '../../../../src/source/git/gitmodules.js';

describe('.gitmodules', () => {
  it('is read as git writes it', () => {
    const text = [
      '# comment',
      '[submodule "extensions/Cite"]',
      '\tpath = extensions/Cite',
      '\turl = ../extensions/Cite ; where',
      '\tbranch = .',
      '\tignore',
      '[submodule "a \\"b\\""]',
      '\tpath = "with space"\r',
      '\tURL = https://example.org/a',
      '[submodule "gone"]',
      '\turl = ../gone',
    ].join('\n');
    assert.deepEqual(parseGitmodules(text, '.gitmodules'), [
      { path: 'extensions/Cite', url: '../extensions/Cite' },
      { path: 'with space', url: 'https://example.org/a' },
    ]);
    assert.deepEqual(parseGitmodules('', '.gitmodules'), []);
  });

  it('names its line where it is refused', () => {
    assert.throws(
      () => parseGitmodules('[submodule "x"]\n\tpath = x\n\turl = ssh://host/x\n', 'sub/.gitmodules'),
      (error: LockstepError) =>
        error.code === 'SOURCE_SUBMODULE' && error.where[0]!.file === 'sub/.gitmodules',
    );
  });

  it('gives nothing that leaves its tree, whatever is in it', () => {
    const line = fc.oneof(
      fc.constantFrom(
        '[submodule "x"]',
        'path = ..',
        'path = a/../../b',
        'url = ../y',
        'path = a',
        '\tpath = "/b"',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        try {
          for (const { path, url } of parseGitmodules(lines.join('\n'), 'f')) {
            assert.ok(!path.startsWith('/') && !path.split('/').includes('..') && !path.startsWith('-'));
            assert.match(url, /^(?:\.\.?\/|https?:\/\/)/);
          }
        } catch (error) {
          assert.ok(error instanceof LockstepError);
        }
      }),
    );
  });
});
