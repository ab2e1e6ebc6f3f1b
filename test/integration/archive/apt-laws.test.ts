/** The behaviour of apt itself that docs/explanation/architecture.md states as laws, where our archive never shows it. */
import assert from 'node:assert/strict';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IsolatedApt, Workbench } from '../../fixtures/archive-bench.js';

describe('apt, given a Release file that Lockstep never writes', function () {
  this.timeout(60_000);
  let bench: Workbench;
  let view: string;
  let apt: IsolatedApt;

  beforeEach(async () => {
    bench = await Workbench.make();
    view = join(bench.public, 'debian/dists/set-stable');
    await bench.publish(await bench.snapshot([{ name: 'tiny', version: '1.0' }]));
    const sources = await readFile(join(bench.public, 'debian/set-stable.sources'), 'utf8');
    apt = await IsolatedApt.make(join(bench.root, 'apt'), sources);
    assert.deepEqual(await apt.update(), []);
  });
  afterEach(async () => {
    await bench.remove();
  });

  /** Signs the suite's Release again, with other fields, dated so many seconds from now. */
  async function resign(seconds: number, fields: Readonly<Record<string, string>> = {}): Promise<void> {
    const now = new Date();
    const date = new Date(now.getTime() + seconds * 1000).toUTCString().replace('GMT', 'UTC');
    let text = await readFile(join(view, 'Release'), 'utf8');
    for (const [name, value] of Object.entries({ ...fields, Date: date })) {
      text = `${name}: ${value}\n${text.replace(new RegExp(`^${name}: .*\\n`, 'm'), '')}`;
    }
    await writeFile(join(view, 'InRelease'), await bench.signer.clearsign(text, now));
  }

  it('ignores one that is older than the one it has, and says nothing (law 1)', async () => {
    const old = join(bench.root, 'old');
    await cp(view, old, { recursive: true });
    await bench.publish(await bench.snapshot([{ name: 'tiny', version: '2.0' }]));
    assert.deepEqual(await apt.update(), []);
    await rm(view, { recursive: true });
    await cp(old, view, { recursive: true });
    assert.deepEqual(await apt.update(), []);
    assert.deepEqual(await apt.versions('tiny'), ['2.0']);
  });

  it('takes one that is dated a few seconds ahead, and refuses one that is further ahead (law 6)', async () => {
    await resign(5);
    assert.deepEqual(await apt.update(), []);
    await resign(3600);
    assert.match((await apt.update()).join('\n'), /^E: Release file for .* is not valid yet/m);
  });

  for (const [field, value, complaint] of [
    ['Origin', 'Other', "'Origin' value"],
    ['Label', 'Other', "'Label' value"],
    ['Codename', 'other', "'Codename' value"],
    ['NotAutomatic', 'yes', 'default priority'],
  ] as const) {
    it(`stops at another ${field} until somebody agrees (law 9)`, async () => {
      await resign(0, { [field]: value });
      assert.match((await apt.update()).join('\n'), new RegExp(`^E: .* changed its ${complaint}`, 'm'));
      const agreed = await apt.run('apt-get', 'update', '--allow-releaseinfo-change');
      assert.equal(agreed.exitCode, 0, agreed.stderr);
    });
  }
});
