/** Candidates made up for tests. */
import type { BinaryListing, Candidates, SourceListing } from '../../../src/source/candidate.js';
import { ArchiveRoots } from '../../../src/source/archive-roots.js';
import type { SuiteRole } from '../../../src/source/mirror.js';

export const searched = ['bookworm', 'bookworm-updates', 'bookworm-security'];

const suites: Record<SuiteRole, string> = {
  release: 'bookworm',
  updates: 'bookworm-updates',
  security: 'bookworm-security',
};

export function source(version: string, role: SuiteRole = 'release', hash = version): SourceListing {
  return {
    package: 'mediawiki',
    version,
    directory: 'pool/m',
    dsc: 'x.dsc',
    files: [{ name: 'x.dsc', size: 1, sha256: hash }],
    suite: suites[role],
    role,
    archive: new ArchiveRoots(['http://a.test']),
    proof: [],
  };
}

export function binary(name: string, version: string, more: Partial<BinaryListing> = {}): BinaryListing {
  const role = more.role ?? 'release';
  return {
    package: name,
    version,
    architecture: 'amd64',
    installableOn: more.architecture ?? 'amd64',
    source: 'varnish',
    sourceVersion: version,
    depends: '',
    filename: `pool/${name}_${version}.deb`,
    file: { name: `${name}.deb`, size: 1, sha256: `${name} ${version}` },
    stanza: `Package: ${name}\n`,
    suite: suites[role],
    role,
    archive: new ArchiveRoots(['http://a.test']),
    proof: [],
    ...more,
  };
}

export function sources(component: string, found: SourceListing[], near?: string): Candidates {
  return {
    kind: 'apt-source',
    component,
    package: 'mediawiki',
    searched,
    found,
    ...(near === undefined ? {} : { near }),
  };
}

export function binaries(packages: string[], found: BinaryListing[], architectures = ['amd64']): Candidates {
  return { kind: 'apt-binary', component: 'varnish', packages, architectures, searched, found, near: {} };
}
