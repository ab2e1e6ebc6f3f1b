/** Proving that small sets install, on a base distribution made for the test, with this machine's apt. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { silentItem, type Item, type Phase } from '../../../src/io/progress.js';
import { packageEntry } from '../../../src/snapshot/content.js';
import type { SnapshotPackage } from '../../../src/snapshot/manifest.js';
import type { Pin } from '../../../src/source/pin.js';
import type { InstallSet } from '../../../src/vetting/install/install-set.js';
import { proveInstall, type InstallProof, type ProofRequest } from '../../../src/vetting/install/prove.js';
import { TestMirror, type BinarySpec, type MirrorSpec } from '../../fixtures/mirror.js';
import { makeBinary } from '../../fixtures/packages.js';
import { Resolving } from '../source/resolving.js';

/** What every machine of the made distribution has. */
export const everywhere: BinarySpec[] = [
  { package: 'base-files', version: '12.4', fields: { Essential: 'yes', Priority: 'required' } },
  {
    package: 'shell',
    version: '5.2-1',
    fields: { Essential: 'yes', Priority: 'required' },
    files: { 'usr/bin/shell': 'sh' },
  },
];

/** A package of a set; `taken` for one of the distribution as it is. */
export type SetSpec = BinarySpec & { taken?: boolean };

const takenPin: Pin = {
  kind: 'apt-binary',
  component: 'taken',
  upstreamVersion: '1',
  date: 1_700_000_000,
  provenance: [],
  packages: [],
};
const ownPin = { ...takenPin, kind: 'tarball' } as unknown as Pin;

export class Proving {
  readonly mirror: TestMirror;
  readonly resolving: Resolving;
  readonly architectures: readonly string[];
  /** What was tried, in the order of its end. */
  readonly tried: string[] = [];

  private constructor(mirror: TestMirror, resolving: Resolving, architectures: readonly string[]) {
    this.mirror = mirror;
    this.resolving = resolving;
    this.architectures = architectures;
  }

  /** @param binaries of the base beside {@link everywhere} */
  static async on(
    binaries: readonly BinarySpec[],
    { architectures = ['amd64'], ...more }: Omit<MirrorSpec, 'release'> = {},
  ): Promise<Proving> {
    const release = { binaries: [...everywhere, ...binaries], contents: true };
    const mirror = await TestMirror.start({ ...more, architectures, release });
    return new Proving(mirror, await Resolving.with(mirror), architectures);
  }

  /** A set; `id` for one that a suite points at. */
  async set(specs: readonly SetSpec[], id: string | null = null): Promise<InstallSet> {
    const packages = await Promise.all(specs.map((spec) => this.#entry(spec)));
    return {
      id,
      packages,
      components: {
        ...Object.fromEntries(specs.map((spec) => [spec.package, { pin: ownPin }])),
        taken: { pin: takenPin },
      },
    };
  }

  async #entry({ taken, ...spec }: SetSpec): Promise<SnapshotPackage> {
    const made = await makeBinary({ architecture: 'all', ...spec });
    const blob = await this.resolving.store.put(made.file.bytes);
    const { package: name, version, architecture = 'all' } = spec;
    return packageEntry(
      {
        package: name,
        version,
        architecture,
        source: name,
        sourceVersion: version,
        control: made.control,
        file: { name: made.file.name, ...blob },
      },
      { component: taken === true ? 'taken' : name, area: 'main' },
    );
  }

  async prove(
    specs: readonly SetSpec[] | InstallSet,
    more: Partial<Pick<ProofRequest, 'before' | 'what'>> & { signal?: AbortSignal } = {},
  ): Promise<InstallProof> {
    const { signal, before = [], what = 'all' } = more;
    const { resolving, architectures } = this;
    return await proveInstall(
      {
        set: 'packages' in specs ? specs : await this.set(specs),
        metapackage: 'set-full',
        lead: 'wiki',
        beside: ['test-archive-keyring'],
        base: { distribution: 'debian', release: '12', architectures },
        before,
        what,
      },
      {
        sources: resolving.context({
          base: { distribution: 'debian', codename: this.mirror.codename, architectures },
        }),
        cache: this.cache,
        temporary: this.temporary,
        phase: this.#phase,
        signal,
      },
    );
  }

  get cache(): string {
    return join(this.resolving.folder, 'shared');
  }

  get temporary(): string {
    return join(this.resolving.folder, 'tmp');
  }

  async forget(): Promise<void> {
    await rm(this.cache, { recursive: true, force: true });
  }

  async end(): Promise<void> {
    await this.resolving.end();
    await this.mirror.stop();
  }

  get #phase(): Phase {
    const item = (name: string): Item => ({ ...silentItem, done: () => this.tried.push(name) });
    return { item, info() {}, done() {}, fail() {} };
  }
}
