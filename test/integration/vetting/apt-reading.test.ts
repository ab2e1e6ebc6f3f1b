import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordedParagraph } from '../../../src/deb/one-paragraph.js';
import { LockstepError } from '../../../src/errors.js';
import type { SnapshotPackage } from '../../../src/snapshot/manifest.js';
import { assertAptReads } from '../../../src/vetting/install/apt-reading.js';
import { samplePackage } from '../../fixtures/sample-snapshot.js';

/** A package with a paragraph that nobody judged. */
function withFields(name: string, fields: string): SnapshotPackage {
  const entry = samplePackage({ name, version: '1' });
  return { ...entry, stanza: recordedParagraph(`${entry.stanza}${fields}`) };
}

describe('apt reads what an index will have', () => {
  let temporary: string;
  before(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'lockstep-reading-'));
  });
  after(() => rm(temporary, { recursive: true, force: true }));

  const good = Array.from({ length: 300 }, (_, at) => samplePackage({ name: `good${at}`, version: '1' }));
  const read = (packages: readonly SnapshotPackage[]): Promise<void> =>
    assertAptReads(packages, { architectures: ['amd64', 'arm64'], temporary });

  async function refusal(packages: readonly SnapshotPackage[]): Promise<LockstepError> {
    try {
      await read(packages);
    } catch (error) {
      assert.ok(error instanceof LockstepError, String(error));
      return error;
    }
    throw new assert.AssertionError({ message: 'apt read it' });
  }

  it('says nothing of a good one, and leaves nothing behind', async () => {
    await read(good);
    await read([]);
    assert.deepEqual(await readdir(temporary), []);
  });

  it('names each package that apt does not read', async () => {
    const bad = [withFields('bad1', 'Depends: foo bar\n'), withFields('bad2', 'Provides: , foo\n')];
    const error = await refusal([...good.slice(0, 100), ...bad, ...good.slice(100)]);
    assert.equal(error.code, 'INDEX_UNREADABLE');
    assert.deepEqual(
      error.where.map(({ path, message }) => `${path}: ${message}`),
      [
        'bad1 1 all: Problem parsing dependency 20 of bad1:amd64=1',
        'bad2 1 all: Problem parsing Provides line of bad2:amd64=1',
      ].map((text) => text.replaceAll(':amd64=', ':all=')),
    );
    assert.match(error.message, /^apt cannot read the control paragraph of bad1 1, bad2 1: Problem parsing/);
    assert.deepEqual(await readdir(temporary), []);
  });

  it('names one that ends apt', async () => {
    const error = await refusal([...good, withFields('bad', `Depends: ${'a'.repeat(69_990)}\n`)]);
    assert.deepEqual(
      error.where.map(({ path, message }) => `${path}: ${message}`),
      ['bad 1 all: ended by SIGABRT'],
    );
  });

  it('reads packages of every architecture', async () => {
    const foreign = { ...withFields('bad', 'Depends: foo bar\n'), architecture: 'arm64' };
    const stanza = recordedParagraph(foreign.stanza.replace('Architecture: all', 'Architecture: arm64'));
    assert.equal((await refusal([...good, { ...foreign, stanza }])).where.length, 1);
  });
});
