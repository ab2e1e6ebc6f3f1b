/**
 * Release files: their fields, their Date, and whether the existing one is still up to date. Pure.
 */
import { formatRelease, parseRelease, type IndexHash, type Release } from '../deb/release-file.js';
import { withoutArmour } from '../deb/stanza.js';
import { LockstepError, type FaultPlace } from '../errors.js';
import type { LineHead } from '../snapshot/chained-lines.js';
import { changelogTemplate } from '../snapshot/pool-path.js';
import type { IndexFile } from './index-set.js';
import { poolFolder } from './layout.js';
import { endVerdict, validUntilFor, type ValidityWanted } from './validity.js';

/** The archive's identity: the `archive` section of lockstep.yaml. */
export interface ArchiveIdentity {
  origin: string;
  label: string;
  description: string;
  /** The URL of `public/`, without a trailing slash. */
  baseUrl: string;
}

/** A suite's identity and settings, as its Release needs them. */
export interface SuiteIdentity {
  name: string;
  /** Default: the archive's. Never changes. */
  origin?: string | undefined;
  /** Default: the archive's. Never changes. */
  label?: string | undefined;
  /** Default: the suite's own name. Never changes (docs/explanation/architecture.md, law 9). */
  codename?: string | undefined;
  /** apt installs from this suite only what a person asks for by name. Never changes. */
  notAutomatic?: boolean | undefined;
  /** Together with `notAutomatic`: apt upgrades packages that were installed from this suite. Never changes. */
  butAutomaticUpgrades?: boolean | undefined;
  /** Default: the archive's. */
  description?: string | undefined;
  /** Seconds from the Date of a Release to its Valid-Until; null where it has none. */
  validFor: number | null;
  /** How many snapshots are listed at most, including the current one. */
  retain: number;
}

/** Lockstep's own fields of a Release; apt ignores unknown fields. */
export const snapshotField = 'X-Lockstep-Snapshot';
export const listedField = 'X-Lockstep-Listed';
/** Where the suite's history stands after the move: the number of its lines, and a hash of the last one. */
export const historyField = 'X-Lockstep-History';

/** The fields of a Release except dates and hashes. */
export function releaseFields(
  archive: ArchiveIdentity,
  suite: SuiteIdentity,
  content: {
    areas: readonly string[];
    architectures: readonly string[];
    snapshots: readonly string[];
    /** Of a live view. */
    history?: LineHead | undefined;
  },
): Record<string, string> {
  return {
    Origin: suite.origin ?? archive.origin,
    Label: suite.label ?? archive.label,
    Suite: suite.name,
    Codename: suite.codename ?? suite.name,
    Architectures: content.architectures.join(' '),
    Components: content.areas.join(' '),
    Description: suite.description ?? archive.description,
    ...(suite.notAutomatic === true ? { NotAutomatic: 'yes' } : {}),
    ...(suite.butAutomaticUpgrades === true ? { ButAutomaticUpgrades: 'yes' } : {}),
    'Acquire-By-Hash': 'yes',
    // `apt changelog` inserts area, prefix, source and version, in the layout of the pool
    Changelogs: `${archive.baseUrl}/${poolFolder}/${changelogTemplate}`,
    // apt(8), --snapshot: apt replaces the word by the id that the person asked for
    Snapshots: `${archive.baseUrl}/snapshot/@SNAPSHOTID@/`,
    [snapshotField]: content.snapshots[0] ?? '',
    [listedField]: content.snapshots.join(' '),
    ...(content.history === undefined
      ? {}
      : { [historyField]: `${content.history.count} ${content.history.sha256}` }),
  };
}

/** The snapshots that a Release lists, the current one first; empty for a suite without a Release. */
export function listedIn(release: Release | null): string[] {
  const said = release?.fields.get(listedField) ?? release?.fields.get(snapshotField) ?? '';
  return said.split(/\s+/).filter((id) => id !== '');
}

/** Where a Release says that the history stands; undefined for one of a Lockstep that did not write that. */
export function historyIn(release: Release | null): LineHead | undefined {
  const [, count, sha256] = /^(\d{1,15}) ([0-9a-f]{64})$/.exec(release?.fields.get(historyField) ?? '') ?? [];
  return sha256 === undefined ? undefined : { count: Number(count), sha256 };
}

/**
 * The fields by which machines recognize a suite. If one changes, apt on each machine stops and asks (apt-secure(8)).
 */
const identity = ['Origin', 'Label', 'Suite', 'Codename', 'NotAutomatic', 'ButAutomaticUpgrades'] as const;

/**
 * @param there the Release that machines have; null for a new suite
 * @throws LockstepError SUITE_IDENTITY with each field that would change
 */
export function assertSameIdentity(
  suite: string,
  there: Release | null,
  wanted: Readonly<Record<string, string>>,
): void {
  if (there === null) return;
  const where = identity.flatMap((name): FaultPlace[] => {
    const [before, now] = [there.fields.get(name) ?? 'no', wanted[name] ?? 'no'];
    return before === now
      ? []
      : [{ path: name, value: now, message: `${name} is ${before} in the published Release file` }];
  });
  if (where.length === 0) return;
  throw new LockstepError('SUITE_IDENTITY', {
    message: `lockstep.yaml would change how apt identifies ${suite}: ${where.map(({ path, value }) => `${path} to ${value}`).join(', ')}`,
    hint: 'Restore the old value. To use another value, add a new suite with it, publish there, and switch the machines to that suite',
    where,
  });
}

/** The existing Release files of a suite; undefined if missing. */
export interface ReleaseFiles {
  /** `Release`. */
  plain: string | undefined;
  /** `Release.gpg`. */
  signature: string | undefined;
  /** `InRelease`: the file that clients use. */
  inline: string | undefined;
}

/** The Release that clients see, and what Lockstep must know about the other files. */
export interface PublishedRelease {
  /** From InRelease, or null if InRelease is missing. */
  release: Release | null;
  /** The latest Date of any of the files, in seconds. After a crash, another file than InRelease can be the newest. */
  latestDate: number | null;
  /** Whether all three files exist and have the same content. */
  whole: boolean;
}

/**
 * Reads the existing files. It does not verify the signature: Lockstep wrote these files, and replaces damaged ones.
 */
export function readReleaseFiles(files: ReleaseFiles): PublishedRelease {
  const inline = readable(files.inline, withoutArmour) ?? undefined;
  const releases = [inline, files.plain].map(releaseIn);
  const dates = releases.flatMap((release) => (release === null ? [] : [release.date]));
  return {
    release: releases[0] ?? null,
    latestDate: dates.length === 0 ? null : Math.max(...dates),
    whole:
      releases[0] !== null &&
      files.signature !== undefined &&
      inline !== undefined &&
      inline.trimEnd() === files.plain?.trimEnd(),
  };
}

/** Parses the text of a Release; null if the text is not a valid one. */
export function releaseIn(text: string | undefined): Release | null {
  return readable(text, parseRelease);
}

function readable<T>(text: string | undefined, read: (text: string) => T): T | null {
  try {
    return text === undefined ? null : read(text);
  } catch (error) {
    if (error instanceof LockstepError) return null;
    throw error;
  }
}

/**
 * The Date of the next Release, in seconds: now, but always later than the existing Date, even if the clock ran
 * backwards. apt silently ignores an older Release (docs/explanation/architecture.md, law 1).
 */
export function nextReleaseDate(now: Date, latest: number | null): number {
  const present = Math.floor(now.getTime() / 1000);
  return latest === null ? present : Math.max(present, latest + 1);
}

/** The content of a Release, without its dates. */
export interface ReleaseContent {
  fields: Readonly<Record<string, string>>;
  files: readonly IndexFile[];
  validity: ValidityWanted;
}

/**
 * What must happen to a Release: `publish` if its fields must change, `refresh` if only its dates and signatures must,
 * `nothing` if more than half of its validity is left.
 */
export function releaseVerdict(
  there: PublishedRelease,
  wanted: ReleaseContent,
  now: Date,
): 'publish' | 'refresh' | 'nothing' {
  const { release } = there;
  if (release === null || !saysTheSame(release, wanted)) return 'publish';
  if (!there.whole) return 'refresh';
  return endVerdict(release, wanted.validity, now) === null ? 'nothing' : 'refresh';
}

function saysTheSame(release: Release, wanted: ReleaseContent): boolean {
  const ours = new Set(['date', 'valid-until', 'sha256']);
  const names = release.fields.names().filter((name) => !ours.has(name.toLowerCase()));
  const fields = Object.entries(wanted.fields);
  if (names.length !== fields.length) return false;
  if (fields.some(([name, value]) => release.fields.get(name) !== value)) return false;
  return (
    release.sha256.size === wanted.files.length &&
    wanted.files.every(({ path, size, sha256 }) => {
      const listed = release.sha256.get(path);
      return listed?.size === size && listed.sha256 === sha256;
    })
  );
}

/** The text of a Release. The same content and date give the same bytes. */
export function releaseText(content: ReleaseContent, date: number): string {
  const sha256 = new Map<string, IndexHash>(
    content.files.map(({ path, size, sha256: hash }) => [path, { size, sha256: hash }]),
  );
  const validUntil = validUntilFor(date, content.validity) ?? undefined;
  return formatRelease({ fields: content.fields, date, validUntil, sha256 });
}
