import assert from 'node:assert/strict';
import { toolsOf } from '../../../src/build/namespace.js';
import { debianTools, toolMissing } from '../../../src/io/tools.js';

describe('a missing program', () => {
  it('is named with the package that brings it', () => {
    const error = toolMissing('dpkg-buildpackage');
    assert.equal(error.code, 'TOOL_MISSING');
    assert.match(error.message, /dpkg-buildpackage is not installed/);
    assert.equal(error.hint, 'On Debian: apt-get install dpkg-dev');
  });

  it('is named with the others, each package once', () => {
    const error = toolMissing(['dpkg-source', 'xz', 'dpkg-buildpackage']);
    assert.equal(error.hint, 'On Debian: apt-get install dpkg-dev xz-utils');
  });

  it('takes the package from whoever knows it', () => {
    assert.match(toolMissing('mw', 'mediawiki').hint ?? '', /install mediawiki$/);
  });
});

describe('what set-up installs', () => {
  it('is everything that a release looks for before it builds', () => {
    for (const name of toolsOf.root) assert.equal(debianTools.get(name)?.for, 'release', name);
    for (const name of toolsOf.subordinate) assert.match(debianTools.get(name)?.for ?? '', /^release/, name);
  });
});
