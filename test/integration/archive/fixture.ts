/**
 * A throw-away archive: a folder, a store, a key made now, a clock that the
 * test moves, tiny packages, and an apt of this machine that knows nothing but
 * that archive.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { applyPublication, type PublicationResult } from '../../../src/archive/apply.js';
import { BlockStore } from '../../../src/archive/block-store.js';
import { DiskPort } from '../../../src/archive/disk-port.js';
import { FileLists } from '../../../src/archive/file-lists.js';
import type { PublicationPlan } from '../../../src/archive/publication-plan.js';
import type { ArchivePort } from '../../../src/archive/port.js';
import { preparePublication, type ListedSnapshot } from '../../../src/archive/publication.js';
import type { SuiteIdentity } from '../../../src/archive/release.js';
import { SnapshotRecords } from '../../../src/archive/snapshot-record.js';
import type { BuiltPackage, BuiltSource } from '../../../src/build/built.js';
import { writeDeb } from '../../../src/deb/deb-file.js';
import type { Clock } from '../../../src/io/clock.js';
import { xzCompress } from '../../../src/io/compress.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { sha256Of } from '../../../src/io/disk.js';
import { run, type RunResult } from '../../../src/io/process.js';
import { writeKeyFile } from '../../../src/signing/key-file.js';
import { generateKey } from '../../../src/signing/keys.js';
import { openpgpSigner, type Signer } from '../../../src/signing/signer.js';
import { packageEntry, sourceEntry } from '../../../src/snapshot/content.js';
import type { Snapshot } from '../../../src/snapshot/manifest.js';
import { planSnapshot } from '../../../src/snapshot/snapshot-plan.js';
import { debFileName } from '../../../src/snapshot/pool-path.js';

const day = 86_400;

export class MovableClock implements Clock {
  #now: number;
  readonly slept: number[] = [];

  constructor(start: Date) {
    this.#now = start.getTime();
  }

  now(): Date {
    return new Date(this.#now);
  }

  move(seconds: number): void {
    this.#now += seconds * 1000;
  }

  sleep(milliseconds: number): Promise<void> {
    this.slept.push(milliseconds);
    this.#now += milliseconds;
    return Promise.resolve();
  }
}

export interface PackageWish {
  name: string;
  version: string;
  depends?: string;
  files?: Record<string, string>;
  /** Paths among `files`. */
  conffiles?: string[];
  section?: string;
  /** More control fields. */
  fields?: Record<string, string>;
}

export class Workbench {
  readonly root: string;
  readonly store: ContentStore;
  readonly signer: Signer;
  readonly clock: MovableClock;
  readonly port: DiskPort;
  suite: SuiteIdentity = { name: 'set-stable', validFor: 14 * day, retain: 3 };
  /** Where `public/` is reachable; `file:` until a server is started. */
  baseUrl: string;
  readonly #taken = new Set<string>();

  private constructor(root: string, signer: Signer, clock: MovableClock) {
    this.root = root;
    this.signer = signer;
    this.clock = clock;
    this.store = new ContentStore(join(root, 'store'));
    this.port = new DiskPort(this.public);
    this.baseUrl = `file:${this.public}`;
  }

  /**
   * @param ago seconds by which the clock is behind: what is dated ahead of it must be in the past for apt
   * @param validFor seconds after which the key ends; without it, never
   */
  static async make(ago = 3600, validFor?: number): Promise<Workbench> {
    const root = await mkdtemp(join(tmpdir(), 'lockstep-archive-'));
    const clock = new MovableClock(new Date((Math.floor(Date.now() / 1000) - ago) * 1000));
    const key = await generateKey({
      name: 'Test Archive',
      date: new Date(clock.now().getTime() - 60_000),
      ...(validFor === undefined ? {} : { validFor }),
    });
    const keyFile = join(root, 'key.asc');
    await writeKeyFile(keyFile, key.privateArmored);
    return new Workbench(root, await openpgpSigner({ keyFile }), clock);
  }

  get public(): string {
    return join(this.root, 'public');
  }

  get cache(): string {
    return join(this.root, 'cache');
  }

  get keyring(): string {
    return join(this.public, 'debian/archive-keyring.gpg');
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }

  async deb(wish: PackageWish): Promise<BuiltPackage> {
    const chunks: Buffer[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    const files = wish.files ?? { [`/usr/share/doc/${wish.name}/version`]: `${wish.version}\n` };
    const made = await writeDeb(
      {
        control: {
          Package: wish.name,
          Version: wish.version,
          Architecture: 'all',
          Maintainer: 'Test <test@example.invalid>',
          Section: wish.section ?? 'web',
          Depends: wish.depends,
          ...wish.fields,
          Description: `test package ${wish.name}\nwith a long description\n\nof two paragraphs`,
        },
        entries: Object.entries(files).map(([path, text]) => ({
          kind: 'file' as const,
          path,
          mode: 0o644,
          body: Buffer.from(text),
        })),
        conffiles: wish.conffiles ?? [],
        mtime: 1_700_000_000,
      },
      sink,
      { compress: (input) => xzCompress(input, { preset: 0 }) },
    );
    const blob = await this.store.put(Buffer.concat(chunks));
    const version = wish.version;
    return {
      package: wish.name,
      version,
      architecture: 'all',
      source: wish.name,
      sourceVersion: version,
      control: made.control,
      file: { name: debFileName(wish.name, version, 'all'), ...blob },
    };
  }

  async source(name: string, version: string): Promise<BuiltSource> {
    const tarball = await this.store.put(Buffer.from(`tarball of ${name} ${version}`));
    const file = { name: `${name}_${version}.tar.xz`, ...tarball };
    const dsc = Buffer.from(
      `Format: 3.0 (native)\nSource: ${name}\nBinary: ${name}\nArchitecture: all\nVersion: ${version}\nMaintainer: Test <test@example.invalid>\nChecksums-Sha256:\n ${file.sha256} ${file.size} ${file.name}\n`,
    );
    const dscFile = { name: `${name}_${version}.dsc`, ...(await this.store.put(dsc)) };
    return {
      package: name,
      version,
      stanza: `Package: ${name}\nBinary: ${name}\nVersion: ${version}\nMaintainer: Test <test@example.invalid>\nArchitecture: all\nFormat: 3.0 (native)\n`,
      files: [dscFile, file],
    };
  }

  /** Cuts a snapshot of these packages, a minute after the last. */
  async snapshot(wishes: readonly PackageWish[], last: Snapshot | null = null): Promise<Snapshot> {
    this.clock.move(60);
    const built = await Promise.all(wishes.map((wish) => this.deb(wish)));
    const sources = await Promise.all(wishes.map(({ name, version }) => this.source(name, version)));
    return this.cut(built, sources, last);
  }

  cut(built: readonly BuiltPackage[], sources: readonly BuiltSource[], last: Snapshot | null): Snapshot {
    const plan = planSnapshot({
      content: {
        profile: 'set',
        base: { distribution: 'debian', release: '12', codename: 'bookworm', architectures: ['amd64'] },
        components: {},
        packages: built.map((item) => packageEntry(item, { component: item.package, area: 'main' })),
        sources: sources.map((item) => sourceEntry(item, 'main')),
        sourceChangelogs: [],
        builds: [],
        evidence: [{ gate: 'vetting', state: 'passed', parameters: { rules: 1 }, facts: {} }],
      },
      last,
      taken: this.#taken,
      now: this.clock.now(),
      tool: { name: 'lockstep', version: '0' },
    });
    if (plan.kind !== 'cut') throw new Error('nothing changed');
    this.#taken.add(plan.id);
    return { manifest: plan.manifest, sha256: plan.sha256 };
  }

  async plan(
    snapshot: Snapshot,
    earlier: readonly Snapshot[] = [],
    port?: ArchivePort,
  ): Promise<PublicationPlan> {
    return await preparePublication({
      port: port ?? this.port,
      store: this.store,
      records: this.records(),
      archive: {
        origin: 'Test',
        label: 'Test',
        description: 'An archive for a test',
        baseUrl: this.baseUrl,
      },
      suite: this.suite,
      snapshot: listed(snapshot),
      earlier: earlier.map(listed),
      publicKey: await this.signer.publicKey(),
      keyring: { suites: [], area: 'main' },
      clock: this.clock,
    });
  }

  /** As another process would have them: nothing is remembered but on disk. */
  records(): SnapshotRecords {
    const { store } = this;
    return new SnapshotRecords(join(this.root, 'indices'), {
      area: 'main',
      fileLists: new FileLists(store, this.cache),
      store,
      blocks: new BlockStore(join(this.root, 'indices/blocks')),
    });
  }

  async apply(plan: PublicationPlan, port?: ArchivePort): Promise<PublicationResult> {
    const { store, signer, clock } = this;
    return await applyPublication(port ?? this.port, plan, { store, signer, clock });
  }

  async publish(
    snapshot: Snapshot,
    earlier: readonly Snapshot[] = [],
    port?: ArchivePort,
  ): Promise<PublicationPlan> {
    const plan = await this.plan(snapshot, earlier, port);
    await this.apply(plan, port);
    return plan;
  }
}

function listed(snapshot: Snapshot): ListedSnapshot {
  return { id: snapshot.manifest.id, sha256: snapshot.sha256, load: () => Promise.resolve(snapshot) };
}

/** Hash of what a map of files holds, for comparing trees. */
export function hashOf(text: string | Buffer): string {
  return sha256Of(text);
}

/** apt of this machine with folders of its own: no configuration, source or package of the machine is seen. */
export class IsolatedApt {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** @param sources content of a `.sources` file */
  static async make(root: string, sources: string): Promise<IsolatedApt> {
    for (const folder of ['etc/sources.list.d', 'etc/preferences.d', 'etc/apt.conf.d', 'etc/trusted.gpg.d']) {
      await mkdir(join(root, folder), { recursive: true });
    }
    for (const folder of ['state/lists/partial', 'cache/archives/partial', 'log', 'download']) {
      await mkdir(join(root, folder), { recursive: true });
    }
    await writeFile(join(root, 'status'), '');
    await writeFile(join(root, 'etc/sources.list.d/test.sources'), sources);
    await writeFile(
      join(root, 'apt.conf'),
      [
        `Dir::Etc "${root}/etc";`,
        `Dir::Etc::parts "${root}/etc/apt.conf.d";`,
        `Dir::State "${root}/state";`,
        `Dir::State::status "${root}/status";`,
        `Dir::Cache "${root}/cache";`,
        `Dir::Log "${root}/log";`,
        'APT::Architecture "amd64";',
        'APT::Architectures { "amd64"; };',
        // The folders of a test belong to whoever runs it.
        'APT::Sandbox::User "";',
        'Acquire::http::Proxy "DIRECT";',
        'Acquire::Retries "0";',
        'Acquire::Languages "none";',
        '',
      ].join('\n'),
    );
    return new IsolatedApt(root);
  }

  async run(program: 'apt-get' | 'apt-cache', ...args: string[]): Promise<RunResult> {
    return await run(program, args, {
      cwd: join(this.root, 'download'),
      env: { APT_CONFIG: join(this.root, 'apt.conf') },
      allowFailure: true,
    });
  }

  /** Lines of `apt-get update` that warn or fail; none for a good archive. */
  async update(): Promise<string[]> {
    const { exitCode, stdout, stderr } = await this.run('apt-get', 'update');
    const complaints = `${stdout}\n${stderr}`.split('\n').filter((line) => /^(W|E|N|Err|Ign)\b/.test(line));
    if (exitCode !== 0 && complaints.length === 0) complaints.push(`exit status ${exitCode}`);
    return complaints;
  }

  /** Versions of a package that are listed, the highest first. */
  async versions(name: string): Promise<string[]> {
    const { stdout } = await this.run('apt-cache', 'madison', name);
    return stdout
      .split('\n')
      .filter((line) => line.includes('Packages'))
      .map((line) => line.split('|')[1]!.trim());
  }
}
