import assert from 'node:assert/strict';
import { toolMissing } from '../../../src/io/tools.js';

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
