import assert from 'node:assert/strict';
import { noteWords, type InstallNote } from '../../../../src/vetting/install/install-note.js';

const notes: [InstallNote, RegExp][] = [
  [
    { kind: 'earlier-not-installable', snapshot: 'S', metapackage: 'wiki', said: null },
    /^no upgrade from S was tried: it has no wiki$/,
  ],
  [
    { kind: 'earlier-not-installable', snapshot: 'S', metapackage: 'wiki', said: 'no libx' },
    /it cannot be installed: no libx$/,
  ],
  [
    { kind: 'recommends-unmet', package: 'wiki', recommends: ['a', 'b'] },
    /^wiki recommends a \| b, which Debian 12 does not have$/,
  ],
  [
    { kind: 'below-base', packages: [{ package: 'wiki', version: '1', own: '2' }] },
    /a skip keeps wiki at 1, and Debian 12 has 2$/,
  ],
  [{ kind: 'files-not-in-store', snapshot: 'S' }, /^the files of S were not compared/],
  [{ kind: 'no-contents', architecture: 'amd64' }, /^Debian 12 has no Contents for amd64/],
  [
    { kind: 'contents-not-on-mirror', path: 'main/Contents-all.gz', suite: 'bookworm' },
    /^the mirror lacks the main\/Contents-all.gz that bookworm names/,
  ],
];

describe('what a proof of installability notes', () => {
  it('is a sentence for each kind, without a full stop', () => {
    for (const [note, words] of notes) {
      assert.match(noteWords(note, 'Debian 12'), words);
      assert.doesNotMatch(noteWords(note, 'Debian 12'), /\.$/);
    }
  });
});
