import assert from 'node:assert/strict';
import { sectionsBetween } from '../../../src/comparison/release-notes.js';

const told = (text: string, from: string, to: string): [string, string[]][] =>
  sectionsBetween(text, from, to).map(({ heading, lines }) => [heading, lines]);

describe("upstream's release notes", () => {
  it('are read as MediaWiki writes them', () => {
    const text = `= MediaWiki 1.39 =

PHP 8.0 workboard

== MediaWiki 1.39.17 ==

This is a maintenance release.

=== Changes since 1.39.14 ===
* Localisation updates.

== MediaWiki 1.39.16 ==

* Older

== MediaWiki 1.39.13 ==

* Known

== Compatibility ==

MediaWiki 1.39 requires PHP.
`;
    assert.deepEqual(told(text, '1.39.13', '1.39.17'), [
      [
        'MediaWiki 1.39.17',
        ['This is a maintenance release.', '', '=== Changes since 1.39.14 ===', '* Localisation updates.'],
      ],
      ['MediaWiki 1.39.16', ['* Older']],
    ]);
    assert.deepEqual(told(text, '1.39.17', '1.39.17'), []);
  });

  it('are read in Markdown, underlined, and as GNU writes them', () => {
    const markdown =
      '# Changelog\n\n## [2.1.0](https://x.example) (2026-01-01)\n\n- new\n\n## 2.0.0\n\n- old\n';
    assert.deepEqual(told(markdown, '2.0.0', '2.1.0'), [
      ['[2.1.0](https://x.example) (2026-01-01)', ['- new']],
    ]);
    const underlined =
      'Changes\n=======\n\nv1.6.2 (2026-01-01)\n-------------------\n* a\n\nv1.6.1\n------\n* b\n';
    assert.deepEqual(told(underlined, '1.6.1', '1.6.2'), [['v1.6.2 (2026-01-01)', ['* a']]]);
    const gnu =
      '* Noteworthy changes in release 9.1 (2026-04-15) [stable]\n\n** Bug\n\n* Noteworthy changes in release 9.0\n';
    assert.deepEqual(
      told(gnu, '9.0', '9.1').map(([heading]) => heading),
      ['* Noteworthy changes in release 9.1 (2026-04-15) [stable]'],
    );
  });

  it('know that a pre-release comes before its release', () => {
    const text = '## 0.16.0\n\nx\n\n## 0.16.0-a17\n\ny\n';
    assert.deepEqual(
      told(text, '0.16.0-a17', '0.16.0').map(([heading]) => heading),
      ['0.16.0'],
    );
  });

  it('give nothing for a text without versions', () => {
    assert.deepEqual(told('See the website.\n\nIt needs PHP 8.1 or later.\n', '1.0', '9.0'), []);
    assert.deepEqual(told('', '1.0', '9.0'), []);
  });
});
