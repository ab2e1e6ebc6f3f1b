import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { planKeyring } from '../../../src/metapackage/compose.js';
import { keyringTemplate } from '../../../src/metapackage/pinned-packages.js';
import { readTemplates } from '../../../src/metapackage/template-folder.js';
import { checkWorkspace } from '../../../src/profile/profiles.js';
import { run } from '../../../src/io/process.js';
import type { SuiteConfig } from '../../../src/profile/workspace-schema.js';
import { IsolatedApt, Workbench } from '../../fixtures/archive-bench.js';

const project = resolve(import.meta.dirname, '../../..');

/** An archive of two suites, one of which has an Origin and a Label of its own. */
describe("suites with an origin and a label of their own, by the keyring package's configuration", function () {
  this.timeout(60_000);
  let bench: Workbench;
  let apt: IsolatedApt;
  const own = { origin: 'Farm Legacy', label: 'Farm 1.39' };

  /** The text of a file of the keyring package. */
  const shipped = async (path: RegExp): Promise<string> => {
    const { workspace, profiles } = await checkWorkspace(project);
    const archive = { ...workspace!.archive, origin: 'Test', label: 'Test' };
    const [[name, suite]] = Object.entries(workspace!.suites) as [[string, SuiteConfig]];
    const suites = { ...workspace!.suites, [name]: { ...suite, ...own } };
    const template = (await readTemplates(project, [keyringTemplate])).get(keyringTemplate)!;
    const key = { fingerprint: 'F'.repeat(40), binary: new Uint8Array([1]), date: 1_700_000_000, suites: [] };
    const input = {
      workspace: { ...workspace!, archive, suites },
      profiles,
      imported: [],
      published: new Map(),
    };
    const { packages } = await planKeyring({ ...input, template, key }, []);
    const entry = packages[0]!.entries.find((one) => path.test(one.path));
    assert.ok(entry?.kind === 'file' && entry.content instanceof Uint8Array);
    return Buffer.from(entry.content).toString('utf8');
  };

  before(async () => {
    bench = await Workbench.make();
    await bench.publish(await bench.snapshot([{ name: 'mediawiki', version: '1.0' }]));
    bench.suite = { ...bench.suite, name: 'legacy', ...own };
    await bench.publish(await bench.snapshot([{ name: 'mediawiki', version: '0.9' }]));
    const sources = await Promise.all(
      ['set-stable', 'legacy'].map((name) => readFile(join(bench.public, `debian/${name}.sources`), 'utf8')),
    );
    apt = await IsolatedApt.make(join(bench.root, 'apt'), sources.join('\n'));
  });
  after(async () => bench.remove());

  it('are pinned as the others are', async () => {
    assert.deepEqual(await apt.update(), []);
    await writeFile(join(apt.root, 'etc/preferences.d/zz-pin'), await shipped(/preferences\.d/));
    const { stdout } = await apt.run('apt-cache', 'policy', 'mediawiki');
    for (const version of ['1.0', '0.9']) {
      assert.match(stdout, new RegExp(`^ +${version.replace('.', '\\.')} 1001$`, 'm'), stdout);
    }
    const release = await readFile(join(bench.public, 'debian/dists/legacy/Release'), 'utf8');
    assert.match(release, /^Origin: Farm Legacy\nLabel: Farm 1\.39\n/m);
  });

  it('are among those that unattended-upgrades follows', async () => {
    const file = join(apt.root, 'unattended.conf');
    await writeFile(file, await shipped(/apt\.conf\.d/));
    const { stdout } = await run('apt-config', ['dump', 'Unattended-Upgrade::Origins-Pattern'], {
      env: { APT_CONFIG: file },
    });
    const patterns = stdout.split('\n').filter((line) => line.includes('origin='));
    assert.equal(patterns.length, 2, stdout);
    assert.ok(patterns[1]!.includes('"origin=Farm Legacy,label=Farm 1.39"'), stdout);
  });
});
