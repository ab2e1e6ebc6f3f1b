import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { LockstepError } from '../../../src/errors.js';
import { dropSkip, putSkip } from '../../../src/profile/edit-skip.js';
import { parseProfile } from '../../../src/profile/load.js';

const now = new Date('2026-11-29T16:00:00Z');
const head = `# our wiki
format: 1
description: A wiki
base: { distribution: debian, release: "13", codename: trixie, architectures: [amd64] }
components:
`;
const wiki = `  wiki:   # the wiki itself
    source: { kind: apt-source, package: mediawiki, version: "~1.43.0" }
    build: { method: debian }
    packages:
      - mediawiki     # the code
`;
const rest = `
  # A cache
  cache:
    source: { kind: apt-binary, packages: [varnish], version: '*' }

metapackage: { name: full, lead: wiki, templates: [full] } # ours
`;
const skip = { version: '1:1.43.12-1~deb13u1', reason: 'no files yet', until: '2026-12-13' };
const line = `      - { version: "1:1.43.12-1~deb13u1", reason: "no files yet", until: 2026-12-13 }\n`;
const plain = head + wiki + rest;
const skipping = `${head}${wiki}    skip:\n${line}${rest}`;

function skipsIn(text: string): unknown {
  const { value, faults } = parseProfile(text, 'p');
  assert.deepEqual(faults, []);
  return value!.components['wiki']!.skip;
}

describe('a skip that is put into a profile', () => {
  it('stands at the end of its component, and all else stays as it was written', () => {
    const edit = putSkip(plain, 'p', 'wiki', skip, now);
    assert.equal(edit.text, skipping);
    assert.deepEqual(
      [edit.action, edit.line, edit.fragment],
      ['add', edit.text.split('\n').indexOf('    skip:') + 1, `    skip:\n${line}`],
    );
  });

  it('stands behind those that are there', () => {
    const commented = skipping.replace(line, `${line.trimEnd()} # since Friday\n`);
    const other = { ...skip, version: '1.43.13' };
    const { text } = putSkip(commented, 'p', 'wiki', other, now);
    assert.equal(text.replace(line.replace('1:1.43.12-1~deb13u1', '1.43.13'), ''), commented);
    assert.deepEqual(skipsIn(text), [skip, other]);
  });

  it('is not written twice; with another end or reason it is changed where it stands', () => {
    assert.deepEqual(putSkip(skipping, 'p', 'wiki', skip, now), {
      ...{ action: 'none', text: skipping, fragment: '', line: null },
    });
    const later = putSkip(
      skipping,
      'p',
      'wiki',
      { ...skip, until: '2026-12-20', reason: 'still "none"' },
      now,
    );
    assert.equal(later.action, 'change');
    assert.equal(
      later.text,
      skipping.replace('2026-12-13', '2026-12-20').replace('"no files yet"', String.raw`"still \"none\""`),
    );
  });

  it('goes into whatever form of YAML there is, and leaves comments', () => {
    const forms = [
      plain.replace(
        wiki,
        `  wiki: { source: { kind: apt-source, package: mediawiki, version: "~1.43.0" }, build: { method: debian }, packages: [mediawiki] }\n`,
      ),
      `${head}${wiki}    skip: [{ version: "1.43.11", reason: x, until: 2026-12-01 }]\n${rest}`,
      `${head}${wiki}    skip:\n    - version: "1.43.11"\n      until: 2026-12-01 # soon\n      reason: >-\n        long\n        words\n${rest}`,
      plain
        .replace(rest, `${rest.replace(/metapackage.*\n/, '')}`)
        .replace(
          'components:',
          'metapackage: { name: full, lead: wiki, templates: [full] } # ours\ncomponents:',
        )
        .trimEnd(),
    ];
    for (const form of forms) {
      assert.notEqual(form, plain);
      const before = (skipsIn(form) as unknown[] | undefined) ?? [];
      const { text, action } = putSkip(form, 'p', 'wiki', skip, now);
      assert.equal(action, 'add');
      assert.deepEqual(skipsIn(text), [...before, skip]);
      assert.match(text, /^# our wiki\n/);
      assert.match(text, /# ours\n/);
      const back = dropSkip(text, 'p', 'wiki', skip.version).text;
      assert.deepEqual((skipsIn(back) as unknown[] | undefined) ?? [], before);
    }
  });

  it('is taken out again, and the file is as it was', () => {
    const gone = dropSkip(skipping, 'p', 'wiki', skip.version);
    assert.deepEqual([gone.action, gone.text, gone.fragment], ['remove', plain, `    skip:\n${line}`]);
    const two = putSkip(skipping, 'p', 'wiki', { ...skip, version: '1.43.13' }, now).text;
    assert.equal(dropSkip(two, 'p', 'wiki', '1.43.13').text, skipping);
    assert.equal(dropSkip(plain, 'p', 'wiki', '1.43.13').action, 'none');
  });

  it("goes into this repository's profiles, and out of them again", () => {
    const path = resolve(import.meta.dirname, '../../../profiles/mediawiki-1.43.yaml');
    const before = readFileSync(path, 'utf8');
    for (const component of ['mediawiki', 'varnish']) {
      const { text, fragment } = putSkip(before, 'mediawiki-1.43', component, skip, now);
      assert.equal(text.replace(fragment, ''), before);
      assert.equal(dropSkip(text, 'mediawiki-1.43', component, skip.version).text, before);
    }
  });

  it('is refused where the profile would not be good with it', () => {
    const fault = (one: Partial<typeof skip>, text = plain): LockstepError => {
      try {
        putSkip(text, 'p', 'wiki', { ...skip, ...one }, now);
      } catch (error) {
        if (error instanceof LockstepError) return error;
        throw error;
      }
      throw new Error('no fault');
    };
    assert.equal(fault({ until: '2027-12-13' }).where[0]!.path, 'components.wiki.skip[0].until');
    assert.equal(fault({}, plain.replace('format: 1', 'format: 2')).code, 'PROFILE_INVALID');
  });

  it('says what was given, whatever characters it has', () => {
    const words = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => /^\S(?:[^\p{Cc}]*\S)?$/u.test(text));
    fc.assert(
      fc.property(words, words, (reason, other) => {
        const { text } = putSkip(plain, 'p', 'wiki', { ...skip, reason }, now);
        assert.deepEqual(skipsIn(text), [{ ...skip, reason }]);
        assert.ok(text.includes(wiki) && text.endsWith(rest));
        const changed = putSkip(text, 'p', 'wiki', { ...skip, reason: other, until: '2026-12-14' }, now).text;
        assert.deepEqual(skipsIn(changed), [{ ...skip, reason: other, until: '2026-12-14' }]);
        assert.equal(dropSkip(changed, 'p', 'wiki', skip.version).text, plain);
      }),
      { numRuns: 25 },
    );
  });
});
