/**
 * Releases of a small set with everything that superseding has to think of, and
 * a machine without the pin that follows the suite by apt and dpkg themselves.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../src/io/process.js';
import { packageEntry, sourceEntry } from '../../../src/snapshot/content.js';
import type { SnapshotBuild, SnapshotComponent } from '../../../src/snapshot/manifest.js';
import { planSnapshot } from '../../../src/snapshot/snapshot-plan.js';
import { applySnapshot, lastSnapshot, listSnapshots } from '../../../src/snapshot/snapshot-folder.js';
import { provenFrom, readByApt } from '../../fixtures/snapshots.js';
import { IsolatedApt, type PackageWish } from '../../fixtures/archive-bench.js';
import type { MoveBench } from './move-bench.js';

/** What the distribution has of its own in the set. */
const distributed = new Set(['cache']);

/** Cuts a snapshot of these; `cache` is the distribution's. */
export async function cutSet(
  bench: MoveBench,
  wishes: readonly PackageWish[],
  builds: SnapshotBuild[] = [],
): Promise<string> {
  const { work, context } = bench;
  const { snapshots } = context.places;
  work.clock.move(60);
  const built = await Promise.all(wishes.map((wish) => work.deb(wish)));
  const ours = wishes.filter(({ name }) => !distributed.has(name));
  const sources = await Promise.all(ours.map(({ name, version }) => work.source(name, version)));
  const component = (name: string): SnapshotComponent => ({
    pin: {
      kind: 'apt-binary',
      component: name,
      upstreamVersion: '1',
      date: 0,
      provenance: [],
      packages: [],
    },
    build: { inputs: '0'.repeat(64), method: 'none' },
  });
  const plan = planSnapshot({
    content: {
      profile: 'set',
      base: { distribution: 'debian', release: '12', codename: 'bookworm', architectures: ['amd64'] },
      components: Object.fromEntries([...distributed].map((name) => [name, component(name)])),
      packages: built.map((item) => packageEntry(item, { component: item.package, area: 'main' })),
      sources: sources.map((item) => sourceEntry(item, 'main')),
      sourceChangelogs: [],
      builds,
      evidence: [
        { gate: 'vetting', state: 'passed', parameters: {}, facts: { packages: 1 } },
        { gate: 'smoke', state: 'passed', parameters: {}, facts: { answered: true } },
        readByApt,
        provenFrom(await listSnapshots(snapshots, 'set')),
      ],
      schema: { component: 'wiki', version: '1', digest: 'd'.repeat(64) },
    },
    last: await lastSnapshot(snapshots, 'set'),
    taken: (await listSnapshots(snapshots)).map(({ id }) => id),
    now: work.clock.now(),
    tool: { name: 'lockstep', version: '0' },
  });
  await applySnapshot(snapshots, plan, { signer: work.signer, now: work.clock.now() });
  return plan.id;
}

/** A set around `wiki` of one version; its skin stays the same but names the wiki exactly. */
export function wikiSet(version: string, cache: string, keyring = '1+lockstep1'): PackageWish[] {
  return [
    { name: 'wiki', version, depends: `wiki-data (= ${version})` },
    { name: 'wiki-data', version },
    { name: 'parser', version: '0.5+lockstep1', depends: 'wiki (>= 1:1.0-1+lockstep1)' },
    { name: 'cache', version: cache },
    {
      name: 'set-full',
      version: version.replace(/^1:/, '').replace('-1', ''),
      depends: `wiki (= ${version}), parser (= 0.5+lockstep1), cache (>= ${cache})`,
    },
    { name: 'test-archive-keyring', version: keyring },
  ];
}

/** A machine without the pin: apt with folders of its own, and a dpkg that unpacks into a folder. */
export class UnpinnedMachine {
  readonly apt: IsolatedApt;
  readonly root: string;

  private constructor(apt: IsolatedApt, root: string) {
    this.apt = apt;
    this.root = root;
  }

  static async make(bench: MoveBench, suite: string): Promise<UnpinnedMachine> {
    const folder = join(bench.work.root, 'machine');
    const text = await readFile(join(bench.work.public, `debian/${suite}.sources`), 'utf8');
    const sources = text.replace(/^URIs:.*$/gm, `URIs: file:${bench.work.public}/debian`);
    const apt = await IsolatedApt.make(folder, sources);
    const root = join(folder, 'root');
    for (const part of ['info', 'updates', 'triggers'])
      await mkdir(join(root, 'var/lib/dpkg', part), { recursive: true });
    await writeFile(join(root, 'var/lib/dpkg/status'), '');
    const configuration = await readFile(join(folder, 'apt.conf'), 'utf8');
    await writeFile(
      join(folder, 'apt.conf'),
      `${configuration.replace(/^Dir::State::status.*$/m, `Dir::State::status "${root}/var/lib/dpkg/status";`)}
DPkg::Options { "--root=${root}"; "--force-script-chrootless"; };
APT::Get::Assume-Yes "true";
`,
    );
    return new UnpinnedMachine(apt, root);
  }

  /** @throws Error where apt ends with a fault */
  async get(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.apt.run('apt-get', ...args);
    if (exitCode !== 0) throw new Error(`apt-get ${args.join(' ')}: ${stdout}\n${stderr}`);
    return stdout;
  }

  /** What `apt-get update && apt-get dist-upgrade` would do, as apt counts it at its end. */
  async simulated(command: 'dist-upgrade' | 'upgrade' = 'dist-upgrade'): Promise<string> {
    await this.get('update');
    const said = await this.get('--simulate', command);
    return /^\d+ upgraded.*$/m.exec(said)![0];
  }

  /** Follows the suite; gives what is installed then. */
  async follow(): Promise<Record<string, string>> {
    await this.get('update');
    await this.get('dist-upgrade');
    return await this.installed();
  }

  /** Versions of what is installed, and whole. */
  async installed(): Promise<Record<string, string>> {
    const admin = `--admindir=${this.root}/var/lib/dpkg`;
    const { stdout } = await run('dpkg-query', [
      admin,
      '-W',
      '-f',
      '${db:Status-Abbrev} ${Package} ${Version}\n',
    ]);
    return Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line): [string, string] => {
          const [state = '', name = '', version = ''] = line.split(/ +/);
          return [name, state === 'ii' ? version : `${version} (${state})`];
        }),
    );
  }

  /** What a file of the set says on this machine. */
  async text(path: string): Promise<string> {
    return await readFile(join(this.root, path), 'utf8');
  }
}
