import assert from 'node:assert/strict';
import { codeBlock, codeSpan, escapeMarkdown, markdownTable } from '../../../../src/cli/render/markdown.js';

describe('Markdown around text from outside', () => {
  it('escapes what would be markup, HTML, a link or a mention', () => {
    assert.equal(escapeMarkdown('1.39.17 of MediaWiki (LTS)'), '1.39.17 of MediaWiki (LTS)');
    assert.equal(
      escapeMarkdown('**a** _b_ `c` [d](e) | f'),
      '\\*\\*a\\*\\* \\_b\\_ \\`c\\` \\[d\\](e) \\| f',
    );
    assert.equal(escapeMarkdown('<img src=x> &lt;'), '\\<img src=x\\> \\&lt;');
    assert.equal(escapeMarkdown('# a'), '\\# a');
    assert.equal(escapeMarkdown('- a'), '\\- a');
    assert.equal(escapeMarkdown('1. a'), '1\\. a');
    assert.equal(escapeMarkdown('a\n\n# b'), 'a \\# b');
    assert.equal(escapeMarkdown('by @user, see #12'), 'by @<!-- -->user, see \\#<!-- -->12');
    assert.equal(
      escapeMarkdown('https://evil.example www.evil.example'),
      'https:<!-- -->//evil.example www<!-- -->.evil.example',
    );
    assert.equal(escapeMarkdown('\u001b[31mred'), '\\\\x1b\\[31mred');
  });

  it('makes code spans that nothing in them ends', () => {
    assert.equal(codeSpan('/etc/x'), '`/etc/x`');
    assert.equal(codeSpan('a`b``c'), '```a`b``c```');
    assert.equal(codeSpan('`'), '`` ` ``');
    assert.equal(codeSpan('a\nb'), '`a b`');
    assert.equal(codeSpan(''), '');
  });

  it('makes fenced blocks that nothing in them ends', () => {
    const block = codeBlock('+```\n+````diff\n', 'diff');
    assert.equal(block, '`````diff\n+```\n+````diff\n`````');
    assert.equal(codeBlock('x', 'text'), '```text\nx\n```');
  });

  it('keeps each cell of a table in its place', () => {
    const table = markdownTable(['a', 'b'], [[codeSpan('x | y'), escapeMarkdown('p | q')]]);
    assert.equal(table, '| a | b |\n|---|---|\n| `x \\| y` | p \\| q |');
  });
});
