import type { SnapshotContent } from '../../../src/snapshot/snapshot-plan.js';
import type { Snapshot, SnapshotPackage } from '../../../src/snapshot/manifest.js';
import { planSnapshot } from '../../../src/snapshot/snapshot-plan.js';
import { sha256Of } from '../../../src/io/disk.js';

export interface PackageWish {
  name: string;
  version: string;
  architecture?: string;
  /** What the bytes of the .deb depend on besides. */
  bytes?: string;
  area?: string;
}

export function samplePackage(wish: PackageWish): SnapshotPackage {
  const { name, version, architecture = 'all', bytes = '', area = 'main' } = wish;
  return {
    package: name,
    version,
    architecture,
    component: name,
    source: name,
    sourceVersion: version,
    area,
    path: `pool/${area}/${name[0]}/${name}/${name}_${version}_${architecture}.deb`,
    size: 1000,
    sha256: sha256Of(`${name} ${version} ${architecture} ${bytes}`),
    stanza: `Package: ${name}\nVersion: ${version}\nArchitecture: ${architecture}\nSection: web\nDescription: x\n`,
  };
}

export function sampleContent(wishes: readonly PackageWish[]): SnapshotContent {
  return {
    profile: 'set',
    base: { distribution: 'debian', release: '12', codename: 'bookworm', architectures: ['amd64'] },
    components: {},
    packages: wishes.map(samplePackage),
    sources: [],
    sourceChangelogs: [],
    builds: [],
    evidence: [
      { gate: 'vetting', state: 'passed', parameters: { rules: 1 }, facts: { packages: wishes.length } },
    ],
  };
}

export function sampleSnapshot(
  wishes: readonly PackageWish[],
  at: string,
  last: Snapshot | null = null,
): Snapshot {
  const plan = planSnapshot({
    content: sampleContent(wishes),
    last,
    taken: [],
    now: new Date(at),
    tool: { name: 'lockstep', version: '0' },
  });
  if (plan.kind !== 'cut') throw new Error('nothing changed');
  return { manifest: plan.manifest, sha256: plan.sha256 };
}
