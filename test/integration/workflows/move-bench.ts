/**
 * A workspace whose snapshots are cut by the test itself out of tiny packages,
 * and the context that workflows run in: nothing is resolved or built.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DiskPort } from '../../../src/archive/disk-port.js';
import type { ArchivePort } from '../../../src/archive/port.js';
import { LocalBuilder } from '../../../src/build/local-builder.js';
import { buildLimits } from '../../../src/profile/workspace-schema.js';
import { placesOf } from '../../../src/cli/wire.js';
import { parseRelease, type Release } from '../../../src/deb/release-file.js';
import { withoutArmour } from '../../../src/deb/stanza.js';
import { silentProgress } from '../../../src/io/progress.js';
import { loadWorkspace } from '../../../src/profile/load.js';
import { packageEntry, sourceEntry } from '../../../src/snapshot/content.js';
import type { HistoryEntry } from '../../../src/suite/history.js';
import type { EvidenceDraft } from '../../../src/snapshot/evidence.js';
import type { SnapshotManifest, SnapshotSchema } from '../../../src/snapshot/manifest.js';
import { planSnapshot } from '../../../src/snapshot/snapshot-plan.js';
import { applySnapshot, lastSnapshot, listSnapshots } from '../../../src/snapshot/snapshot-folder.js';
import type { Pin } from '../../../src/source/pin.js';
import { changelogsOf } from '../../../src/workflows/release/set-changelogs.js';
import type { Context } from '../../../src/workflows/workspace/context.js';
import { Ledger } from '../../../src/workflows/workspace/ledger.js';
import { promote } from '../../../src/workflows/move/promote.js';
import { publish } from '../../../src/workflows/move/publish.js';
import { rollback, type RollbackRequest } from '../../../src/workflows/move/rollback.js';
import { provenFrom, readByApt } from '../../fixtures/snapshots.js';
import { Workbench, type PackageWish } from '../../fixtures/archive-bench.js';

const workspaceText = `format: 1
archive:
  name: test
  origin: Test
  label: Test
  description: An archive for a test
  baseUrl: http://127.0.0.1:9
  maintainer: Test <test@example.invalid>
signing: { method: openpgp, keyFile: key.asc }
trustLevels: [unstable, testing, stable]
suites:
  set-unstable: { profile: set, trust: unstable, validFor: 14d, retain: 3 }
  set-testing: { profile: set, trust: testing, validFor: 14d, retain: 3 }
  set-stable: { profile: set, trust: stable, validFor: 14d, retain: 3 }
  other-stable: { profile: other, trust: stable }
`;

/** One package that the set decides (`wiki`, `set-full`), and one that it takes in any later version (`cache`). */
const profileText = `format: 1
description: a set
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64] }
components:
  wiki:
    source: { kind: apt-source, package: wiki, version: '>=1' }
    build: { method: debian }
    packages: [wiki]
    relation: exact
  cache:
    source: { kind: apt-binary, packages: [cache], version: '>=1' }
    relation: minimum
metapackage: { name: set-full, lead: wiki, templates: [set-full] }
`;

const bases = {
  '12': { distribution: 'debian', release: '12', codename: 'bookworm', architectures: ['amd64'] },
  '13': { distribution: 'debian', release: '13', codename: 'trixie', architectures: ['amd64'] },
};

/** What makes `cache` a package of the distribution. */
const cachePin: Pin = {
  kind: 'apt-binary',
  component: 'cache',
  upstreamVersion: '1.0',
  date: 1_700_000_000,
  provenance: [],
  packages: [],
};

function componentsOf(pins: readonly Pin[]): SnapshotManifest['components'] {
  const build = { inputs: 'c'.repeat(64), method: 'none' };
  return Object.fromEntries(pins.map((pin) => [pin.component, { pin, build }]));
}

/** Packages of `wiki` bring one, where their files are not said. */
function withChangelog(wish: PackageWish): PackageWish {
  const { name, version } = wish;
  if (name !== 'wiki') return wish;
  const changelog = `${name} (${version}) unstable; urgency=low\n\n  * New.\n`;
  return { files: { [`/usr/share/doc/${name}/changelog`]: changelog }, ...wish };
}

export interface CutOptions {
  profile?: string;
  base?: keyof typeof bases;
  schema?: SnapshotSchema;
  security?: string[];
  /** That all of what was cut before can be come from, where it is left out. */
  evidence?: EvidenceDraft[];
  /** Pins besides that of `cache`; null for a set that was imported, which has none. */
  pins?: readonly Pin[] | null;
}

export const schemaOf = (version: string): SnapshotSchema => ({
  component: 'wiki',
  version,
  digest: version.replaceAll(/\D/g, '').padEnd(64, '0'),
});

export class MoveBench {
  readonly work: Workbench;
  readonly context: Context;

  private constructor(work: Workbench, context: Context) {
    this.work = work;
    this.context = context;
  }

  /** @param ago, validFor as of Workbench.make */
  static async make(ago?: number, validFor?: number): Promise<MoveBench> {
    const work = await Workbench.make(ago, validFor);
    await writeFile(join(work.root, 'lockstep.yaml'), workspaceText);
    await mkdir(join(work.root, 'profiles'));
    await writeFile(join(work.root, 'profiles/set.yaml'), profileText);
    await writeFile(join(work.root, 'profiles/other.yaml'), profileText);
    const places = placesOf(work.root, work.cache);
    const context: Context = {
      workspace: await loadWorkspace(work.root),
      places,
      store: work.store,
      archive: new DiskPort(places.public),
      builder: new LocalBuilder({
        ...{
          store: work.store,
          http: undefined as never,
          cacheDir: places.cache,
          temporary: places.temporary,
        },
        cores: 2,
        limits: buildLimits.parse({}),
        now: () => work.clock.now(),
      }),
      http: undefined as never,
      clock: work.clock,
      progress: silentProgress,
      signal: new AbortController().signal,
      env: {},
      actor: 'tester@here',
      command: 'lockstep test',
      toolVersion: '0',
    };
    return new MoveBench(work, context);
  }

  /** The same workspace for another process: nothing is remembered, and the archive may be another port. */
  again(archive?: ArchivePort): Context {
    return { ...this.context, archive: archive ?? this.context.archive };
  }

  /** Cuts a snapshot of these packages, a minute after whatever was before. */
  async cut(wishes: readonly PackageWish[], options: CutOptions = {}): Promise<string> {
    const { work, context } = this;
    const { snapshots } = context.places;
    const { profile = 'set', base = '12', schema, security, evidence, pins = [] } = options;
    work.clock.move(60);
    const built = await Promise.all(wishes.map((wish) => work.deb(withChangelog(wish))));
    const sources = await Promise.all(wishes.map(({ name, version }) => work.source(name, version)));
    const packages = built.map((item) => packageEntry(item, { component: item.package, area: 'main' }));
    const last = await lastSnapshot(snapshots, profile);
    const plan = planSnapshot({
      content: {
        profile,
        base: bases[base],
        components: componentsOf(pins === null ? [] : [cachePin, ...pins]),
        packages,
        sources: sources.map((item) => sourceEntry(item, 'main')),
        sourceChangelogs: await changelogsOf(context, packages, last === null ? [] : [last.manifest]),
        builds: [],
        evidence: [readByApt, ...(evidence ?? [provenFrom(await listSnapshots(snapshots, profile))])],
        schema,
        security,
      },
      last,
      taken: (await listSnapshots(snapshots)).map(({ id }) => id),
      now: work.clock.now(),
      tool: { name: 'lockstep', version: '0' },
    });
    await applySnapshot(snapshots, plan, { signer: work.signer, now: work.clock.now() });
    return plan.id;
  }

  /** `wiki` and `set-full` of one version. */
  async cutWiki(version: string, options: CutOptions & { cache?: string } = {}): Promise<string> {
    const { cache = '1.0-1', ...rest } = options;
    const set = [
      { name: 'wiki', version },
      { name: 'set-full', version, depends: `wiki (= ${version}), cache` },
      { name: 'cache', version: cache },
    ];
    return await this.cut(set, rest);
  }

  async publish(
    id: string,
    suite = 'set-unstable',
    options: { reason?: string; dryRun?: boolean; lower?: boolean } = {},
  ) {
    this.work.clock.move(60);
    return await publish(this.context, {
      id,
      suite,
      lower: options.lower === true,
      reason: options.reason,
      dryRun: options.dryRun === true,
    });
  }

  async promote(
    from: string,
    to: string,
    options: { id?: string; reason?: string; schemaChange?: boolean; dryRun?: boolean; lower?: boolean } = {},
  ) {
    this.work.clock.move(60);
    return await promote(this.context, {
      from,
      to,
      id: options.id,
      reason: options.reason,
      schemaChange: options.schemaChange === true,
      lower: options.lower === true,
      dryRun: options.dryRun === true,
      onOutlook: () => undefined,
    });
  }

  async rollback(suite: string, options: Partial<RollbackRequest> = {}) {
    this.work.clock.move(60);
    return await rollback(this.context, {
      suite,
      to: undefined,
      reason: 'it broke',
      schemaChange: false,
      supersede: false,
      dryRun: false,
      onOutlook: () => undefined,
      ...options,
    });
  }

  async history(suite: string): Promise<HistoryEntry[]> {
    return [...(await Ledger.open(this.context.places.snapshots)).history(suite)];
  }

  /** What the InRelease of a suite says. */
  async release(suite: string): Promise<Release> {
    const text = await readFile(join(this.work.public, 'debian/dists', suite, 'InRelease'), 'utf8');
    return parseRelease(withoutArmour(text));
  }

  async end(): Promise<void> {
    await this.work.remove();
  }
}
