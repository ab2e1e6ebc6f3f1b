/** A diff of two snapshots as Markdown, for release notes. Complete, except for diffs that nobody would read. */
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
import { codeBlock, codeSpan, escapeMarkdown, markdownTable } from './markdown.js';
import { shortTime } from './snapshots.js';
import type {
  DiffResult,
  PackageContentsDiff,
  SourceChanges,
  TextChange,
} from '../../comparison/diff-shape.js';

/** Lines of one block, and files of one package: GitHub takes 125,000 characters for a whole release. */
const mostLines = 300;
const mostFiles = 50;

export function renderDiffMarkdown(report: DiffResult): string {
  const { from, to, same } = report;
  const parts = [
    `# ${escapeMarkdown(to.profile)} ${codeSpan(to.id)}`,
    `Changes since ${codeSpan(from.id)} (${shortTime(from.created)} UTC). ${escapeMarkdown(totalSentence(report))}.`,
    same ? 'There is no difference that affects a machine.' : '',
    security(report),
    database(report),
    skipped(report),
    components(report),
    changelogs(report.changelogs),
    packages(report),
    sources(report),
    relations(report),
    files(report.contents),
    configuration(report.contents),
    notes(report.notes),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function database(report: DiffResult): string {
  const sentences = report.same ? [] : schemaSentences(report);
  return sentences.length === 0 ? '' : `## Database\n\n${sentences.map(escapeMarkdown).join(' ')}`;
}

function security(report: DiffResult): string {
  const sentences = securitySentences(report).map(escapeMarkdown);
  const named = report.changelogs.flatMap(({ source, direction, fixes }) =>
    groupedFixes(fixes).map(({ ids, line, where }) => [
      escapeMarkdown(ids.join(', ')),
      escapeMarkdown(direction === 'up' ? source : `${source} (reverted)`),
      escapeMarkdown(where),
      escapeMarkdown(line),
    ]),
  );
  if (sentences.length + named.length === 0) return '';
  const head = ['CVE', 'source', 'named by', 'sentence'];
  return [
    '## Security',
    ...sentences,
    ...(named.length === 0 ? [] : ['Named by the changelogs:', markdownTable(head, named)]),
  ].join('\n\n');
}

function skipped(report: DiffResult): string {
  const lines = skippedSentences(report).map((line) => `- ${escapeMarkdown(line)}`);
  return lines.length === 0 ? '' : `## Skipped versions\n\n${lines.join('\n')}`;
}

function components({ components: changes }: DiffResult): string {
  if (changes.length === 0) return '';
  const hasCommits = changes.some(({ commits }) => commits !== undefined);
  const rows = changes.map(({ component, change, from, to, commits }) => [
    escapeMarkdown(component),
    change,
    codeSpan(from ?? '') || 'none',
    codeSpan(to ?? '') || 'none',
    ...(hasCommits ? [commits === undefined ? '' : codeSpan(`${commits.from}..${commits.to}`)] : []),
  ]);
  const head = ['component', 'change', 'from', 'to', ...(hasCommits ? ['commits'] : [])];
  return `## Components\n\n${markdownTable(head, rows)}`;
}

function sources({ sources: steps }: DiffResult): string {
  if (steps.length === 0) return '';
  const rows = steps.map(({ package: name, from, to }) => [
    escapeMarkdown(name),
    codeSpan(from ?? '') || 'none',
    codeSpan(to ?? '') || 'none',
  ]);
  return `## Source packages\n\n${markdownTable(['source', 'from', 'to'], rows)}`;
}

function changelogs(all: readonly SourceChanges[]): string {
  const told = all.map(changelog).filter((part) => part !== '');
  return told.length === 0 ? '' : ['## Changelogs', ...told].join('\n\n');
}

function changelog({ source, direction, packaging, upstream }: SourceChanges): string {
  const entries = packaging.filter(({ own }) => !own);
  if (upstream.length + entries.length === 0) return '';
  const block = (lines: readonly string[]): string => codeBlock(cut(lines).join('\n'), 'text');
  return [
    `### ${escapeMarkdown(source)}`,
    ...(direction === 'down' ? ['The following changes are reverted.'] : []),
    ...upstream.map(({ heading, lines }) => `**${escapeMarkdown(heading)}**\n\n${block(lines)}`),
    ...entries.map(
      ({ version, distribution, date, lines }) =>
        `**${escapeMarkdown(`${source} (${version}) ${distribution}, ${date.slice(0, 10)}`)}**\n\n${block(lines)}`,
    ),
  ].join('\n\n');
}

function cut(lines: readonly string[]): string[] {
  const more = lines.length - mostLines;
  return more <= 0 ? [...lines] : [...lines.slice(0, mostLines), `... ${counted(more, 'more line')}`];
}

function packages({ packages: changes }: DiffResult): string {
  if (changes.length === 0) return '';
  const rows = changes.map((item) => {
    const [name = '', architecture = '', change = '', from = '', to = '', size = ''] = packageRow(item);
    return [codeSpan(name), architecture, change, codeSpan(from), codeSpan(to), size];
  });
  const head = ['package', 'architecture', 'change', 'from', 'to', 'size'];
  return `## Packages\n\n${markdownTable(head, rows)}`;
}

function relations({ relations: changes }: DiffResult): string {
  if (changes.length === 0) return '';
  const rows = changes.flatMap(({ package: name, field, removed, added }) => [
    ...removed.map((item) => [codeSpan(name), field, 'removed', codeSpan(item)]),
    ...added.map((item) => [codeSpan(name), field, 'added', codeSpan(item)]),
  ]);
  return `## Relations\n\n${markdownTable(['package', 'field', 'change', 'relation'], rows)}`;
}

function files(contents: readonly PackageContentsDiff[]): string {
  const told = contents.flatMap(({ package: name, notCompared, files: changes }): string[] => {
    if (notCompared !== null) {
      return [`### ${escapeMarkdown(name)}\n\nContents not compared: ${escapeMarkdown(notCompared)}`];
    }
    if (changes.length === 0) return [];
    const rows = byWeight(changes)
      .slice(0, mostFiles)
      .map((file) => [file.change, codeSpan(file.path), escapeMarkdown(fileDetail(file))]);
    const more = changes.length - rows.length;
    return [
      [
        `### ${escapeMarkdown(name)}: ${fileCounts(changes)}`,
        markdownTable(['change', 'file', 'detail'], rows),
        ...(more > 0 ? [`And ${more} more.`] : []),
      ].join('\n\n'),
    ];
  });
  return told.length === 0 ? '' : ['## Files', ...told].join('\n\n');
}

function configuration(contents: readonly PackageContentsDiff[]): string {
  const told = contents.flatMap(({ package: name, texts }) => texts.map((text) => textPart(name, text)));
  return told.length === 0 ? '' : ['## Configuration and scripts', ...told].join('\n\n');
}

function textPart(name: string, { path, kind, change, patch, omitted }: TextChange): string {
  const mark = kind === 'configuration' ? change : `${kind}, ${change}`;
  const title = `### ${escapeMarkdown(name)}: ${codeSpan(path)} (${mark})`;
  if (patch === null) return `${title}\n\nNot shown: ${omittedWords(omitted)}.`;
  return `${title}\n\n${codeBlock(cut(patch.trimEnd().split('\n')).join('\n'), 'diff')}`;
}

function notes(lines: readonly string[]): string {
  return lines.length === 0
    ? ''
    : `## Notes\n\n${lines.map((line) => `- ${escapeMarkdown(line)}`).join('\n')}`;
}
