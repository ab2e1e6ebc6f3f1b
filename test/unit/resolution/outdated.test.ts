import assert from 'node:assert/strict';
import type { ComponentSource } from '../../../src/profile/profile-schema.js';
import { optionsOf } from '../../../src/resolution/options.js';
import { outdatedComponent, outdatedWithin } from '../../../src/resolution/outdated.js';
import type { Candidates } from '../../../src/source/candidate.js';
import type { Pin } from '../../../src/source/pin.js';
import { source, sources } from './listings.js';
import type { OutdatedComponent } from '../../../src/resolution/outdated-shape.js';

type Source = Exclude<ComponentSource, { kind: 'within' }>;

const archive = { name: 'x.tar', size: 1, sha256: 'a'.repeat(64) };
const base = { component: 'x', date: 1, provenance: [] };
const one = '1'.repeat(40);
const other = '2'.repeat(40);

function aptPin(version: string): Pin {
  const rest = { package: 'mediawiki', suite: 'bookworm', dsc: 'x.dsc', files: [] };
  return { kind: 'apt-source', ...base, ...rest, version, upstreamVersion: version };
}

function gitPin(upstreamVersion: string, ref: string, commit: string): Pin {
  const rest = { url: 'https://git.test/x', submodules: [], signedBy: null, archive };
  return { kind: 'git', ...base, ...rest, upstreamVersion, ref, commit };
}

function row(config: Source, candidates: Candidates, pin?: Pin, current?: string): OutdatedComponent {
  return outdatedComponent(
    'x',
    optionsOf('x', config, candidates, []),
    pin,
    current ?? pin?.upstreamVersion ?? null,
  );
}

function told({ current, newestInRange, newest, standing, newerOutOfRange }: OutdatedComponent): unknown[] {
  return [current, newestInRange, newest, standing, newerOutOfRange];
}

describe('how far a component is behind', () => {
  const apt: Source = { kind: 'apt-source', package: 'mediawiki', version: '~1.39.0' };
  const there = sources('x', [source('1:1.39.17-1'), source('1:1.39.16-1'), source('1:1.43.0-1', 'updates')]);

  it('by Debian’s versions, for what comes from Debian', () => {
    assert.deepEqual(told(row(apt, there, aptPin('1:1.39.16-1'))), [
      '1:1.39.16-1',
      '1:1.39.17-1',
      '1:1.43.0-1',
      'behind',
      true,
    ]);
    assert.equal(row(apt, there, aptPin('1:1.39.17-1')).standing, 'current');
    assert.equal(row(apt, there, aptPin('1:1.39.17-2')).standing, 'ahead');
    assert.deepEqual(told(row(apt, there)), [null, '1:1.39.17-1', '1:1.43.0-1', 'new', true]);
  });

  const git: Source = { kind: 'git', url: 'https://git.test/x', submodules: true, version: '^1' };
  const tags = (...names: string[]): Candidates => ({
    kind: 'git',
    component: 'x',
    found: names.map((name, index) => ({
      version: name,
      ref: `refs/tags/${name}`,
      commit: index === 0 ? one : other,
      tag: null,
    })),
  });

  it('by upstream’s versions, for tags', () => {
    const found = tags('1.10.0', '1.9.0', '2.0.0-rc.1');
    assert.deepEqual(told(row(git, found, gitPin('1.9.0', 'refs/tags/1.9.0', other))), [
      '1.9.0',
      '1.10.0',
      '2.0.0-rc.1',
      'behind',
      true,
    ]);
    assert.equal(row(git, found, gitPin('1.10.0', 'refs/tags/1.10.0', one)).standing, 'current');
    assert.equal(row(git, found, gitPin('1.11.0', 'refs/tags/1.11.0', other)).standing, 'ahead');
  });

  it('by commits, for branches', () => {
    const branch: Source = { kind: 'git', url: 'https://git.test/x', submodules: true, branch: 'main' };
    const found: Candidates = {
      kind: 'git',
      component: 'x',
      found: [{ version: null, ref: 'refs/heads/main', commit: one, tag: null }],
    };
    const pin = gitPin('1.0+git20261101.000000.22222222', 'refs/heads/main', other);
    assert.deepEqual(told(row(branch, found, pin)), [
      '1.0+git20261101.000000.22222222',
      'branch main at 11111111',
      'branch main at 11111111',
      'behind',
      false,
    ]);
    assert.equal(row(branch, found, { ...pin, commit: one }).standing, 'current');
  });

  it('says what there is where nothing can be taken', () => {
    const { standing, note, newest, path } = row(
      { ...apt, version: '~1.40.0' },
      there,
      aptPin('1:1.39.16-1'),
    );
    assert.deepEqual([standing, newest, path], ['unknown', null, 'components.x.source.version']);
    assert.match(note ?? '', /no version in .* matches the range ~1\.40\.0; available: 1:1\.43\.0-1/);
    const both = sources('x', [source('1.39-1', 'release', 'a'), source('1.39-1', 'security', 'b')]);
    assert.match(row(apt, both).note ?? '', /with different content/);
  });

  it('of another kind than before is neither behind nor ahead', () => {
    assert.equal(row(git, tags('1.0.0'), aptPin('1:1.39.16-1')).standing, 'changed');
  });

  it('within another component is that one’s', () => {
    assert.equal(outdatedWithin('parsoid', 'mediawiki', '0.16.1').note, 'included in mediawiki');
    assert.equal(outdatedWithin('parsoid', 'mediawiki', null).standing, 'new');
  });
});
