/**
 * Markdown (GitHub's) around text that comes from outside: nothing of it may
 * become markup, a link, a mention or HTML. It knows nothing of what it says.
 */
import { cleanLine, cleanText } from '../../plain-text.js';

/**
 * Escapes a text, on one line. It also breaks up what GitHub converts to links with an empty comment:
 * addresses, @mentions, #numbers.
 */
export function escapeMarkdown(text: string): string {
  return cleanLine(text)
    .trim()
    .replace(/[\\`*_[\]{}<>#|~&$]/g, '\\$&')
    .replace(/^[-+=]/, '\\$&')
    .replace(/^(\d+)([.)])(?=\s|$)/, '$1\\$2')
    .replace(/@/g, '@<!-- -->')
    .replace(/\\#(?=\d)/g, '\\#<!-- -->')
    .replace(/:\/\//g, ':<!-- -->//')
    .replace(/\bwww\./gi, 'www<!-- -->.');
}

/** Text as a code span: its fence is longer than any in the text (CommonMark 6.1). */
export function codeSpan(text: string): string {
  const line = cleanLine(text);
  if (line.trim() === '') return '';
  const fence = '`'.repeat(longestRun(line, '`') + 1);
  const pad = /^`|`$|^ .* $/.test(line) ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** Text as a fenced block that nothing in it can end. */
export function codeBlock(text: string, language: string): string {
  const lines = cleanText(text).replace(/\n+$/, '');
  const fence = '`'.repeat(Math.max(3, longestRun(lines, '`') + 1));
  return `${fence}${language}\n${lines}\n${fence}`;
}

/** A table; cells are Markdown that is good already. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

/** A bar ends a cell in code spans, too, unless it is escaped (GFM 4.10); text has escaped its own. */
function cell(markdown: string): string {
  return markdown.replace(/(?<!\\)\|/g, '\\|');
}

function longestRun(text: string, character: string): number {
  let longest = 0;
  let run = 0;
  for (const each of text) {
    run = each === character ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}
