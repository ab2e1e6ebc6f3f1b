/** What one package can cost: memory of the whole process, which no package may take past 300 MB. */
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostileDebs, largeDeb, largestDeb, longLinksDeb } from '../../fixtures/hostile-debs.js';
import { importedArchive, type ImportedArchive } from '../../fixtures/imported-archive.js';
import { lockstep, type CommandOutcome } from '../../fixtures/lockstep.js';
import { measuredInto, peakIn } from '../../fixtures/peak-memory.js';

/** In MB, of all threads together. */
const mostMemory = 300;

describe('a package that is made to cost much', function () {
  let place: ImportedArchive;

  before(async () => {
    place = await importedArchive([]);
  });
  after(() => rm(place.workspace, { recursive: true, force: true }));

  async function imported(
    bytes: Buffer,
    flags = ['--dry-run'],
  ): Promise<CommandOutcome & { megabytes: number }> {
    const file = join(place.workspace, 'hostile.deb');
    await writeFile(file, bytes);
    const peak = join(place.workspace, 'peak');
    const env = { ...place.env, ...measuredInto(peak) };
    const outcome = await lockstep(['import', 'tiny', file, ...flags], { cwd: place.workspace, env });
    return { ...outcome, megabytes: await peakIn(peak) };
  }

  for (const [what, make] of Object.entries(hostileDebs)) {
    it(`is refused for ${what}, with little memory`, async () => {
      const bytes = await make();
      assert.ok(bytes.length < 3_000_000);
      const { status, stderr, megabytes } = await imported(bytes);
      assert.equal(status, 3, stderr);
      assert.match(stderr, /\[(?:budget|control-field)\]/);
      assert.ok(megabytes < mostMemory, `${megabytes} MB`);
    });
  }

  it('is taken with long links, with little memory', async () => {
    const { status, stderr, megabytes } = await imported(await longLinksDeb());
    assert.equal(status, 0, stderr);
    assert.ok(megabytes < mostMemory, `${megabytes} MB`);
  });

  it('is not one of 100,000 files, which is taken', async () => {
    const { status, stderr, megabytes } = await imported(await largeDeb());
    assert.equal(status, 0, stderr);
    assert.ok(megabytes < mostMemory, `${megabytes} MB`);
  });

  it('is taken with as much of everything as the limits allow, with little memory', async () => {
    const { status, stderr, megabytes } = await imported(await largestDeb(), []);
    assert.equal(status, 0, stderr);
    assert.ok(megabytes < mostMemory, `${megabytes} MB`);
  });
});
