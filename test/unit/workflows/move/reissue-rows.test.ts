import assert from 'node:assert/strict';
import { supersedeNotes } from '../../../../src/workflows/move/reissue-rows.js';
import { earlier, later, planned, s2, setOf, type Wish } from '../../suite/supersede-sets.js';

describe('what is told of a superseding rollback', () => {
  const told = (target: Wish[], current: Wish[]): string[] =>
    supersedeNotes(planned(target, current), setOf(s2, current).packages);

  it('notes what a person might not expect of packages', () => {
    const notes = told(
      [...earlier, { name: 'wiki-old', version: '1-1' }],
      [
        ...later,
        { name: 'wiki-new', version: '1-1' },
        { name: 'wiki-tied', version: '1-1', says: `Depends: wiki (= 1:1.39.17-1+lockstep1)` },
      ],
    );
    assert.deepEqual(notes, [
      'varnish 7.1.1-1.1+deb12u2 stays unchanged on machines: packages of the distribution are not re-issued, so that they still get its security updates.',
      'wiki-tied is not part of the earlier set: apt removes it, because it needs withdrawn versions.',
      'wiki-new is not part of the earlier set and stays on machines; "apt-get autoremove" removes what nothing needs.',
    ]);
  });

  it("says where there was no other way than to re-issue what is the distribution's", () => {
    const exact = earlier.map((wish) =>
      wish.name === 'wiki-full' ? { ...wish, says: 'Depends: varnish (= 7.1.1-1.1+deb12u1)' } : wish,
    );
    const notes = told(exact, later);
    assert.match(notes.join('\n'), /^varnish of the distribution is re-issued, because .* minimum or series/);
  });

  it('names a few and counts the rest, and is silent where nothing is to be said', () => {
    const many = Array.from({ length: 9 }, (_, at): Wish => ({ name: `extra${at}`, version: '1-1' }));
    const wiki = (version: string): Wish => ({ name: 'wiki', version });
    assert.deepEqual(told([wiki('1.0-1')], [wiki('2.0-1')]), []);
    assert.match(
      told([wiki('1.0-1')], [wiki('2.0-1'), ...many]).join('\n'),
      /^extra0, extra1, extra2, extra3, extra4, extra5 and 3 more are not part of the earlier set and stay on/,
    );
  });
});
