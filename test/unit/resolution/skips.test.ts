import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import type { ComponentSource } from '../../../src/profile/profile-schema.js';
import type { ActiveSkip } from '../../../src/profile/skip.js';
import { whyNot } from '../../../src/resolution/explain-choice.js';
import { optionsOf } from '../../../src/resolution/options.js';
import { outdatedComponent } from '../../../src/resolution/outdated.js';
import { planResolution } from '../../fixtures/plan-resolution.js';
import { search } from '../../../src/resolution/search.js';
import { skippedVersions } from '../../../src/resolution/skips.js';
import type { ComponentOptions } from '../../../src/resolution/component-options.js';
import type { Clause } from '../../../src/resolution/problem.js';
import type { Candidates, GitListing } from '../../../src/source/candidate.js';
import { binaries, binary, source, sources } from './listings.js';

type Source = Exclude<ComponentSource, { kind: 'within' }>;

const wiki: Source = { kind: 'apt-source', package: 'mediawiki', version: '~1.43.0' };
const there = sources('wiki', [
  source('1:1.43.9-1', 'release'),
  source('1:1.43.12-1', 'security'),
  source('1:1.45.0-1', 'updates'),
]);

function skip(version: string, more: Partial<ActiveSkip> = {}): ActiveSkip {
  return {
    ...{ version, reason: 'no files', until: '2026-12-13', path: 'components.wiki.skip[0]' },
    undo: `lockstep skip p wiki --remove ${version}`,
    ...more,
  };
}

function options(config: Source, candidates: Candidates, skips: ActiveSkip[]): ComponentOptions {
  const found = optionsOf('wiki', config, candidates, skips);
  assert.ok(!Array.isArray(found), JSON.stringify(found));
  return found;
}

/** Whether each option can be taken, and whether a skip is why not. */
function marks({ variable }: ComponentOptions): string[] {
  return variable.options.map(
    ({ label, inRange, skipped }) =>
      `${label}: ${inRange}${skipped === undefined ? '' : ` skipped as ${skipped.version}${skipped.security ? '!' : ''}`}`,
  );
}

describe('a version that is skipped', () => {
  it('is passed over, by its own name or by that of upstream', () => {
    for (const version of ['1:1.43.12-1', '1.43.12']) {
      assert.deepEqual(marks(options(wiki, there, [skip(version)])), [
        '1:1.45.0-1 (bookworm-updates): false',
        '1:1.43.12-1 (bookworm-security): false skipped as 1:1.43.12-1!',
        '1:1.43.9-1 (bookworm): true',
      ]);
    }
    const [choice] = planResolution(
      { wiki: { source: wiki } },
      [there],
      new Map([['wiki', [skip('1.43.12')]]]),
    );
    assert.equal(choice?.kind === 'apt-source' && choice.listing.version, '1:1.43.9-1');
    // Without it, and with one of another version: the newest
    for (const skips of [[], [skip('1.43.11')], [skip('1:1.43.12-2')]]) {
      assert.ok(marks(options(wiki, there, skips)).includes('1:1.43.12-1 (bookworm-security): true'));
    }
  });

  it('brings security fixes where the security suite has it, whatever other suite has it too', () => {
    const both = sources('wiki', [
      source('1:1.43.12-1', 'release'),
      source('1:1.43.12-1', 'security'),
      source('1:1.43.11-1', 'updates'),
      source('1:1.43.9-1'),
    ]);
    const { variable } = options(wiki, both, [skip('1.43.12'), skip('1.43.11')]);
    const chosen = new Map([['wiki', variable.options.findIndex(({ inRange }) => inRange)]]);
    assert.deepEqual(
      skippedVersions([variable], chosen).map(({ version, security }) => [version, security]),
      [
        ['1:1.43.12-1', true],
        ['1:1.43.11-1', false],
      ],
    );
  });

  it('is told only where it is newer than what was taken', () => {
    const { variable } = options(wiki, there, [skip('1.43.9')]);
    assert.deepEqual(skippedVersions([variable], new Map([['wiki', 1]])), []);
  });

  it('may be one of binary packages, of a tag, of a tarball', () => {
    const varnish: Source = { kind: 'apt-binary', packages: ['varnish'], version: '*' };
    const two = binaries(
      ['varnish'],
      [
        binary('varnish', '7.1-1'),
        binary('varnish', '7.2-1+b1', { role: 'security', sourceVersion: '7.2-1' }),
      ],
    );
    for (const version of ['7.2-1+b1', '7.2-1', '7.2']) {
      assert.deepEqual(marks(options(varnish, two, [skip(version)])), [
        '7.2-1+b1 (bookworm-security): false skipped as 7.2-1+b1!',
        '7.1-1 (bookworm): true',
      ]);
    }
    const tag = (version: string, ref: string): GitListing => ({
      ...{
        version,
        ref: `refs/tags/${ref}`,
        commit: version.padEnd(40, '0').replaceAll('.', 'a'),
        tag: null,
      },
    });
    const git: Source = { kind: 'git', url: '../w', version: 'latest', submodules: true };
    const tags: Candidates = {
      kind: 'git',
      component: 'wiki',
      found: [tag('1.2', 'v1.2'), tag('1.1', 'v1.1')],
    };
    for (const version of ['1.2', 'v1.2', tags.found[0]!.commit]) {
      assert.deepEqual(marks(options(git, tags, [skip(version)])), [
        '1.2 (tag v1.2): false skipped as 1.2',
        '1.1 (tag v1.1): true',
      ]);
    }
    const ball: Source = {
      kind: 'tarball',
      url: 'https://a.test/{version}',
      listing: 'https://a.test/',
      version: 'latest',
    };
    const balls: Candidates = {
      ...{ kind: 'tarball', component: 'wiki' },
      found: ['1.1', '1.2'].map((version) => ({
        version,
        url: `https://a.test/${version}`,
        signature: null,
      })),
    };
    assert.deepEqual(marks(options(ball, balls, [skip('1.2')])), ['1.2: false skipped as 1.2', '1.1: true']);
  });

  it('is named as the reason where nothing else is left, with its place and the way back', () => {
    assert.throws(
      () =>
        planResolution(
          { wiki: { source: wiki } },
          [there],
          new Map([['wiki', [skip('1.43.12'), skip('1.43.9', { path: 'components.wiki.skip[1]' })]]]),
        ),
      (error: unknown) => {
        assert.ok(error instanceof LockstepError);
        assert.equal(error.code, 'RESOLVE_UNSATISFIABLE');
        assert.match(
          error.message,
          /^wiki: skips exclude all versions in ~1\.43\.0: 1:1\.43\.12-1 skipped until 2026-12-13 \(no files\), security fixes missing; 1:1\.43\.9-1 skipped/,
        );
        assert.match(
          error.hint!,
          /lockstep skip p wiki --remove 1\.43\.12; lockstep skip p wiki --remove 1\.43\.9/,
        );
        assert.equal(error.where[0]!.path, 'components.wiki.skip[0]');
        return true;
      },
    );
  });

  it('is what an explanation of the choice names', () => {
    const { variable } = options(wiki, there, [skip('1.43.12')]);
    const told = whyNot({ variables: [variable], clauses: [], lead: 'wiki' }, new Map([['wiki', 2]]), 'wiki');
    assert.equal(told.sentence, 'wiki 1.43.9 is the newest in ~1.43.0 that is not skipped');
    assert.deepEqual(
      told.newer.map(({ why, versions, sentence }) => [why, versions, sentence]),
      [
        ['out-of-range', ['1.45.0'], '1.45.0 is outside ~1.43.0'],
        [
          'skipped',
          ['1:1.43.12-1'],
          '1:1.43.12-1 skipped until 2026-12-13 (no files), security fixes missing (components.wiki.skip[0])',
        ],
      ],
    );
  });

  it('is what would help where the set does not fit without it', async () => {
    const { variable } = options(wiki, there, [skip('1.43.12')]);
    const clauses: Clause[] = [
      {
        component: 'ext',
        option: 0,
        demand: {
          thing: 'mediawiki',
          constraint: '>=1.43.12',
          by: 'ext',
          file: 'extension.json',
          field: 'requires.MediaWiki',
        },
        met: [{ component: 'wiki', options: [0, 1] }],
        instead: null,
      },
    ];
    const ext = {
      ...{ component: 'ext', range: '*', path: 'components.ext.source.version' },
      options: [{ version: '1.0', label: '1.0', inRange: true }],
    };
    const result = await search({
      variables: [variable, ext],
      lead: 'wiki',
      clauses: () => clauses,
      load: () => Promise.resolve(),
    });
    assert.ok(result.kind === 'conflict');
    assert.match(
      result.error.message,
      /wiki is limited to ~1\.43\.0 \(1:1\.43\.12-1 is skipped until 2026-12-13; except for this, 1\.43\.9 is the only version\)/,
    );
    assert.match(
      result.error.hint!,
      /wiki 1\.43\.12 would fit: it is skipped; lockstep skip p wiki --remove 1\.43\.12/,
    );
  });

  it('is told by outdated, and is no version out of the range', () => {
    const row = outdatedComponent(
      'wiki',
      options(wiki, sources('wiki', there.kind === 'apt-source' ? there.found.slice(0, 2) : []), [
        skip('1.43.12'),
      ]),
      undefined,
      null,
    );
    assert.deepEqual(
      [row.newestInRange, row.newest, row.newerOutOfRange],
      ['1:1.43.9-1', '1:1.43.12-1', false],
    );
    assert.deepEqual(row.skipped, [
      { version: '1:1.43.12-1', reason: 'no files', until: '2026-12-13', security: true },
    ]);
  });
});
