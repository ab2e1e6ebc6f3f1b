import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { LockstepError } from '../../../src/errors.js';
import { addComponent } from '../../../src/profile/edit.js';
import { parseProfile } from '../../../src/profile/load.js';

const head = `# our wiki
format: 1
description: A wiki
base: { distribution: debian, release: "12", codename: bookworm, architectures: [amd64] }
`;
const tail = `metapackage: { name: full, lead: core, templates: [full] } # ours
`;
const core = `  core:   # the wiki itself
    source: { kind: apt-source, package: mediawiki, version: "~1.39.0" }
    build: { method: debian }
    packages:
      - mediawiki     # the code
`;
const cite = {
  source: { kind: 'git', url: 'https://git.example.org/Cite', branch: 'REL1_39' },
  build: { method: 'tree' },
};
const citeLines = `  cite:
    source: { kind: git, url: https://git.example.org/Cite, branch: REL1_39 }
    build: { method: tree }
`;

function faultOf(act: () => unknown): LockstepError {
  try {
    act();
  } catch (error) {
    if (error instanceof LockstepError) return error;
    throw error;
  }
  throw new Error('no fault');
}

describe('a component that is put into a profile', () => {
  it('stands behind the others, and all else stays as it was written', () => {
    const { text, fragment, line } = addComponent(`${head}components:\n${core}${tail}`, 'p', 'cite', cite);
    assert.equal(text, `${head}components:\n${core}${citeLines}${tail}`);
    assert.equal(fragment, citeLines);
    assert.equal(line, text.split('\n').indexOf('  cite:') + 1);
  });

  it('is kept apart where the others are, and leaves comments between where they are', () => {
    const second = `\n  # A cache\n  cache:\n    source: { kind: apt-binary, packages: [varnish], version: '*' }\n    relation: minimum # for its fixes\n`;
    const before = `${head}components:\n${core}${second}\n# How it is put together\n${tail}`;
    assert.equal(
      addComponent(before, 'p', 'cite', cite).text,
      `${head}components:\n${core}${second}\n${citeLines}\n# How it is put together\n${tail}`,
    );
  });

  it('can be the last thing in a file that ends without a line end', () => {
    const before = `${head}${tail}components:\n${core.trimEnd()}`;
    assert.equal(
      addComponent(before, 'p', 'cite', cite).text,
      `${head}${tail}components:\n${core}${citeLines}`,
    );
  });

  it('goes into components in braces too', () => {
    const before = `${head}components: { core: { source: { kind: apt-source, package: mediawiki, version: "~1.39.0" }, build: { method: debian }, packages: [mediawiki] } }\n${tail}`;
    const { text, profile } = addComponent(before, 'p', 'cite', cite);
    assert.deepEqual(Object.keys(profile.components), ['core', 'cite']);
    assert.match(text, /^# our wiki\n/);
    assert.match(text, /# ours\n$/);
  });

  it("goes into this repository's profiles", () => {
    const path = resolve(import.meta.dirname, '../../../profiles/mediawiki-1.43.yaml');
    const before = readFileSync(path, 'utf8');
    const { text, fragment } = addComponent(before, 'mediawiki-1.43', 'cite', cite);
    assert.equal(text.replace(`\n${fragment}`, ''), before);
  });

  it('is refused where there is one of its name, with the place of that one', () => {
    const { code, where } = faultOf(() =>
      addComponent(`${head}components:\n${core}${tail}`, 'p', 'core', cite),
    );
    assert.equal(code, 'COMPONENT_EXISTS');
    assert.deepEqual(where, [{ file: 'profiles/p.yaml', line: 6, path: 'components.core' }]);
  });

  it('is refused where the profile would not be good with it, or is not without', () => {
    const good = `${head}components:\n${core}${tail}`;
    const bad = faultOf(() =>
      addComponent(good, 'p', 'cite', { ...cite, source: { ...cite.source, url: 'nowhere', tag: 'x' } }),
    );
    assert.equal(bad.code, 'PROFILE_INVALID');
    assert.deepEqual(
      bad.where.map(({ path, line }) => [path, line]),
      [
        ['components.cite.source.url', 12],
        ['components.cite.source.branch', 12],
      ],
    );
    assert.equal(
      faultOf(() => addComponent(good.replace('format: 1', 'format: 2'), 'p', 'x', cite)).code,
      'PROFILE_INVALID',
    );
    const imported = `format: 1\nkind: imported\ndescription: x\nbase: { distribution: debian, release: "12", codename: bookworm, architectures: [amd64] }\n`;
    assert.equal(faultOf(() => addComponent(imported, 'p', 'cite', cite)).code, 'USAGE');
  });

  it('is quoted where YAML needs it: what was given is what is read', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
        const url = `/srv/${name}`;
        let edit;
        try {
          edit = addComponent(`${head}components:\n${core}${tail}`, 'p', 'cite', {
            ...cite,
            source: { ...cite.source, url },
          });
        } catch (error) {
          assert.ok(error instanceof LockstepError && error.code === 'PROFILE_INVALID');
          return;
        }
        const source = parseProfile(edit.text, 'p').value!.components['cite']!.source;
        assert.equal(source.kind === 'git' ? source.url : null, url);
        assert.ok(edit.text.includes(core) && edit.text.endsWith(tail));
      }),
    );
  });
});
