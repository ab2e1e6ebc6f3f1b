import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LockstepError } from '../../../src/errors.js';
import type { ComponentSource } from '../../../src/profile/profile-schema.js';
import type { ComponentOptions } from '../../../src/resolution/component-options.js';
import { optionsOf } from '../../../src/resolution/options.js';
import type { Unsatisfied } from '../../../src/resolution/unsatisfied.js';
import type { Candidates, GitListing } from '../../../src/source/candidate.js';
import { binaries, binary, source, sources } from './listings.js';

type Source = Exclude<ComponentSource, { kind: 'within' }>;
type GitSource = Extract<ComponentSource, { kind: 'git' }>;

function options(config: Source, candidates: Candidates): ComponentOptions {
  const found = optionsOf('x', config, candidates, []);
  assert.ok(!Array.isArray(found), JSON.stringify(found));
  return found;
}

function fault(config: Source, candidates: Candidates): Unsatisfied {
  const found = optionsOf('x', config, candidates, []);
  assert.ok(Array.isArray(found) && found[0] !== undefined, 'it should be refused');
  return found[0];
}

/** `+` for those in the range. */
function told({ variable }: ComponentOptions): string[] {
  return variable.options.map(({ label, inRange }) => `${inRange ? '+' : '-'} ${label}`);
}

const address = 'https://git.test/x.git';

function git(words: Partial<GitSource>): GitSource {
  return { kind: 'git', url: address, submodules: true, ...words };
}

function listing(ref: string | null, version: string | null, commit = 'a'.repeat(40)): GitListing {
  return { version, ref, commit, tag: null };
}

function repository(...found: GitListing[]): Candidates {
  return { kind: 'git', component: 'x', found };
}

const tags = (...names: string[]): Candidates =>
  repository(...names.map((name) => listing(`refs/tags/${name}`, name.replace(/^v/, ''))));
const branches = (...names: string[]): Candidates =>
  repository(
    ...names.map((name) => listing(`refs/heads/${name}`, null, name.replace(/\W/g, '').padEnd(40, '0'))),
  );

describe('the options of a git source', () => {
  it('are its tags, the newest first, those out of the range too', () => {
    const there = tags('v0.20.1', 'v0.20.0-a9', 'v0.21.0', 'v0.20.0-a17', 'v0.20.0', 'nightly');
    assert.deepEqual(told(options(git({ version: '>=0.20 <0.21' }), there)), [
      '- 0.21.0 (tag v0.21.0)',
      '+ 0.20.1 (tag v0.20.1)',
      '+ 0.20.0 (tag v0.20.0)',
      '- 0.20.0-a17 (tag v0.20.0-a17)',
      '- 0.20.0-a9 (tag v0.20.0-a9)',
    ]);
    const alphas = told(options(git({ version: '>=0.20.0-a10 <0.21' }), there));
    assert.deepEqual(
      alphas.filter((line) => line.includes('-a')),
      ['+ 0.20.0-a17 (tag v0.20.0-a17)', '- 0.20.0-a9 (tag v0.20.0-a9)'],
    );
    assert.ok(told(options(git({ version: 'any' }), there)).every((line) => line.startsWith('+')));
  });

  it('that come before a release are none of a range, which says what would mean them', () => {
    const { hint } = fault(git({ version: '~1.1.0' }), tags('v1.1.1rc1', 'v1.2.0-rc.1'));
    assert.match(hint, /1\.1\.1-rc1 is a pre-release: .*">=1\.1\.1-rc1"/);
  });

  it('know MediaWiki’s own tags', () => {
    const there = tags('1.43.0', '1.43.0-rc.1', '1.43.10', '1.43.9', 'REL1_43_2', '1.44.0-rc.0');
    assert.deepEqual(told(options(git({ version: '~1.43.0' }), there)), [
      '- 1.44.0-rc.0 (tag 1.44.0-rc.0)',
      '+ 1.43.10 (tag 1.43.10)',
      '+ 1.43.9 (tag 1.43.9)',
      '+ REL1_43_2 (tag REL1_43_2)',
      '+ 1.43.0 (tag 1.43.0)',
      '- 1.43.0-rc.1 (tag 1.43.0-rc.1)',
    ]);
  });

  it('for "latest" are the releases; where there is none, what comes before the first', () => {
    assert.deepEqual(told(options(git({ version: 'latest' }), tags('1.0.0', '1.1.0-rc.1', '0.9.0'))), [
      '- 1.1.0-rc.1 (tag 1.1.0-rc.1)',
      '+ 1.0.0 (tag 1.0.0)',
      '+ 0.9.0 (tag 0.9.0)',
    ]);
    assert.deepEqual(told(options(git({ version: 'latest' }), tags('1.0.0-rc.1', '1.0.0-beta.2'))), [
      '+ 1.0.0-rc.1 (tag 1.0.0-rc.1)',
      '+ 1.0.0-beta.2 (tag 1.0.0-beta.2)',
    ]);
  });

  it('of a pattern are its branches, the highest first', () => {
    const wmf = options(
      git({ branch: 'wmf/*' }),
      branches('wmf/1.47.0-wmf.9', 'wmf/1.46.0-wmf.30', 'wmf/1.47.0-wmf.14'),
    );
    assert.deepEqual(
      wmf.variable.options.map(({ label }) => label.replace(/ at .*/, '')),
      ['branch wmf/1.47.0-wmf.14', 'branch wmf/1.47.0-wmf.9', 'branch wmf/1.46.0-wmf.30'],
    );
    assert.deepEqual([wmf.variable.range, wmf.variable.path], ['branch wmf/*', 'components.x.source.branch']);
    const releases = options(git({ branch: 'REL1_*' }), branches('REL1_9', 'REL1_43', 'REL1_44', 'REL1_39'));
    assert.deepEqual(
      releases.variable.options.map(({ label }) => label.replace(/ at .*/, '')),
      ['branch REL1_44', 'branch REL1_43', 'branch REL1_39', 'branch REL1_9'],
    );
  });

  it('of a tag, a branch or a commit are one, whatever its name is', () => {
    assert.deepEqual(told(options(git({ branch: 'main' }), branches('main'))), ['+ branch main at main0000']);
    assert.deepEqual(told(options(git({ tag: 'nightly' }), repository(listing('refs/tags/nightly', null)))), [
      '+ tag nightly',
    ]);
    const commit = 'b'.repeat(40);
    assert.deepEqual(told(options(git({ commit }), repository(listing(null, null, commit)))), [
      '+ commit bbbbbbbbbbbb',
    ]);
  });

  it('lead back to what is fetched', () => {
    const found = options(git({ version: '*' }), tags('1.0.0', '2.0.0'));
    const choice = found.choiceOf(0);
    assert.ok(choice.kind === 'git');
    assert.deepEqual(
      [choice.component, choice.listing.ref, choice.config.url],
      ['x', 'refs/tags/2.0.0', address],
    );
  });

  it('are refused where none can be ordered: never a wrong order', () => {
    const { code, message, hint, path } = fault(git({ branch: 'rel*' }), branches('release', 'relic'));
    assert.equal(code, 'SOURCE_REF_UNKNOWN');
    assert.equal(
      message,
      `x: no branch of ${address} is named after a comparable version; available: release, relic`,
    );
    assert.match(hint, /"branch"/);
    assert.equal(path, 'components.x.source.branch');
    assert.match(
      fault(git({ version: '*' }), tags('nightly', 'weekly')).message,
      /no tag of .* nightly, weekly$/,
    );
    assert.match(fault(git({ version: '*' }), repository()).message, /has no tag that is a version$/);
  });

  it('say what there is where none is in the range', () => {
    const { code, message, value } = fault(git({ version: '~1.44.0' }), tags('1.43.0', '1.42.0'));
    assert.equal(code, 'RESOLVE_UNSATISFIABLE');
    assert.equal(
      message,
      `x: no version in ${address} matches the range ~1.44.0; available: 1.43.0 (tag 1.43.0), 1.42.0 (tag 1.42.0)`,
    );
    assert.equal(value, '~1.44.0');
  });

  it('do not depend on the order in which they were found', () => {
    const names = ['1.0.0', 'v1.0.0', '1.0.0-rc.1', '0.9', '1.0', '2.0.0-wmf.3'];
    const expected = told(options(git({ version: '*' }), tags(...names)));
    fc.assert(
      fc.property(fc.shuffledSubarray(names, { minLength: names.length }), (shuffled) => {
        assert.deepEqual(told(options(git({ version: '*' }), tags(...shuffled))), expected);
      }),
    );
  });
});

describe('the options of a tarball', () => {
  const url = 'https://files.test/x-{version}.tar.gz';
  const page = (...versions: string[]): Candidates => ({
    kind: 'tarball',
    component: 'x',
    found: versions.map((version) => ({ version, url: url.replace('{version}', version), signature: null })),
  });

  it('are the versions that the page tells of', () => {
    const listed: Source = { kind: 'tarball', url, version: '^1.9', listing: 'https://files.test/' };
    assert.deepEqual(told(options(listed, page('1.9.2', '1.10.0', '2.0.0', '1.8.0', 'latest'))), [
      '- 2.0.0',
      '+ 1.10.0',
      '+ 1.9.2',
      '- 1.8.0',
    ]);
    assert.match(
      fault(listed, page('latest', 'new')).message,
      /has a comparable version; available: latest, new$/,
    );
    assert.match(
      fault(listed, page('3.0')).message,
      /no version in https:\/\/files\.test\/ matches the range \^1\.9; available: 3\.0$/,
    );
  });

  it('is the one that the profile names', () => {
    const one: Source = { kind: 'tarball', url, version: '9.2p1' };
    assert.deepEqual(told(options(one, page('9.2p1'))), ['+ 9.2p1']);
  });
});

describe('the options of other sources', () => {
  it('of a developer’s tree: that one', () => {
    const config: Source = { kind: 'local', path: '/home/a/x', typed: '../x' };
    const found = options(config, { kind: 'local', component: 'x' });
    assert.deepEqual(told(found), ['+ the tree ../x']);
    assert.deepEqual(found.choiceOf(0), { kind: 'local', component: 'x', config });
  });

  it('of a source package: each version once, from the suite it came from first', () => {
    const config: Source = { kind: 'apt-source', package: 'mediawiki', version: '~1.39.0' };
    const found = options(
      config,
      sources('x', [
        source('1:1.39.8-1~deb12u1'),
        source('1:1.39.17-1+deb12u2', 'security'),
        source('1:1.39.17-1+deb12u2', 'updates'),
        source('1:1.43.0-1', 'updates'),
      ]),
    );
    assert.deepEqual(told(found), [
      '- 1:1.43.0-1 (bookworm-updates)',
      '+ 1:1.39.17-1+deb12u2 (bookworm-security)',
      '+ 1:1.39.8-1~deb12u1 (bookworm)',
    ]);
    assert.equal(found.variable.options[1]!.version, '1.39.17');
  });

  it('of a source package of which one version is two: the others stay', () => {
    const config: Source = { kind: 'apt-source', package: 'mediawiki', version: '*' };
    const both = [source('1.0-1', 'release', 'a'), source('1.0-1', 'security', 'b'), source('0.9-1')];
    const found = options(config, sources('x', both));
    assert.throws(
      () => found.choiceOf(0),
      (error) => error instanceof LockstepError && error.code === 'SOURCE_MISMATCH',
    );
    assert.equal(found.choiceOf(1).kind, 'apt-source');
  });

  it('of binary packages: each build that fits itself', () => {
    const config: Source = { kind: 'apt-binary', packages: ['varnish'], version: '*' };
    const needs = (version: string): string => `libvarnishapi3 (= ${version})`;
    const found = options(
      config,
      binaries(
        ['varnish'],
        [
          binary('varnish', '7.3-1', { depends: needs('7.3-1') }),
          binary('varnish', '7.2-1', { depends: needs('7.2-1') }),
          binary('varnish', '7.1-1', { depends: needs('7.1-1') }),
          binary('libvarnishapi3', '7.2-1'),
          binary('libvarnishapi3', '7.1-1'),
        ],
      ),
    );
    // The newest wants a library that is not there, and an older one does as well
    assert.deepEqual(told(found), ['+ 7.2-1 (bookworm)', '+ 7.1-1 (bookworm)']);
    const choice = found.choiceOf(1);
    assert.ok(choice.kind === 'apt-binary');
    assert.deepEqual(
      choice.listings.map((one) => `${one.package} ${one.version}`),
      ['varnish 7.1-1', 'libvarnishapi3 7.1-1'],
    );
  });
});
