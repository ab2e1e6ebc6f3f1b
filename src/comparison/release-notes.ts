/**
 * Upstream's release notes: which sections of such a file lie between two
 * versions. There is no format for them; what is understood is how the files
 * in Debian's packages are mostly written (wiki, Markdown, underlined, GNU).
 * Pure, and linear in the text.
 */
import { compareUpstream } from './snapshot-diff.js';

export interface NotesSection {
  /** Upstream's, as its heading has it: `1.39.17`. */
  version: string;
  heading: string;
  /** Without empty ones at both ends. */
  lines: string[];
}

interface Heading {
  text: string;
  /** 1 is the highest. */
  level: number;
  /** Lines that it takes. */
  lines: number;
}

/** A heading is short; what is longer is text. */
const longestHeading = 120;

/**
 * The sections of versions above `from` and not above `to`, in the order of the file.
 *
 * @param from upstream version, without epoch and Debian revision
 */
export function sectionsBetween(text: string, from: string, to: string): NotesSection[] {
  const lines = text.split('\n').map((line) => line.trimEnd());
  const sections: NotesSection[] = [];
  let open: { section: NotesSection; level: number } | null = null;
  for (let at = 0; at < lines.length; at++) {
    const heading = headingAt(lines, at);
    const version = heading === null ? null : versionIn(heading.text);
    // Inside of a section, deeper headings are its own ("Changes since 1.39.14")
    const isInside = open !== null && heading !== null && heading.level > open.level;
    if (heading === null || isInside || (version === null && open === null)) {
      open?.section.lines.push(lines[at]!);
      continue;
    }
    open = null;
    if (version !== null && isBetween(version, from, to)) {
      open = { section: { version, heading: heading.text, lines: [] }, level: heading.level };
      sections.push(open.section);
    }
    at += heading.lines - 1;
  }
  return sections.map((section) => ({ ...section, lines: withoutEmptyEnds(section.lines) }));
}

function isBetween(version: string, from: string, to: string): boolean {
  const above = compareUpstream(version, from);
  const upTo = compareUpstream(version, to);
  return above !== undefined && upTo !== undefined && above > 0 && upTo <= 0;
}

function headingAt(lines: readonly string[], at: number): Heading | null {
  const line = lines[at]!;
  if (line === '' || line.length > longestHeading) return null;
  const wiki = /^(={1,5})\s*([^=\s].*?)\s*\1$/.exec(line);
  if (wiki !== null) return { text: wiki[2]!, level: wiki[1]!.length, lines: 1 };
  const hashes = /^(#{1,5})\s+([^#]+?)\s*#*$/.exec(line);
  if (hashes !== null) return { text: hashes[2]!, level: hashes[1]!.length, lines: 1 };
  const rule = underline.exec(lines[at + 1] ?? '');
  if (rule !== null && /^\S/.test(line) && !underline.test(line)) {
    return { text: line, level: underlineLevels.get(rule[1]!) ?? 3, lines: 2 };
  }
  const isPlain = /^(?:\*+ )?(?:Noteworthy changes in|Changes (?:in|for)|Version|Release) /i.test(line);
  const isBare = /^v?\d+(?:\.\d+)+(?:$|[\s:,(])/.test(line) && (at === 0 || lines[at - 1] === '');
  return (isPlain && versionIn(line) !== null) || isBare ? { text: line, level: 2, lines: 1 } : null;
}

const underline = /^([=\-~^*+#"])\1{2,}$/;
/** By how a heading is underlined: reStructuredText leaves it open, most people begin so. */
const underlineLevels = new Map([
  ['=', 1],
  ['-', 2],
]);

const versionSpec =
  /(?:^|[\s[(/])v?(\d+(?:\.\d+)+(?:[-~.+]?(?:alpha|beta|rc|pre|wmf|a|b|p)[.-]?\d*)?)(?=$|[\s\]),:;/\u2013\u2014])/i;

/** The version that a heading is about; null for headings that name one only in passing. */
function versionIn(heading: string): string | null {
  if (/\b(?:since|from|before|until|than|prior to|compared)\b/i.test(heading)) return null;
  return versionSpec.exec(heading)?.[1] ?? null;
}

function withoutEmptyEnds(lines: readonly string[]): string[] {
  let start = 0;
  let end = lines.length;
  while (start < end && lines[start] === '') start++;
  while (end > start && lines[end - 1] === '') end--;
  return lines.slice(start, end);
}
