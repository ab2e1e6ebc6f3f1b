/** A diff of two snapshots for a terminal: short, with what weighs most first. JSON has all of it. */
import { counted } from '../../counted.js';
import {
  byWeight,
  fileCounts,
  fileDetail,
  groupedFixes,
  omittedWords,
  packageRow,
  schemaSentences,
  securitySentences,
  skippedSentences,
  totalSentence,
} from './diff-words.js';
import { cleanLine, cleanText } from '../../plain-text.js';
import { shortTime } from './snapshots.js';
import { renderTable } from './table.js';
import type {
  ComponentChange,
  DiffResult,
  DiffSide,
  PackageContentsDiff,
  SourceChanges,
  TextChange,
} from '../../comparison/diff-shape.js';

/** How much of each list is shown. */
export interface DiffLimits {
  /** Lines of one source's changelogs. */
  changelog: number;
  /** Files of one package. */
  files: number;
  /** Lines of one file's unified diff. */
  patch: number;
  /** The same of a file that came or went whole. */
  whole: number;
  /** Packages in the table, and items of relations. */
  rows: number;
  /** The width that tables keep within. */
  columns?: number | undefined;
}

export const shortLimits: DiffLimits = { changelog: 24, files: 12, patch: 60, whole: 12, rows: 60 };
export const noLimits: DiffLimits = {
  changelog: Infinity,
  files: Infinity,
  patch: Infinity,
  whole: Infinity,
  rows: Infinity,
};

export function renderDiff(report: DiffResult, limits: DiffLimits = shortLimits): string {
  const { same, notes } = report;
  const parts = [
    heading(report),
    same
      ? 'There is no difference that affects a machine.'
      : [...securitySentences(report), ...schemaSentences(report)].map(cleanLine).join('\n'),
    skipped(report),
    components(report.components, limits),
    fixes(report.changelogs),
    ...report.changelogs.map((changes) => changelog(changes, limits)),
    packages(report, limits),
    sources(report, limits),
    relations(report, limits),
    ...report.contents.map((contents) => files(contents, limits)),
    ...report.contents.flatMap((contents) => contents.texts.map((text) => patch(contents, text, limits))),
    ...notes.map((note) => `Note: ${cleanLine(note)}`),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function heading(report: DiffResult): string {
  const line = (word: string, side: DiffSide): string => {
    const name = side.name === side.id ? '' : `, named ${cleanLine(side.name)}`;
    return `${word}  ${side.id} of ${side.profile} (${shortTime(side.created)}${name})`;
  };
  return `${line('from', report.from)}\n${line('to  ', report.to)}\n${totalSentence(report)}`;
}

function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { columns }: DiffLimits,
): string {
  return renderTable(
    head,
    rows.map((row) => row.map(cleanLine)),
    columns,
  );
}

/** The first of a list, and how many more there are. */
function limited(lines: readonly string[], most: number): string[] {
  const more = lines.length - most;
  return more <= 0 ? [...lines] : [...lines.slice(0, most), `... ${more} more; see them all with --full`];
}

function indented(lines: readonly string[], by = '  '): string {
  return lines.map((line) => `${by}${line}`.trimEnd()).join('\n');
}

function skipped(report: DiffResult): string {
  const lines = skippedSentences(report).map(cleanLine);
  return lines.length === 0 ? '' : `Skipped versions\n${indented(lines)}`;
}

function components(changes: readonly ComponentChange[], limits: DiffLimits): string {
  if (changes.length === 0) return '';
  const rows = changes.map(({ component, change, from, to, commits }) => [
    component,
    change,
    from ?? '-',
    to ?? '-',
    commits === undefined ? '' : `${commits.from.slice(0, 12)}..${commits.to.slice(0, 12)}`,
  ]);
  const hasCommits = changes.some(({ commits }) => commits !== undefined);
  const head = ['component', 'change', 'from', 'to', ...(hasCommits ? ['commits'] : [])];
  return `Components\n${table(head, rows, limits)}`;
}

function sources({ sources: steps }: DiffResult, limits: DiffLimits): string {
  if (steps.length === 0) return '';
  const lines = table(
    ['source', 'from', 'to'],
    steps.map(({ package: name, from, to }) => [name, from ?? '-', to ?? '-']),
    limits,
  ).split('\n');
  return `Source packages\n${limited(lines, limits.rows).join('\n')}`;
}

function fixes(changelogs: readonly SourceChanges[]): string {
  return changelogs
    .filter((changes) => changes.fixes.length > 0)
    .map(({ source, direction, fixes: found }) => {
      const title =
        direction === 'up'
          ? `Security fixes named in the changelogs of ${source}`
          : `Security fixes that are reverted, named in the changelogs of ${source}`;
      const lines = groupedFixes(found).flatMap(({ ids, where, line }) => [
        ids.join(', '),
        `    ${where}: ${line}`,
      ]);
      return `${cleanLine(title)}\n${indented(lines.map(cleanLine))}`;
    })
    .join('\n\n');
}

function changelog(changes: SourceChanges, limits: DiffLimits): string {
  const { source, from, to, direction, packaging, upstream, omitted } = changes;
  const title = `Changelog of ${source}, ${direction === 'up' ? `${from} to ${to}` : `${to} to ${from} (reverted)`}`;
  const lines = [
    ...upstream.flatMap(({ heading: name, lines: text }) => [`${name}`, ...text.map((line) => `  ${line}`)]),
    ...packaging
      .filter(({ own }) => !own)
      .flatMap(({ version, distribution, date, lines: text }) => [
        `${source} (${version}) ${distribution}, ${date.slice(0, 10)}`,
        ...text.map((line) => `  ${line.replace(/^ {2}/, '')}`),
      ]),
    ...(omitted > 0 ? [`... ${counted(omitted, 'line')} omitted`] : []),
  ].filter((line) => line.trim() !== '');
  if (lines.length === 0) return '';
  return `${cleanLine(title)}\n${indented(limited(lines, limits.changelog).map(cleanLine))}`;
}

function packages({ packages: changes }: DiffResult, limits: DiffLimits): string {
  if (changes.length === 0) return '';
  const rows = changes.map(packageRow);
  const shown = table(
    ['package', 'architecture', 'change', 'from', 'to', 'size'],
    rows.slice(0, limits.rows),
    limits,
  );
  const more =
    rows.length > limits.rows ? `\n... ${rows.length - limits.rows} more; see them all with --full` : '';
  return `Packages\n${shown}${more}`;
}

function relations({ relations: changes }: DiffResult, limits: DiffLimits): string {
  if (changes.length === 0) return '';
  const lines = changes.flatMap(({ package: name, architecture, field, removed, added }) => [
    ...removed.map((item) => `- ${name}:${architecture} ${field}: ${item}`),
    ...added.map((item) => `+ ${name}:${architecture} ${field}: ${item}`),
  ]);
  return `Relations\n${indented(limited(lines, limits.rows).map(cleanLine))}`;
}

const signs = { added: '+', removed: '-', changed: '~' } as const;

function files(
  { package: name, notCompared, files: changes }: PackageContentsDiff,
  limits: DiffLimits,
): string {
  if (notCompared !== null) return cleanLine(`Files of ${name}: contents not compared; ${notCompared}`);
  if (changes.length === 0) return '';
  const lines = byWeight(changes).map((file) => `${signs[file.change]} ${file.path}  ${fileDetail(file)}`);
  const shown = limited(lines, limits.files).map(cleanLine);
  return `Files of ${name}: ${fileCounts(changes)}\n${indented(shown)}`;
}

function patch({ package: name }: PackageContentsDiff, text: TextChange, limits: DiffLimits): string {
  const kind = { configuration: 'Configuration', conffile: 'Conffile', script: 'Maintainer script' }[
    text.kind
  ];
  const title = cleanLine(`${kind} of ${name}: ${text.path}, ${text.change}`);
  if (text.patch === null) return `${title}; not shown, ${omittedWords(text.omitted)}`;
  const lines = cleanText(text.patch).trimEnd().split('\n');
  const most = text.change === 'changed' ? limits.patch : limits.whole;
  return `${title}\n${limited(lines, most).join('\n')}`;
}
