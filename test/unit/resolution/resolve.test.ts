import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compareVersions, isInRange, upstreamOf } from '../../../src/deb/version.js';
import { LockstepError } from '../../../src/errors.js';
import type { ComponentSource } from '../../../src/profile/profile-schema.js';
import { optionsOf } from '../../../src/resolution/options.js';
import { planResolution } from '../../fixtures/plan-resolution.js';
import type { BinaryListing, Candidates, Choice, SourceListing } from '../../../src/source/candidate.js';
import { binaries, binary, source, sources } from './listings.js';

function planSource(version: string, found: SourceListing[]): SourceListing {
  const [choice] = planResolution(
    { mediawiki: { source: { kind: 'apt-source', package: 'mediawiki', version } } },
    [sources('mediawiki', found)],
  );
  assert.ok(choice?.kind === 'apt-source');
  return choice.listing;
}

function planBinaries(
  found: BinaryListing[],
  { packages = ['varnish'], version = '*', architectures = ['amd64'] } = {},
): Extract<Choice, { kind: 'apt-binary' }> {
  const [choice] = planResolution({ varnish: { source: { kind: 'apt-binary', packages, version } } }, [
    binaries(packages, found, architectures),
  ]);
  assert.ok(choice?.kind === 'apt-binary');
  return choice;
}

function named(choice: Extract<Choice, { kind: 'apt-binary' }>): string[] {
  return choice.listings.map((one) => `${one.package} ${one.version} ${one.architecture}`);
}

function faultOf(run: () => unknown): LockstepError {
  try {
    run();
  } catch (error) {
    if (error instanceof LockstepError) return error;
    throw error;
  }
  assert.fail('it should be refused');
}

describe('choosing a source package', () => {
  const there = [
    source('1:1.39.8-1~deb12u1'),
    source('1:1.39.17-1+deb12u2', 'security'),
    source('1:1.43.0-1', 'updates'),
  ];

  it('takes the highest version in the range', () => {
    assert.equal(planSource('~1.39.0', there).version, '1:1.39.17-1+deb12u2');
    assert.equal(planSource('*', there).version, '1:1.43.0-1');
    assert.equal(planSource('<1.39.10', there).version, '1:1.39.8-1~deb12u1');
  });

  it("goes by the Debian version where upstream's is the same", () => {
    const revisions = [source('1.0-1'), source('1.0-1+deb12u1', 'security'), source('1.0-1~deb12u9')];
    assert.equal(planSource('1.0.0', revisions).version, '1.0-1+deb12u1');
  });

  it('takes a pre-release only where the range names one of its numbers, or there is nothing else', () => {
    const both = [source('1:1.39.17-1'), source('1:1.39.18~rc.0-1', 'security')];
    assert.equal(planSource('~1.39.0', both).version, '1:1.39.17-1');
    assert.equal(planSource('>=1.39.18-alpha', both).version, '1:1.39.18~rc.0-1');
    const only = both.slice(1);
    const asked = { kind: 'apt-source', package: 'mediawiki', version: '~1.39.0' } as const;
    const options = optionsOf('mediawiki', asked, sources('mediawiki', only), []);
    assert.ok(!Array.isArray(options) && options.variable.preReleasesOnly === true);
    assert.equal(planSource('~1.39.0', only).version, '1:1.39.18~rc.0-1');
    assert.equal(faultOf(() => planSource('~1.39.19', only)).code, 'RESOLVE_UNSATISFIABLE');
  });

  it('says what there is when nothing fits', () => {
    const error = faultOf(() => planSource('~1.40.0', there));
    assert.equal(error.code, 'RESOLVE_UNSATISFIABLE');
    assert.equal(
      error.message,
      'mediawiki: no version in bookworm, bookworm-updates, bookworm-security matches the range ' +
        '~1.40.0; available: 1:1.43.0-1 (bookworm-updates), 1:1.39.17-1+deb12u2 (bookworm-security), ' +
        '1:1.39.8-1~deb12u1 (bookworm)',
    );
    assert.equal(error.where[0]?.path, 'components.mediawiki.source.version');
  });

  it('shows a long list of versions shortened', () => {
    const many = Array.from({ length: 9 }, (_, index) => source(`1.${index}-1`));
    assert.match(faultOf(() => planSource('5.x', many)).message, /1\.3-1 \(bookworm\), and 3 older$/);
  });

  it('says when there is no such package, and which is like it', () => {
    const error = faultOf(() =>
      planResolution({ a: { source: { kind: 'apt-source', package: 'mediawiki', version: '*' } } }, [
        sources('a', [], 'mediawiki-skins'),
      ]),
    );
    assert.equal(error.code, 'SOURCE_UNKNOWN_PACKAGE');
    assert.match(error.hint ?? '', /mediawiki-skins/);
  });

  it('takes the suite it came from first, for one version in several', () => {
    const version = '1.0-1+deb12u1';
    const both = [source(version, 'release'), source(version, 'security'), source(version, 'updates')];
    assert.equal(planSource('*', both).suite, 'bookworm-security');
  });

  it('refuses one version that stands for two contents', () => {
    const both = [source('1.0-1', 'release', 'a'), source('1.0-1', 'security', 'b')];
    assert.equal(faultOf(() => planSource('*', both)).code, 'SOURCE_MISMATCH');
  });

  const versions = fc
    .tuple(fc.nat({ max: 4 }), fc.nat({ max: 4 }), fc.nat({ max: 4 }), fc.nat({ max: 3 }))
    .map(([major, minor, patch, revision]) => `${major}.${minor}.${patch}-${revision}`);
  const listings = fc
    .uniqueArray(fc.tuple(versions, fc.constantFrom('release', 'updates', 'security' as const)), {
      selector: (pair) => pair.join(' '),
      maxLength: 12,
    })
    .map((pairs) => pairs.map(([version, role]) => source(version, role as 'release')));
  const ranges = fc.constantFrom('*', '~1.2.0', '^1.0.0', '>=2 <4', '<3', '1.x || 3.x', '0.0.0');

  it('is the highest there is in the range, for any versions in any order', () => {
    fc.assert(
      fc.property(listings, ranges, fc.infiniteStream(fc.nat()), (found, range, random) => {
        const fitting = found.filter(({ version }) => isInRange(upstreamOf(version), range, 'named'));
        if (fitting.length === 0) {
          assert.match(
            faultOf(() => planSource(range, found)).code,
            /RESOLVE_UNSATISFIABLE|SOURCE_UNKNOWN_PACKAGE/,
          );
          return;
        }
        const best = planSource(range, found);
        assert.ok(isInRange(upstreamOf(best.version), range, 'named'));
        assert.ok(fitting.every(({ version }) => compareVersions(version, best.version) <= 0));
        const shuffled = found
          .map((listing) => ({ listing, key: random.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ listing }) => listing);
        assert.deepEqual(planSource(range, shuffled), best);
      }),
    );
  });
});

describe('choosing binary packages', () => {
  const library = (version: string, more: Partial<BinaryListing> = {}): BinaryListing =>
    binary('libvarnishapi3', version, more);
  const needs = 'libc6 (>= 2.34), libvarnishapi3 (>= 7.1.0), gcc | tcc';

  it('brings the library of the same build', () => {
    const choice = planBinaries([
      binary('varnish', '7.1.1-1', { depends: needs }),
      library('7.1.1-1'),
      library('7.1.1-1+deb12u1', { role: 'security' }),
    ]);
    assert.deepEqual(named(choice), ['varnish 7.1.1-1 amd64', 'libvarnishapi3 7.1.1-1 amd64']);
    assert.equal(choice.upstreamVersion, '7.1.1');
  });

  it('goes on to what the library needs', () => {
    const choice = planBinaries([
      binary('varnish', '7.1-1', { depends: 'libvarnishapi3' }),
      library('7.1-1', { depends: 'varnish-common (= 7.1-1)' }),
      binary('varnish-common', '7.1-1', { architecture: 'all', installableOn: 'amd64', depends: 'varnish' }),
    ]);
    assert.deepEqual(named(choice), [
      'varnish 7.1-1 amd64',
      'libvarnishapi3 7.1-1 amd64',
      'varnish-common 7.1-1 all',
    ]);
  });

  it('takes a build that every architecture has', () => {
    const on = (architecture: string, version: string, sourceVersion = version): BinaryListing =>
      binary('varnish', version, { architecture, sourceVersion });
    const found = [
      on('amd64', '7.2-1'),
      on('amd64', '7.1-1'),
      on('arm64', '7.1-1+b1', '7.1-1'),
      on('arm64', '7.1-1+b2', '7.1-1'),
    ];
    const architectures = ['amd64', 'arm64'];
    assert.deepEqual(named(planBinaries(found, { architectures })), [
      'varnish 7.1-1 amd64',
      'varnish 7.1-1+b2 arm64',
    ]);
    const error = faultOf(() => planBinaries(found, { architectures, version: '7.2.x' }));
    assert.equal(error.code, 'RESOLVE_UNSATISFIABLE');
    assert.match(error.message, /no version of varnish in the range 7\.2\.x exists for amd64, arm64/);
  });

  it('takes a package for all architectures once', () => {
    const doc = (installableOn: string): BinaryListing =>
      binary('varnish-doc', '7.1-1', { architecture: 'all', installableOn });
    const choice = planBinaries([doc('amd64'), doc('arm64')], {
      packages: ['varnish-doc'],
      architectures: ['amd64', 'arm64'],
    });
    assert.deepEqual(named(choice), ['varnish-doc 7.1-1 all']);
  });

  it('has the range for the first name, and the highest of other sources', () => {
    const modules = (version: string): BinaryListing =>
      binary('varnish-modules', version, { source: 'varnish-modules' });
    const choice = planBinaries(
      [binary('varnish', '7.1-1'), binary('varnish', '8.0-1'), modules('0.20-1'), modules('0.21-1')],
      { packages: ['varnish', 'varnish-modules'], version: '<8' },
    );
    assert.deepEqual(named(choice), ['varnish 7.1-1 amd64', 'varnish-modules 0.21-1 amd64']);
  });

  it('keeps named packages of one source together', () => {
    const found = [
      binary('varnish', '7.1-2'),
      binary('varnish', '7.1-1'),
      binary('varnish-doc', '7.1-1', { architecture: 'all', installableOn: 'amd64' }),
    ];
    const choice = planBinaries(found, { packages: ['varnish', 'varnish-doc'] });
    assert.deepEqual(named(choice), ['varnish 7.1-1 amd64', 'varnish-doc 7.1-1 all']);
  });

  it('leaves to the base what the base is to satisfy', () => {
    const found = [
      binary('varnish', '7.1-1', { depends: 'libc6 | libvarnishapi3, libvarnishapi3:any | other' }),
      library('7.1-1'),
    ];
    assert.deepEqual(named(planBinaries(found)), ['varnish 7.1-1 amd64', 'libvarnishapi3 7.1-1 amd64']);
    const [alone] = [binary('varnish', '7.1-1', { depends: 'libc6 | libvarnishapi3' })];
    assert.deepEqual(named(planBinaries([alone, library('7.1-1')])), ['varnish 7.1-1 amd64']);
  });

  it('says who demands what, when the library does not fit', () => {
    const error = faultOf(() =>
      planBinaries([binary('varnish', '7.1-1', { depends: needs }), library('7.0-1', { role: 'security' })]),
    );
    assert.equal(error.code, 'RESOLVE_DEMAND');
    assert.equal(
      error.message,
      'varnish: varnish 7.1-1 (bookworm) depends on libvarnishapi3 (>= 7.1.0); available: 7.0-1 (bookworm-security)',
    );
  });

  it('says so too when the one that is named is too old', () => {
    const found = [
      binary('varnish', '7.1-1', { depends: 'libvarnishapi3 (= 7.2-1)' }),
      library('7.1-1'),
      library('7.2-1'),
    ];
    const error = faultOf(() => planBinaries(found, { packages: ['varnish', 'libvarnishapi3'] }));
    assert.equal(error.code, 'RESOLVE_DEMAND');
    assert.match(error.message, /available: 7\.1-1/);
  });

  it('does not depend on the order in which packages were found', () => {
    const found = [
      binary('varnish', '7.1-1', { depends: needs }),
      binary('varnish', '7.1-1', { depends: needs, role: 'security' }),
      binary('varnish', '7.2-1', { depends: needs }),
      library('7.1-1', { role: 'security' }),
      library('7.1-1'),
      library('7.2-1'),
    ];
    const expected = planBinaries(found);
    fc.assert(
      fc.property(fc.shuffledSubarray(found, { minLength: found.length }), (shuffled) => {
        assert.deepEqual(planBinaries(shuffled), expected);
      }),
    );
  });
});

describe('the plan of a whole profile', () => {
  const components: Record<string, { source: ComponentSource }> = {
    aaa: { source: { kind: 'within', component: 'parsoid', path: 'lib/x' } },
    parsoid: { source: { kind: 'within', component: 'mediawiki', path: 'vendor/x', library: 'a/b' } },
    mediawiki: { source: { kind: 'apt-source', package: 'mediawiki', version: '*' } },
    varnish: { source: { kind: 'apt-binary', packages: ['varnish'], version: '*' } },
  };
  const candidates: Candidates[] = [
    { kind: 'within', component: 'aaa' },
    { kind: 'within', component: 'parsoid' },
    sources('mediawiki', [source('1.0-1')]),
    binaries(['varnish'], [binary('varnish', '7.1-1')]),
  ];

  it('has parents before what is within them, in any order of writing', () => {
    const expected = planResolution(components, candidates);
    assert.deepEqual(
      expected.map(({ component }) => component),
      ['mediawiki', 'parsoid', 'aaa', 'varnish'],
    );
    fc.assert(
      fc.property(
        fc.shuffledSubarray(Object.entries(components), { minLength: 4 }),
        fc.shuffledSubarray(candidates, { minLength: 4 }),
        (entries, shuffled) => {
          assert.deepEqual(planResolution(Object.fromEntries(entries), shuffled), expected);
        },
      ),
    );
  });

  it('tells all faults at once', () => {
    const none: Candidates[] = [
      ...candidates.slice(0, 2),
      sources('mediawiki', []),
      binaries(['varnish'], []),
    ];
    const error = faultOf(() => planResolution(components, none));
    assert.equal(error.code, 'SOURCE_UNKNOWN_PACKAGE');
    assert.match(error.message, /^2 components cannot be resolved: mediawiki: .*; varnish: /);
    assert.deepEqual(
      error.where.map(({ path }) => path),
      ['components.mediawiki.source.package', 'components.varnish.source.packages'],
    );
  });

  it('refuses a component within itself, or within one that is not there', () => {
    const within = (component: string): { source: ComponentSource } => ({
      source: { kind: 'within', component, path: 'x' },
    });
    for (const wrong of [{ a: within('b'), b: within('a') }, { a: within('a') }, { a: within('gone') }]) {
      assert.equal(faultOf(() => planResolution(wrong, [])).code, 'PROFILE_INVALID');
    }
  });
});
