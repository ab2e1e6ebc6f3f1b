import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const page = 'docs/reference/words.md';

interface Text {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** A phrase of the list, and the longer phrases in which it is allowed. */
interface Banned {
  readonly phrase: string;
  readonly instead: string;
  readonly except: readonly string[];
}

describe('the words of messages, help and pages', () => {
  const banned = readBanned(readFileSync(join(root, page), 'utf8'));

  it('the list has phrases, each with a replacement', () => {
    assert.ok(banned.length > 80, `only ${banned.length} phrases were read`);
    for (const { phrase, instead } of banned) assert.ok(instead.length > 0, phrase);
  });

  it('finds a banned phrase in a message, a template and a joined string, and names its line', () => {
    const source = [
      "throw new LockstepError('USAGE', {",
      '  message: `${file} is made anew`,',
      "  hint: 'Look whether another run is ' +",
      "    'at work',",
      '});',
    ].join('\n');
    const found = textsOfSource('sample.ts', source).flatMap((text) => faultsOf(text, banned));
    assert.deepEqual(
      found.map((fault) => fault.split(' (')[0]),
      ['sample.ts:2: "anew"', 'sample.ts:3: "at work"'],
    );
  });

  it('knows the exceptions', () => {
    const text = (one: string): Text => ({ file: 'page.md', line: 1, text: one });
    assert.deepEqual(faultsOf(text('It is no longer there, and nothing else is.'), banned), []);
    assert.equal(faultsOf(text('It is no longer there, else it is no file.'), banned).length, 2);
  });

  it('messages, hints, progress and help texts use none of the phrases', () => {
    const texts = files('src', '.ts').flatMap((file) =>
      textsOfSource(file, readFileSync(join(root, file), 'utf8')),
    );
    assert.ok(texts.length > 1500, `only ${texts.length} texts were read`);
    report(texts.flatMap((text) => faultsOf(text, banned)));
  });

  it('finds a banned phrase in each kind of comment once, without the markup', () => {
    const source = [
      '/**',
      ' * Reads `anew`, {@link anew|again} and {@link anew}.',
      ' * @param beside its name is code',
      ' * @throws LockstepError `USAGE` when the file is made',
      ' * anew.',
      ' */',
      'const url = `https://${host /* is at work */}/anew`;',
      '// The run is at',
      '// work.',
      '',
      '// A second text.',
    ].join('\n');
    const texts = commentsOf('sample.ts', source);
    assert.deepEqual(
      texts.map(({ line }) => line),
      [1, 7, 8, 11],
    );
    assert.deepEqual(
      texts.flatMap((text) => faultsOf(text, banned)).map((fault) => fault.split(' (')[0]),
      ['sample.ts:5: "anew"', 'sample.ts:7: "at work"', 'sample.ts:8: "at work"'],
    );
  });

  it('comments of the source use none of the phrases', () => {
    const texts = files('src', '.ts').flatMap((file) =>
      commentsOf(file, readFileSync(join(root, file), 'utf8')),
    );
    assert.ok(texts.length > 3000, `only ${texts.length} comments were read`);
    report(texts.flatMap((text) => faultsOf(text, banned)));
  });

  it('README, CONTRIBUTING, the newest changes and the pages of docs/ use none of the phrases', () => {
    const pages = ['README.md', 'CONTRIBUTING.md', ...files('docs', '.md')]
      .filter((file) => file !== page && existsSync(join(root, file)))
      .flatMap((file) => textsOfPage(file, readFileSync(join(root, file), 'utf8')));
    const changes = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
    const second = changes.indexOf('\n## ', changes.indexOf('\n## ') + 1);
    const newest = textsOfPage('CHANGELOG.md', second < 0 ? changes : changes.slice(0, second));
    report([...pages, ...newest].flatMap((text) => faultsOf(text, banned)));
  });
});

function report(faults: readonly string[]): void {
  assert.equal(faults.length, 0, `${faults.length} phrases of ${page}:\n${faults.join('\n')}`);
}

/** The rows of the page's last table: phrases, replacement, exceptions. */
function readBanned(text: string): Banned[] {
  const rows = text
    .slice(text.indexOf('## Phrases that we do not use'))
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  return rows.flatMap((row) => {
    const [phrases = '', instead = '', except = ''] = row.split('|').slice(1);
    return quoted(phrases).map((phrase) => ({ phrase, instead: instead.trim(), except: quoted(except) }));
  });
}

function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
}

/** `file:line: "phrase" (write: replacement): the text around it`, for each phrase in a text. */
function faultsOf({ file, line, text }: Text, banned: readonly Banned[]): string[] {
  return banned.flatMap(({ phrase, instead, except }) => {
    const allowed = except.reduce((rest, one) => rest.replace(wordsOf(one), '~'), text);
    const match = wordsOf(phrase).exec(allowed);
    if (match === null) return [];
    const at = line + allowed.slice(0, match.index).split('\n').length - 1;
    const around = allowed.slice(Math.max(0, match.index - 40), match.index + 60).replace(/\s+/g, ' ');
    return [`${file}:${at}: "${phrase}" (write: ${instead}): ${around}`];
  });
}

function wordsOf(phrase: string): RegExp {
  return new RegExp(`(?<![\\w-])${phrase.split(' ').join('\\s+')}(?![\\w-])`, 'gi');
}

/** Every string and template of more than one word; joined strings are one text. */
function textsOfSource(file: string, source: string): Text[] {
  const texts: Text[] = [];
  const parsed = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    const text = proseOf(node, visit);
    if (text === undefined) ts.forEachChild(node, visit);
    else if (/[a-z] [a-z]/i.test(text)) {
      const { line } = parsed.getLineAndCharacterOfPosition(node.getStart(parsed));
      texts.push({ file, line: line + 1, text });
    }
  };
  visit(parsed);
  return texts;
}

/** The text of a string, a template (its values as `~`) or a sum of them; `undefined` for anything else. */
function proseOf(node: ts.Node, visit: (value: ts.Node) => void): string | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    node.templateSpans.forEach((span) => visit(span.expression));
    return node.head.text + node.templateSpans.map((span) => `~${span.literal.text}`).join('');
  }
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return undefined;
  const parts = [node.left, node.right].map((side) => [side, proseOf(side, visit)] as const);
  if (parts.every(([, text]) => text === undefined)) return undefined;
  return parts
    .map(([side, text]) => {
      if (text === undefined) visit(side);
      return text ?? '~';
    })
    .join('');
}

/** Every comment without its markup; `//` comments on consecutive lines are one text. */
function commentsOf(file: string, source: string): Text[] {
  const texts: Text[] = [];
  let lastLine = -1;
  for (const { pos, end, kind } of commentRanges(file, source)) {
    const line = source.slice(0, pos).split('\n').length;
    const text = withoutMarkup(source.slice(pos, end));
    const isLine = kind === ts.SyntaxKind.SingleLineCommentTrivia;
    const previous = texts.at(-1);
    if (isLine && line === lastLine + 1 && previous !== undefined) {
      texts[texts.length - 1] = { ...previous, text: `${previous.text}\n${text}` };
    } else texts.push({ file, line, text });
    lastLine = isLine ? line : -1;
  }
  return texts;
}

/** The comments around each token, each once. Only the parser knows where a template continues after its value. */
function commentRanges(file: string, source: string): ts.CommentRange[] {
  const ranges = new Map<number, ts.CommentRange>();
  const parsed = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return;
    const children = node.getChildren(parsed);
    if (children.length > 0) return children.forEach(visit);
    const around = [
      ...(ts.getLeadingCommentRanges(source, node.pos) ?? []),
      ...(ts.getTrailingCommentRanges(source, node.end) ?? []),
    ];
    for (const range of around) ranges.set(range.pos, range);
  };
  visit(parsed);
  return [...ranges.values()].sort((one, other) => one.pos - other.pos);
}

/** Code, links, tags and names of parameters become blanks, and so do the signs of the comment itself. */
function withoutMarkup(comment: string): string {
  const blank = (markup: string): string => markup.replace(/[^\n]/g, ' ');
  return comment
    .replace(/`[^`]*`/g, blank)
    .replace(/\{@\w+[^}]*\}/g, blank)
    .replace(/@(?:param\s+[\w.]+|\w+)/g, blank)
    .replace(/^\s*(?:\/\/|\/?\*+(?!\/))|\*+\/\s*$/gm, blank);
}

/** A page without its code blocks and inline code, paragraph by paragraph. */
function textsOfPage(file: string, page: string): Text[] {
  const blank = (code: string): string => code.replace(/[^\n]/g, ' ');
  const prose = page.replace(/^( *)```[\s\S]*?^\1```/gm, blank).replace(/`[^`\n]*`/g, blank);
  let line = 1;
  return prose.split('\n\n').map((text) => {
    const at = line;
    line += text.split('\n').length + 1;
    return { file, line: at, text };
  });
}

/** Files below a folder, relative to the repository, sorted. */
function files(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}
