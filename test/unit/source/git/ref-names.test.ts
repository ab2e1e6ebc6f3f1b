import assert from 'node:assert/strict';
import {
  compareNames,
  fitsPattern,
  versionOfBranch,
  versionOfTag,
} from '../../../../src/source/git/ref-names.js';

describe('names of refs', () => {
  it('of tags stand for versions', () => {
    const versions: [string, string | null][] = [
      ['1.43.0', '1.43.0'],
      ['v0.20.1', '0.20.1'],
      ['1.43.0-rc.1', '1.43.0-rc.1'],
      ['v0.23.0-a18', '0.23.0-a18'],
      ['REL1_43_2', '1.43.2'],
      ['nightly', null],
      ['1.0 beta', null],
      ['1..0', null],
    ];
    for (const [name, version] of versions) assert.equal(versionOfTag(name, '*'), version, name);
    assert.equal(versionOfTag('release-1.2', 'release-*'), '1.2');
    assert.equal(versionOfTag('branch_43', 'branch_*'), null);
    assert.equal(versionOfTag('v1.2', 'v*'), '1.2');
  });

  it('of branches stand for versions where they name one, and not a line of them', () => {
    assert.equal(versionOfBranch('wmf/1.47.0-wmf.9'), '1.47.0-wmf.9');
    assert.equal(versionOfBranch('v2.0'), '2.0');
    for (const name of ['REL1_43', 'master', '1.x', 'wmf/next'])
      assert.equal(versionOfBranch(name), null, name);
  });

  it('fit patterns, in which a star stops at a slash', () => {
    assert.ok(fitsPattern('wmf/1.47.0-wmf.9', 'wmf/*'));
    assert.ok(!fitsPattern('wmf/a/b', 'wmf/*'));
    assert.ok(fitsPattern('REL1_43', 'REL1_4*'));
    assert.ok(!fitsPattern('REL1x43', 'REL1.4*') && !fitsPattern('aREL1_43', 'REL1_4*'));
    assert.ok(fitsPattern('a+b(c)', 'a+b(c)'));
  });

  it('order by the numbers in them', () => {
    const sorted = ['REL1_9', 'REL1_43', 'REL1_43_1', 'wmf/1.47.0-wmf.9', 'wmf/1.47.0-wmf.14'];
    assert.deepEqual([...sorted].reverse().sort(compareNames), sorted);
  });
});
