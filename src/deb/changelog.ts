/**
 * debian/changelog, deb-changelog(5): reads the entries and adds a new one on top. It uses no clock: the
 * caller passes the date.
 */
import { LockstepError } from '../errors.js';
import { isPackageName } from './member-name.js';
import { trimmedLines } from './stanza.js';
import { isValidVersion } from './version.js';

export interface ChangelogEntry {
  readonly source: string;
  readonly version: string;
  /** As written, several separated by a space. */
  readonly distribution: string;
  /** `Name <address>`. */
  readonly maintainer: string;
  /** Seconds: what SOURCE_DATE_EPOCH is set to. */
  readonly date: number;
  /** The lines between heading and trailer, without empty ones at the ends. */
  readonly lines: readonly string[];
}

/** Its lines say what changed, one item each; a `\n` goes on with an indented line. */
export type NewChangelogEntry = Omit<ChangelogEntry, 'source'>;

const headingSpec = /^(\S+) \(([^\s()]+)\)((?:\s+[A-Za-z0-9+.-]+)+);\s*(\S.*)?$/;
const trailerSpec = /^ -- (.*?) ?(<[^>]*>) {2}(\S.*)$/;
const maintainerSpec = /^[^<>\n]+ <[^<>\s]+>$/;

/**
 * The newest entry, which names the package that is built.
 * @throws LockstepError DEB_SYNTAX
 */
export function parseChangelogTop(text: string, file?: string): ChangelogEntry {
  const first = changelogEntries(text, file).next();
  if (first.done !== true) return first.value;
  throw syntax(file, 1, 'it has no entry');
}

/** Only this much of a text is read to detect its format. */
const beginning = 4096;

/** Whether a text begins as a changelog does: its first line names a source package and a version. */
export function isChangelogText(text: Buffer): boolean {
  const lines = text.toString('latin1', 0, beginning).split('\n');
  const [, source, version] =
    headingSpec.exec(lines.find((line) => line.trim() !== '')?.trimEnd() ?? '') ?? [];
  return source !== undefined && isPackageName(source) && isValidVersion(version ?? '');
}

function syntax(file: string | undefined, line: number, message: string): LockstepError {
  return new LockstepError('DEB_SYNTAX', {
    message: `${file ?? 'A changelog'} is not well-formed: line ${line}: ${message}`,
    hint: 'See deb-changelog(5) for the form',
    where: [{ file, line, message }],
  });
}

/**
 * The entries one after the other, newest first: who needs the newest ones only never meets the faults of
 * old ones.
 * @throws LockstepError DEB_SYNTAX when the entry that is asked for is not well-formed
 */
export function* changelogEntries(text: string, file?: string): Generator<ChangelogEntry> {
  let open: { line: number; source: string; version: string; distribution: string; lines: string[] } | null =
    null;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trimEnd();
    if (open === null) {
      if (line === '' || line.startsWith('#')) continue;
      // Editors' marks and very old formats end what can be read
      if (/^(?:Local variables:|vim:|;;|\/\*|\$)/i.test(line)) return;
      const heading = headingSpec.exec(line);
      const [, source, version, distribution] = heading ?? [];
      if (source === undefined || !isPackageName(source) || !isValidVersion(version ?? '')) {
        throw syntax(
          file,
          index + 1,
          `${JSON.stringify(line.slice(0, 80))} is not "source (version) distribution; urgency=..."`,
        );
      }
      open = { line: index + 1, source, version: version!, distribution: distribution!.trim(), lines: [] };
    } else if (line.startsWith(' -- ')) {
      const trailer = trailerSpec.exec(line);
      const date = trailer === null ? null : parseDebianDate(trailer[3]!);
      if (trailer === null || date === null) {
        throw syntax(
          file,
          index + 1,
          'the trailer is not " -- Name <address>  date" (two spaces before an RFC 5322 date)',
        );
      }
      const { source, version, distribution, lines } = open;
      const maintainer = `${trailer[1]} ${trailer[2]}`.trim();
      yield { source, version, distribution, maintainer, date, lines: trimmed(lines) };
      open = null;
    } else if (line === '' || /^\s/.test(line)) {
      open.lines.push(line);
    } else {
      throw syntax(file, index + 1, `the entry of line ${open.line} has no trailer before the next text`);
    }
  }
  if (open !== null) throw syntax(file, open.line, 'the entry has no trailer');
}

function trimmed(lines: readonly string[]): string[] {
  let start = 0;
  let end = lines.length;
  while (start < end && lines[start] === '') start++;
  while (end > start && lines[end - 1] === '') end--;
  return lines.slice(start, end);
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const dateSpec =
  /^(?:[A-Z][a-z]{2},\s*)?([0-9]{1,2})\s+([A-Z][a-z]{2})[a-z]*\s+([0-9]{4})\s+([0-9]{1,2}):([0-9]{2}):([0-9]{2})\s+(UTC|GMT|Z|[+-][0-9]{4})\b/;

/**
 * A date as changelogs and Release files have it (RFC 5322, `UTC` allowed),
 * in seconds, or null. It does not depend on the machine's time zone.
 */
export function parseDebianDate(text: string): number | null {
  const match = dateSpec.exec(text.trim());
  if (match === null) return null;
  const [, day, month, year, hour, minute, second, zone] = match;
  const monthIndex = months.indexOf(month!);
  if (monthIndex < 0 || Number(day) < 1 || Number(day) > 31 || Number(hour) > 24) return null;
  const utc =
    Date.UTC(Number(year), monthIndex, Number(day), Number(hour), Number(minute), Number(second)) / 1000;
  const shift = /^([+-])([0-9]{2})([0-9]{2})$/.exec(zone!);
  if (shift === null) return utc;
  const offset = Number(shift[2]) * 3600 + Number(shift[3]) * 60;
  return shift[1] === '+' ? utc - offset : utc + offset;
}

/** `Mon, 23 Nov 2026 10:15:30 +0000`; Release files want `zone` UTC. `seconds` since the epoch. */
export function formatDebianDate(seconds: number, zone: '+0000' | 'UTC' = '+0000'): string {
  const date = new Date(Math.floor(seconds) * 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  return (
    `${days[date.getUTCDay()]}, ${two(date.getUTCDate())} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()} ` +
    `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} ${zone}`
  );
}

/**
 * One entry in the form of deb-changelog(5), with a newline at its end.
 * @throws LockstepError DEB_INVALID
 */
export function formatChangelogEntry(source: string, entry: NewChangelogEntry): string {
  const { version, distribution, maintainer } = entry;
  const rules: [isKept: boolean, fault: string][] = [
    [isPackageName(source), `${JSON.stringify(source)} is not a package name`],
    [isValidVersion(version), `${JSON.stringify(version)} is not a Debian version`],
    [/^[A-Za-z0-9+.-]+$/.test(distribution), `${JSON.stringify(distribution)} is not a suite`],
    [maintainerSpec.test(maintainer), `${JSON.stringify(maintainer)} is not "Name <address>"`],
    [entry.lines.some((line) => line.trim() !== ''), 'it says nothing'],
    [Number.isFinite(entry.date), 'its date is invalid'],
  ];
  const faults = rules.flatMap(([isKept, fault]) => (isKept ? [] : [fault]));
  if (faults.length > 0) {
    throw new LockstepError('DEB_INVALID', {
      message: `A changelog entry cannot be written: ${faults.join('; ')}`,
    });
  }
  const items = entry.lines.flatMap((line) =>
    trimmedLines(line).map((part, index) => (index === 0 ? `  * ${part}\n` : `    ${part}\n`)),
  );
  return (
    `${source} (${version}) ${distribution}; urgency=medium\n\n` +
    `${items.join('')}\n -- ${maintainer}  ${formatDebianDate(entry.date)}\n`
  );
}

/**
 * The changelog with a new entry for the same source on top; the old text does not change.
 * @throws LockstepError DEB_SYNTAX when the old text has no readable top entry, DEB_INVALID
 */
export function addChangelogEntry(text: string, entry: NewChangelogEntry): string {
  const top = parseChangelogTop(text);
  return `${formatChangelogEntry(top.source, entry)}\n${text.replace(/^\n+/, '')}`;
}
