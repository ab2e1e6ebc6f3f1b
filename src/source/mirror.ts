/**
 * Where the base distribution is fetched from: LOCKSTEP_MIRROR, lockstep.yaml,
 * or what this machine's own apt uses, in that order. It never knows a host by
 * itself, and trusts none: what comes from a mirror is proven by in-release.ts.
 */
import { LockstepError } from '../errors.js';
import { baseReleases } from '../profile/base-release.js';
import type { AptConfiguration, AptEntry } from './apt-configuration.js';

/** The purpose of a suite; Debian's security suite is in a separate archive. */
export type SuiteRole = 'release' | 'updates' | 'security';

/** Where the suites of one role are. */
export interface MirrorPlace {
  /** Archive roots without a trailing slash, http(s): or file:, in the order in which they are asked for each file. */
  uris: string[];
  /** Who said so, for people: `LOCKSTEP_MIRROR`, `lockstep.yaml`, a file of apt and its line. */
  from: string;
  /**
   * The setting `file:line` by which this machine's apt does not check Valid-Until and Date (mirrors frozen
   * in time); null if it checks them.
   */
  datesIgnoredBy: string | null;
  /** Whether apt's configuration named it: then apt's proxies and accounts are for it. */
  ofApt: boolean;
  /** The place was worked out from another one, not written down by anybody. */
  derived: boolean;
}

export type Mirror = Record<SuiteRole, MirrorPlace>;

/** The part of a profile's base that matters here. */
export interface SourceBase {
  distribution: string;
  codename: string;
  architectures: readonly string[];
}

/** One suite of the base, and where it is. */
export interface SuitePlace extends MirrorPlace {
  role: SuiteRole;
  suite: string;
}

/** An address, or several in the order in which they are asked. */
type OneOrMore = string | readonly string[];

export interface MirrorQuestion {
  base: SourceBase;
  /** LOCKSTEP_MIRROR and LOCKSTEP_MIRROR_SECURITY: addresses with white space between them. */
  environment: Readonly<Record<string, string | undefined>>;
  /** `mirror:` of lockstep.yaml. */
  configured?: { debian?: OneOrMore | undefined; security?: OneOrMore | undefined } | undefined;
  apt: AptConfiguration;
}

/**
 * Chooses the mirror. Pure.
 *
 * A security archive that is not configured is expected next to the main one (`<uri>-security`): a base is
 * never resolved without its security suite.
 * @throws LockstepError MIRROR_UNKNOWN
 */
export function chooseMirror(question: MirrorQuestion): Mirror {
  const { environment, configured } = question;
  const fromEnvironment = named(environment['LOCKSTEP_MIRROR'], 'LOCKSTEP_MIRROR');
  const fromWorkspace = named(configured?.debian, 'lockstep.yaml (mirror.debian)');
  const release =
    fromEnvironment ?? fromWorkspace ?? fromApt(question, 'release') ?? fromApt(question, 'updates');
  if (release === null) throw unknownMirror(question);
  const written = fromEnvironment ?? fromWorkspace;
  const security =
    named(environment['LOCKSTEP_MIRROR_SECURITY'], 'LOCKSTEP_MIRROR_SECURITY') ??
    (fromEnvironment === null ? named(configured?.security, 'lockstep.yaml (mirror.security)') : null) ??
    (written === null ? fromApt(question, 'security') : null) ??
    beside(release);
  const updates = (written === null ? fromApt(question, 'updates') : null) ?? release;
  return { release, updates, security };
}

/** The addresses that apt's configuration named. */
export function addressesOfApt(mirror: Mirror): string[] {
  return Object.values(mirror).flatMap((place) => (place.ofApt ? place.uris : []));
}

/** The suites of the base with their places, the main one first. */
export function suitesOfBase(mirror: Mirror, base: SourceBase): SuitePlace[] {
  return [
    { ...mirror.release, role: 'release', suite: base.codename },
    { ...mirror.updates, role: 'updates', suite: `${base.codename}-updates` },
    { ...mirror.security, role: 'security', suite: `${base.codename}-security` },
  ];
}

function named(value: OneOrMore | undefined, from: string): MirrorPlace | null {
  const urls = typeof value === 'object' ? value : (value ?? '').split(/\s+/).filter((url) => url !== '');
  if (urls.length === 0) return null;
  const wrong = urls.findIndex((url) => !isMirror(url));
  if (wrong >= 0) {
    const which = urls.length === 1 ? from : `${from}: number ${wrong + 1} of ${urls.length}`;
    throw new LockstepError('MIRROR_UNKNOWN', {
      message: `${which} is not a mirror address: ${JSON.stringify(urls[wrong])}`,
      hint: 'Use the http, https or file URL of the folder that contains dists/ and pool/. Separate several mirrors with spaces.',
      where: [{ path: from, value: urls[wrong] }],
    });
  }
  return {
    uris: [...new Set(urls.map(withoutSlash))],
    from,
    datesIgnoredBy: null,
    ofApt: false,
    derived: false,
  };
}

function isMirror(url: string): boolean {
  return URL.canParse(url) && ['http:', 'https:', 'file:'].includes(new URL(url).protocol);
}

function withoutSlash(uri: string): string {
  return uri.replace(/\/+$/, '');
}

function beside(release: MirrorPlace): MirrorPlace {
  // Frozen mirrors carry a time after the archive's name: .../debian/20250520T000000Z
  const uris = release.uris.map((uri) => uri.replace(/(\/\d{8}T\d{6}Z)?$/, '-security$1'));
  return { ...release, uris, from: `${release.from}, with -security`, derived: true };
}

function unknownMirror(question: MirrorQuestion): LockstepError {
  const looked = question.apt.files.join(', ') || 'no apt configuration file';
  return new LockstepError('MIRROR_UNKNOWN', {
    message: `No Debian mirror is known for ${question.base.codename}: LOCKSTEP_MIRROR is not set, and neither lockstep.yaml nor this machine's apt names one (${looked})`,
    hint: 'Set LOCKSTEP_MIRROR to the URL of a Debian mirror (the folder that contains dists/ and pool/), or set mirror.debian in lockstep.yaml.',
  });
}

/** Names of releases in Debian's own archive, in addition to codenames. */
const aliases = ['stable', 'oldstable', 'oldoldstable', 'testing', 'unstable', 'sid'];

function roleOf(entry: AptEntry): { role: SuiteRole; stem: string } | null {
  const match = /^(.+?)(?:(-updates)|(-security|\/updates))?$/.exec(entry.suite);
  const stem = match?.[1] ?? '';
  if (stem.includes('/')) return null;
  return {
    stem,
    role: match?.[3] !== undefined ? 'security' : match?.[2] !== undefined ? 'updates' : 'release',
  };
}

/**
 * How sure it is that an entry of apt is Debian's own archive, and not
 * somebody's packages for Debian, which use the same names of suites:
 * 0 is not at all. The signature decides in the end; this only chooses whom to ask.
 */
function likeness(entry: AptEntry, stem: string, base: SourceBase): number {
  if (!entry.areas.includes('main')) return 0;
  const path = entry.uris.map((uri) => (URL.canParse(uri) ? new URL(uri).pathname : '')).join(' ');
  const pathFits = /\/debian(?:-security|-archive)?(?:\/|\s|$)/.test(path);
  const sure =
    entry.signedBy === null
      ? pathFits
        ? 4
        : [...aliases, ...baseReleases.map((known) => known.codename), base.codename].includes(stem)
          ? 2
          : 0
      : /debian-archive-/.test(entry.signedBy)
        ? 6
        : 0;
  return sure === 0 ? 0 : sure + (stem === base.codename ? 1 : 0);
}

/**
 * The place of a role as apt has it. The machine may be of another release
 * than the base (roles are mapped, the codename is the base's own).
 */
function fromApt({ apt, base }: MirrorQuestion, role: SuiteRole): MirrorPlace | null {
  const fitting = apt.entries.flatMap((entry) => {
    const found = roleOf(entry);
    const like = found?.role === role && entry.uris.length > 0 ? likeness(entry, found.stem, base) : 0;
    return like === 0 ? [] : [{ entry, like }];
  });
  const most = Math.max(...fitting.map(({ like }) => like));
  const best = fitting.filter(({ like }) => like === most).map(({ entry }) => entry);
  const [first] = best;
  if (first === undefined) return null;
  const { checkValidUntil } = first;
  const from = `${first.file}:${first.line}`;
  return {
    uris: [...new Set(best.flatMap(({ uris }) => uris.map(withoutSlash)))],
    from,
    datesIgnoredBy: checkValidUntil === null ? apt.datesIgnoredBy : checkValidUntil ? null : from,
    ofApt: true,
    derived: false,
  };
}
