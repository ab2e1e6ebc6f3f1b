/** Two releases of a small set, and what superseding makes of them. */
import { recordedParagraph } from '../../../src/deb/one-paragraph.js';
import { parseStanza } from '../../../src/deb/deb822.js';
import { repackedControl } from '../../../src/deb/deb-repack.js';
import type { SnapshotComponent, SnapshotPackage } from '../../../src/snapshot/manifest.js';
import {
  planSupersede,
  type Reissue,
  type SupersedeInput,
  type SupersedePlan,
  type SupersedeSet,
} from '../../../src/suite/reissue-plan.js';

export interface Wish {
  name: string;
  version: string;
  /** `apt-binary`: taken from the distribution. */
  kind?: 'apt-source' | 'apt-binary';
  architecture?: string;
  /** Further lines of the paragraph. */
  says?: string;
}

function packageOf({ name, version, architecture = 'all', says = '' }: Wish): SnapshotPackage {
  const stanza = `Package: ${name}\nVersion: ${version}\nArchitecture: ${architecture}\n${says === '' ? '' : `${says}\n`}Description: x\n`;
  return {
    package: name,
    version,
    architecture,
    component: name,
    source: name,
    sourceVersion: version,
    area: 'main',
    path: `pool/main/x/${name}/${name}_${version}_${architecture}.deb`,
    size: 1,
    sha256: `${name} ${version} ${architecture}`,
    stanza: recordedParagraph(stanza),
  };
}

export function setOf(id: string, wishes: readonly Wish[]): SupersedeSet {
  const components = Object.fromEntries(
    wishes.map(({ name, kind = 'apt-source' }) => [name, { pin: { kind } } as unknown as SnapshotComponent]),
  );
  return { id, components, packages: wishes.map(packageOf) };
}

export const s1 = '20261101T000000Z';
export const s2 = '20261102T000000Z';
export const wiki16 = '1:1.39.16-1+lockstep1';
export const wiki17 = '1:1.39.17-1+lockstep1';
export const wikiNew = '1:1.39.17-1+lockstep1+really1.39.16+1+lockstep1';

/** A wiki with data, its parser, a cache of the distribution, and what holds them together. */
export const earlier: Wish[] = [
  { name: 'wiki', version: wiki16, says: `Depends: php, wiki-data (= ${wiki16})` },
  { name: 'wiki-data', version: wiki16 },
  { name: 'parser', version: '0.16.4+lockstep1', says: `Depends: wiki (>= ${wiki16})` },
  { name: 'varnish', version: '7.1.1-1.1+deb12u1', kind: 'apt-binary', architecture: 'amd64' },
  {
    name: 'wiki-full',
    version: '1.39.16+lockstep1',
    says: `Depends: wiki (= ${wiki16}), parser (= 0.16.4+lockstep1), varnish (>= 7.1.1-1.1+deb12u1)`,
  },
  { name: 'farm-archive-keyring', version: '1+lockstep1' },
];
export const later: Wish[] = [
  { name: 'wiki', version: wiki17, says: `Depends: php, wiki-data (= ${wiki17})` },
  { name: 'wiki-data', version: wiki17 },
  { name: 'parser', version: '0.16.4+lockstep1', says: `Depends: wiki (>= ${wiki16})` },
  { name: 'varnish', version: '7.1.1-1.1+deb12u2', kind: 'apt-binary', architecture: 'amd64' },
  {
    name: 'wiki-full',
    version: '1.39.17+lockstep1',
    says: `Depends: wiki (= ${wiki17}), parser (= 0.16.4+lockstep1), varnish (>= 7.1.1-1.1+deb12u2)`,
  },
  { name: 'farm-archive-keyring', version: '1+lockstep2' },
];

export function planned(
  target = earlier,
  current = later,
  more: Partial<SupersedeInput> = {},
): SupersedePlan {
  const keep = new Set(['farm-archive-keyring']);
  return planSupersede({ current: setOf(s2, current), target: setOf(s1, target), keep, ...more });
}

export const versionsOf = (plan: SupersedePlan): Record<string, string> =>
  Object.fromEntries(plan.reissues.map(({ item, to }) => [item.package, to]));
export const keptOf = (plan: SupersedePlan): Record<string, string> =>
  Object.fromEntries(plan.kept.map(({ item, why }) => [`${item.package} ${item.version}`, why]));

/** The package as the superseding snapshot has it. */
export function reissued({ item, to, moves }: Reissue): SnapshotPackage {
  const stanza = repackedControl(parseStanza(item.stanza), { version: to, moves });
  return {
    ...item,
    version: to,
    stanza: recordedParagraph(stanza),
    sha256: `${item.sha256} as ${to} ${stanza}`,
  };
}

/** The set as the superseding snapshot has it. */
export function outcome(id: string, plan: SupersedePlan, target: SupersedeSet): SupersedeSet {
  const packages = [
    ...plan.reissues.map((one) => one.same ?? reissued(one)),
    ...plan.kept.map(({ item }) => item),
  ];
  return { id, components: target.components, packages };
}
