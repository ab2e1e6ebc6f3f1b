import assert from 'node:assert/strict';
import { readConffiles, triggersFault } from '../../../src/deb/dpkg-control-files.js';

describe('the conffiles file of a package', () => {
  const fault = (text: string): string => {
    const read = readConffiles(text);
    return 'fault' in read ? read.fault : '';
  };

  it('lists absolute paths, and which of them dpkg removes', () => {
    const text =
      '/etc/a.conf\n\n/etc/b.conf \t\nremove-on-upgrade /etc/old.conf\nremove-on-upgrade /etc/../x\n';
    assert.deepEqual(readConffiles(text), { removed: ['etc/old.conf'] });
    assert.deepEqual(readConffiles(''), { removed: [] });
  });

  it('is refused for what dpkg does not read', () => {
    assert.match(fault('etc/a.conf\n'), /has the line "etc\/a.conf", which is not an absolute path/);
    assert.match(fault('obsolete /etc/a.conf\n'), /is not an absolute path/);
    assert.match(fault('remove-on-upgrade etc/a.conf\n'), /is not an absolute path/);
    for (const text of ['/etc/a.conf', '/etc/a\0b\n', `/${'a'.repeat(997)}\n`, `/${'é'.repeat(499)}\n`])
      assert.match(fault(text), /has a line that is too long, has a NUL or has no newline at its end/);
  });
});

describe('the triggers file of a package', () => {
  it('has interests and activations', () => {
    const text =
      '# of x\n\n  interest-noawait /usr/share/x\ninterest name+1.0\nactivate-await any!thing\nactivate x\n';
    assert.equal(triggersFault(text), null);
    assert.equal(triggersFault(''), null);
  });

  it('is refused for what dpkg does not read', () => {
    for (const line of [
      'interested /x',
      'interest',
      'interest -x',
      'interest !x',
      'activate a b',
      'activate é',
    ])
      assert.match(triggersFault(`${line}\n`)!, /which is not a trigger \(deb-triggers\(5\)\)/, line);
    assert.match(triggersFault('activate x')!, /no newline at its end/);
    assert.match(triggersFault(`activate ${'x'.repeat(255)}\n`)!, /too long/);
  });
});
