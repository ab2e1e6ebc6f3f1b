import assert from 'node:assert/strict';
import type { LockstepError } from '../../../src/errors.js';
import { planInit } from '../../../src/profile/init.js';
import { parseWorkspace } from '../../../src/profile/load.js';

const begin = [
  { path: 'profiles/wiki.yaml', content: 'format: 1\n', mode: 0o644 },
  { path: 'templates/wiki-full/package.yaml', content: 'package: wiki-full\n', mode: 0o644 },
  { path: 'snapshots/README.md', content: 'own words\n', mode: 0o644 },
];

describe('the plan of a new workspace', () => {
  it('has a good lockstep.yaml with two suites for each profile', () => {
    const plan = planInit({ name: 'farm' }, begin);
    const file = plan.find((planned) => planned.path === 'lockstep.yaml');
    const { value, faults } = parseWorkspace(file!.content as string, { root: '/w', profileNames: ['wiki'] });
    assert.deepEqual(faults, []);
    assert.equal(value?.archive.origin, 'Farm');
    assert.deepEqual(Object.keys(value.suites), ['wiki-unstable', 'wiki-stable']);
  });

  it('has no suites for a profile that is to be filled in first', () => {
    const content = `format: 1
description: x
base: { distribution: debian, release: "12", codename: bookworm, architectures: [amd64] }
components:
  wiki:
    source: { kind: git, url: "https://git.example.org/wiki", branch: main }
    build: { method: tree, template: wiki }
metapackage: { name: full, lead: wiki, templates: [full] }
`;
    const plan = planInit({ name: 'farm' }, [
      ...begin,
      { path: 'profiles/later.yaml', content, mode: 0o644 },
    ]);
    const text = plan.find((planned) => planned.path === 'lockstep.yaml')!.content as string;
    assert.doesNotMatch(text, /later/);
    assert.ok(plan.some((planned) => planned.path === 'profiles/later.yaml'));
  });

  it('takes over what it is given and adds what is missing, sorted', () => {
    const plan = planInit({ name: 'farm' }, begin);
    assert.deepEqual(
      plan.map((planned) => planned.path),
      [
        '.gitattributes',
        '.gitignore',
        'lockstep.yaml',
        'packaging/README.md',
        'profiles/README.md',
        'profiles/wiki.yaml',
        'schemas/lockstep.schema.json',
        'schemas/profile.schema.json',
        'snapshots/README.md',
        'templates/README.md',
        'templates/wiki-full/package.yaml',
      ],
    );
    assert.equal(plan.find((planned) => planned.path === 'snapshots/README.md')?.content, 'own words\n');
  });

  it('refuses options that lockstep.yaml would refuse', () => {
    assert.throws(
      () => planInit({ name: 'Farm!', maintainer: 'nobody' }, begin),
      (error: LockstepError) =>
        error.code === 'WORKSPACE_INVALID' &&
        error.where.some((place) => place.path === 'archive.name') &&
        error.where.some((place) => place.path === 'archive.maintainer'),
    );
  });
});
