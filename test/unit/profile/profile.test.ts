import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseProfile } from '../../../src/profile/load.js';

const good = `format: 1
description: A wiki
base: { distribution: debian, release: "12", codename: bookworm, architectures: [amd64] }
components:
  wiki:
    source: { kind: apt-source, package: wiki, version: "~1.39.0" }
    build: { method: debian }
    packages: [wiki, wiki-data]
    relation: exact
  parser:
    source: { kind: within, component: wiki, path: vendor/wiki/parser, library: wiki/parser }
    build: { method: tree, template: wiki-parser }
    relation: exact
  cache:
    source: { kind: apt-binary, packages: [varnish], version: ">=7.1 <8" }
    relation: minimum
metapackage:
  name: wiki-full
  lead: wiki
  templates: [wiki-full]
  settings: { siteName: Ours, deep: { list: [1, true] } }
`;

function faultsOf(text: string): string[] {
  const { value, faults } = parseProfile(text, 'p');
  assert.equal(value, undefined);
  return faults.map((fault) => `${fault.line}:${fault.column} ${fault.path ?? ''}: ${fault.message}`);
}

const faultsWith = (...changes: [string, string][]): string[] => {
  let text = good;
  for (const [from, to] of changes) {
    assert.ok(text.includes(from), from);
    text = text.replace(from, to);
  }
  return faultsOf(text);
};

describe('a profile', () => {
  it('is read, with what follows from its base', () => {
    const { value, faults } = parseProfile(good, 'p');
    assert.deepEqual(faults, []);
    assert.deepEqual(value?.base, {
      distribution: 'debian',
      release: '12',
      codename: 'bookworm',
      architectures: ['amd64'],
      phpVersion: '8.2',
    });
    assert.equal(value.file, 'profiles/p.yaml');
    assert.deepEqual(value.metapackage.settings, { siteName: 'Ours', deep: { list: [1, true] } });
  });

  it('tells three faults of three sorts at once', () => {
    assert.deepEqual(
      faultsWith(
        ['version: "~1.39.0"', 'version: 1.39'],
        ['lead: wiki', 'lead: wikki'],
        ['relation: minimum', 'relaton: minimum'],
      ),
      [
        '6:57 components.wiki.source.version: must be text, but is the number 1.39: put it in quotes, "1.39"',
        '16:5 components.cache.relaton: unknown key "relaton"; did you mean "relation"? Allowed here: source, build, packages, requires, relation, skip',
        '19:9 metapackage.lead: no component "wikki" in this profile; did you mean "wiki"? available: wiki, parser, cache',
      ],
    );
  });

  it('keeps the text of a number as it was written', () => {
    assert.match(faultsWith(['version: "~1.39.0"', 'version: 1.10'])[0]!, /in quotes, "1\.10"$/);
    assert.deepEqual(faultsWith(['release: "12"', 'release: 12']), [
      '3:40 base.release: must be one of 12, 13, as text: put it in quotes, "12"',
    ]);
  });

  it('refuses a range that is none', () => {
    for (const range of ['nonsense', '>>7', '']) {
      assert.match(
        faultsWith(['">=7.1 <8"', JSON.stringify(range)])[0]!,
        /must be a range of upstream versions/,
      );
    }
  });

  it('refuses what is no package name, no component name, no setting name, no path below', () => {
    const faults = faultsWith(
      ['[wiki, wiki-data]', '[wiki, Wiki_Data]'],
      ['  cache:', '  Cache.One:'],
      ['siteName:', 'site-name:'],
      ['vendor/wiki/parser', '../parser'],
    );
    assert.match(faults[0]!, /^8:22 components\.wiki\.packages\[1\]: must be a Debian package name/);
    assert.match(faults[1]!, /^11:52 components\.parser\.source\.path: must be a path below its folder/);
    assert.match(faults[2]!, /^14:3 components\.Cache\.One: the name "Cache\.One" must be a component name/);
    assert.match(
      faults[3]!,
      /^21:15 metapackage\.settings\.site-name: the name "site-name" must be a name that templates/,
    );
    assert.equal(faults.length, 4);
  });

  it('names the kinds and keys that there are', () => {
    assert.match(
      faultsWith(['kind: apt-binary', 'kind: apt-binry'])[0]!,
      /source\.kind: must be one of apt-source, apt-binary, within, git, tarball; did you mean "apt-binary"\?$/,
    );
    assert.match(
      faultsWith(['library: wiki/parser', 'libary: wiki/parser'])[0]!,
      /unknown key "libary"; did you mean "library"\? Allowed here: kind, component, path, library, version/,
    );
    assert.match(
      faultsWith(['[amd64]', '[amd46]'])[0]!,
      /architectures\[0\]: must be one of amd64.*did you mean "amd64"/,
    );
  });

  it('knows which codename belongs to which release', () => {
    assert.deepEqual(faultsWith(['codename: bookworm', 'codename: trixie']), [
      '3:56 base.codename: the codename of Debian 12 is bookworm, not trixie',
    ]);
  });

  it('tells what belongs to which kind of source', () => {
    assert.deepEqual(
      faultsWith(
        ['    build: { method: debian }\n    packages: [wiki, wiki-data]\n', ''],
        ['method: tree, template: wiki-parser', 'method: debian'],
        ['    relation: minimum', '    build: { method: debian }\n    packages: [x1]\n    relation: minimum'],
      ),
      [
        '5:3 components.wiki.build: is missing; a component of kind apt-source is built by method debian',
        '5:3 components.wiki.packages: is missing; it names the built packages that become part of the set',
        '10:22 components.parser.build.method: a component of kind within is built by method tree, not debian',
        '14:5 components.cache.build: a component of kind apt-binary is not built: remove "build"',
        '15:5 components.cache.packages: is only allowed with method debian; here "source.packages" names them',
      ],
    );
  });

  it('takes one thing out of a git repository, and tarballs that somebody vouches for', () => {
    const more = `
  extra:
    source: { kind: git, url: "https://git.example.org/extra", tag: v1, branch: "wmf/*", tags: "v*" }
    build: { method: tree }
  nothing:
    source: { kind: git, url: ../nothing }
    build: { method: tree }
  secret:
    source: { kind: git, url: "https://me:secret@git.example.org/x", branch: main }
    build: { method: debian }
  ball:
    source: { kind: tarball, url: "https://example.org/ball.tar.gz", version: "~1.2", signedBy: keys/ball.asc }
    build: { method: tree }
  other:
    source: { kind: tarball, url: "https://example.org/o-1.0.tar.gz", version: 1.0.0, listing: "https://example.org/" }
    build: { method: tree }
    requires: { wiki: "^1.39", wik: "*", other: "1.0", parser: soon }
metapackage:`;
    assert.deepEqual(
      faultsWith(['\nmetapackage:', more]).map((fault) => fault.replace(/^\d+:\d+ components\./, '')),
      [
        'extra.source.branch: contradicts "tag": only one of them is allowed',
        'extra.source.tags: is only allowed with "version": it selects the tags that are versions',
        'nothing.source.version: is missing: one of "version", "tag", "branch" and "commit" is required',
        'secret.packages: is missing; it names the built packages that become part of the set',
        'secret.source.url: must be the address of a git repository: https://host/path, http://host/path, or a path that starts with "/", "./" or "../"; without user and password',
        'ball.source.signature: is missing: "signature" gives the address of the signature, "signedBy" the trusted keys',
        'ball.source.listing: is missing: it lists the available versions for ~1.2',
        'ball.source.url: must contain {version} in place of the version',
        'other.source.sha256: is missing: "sha256", or "signature" and "signedBy", is required to verify the tarball',
        'other.source.listing: is not needed: "version" is only 1.0.0',
        'other.requires.wik: no component "wik" in this profile; did you mean "wiki"? available: wiki, parser, cache, extra, nothing, secret, ball, other',
        'other.requires.other: is the component itself',
        'other.requires.parser: must be a version constraint: "^0.20", ">=1.43 <1.45"',
      ],
    );
  });

  it('finds expired keys that are named for nothing, or twice', () => {
    const key = '0123456789ABCDEF0123456789ABCDEF01234567';
    const extra = (source: string): string[] =>
      faultsWith([
        '\nmetapackage:',
        `\n  extra:\n    source: { kind: git, url: "https://example.org/x", tag: "1.0", ${source} }\n    build: { method: tree }\nmetapackage:`,
      ]).map((fault) => fault.replace(/^\d+:\d+ components\.extra\.source\./, ''));
    const named = (fingerprint: string): string => `{ fingerprint: "${fingerprint}", reason: Retired }`;
    const inOrder = `signedBy: keys/x.asc, expiredKeys: [${named(key)}], branch: two`;
    assert.deepEqual(
      extra(inOrder).filter((fault) => fault.includes('expiredKeys')),
      [],
    );
    assert.deepEqual(extra(`expiredKeys: [${named(key)}]`), [
      'expiredKeys: is only allowed with "signedBy", which is missing',
    ]);
    assert.deepEqual(
      extra(`signedBy: keys/x.asc, expiredKeys: [${named(key)}, ${named(key.toLowerCase())}]`),
      ['expiredKeys[1].fingerprint: occurs twice'],
    );
    assert.match(
      extra(`signedBy: keys/x.asc, expiredKeys: [${named('1234ABCD')}]`)[0]!,
      /must be a full fingerprint/,
    );
    assert.match(extra(`signedBy: keys/x.asc, expiredKeys: [{ fingerprint: "${key}" }]`)[0]!, /reason/);
  });

  it('finds circles, and what has no tree to be within', () => {
    const circle = `
  one:
    source: { kind: within, component: two, path: x }
    build: { method: tree, template: t-one }
    relation: exact
  two:
    source: { kind: within, component: one, path: x }
    build: { method: tree, template: t-two }
    relation: exact
  three:
    source: { kind: within, component: two, path: x }
    build: { method: tree, template: t-three }
    relation: exact
  self:
    source: { kind: within, component: self, path: x }
    build: { method: tree, template: t-self }
    relation: exact
  bin:
    source: { kind: within, component: cache, path: x }
    build: { method: tree, template: t-bin }
    relation: exact
metapackage:`;
    assert.deepEqual(
      faultsWith(['\nmetapackage:', circle]).map((fault) => fault.replace(/^\d+:\d+ /, '')),
      [
        'components.one.source.component: is circular: one is within two is within one',
        'components.self.source.component: is circular: self is within self',
        'components.bin.source.component: "cache" has no source tree: its kind is apt-binary',
      ],
    );
  });

  it('refuses repeats, a package with two homes and a metapackage without its template', () => {
    assert.deepEqual(
      faultsWith(
        ['[wiki, wiki-data]', '[wiki, wiki, varnish]'],
        ['templates: [wiki-full]', 'templates: [wiki-ful, wiki-parser]'],
      ),
      [
        '8:22 components.wiki.packages[1]: "wiki" is already in this list',
        '15:44 components.cache.source.packages[0]: the package "varnish" already comes from component wiki',
        '20:14 metapackage.templates: this list lacks the template "wiki-full" of the metapackage itself; did you mean "wiki-ful"?',
        '20:25 metapackage.templates[1]: the package "wiki-parser" already comes from component parser',
      ],
    );
  });

  it('wants at least one component', () => {
    assert.ok(
      faultsOf(good.replace(/components:[^]*metapackage:/, 'components: {}\nmetapackage:')).includes(
        '4:13 components: must contain at least one component',
      ),
    );
  });

  it('judges any data without failing itself', () => {
    const words = fc.constantFrom(...good.match(/[A-Za-z-]+/g)!);
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        words,
        fc.jsonValue({ maxDepth: 1 }),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(words, tie('tree'), { maxKeys: 6 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(words, tree), (data) => {
        const { value, faults } = parseProfile(JSON.stringify(data), 'p');
        assert.equal(value === undefined, faults.length > 0);
        assert.ok(
          faults.every((fault) => fault.message !== undefined && fault.line! >= 1 && fault.column! >= 1),
        );
      }),
    );
  });

  it('survives any text', () => {
    fc.assert(
      fc.property(fc.nat({ max: good.length }), fc.string({ maxLength: 8, unit: 'grapheme' }), (at, text) => {
        const { value, faults } = parseProfile(good.slice(0, at) + text + good.slice(at), 'p');
        assert.equal(value === undefined, faults.length > 0);
      }),
    );
  });

  it('survives any shape', () => {
    for (const text of [
      'components: 3',
      'components: [1]',
      'components: { a: null, b: { source: [] } }',
      'metapackage: x',
      '12',
    ]) {
      assert.ok(faultsOf(text).length > 0);
    }
  });
});
