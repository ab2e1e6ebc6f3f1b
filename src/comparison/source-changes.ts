/**
 * The documented changes of a source package between two versions: entries of debian/changelog, sections of upstream's
 * release notes, and the security fixes that both name. All of it is read from the packages. Pure.
 */
import { changelogEntries, type ChangelogEntry } from '../deb/changelog.js';
import { compareVersions, upstreamOf } from '../deb/version.js';
import { LockstepError } from '../errors.js';
import type { PackageContents } from './package-contents.js';
import { sectionsBetween } from './release-notes.js';
import { fixesIn } from './security-fixes.js';
import type { PackagingEntry, SecurityFix, SourceChanges, UpstreamNotes } from './diff-shape.js';

/** The two versions of a source. */
export interface SourceMove {
  source: string;
  component: string;
  from: string;
  to: string;
  /** Upstream's versions from the pins. Without them, upstream's part of the package versions. */
  upstream?: { from: string; to: string } | undefined;
  /** The source's version from which the higher side was built, without Lockstep's suffix. */
  unsuffixed?: string | undefined;
}

/** Lines of changes that are kept. Nobody reads more, and a hostile changelog must not fill the memory. */
const mostLines = 2000;

/** The changes that one package of the higher version documents; null if it documents none. */
export function sourceChanges(move: SourceMove, { documents }: PackageContents): SourceChanges | null {
  const direction = compareVersions(move.from, move.to) <= 0 ? 'up' : 'down';
  const [low, high] = direction === 'up' ? [move.from, move.to] : [move.to, move.from];
  const room = { lines: mostLines, omitted: 0 };
  const packaging = packagingEntries(documents, { ...move, low, high }).map((entry) => ({
    ...entry,
    lines: cut(entry.lines, room),
  }));
  const ends = move.upstream ?? { from: upstreamOf(move.from), to: upstreamOf(move.to) };
  const [before, after] = direction === 'up' ? [ends.from, ends.to] : [ends.to, ends.from];
  const upstream = upstreamNotes(documents, before, after).map((notes) => ({
    ...notes,
    lines: cut(notes.lines, room),
  }));
  if (packaging.length + upstream.length === 0) return null;
  const { source, component, from, to } = move;
  const fixes = fixesOf(source, packaging, upstream);
  return { source, component, direction, from, to, packaging, upstream, fixes, omitted: room.omitted };
}

/**
 * Merges the documented changes of the packages of one source. They usually have the same changelog, or one package has
 * the changelog of all.
 *
 * @param told at least one, all from one source; the first takes precedence
 */
export function mergedChanges(told: readonly SourceChanges[]): SourceChanges {
  const first = told[0]!;
  const packaging = told.find((one) => one.packaging.length > 0)?.packaging ?? [];
  const upstream = told.find((one) => one.upstream.length > 0)?.upstream ?? [];
  return { ...first, packaging, upstream, fixes: fixesOf(first.source, packaging, upstream) };
}

function fixesOf(
  source: string,
  packaging: readonly PackagingEntry[],
  upstream: readonly UpstreamNotes[],
): SecurityFix[] {
  const first = new Map<string, SecurityFix>();
  const all = [
    ...upstream.flatMap(({ heading, lines }) => fixesIn(lines, heading)),
    ...packaging.flatMap(({ version, lines }) => fixesIn(lines, `${source} (${version})`)),
  ];
  for (const fix of all) if (!first.has(fix.id)) first.set(fix.id, fix);
  return [...first.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function packagingEntries(
  documents: ReadonlyMap<string, string>,
  move: SourceMove & { low: string; high: string },
): PackagingEntry[] {
  // Policy 12.7: changelog.Debian.gz; a native package has changelog.gz
  const ranked = [/\/changelog\.Debian\.gz$/, /\/changelog\.Debian\b/, /\/changelog\.gz$/, /\/changelog$/];
  for (const name of ranked) {
    for (const [path, text] of documents) {
      const entries = name.test(path) ? entriesBetween(text, move.low, move.high) : [];
      if (entries.length > 0) return entries.map((entry) => packagingEntry(entry, move));
    }
  }
  return [];
}

/** Entries above `low` and not above `high`. The first entry that is not well-formed ends the changelog. */
function entriesBetween(text: string, low: string, high: string): ChangelogEntry[] {
  const entries: ChangelogEntry[] = [];
  try {
    for (const entry of changelogEntries(text)) {
      if (compareVersions(entry.version, low) > 0 && compareVersions(entry.version, high) <= 0) {
        entries.push(entry);
      }
    }
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
  }
  return entries;
}

function packagingEntry(entry: ChangelogEntry, move: SourceMove & { high: string }): PackagingEntry {
  const { version, distribution, maintainer, date, lines } = entry;
  return {
    version,
    distribution,
    maintainer,
    date: dateText(date),
    lines: [...lines],
    own: move.unsuffixed !== undefined && version === move.high && version !== move.unsuffixed,
  };
}

function dateText(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

/** Release notes before changelogs before histories. The first document that has an entry for a version is used. */
const notesOrder = [/\/release[-_]?notes/i, /\/news/i, /\/changes/i, /\/changelog/i, /\/history/i];

function upstreamNotes(documents: ReadonlyMap<string, string>, from: string, to: string): UpstreamNotes[] {
  const rank = (path: string): number => notesOrder.findIndex((name) => name.test(path));
  const files = [...documents.keys()]
    .filter((path) => !/\.Debian\b/i.test(path) && documents.get(path) !== '')
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const found = new Map<string, UpstreamNotes>();
  for (const file of files) {
    for (const section of sectionsBetween(documents.get(file)!, from, to)) {
      if (!found.has(section.version)) found.set(section.version, { ...section, file });
    }
  }
  return [...found.values()];
}

function cut(lines: readonly string[], room: { lines: number; omitted: number }): string[] {
  const kept = lines.slice(0, Math.max(0, room.lines));
  room.lines -= kept.length;
  room.omitted += lines.length - kept.length;
  return kept;
}
