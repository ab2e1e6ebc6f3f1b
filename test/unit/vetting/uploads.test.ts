import assert from 'node:assert/strict';
import { uncovered, type UploadFacts } from '../../../src/vetting/foreign-source.js';

describe('a package that an upload names', () => {
  const facts: UploadFacts = {
    source: 'hello',
    sourceVersion: '1-1',
    binaries: new Set(['hello', 'hello-data']),
    architectures: new Set(['source', 'amd64', 'all']),
    distribution: 'unstable',
  };
  const entry = { package: 'hello', source: 'hello', sourceVersion: '1-1', architecture: 'amd64' };

  it('is covered if source, name and architecture are those of the upload', () => {
    assert.equal(uncovered(entry, facts), null);
    assert.equal(uncovered({ ...entry, package: 'hello-data', architecture: 'all' }, facts), null);
    assert.equal(uncovered({ ...entry, package: 'hello-dbgsym' }, facts), null);
  });

  it('is not covered otherwise', () => {
    const other = (more: Partial<typeof entry>): string => uncovered({ ...entry, ...more }, facts) ?? '';
    assert.match(
      other({ source: 'other' }),
      /names the source package other 1-1, but its .changes names hello 1-1/,
    );
    assert.match(other({ sourceVersion: '2-1' }), /names the source package hello 2-1/);
    assert.match(other({ package: 'stranger' }), /which the source package hello 1-1 does not name/);
    assert.match(other({ package: 'stranger-dbgsym' }), /does not name/);
    assert.match(other({ architecture: 'arm64' }), /is for arm64, which its .changes does not name/);
  });
});
