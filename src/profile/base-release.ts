/**
 * The base distributions that Lockstep knows and what of them the profiles and
 * templates need. Facts only: finding a mirror for one is src/source's work.
 */

export interface BaseRelease {
  distribution: 'debian';
  /** As in `VERSION_ID` of os-release(5): "12". */
  release: string;
  codename: string;
  /** The PHP that `php-fpm` of this release brings; templates name its service and sockets with it. */
  phpVersion: string;
}

export const baseReleases: readonly BaseRelease[] = [
  { distribution: 'debian', release: '12', codename: 'bookworm', phpVersion: '8.2' },
  { distribution: 'debian', release: '13', codename: 'trixie', phpVersion: '8.4' },
];

/** Architectures of a Debian release, as `dpkg --print-architecture` names them. */
export const baseArchitectures = [
  'amd64',
  'arm64',
  'armel',
  'armhf',
  'i386',
  'mips64el',
  'ppc64el',
  'riscv64',
  's390x',
] as const;
