import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import { parseProfile } from '../../../src/profile/load.js';
import { assertFilledIn, placeholdersIn } from '../../../src/profile/placeholder.js';
import type { Profile } from '../../../src/profile/profile-schema.js';

function profileWith(...urls: string[]): Profile {
  const components = urls.map(
    (url, index) => `  c${index}:
    source: { kind: git, url: "${url}", branch: main }
    build: { method: tree }
`,
  );
  const { value, faults } = parseProfile(
    `format: 1
description: x
base: { distribution: debian, release: "12", codename: bookworm, architectures: [amd64] }
components:
${components.join('')}metapackage: { name: full, lead: c0, templates: [full] }
`,
    'p',
  );
  assert.deepEqual(faults, []);
  return value!;
}

describe('a profile whose addresses are examples', () => {
  it('is told apart from one that is filled in', () => {
    const profile = profileWith(
      'https://git.example.org/a',
      'https://git.wiki.test/b',
      'http://EXAMPLE.com/c',
      'https://wiki.example/d',
      '../example.org/e',
      'https://myexample.org/f',
    );
    assert.deepEqual(
      placeholdersIn(profile).map(({ path, line }) => [path, line]),
      [
        ['components.c0.source.url', 6],
        ['components.c2.source.url', 12],
        ['components.c3.source.url', 15],
      ],
    );
  });

  it('is refused with the file to write into', () => {
    assertFilledIn(profileWith('../a'));
    assert.throws(
      () => assertFilledIn(profileWith('https://git.example.org/a')),
      (error: unknown) =>
        error instanceof LockstepError &&
        error.code === 'PROFILE_PLACEHOLDER' &&
        /https:\/\/git\.example\.org\/a is an example/.test(error.message) &&
        /profiles\/p\.yaml/.test(error.hint!),
    );
  });
});
