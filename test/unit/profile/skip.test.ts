import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import { parseAnyProfile, parseProfile, placeOfWords } from '../../../src/profile/load.js';
import { skipsOf } from '../../../src/profile/skips-in-force.js';
import { hasEnded, isTooLong, latestEnd, skippedSentence, undoCommand } from '../../../src/profile/skip.js';

const now = new Date('2026-11-29T16:00:00Z');

function profile(wiki: string, more = ''): string {
  return `format: 1
description: A wiki
base: { distribution: debian, release: "13", codename: trixie, architectures: [amd64] }
components:
  wiki:
    source: { kind: apt-source, package: mediawiki, version: "~1.43.0" }
    build: { method: debian }
    packages: [mediawiki]
${wiki}${more}metapackage: { name: full, lead: wiki, templates: [full] }
`;
}

const skip = (lines: readonly string[]): string =>
  `    skip:\n${lines.map((line) => `      - ${line}\n`).join('')}`;

function told(text: string): string[] {
  return parseAnyProfile(text, 'p', now).faults.map(
    ({ line, path, message }) => `${line} ${path}: ${message}`,
  );
}

describe('the skips of a profile', () => {
  it('are read as they are written, the day without quotes too', () => {
    const text = profile(
      skip([`{ version: "1:1.43.12-1~deb13u1", reason: no files yet, until: 2026-12-13 }`]),
    );
    const { value, faults } = parseProfile(text, 'p');
    assert.deepEqual(faults, []);
    assert.deepEqual(value!.components['wiki']!.skip, [
      { version: '1:1.43.12-1~deb13u1', reason: 'no files yet', until: '2026-12-13' },
    ]);
  });

  it('have all their faults told at once, each with its line', () => {
    const faults = told(
      profile(
        skip([
          `{ version: "1 2", reason: x, until: 2026-12-13 }`,
          `{ version: "1.43.12", reason: "", until: 2026-12-13 }`,
          `{ version: "1.43.12", reason: x, until: 2026-13-13 }`,
          `{ version: "1.43.11", reason: x, until: 2027-03-01 }`,
          `{ version: "1.43.10", until: tomorrow, why: x }`,
        ]),
      ),
    );
    assert.deepEqual(
      faults.map((fault) => fault.split(':')[0]),
      [
        '10 components.wiki.skip[0].version',
        '11 components.wiki.skip[1].reason',
        '12 components.wiki.skip[2].version',
        '12 components.wiki.skip[2].until',
        '13 components.wiki.skip[3].until',
        '14 components.wiki.skip[4].reason',
        '14 components.wiki.skip[4].until',
        '14 components.wiki.skip[4].why',
      ].sort((a, b) => faults.findIndex((f) => f.startsWith(a)) - faults.findIndex((f) => f.startsWith(b))),
    );
    assert.equal(faults.length, 8);
    assert.match(faults.join('\n'), /is already skipped by skip\[1\]/);
    assert.match(faults.join('\n'), /more than 90 days ahead: the latest end of a skip is 2027-02-27/);
  });

  it('are versions that their kind of source can have, and of no component that is within another', () => {
    const git = `  ext:
    source: { kind: git, url: ../ext, version: latest }
    build: { method: tree }
    skip: [{ version: "REL1_43_1", reason: x, until: 2026-12-13 }, { version: "a b", reason: x, until: 2026-12-13 }]
  ball:
    source: { kind: tarball, url: "https://files.example.org/{version}.tgz", listing: "https://files.example.org/", version: latest, signature: "https://files.example.org/{version}.asc", signedBy: keys/k.asc }
    build: { method: tree, template: ball }
    skip: [{ version: "nightly", reason: x, until: 2026-12-13 }]
  part:
    source: { kind: within, component: wiki, path: vendor/part }
    skip: [{ version: "1.0", reason: x, until: 2026-12-13 }]
`;
    const faults = told(profile('', git));
    assert.equal(faults.length, 3, faults.join('\n'));
    assert.match(faults[0]!, /components\.ext\.skip\[1\]\.version: must be a version, the name of a tag/);
    assert.match(faults[1]!, /components\.ball\.skip\[0\]\.version: must be an upstream version/);
    assert.match(faults[2]!, /components\.part\.skip: has no effect here: .* the version of wiki/);
  });

  it('have effect until their day begins, and never for longer than may be', () => {
    const one = { until: '2026-12-13' };
    assert.equal(hasEnded(one, new Date('2026-12-12T23:59:59.999Z')), false);
    assert.equal(hasEnded(one, new Date('2026-12-13T00:00:00Z')), true);
    assert.equal(isTooLong({ until: latestEnd(now) }, now), false);
    assert.equal(isTooLong({ until: '2027-02-28' }, now), true);

    const text = profile(
      skip([
        `{ version: "1.43.12", reason: x, until: 2026-12-13 }`,
        `{ version: "1.43.11", reason: x, until: 2026-11-29 }`,
      ]),
    );
    const { inForce, ended } = skipsOf(parseProfile(text, 'p').value!, now);
    assert.deepEqual(
      inForce.get('wiki')!.map(({ version, path, undo }) => [version, path, undo]),
      [['1.43.12', 'components.wiki.skip[0]', 'lockstep skip p wiki --remove 1.43.12']],
    );
    assert.deepEqual(ended, [
      'The skip of wiki 1.43.11 in p expired on 2026-11-29. Remove it: lockstep skip p wiki --remove 1.43.11',
    ]);
    // Where the time was not known when it was read
    const long = parseProfile(text.replace('2026-12-13', '2027-12-13'), 'p').value!;
    assert.throws(
      () => skipsOf(long, now),
      (error: unknown) =>
        error instanceof LockstepError && error.code === 'PROFILE_INVALID' && error.where[0]!.line === 10,
    );
  });

  it('are told in one sentence, and taken back with one line that a shell understands', () => {
    const one = { component: 'wiki', version: '1:1.43.12-1', reason: 'no files', until: '2026-12-13' };
    assert.equal(
      skippedSentence({ ...one, security: true }),
      'wiki 1:1.43.12-1 skipped until 2026-12-13 (no files), security fixes missing',
    );
    assert.equal(
      skippedSentence({ ...one, security: false }),
      'wiki 1:1.43.12-1 skipped until 2026-12-13 (no files)',
    );
    assert.equal(undoCommand('p', 'wiki', '1:1~deb13u1'), 'lockstep skip p wiki --remove 1:1~deb13u1');
    assert.equal(undoCommand('p', 'wiki', "a$(b)'c"), String.raw`lockstep skip p wiki --remove 'a$(b)'\''c'`);
  });

  it('are found in the file by the words of their path', () => {
    const text = profile(skip([`{ version: "1.43.12", reason: x, until: 2026-12-13 }`]));
    const { line, column, path } = placeOfWords(
      parseProfile(text, 'p').value!,
      'components.wiki.skip[0].until',
    );
    assert.deepEqual([line, column, path], [10, 49, 'components.wiki.skip[0].until']);
  });
});
