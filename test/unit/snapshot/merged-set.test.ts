import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import { commonAncestor, headsAmong, type Ancestry } from '../../../src/snapshot/forks.js';
import { forkNotes } from '../../../src/snapshot/fork-notes.js';
import { mergeImports, mergePins } from '../../../src/snapshot/merged-set.js';
import type { Snapshot } from '../../../src/snapshot/manifest.js';
import type { AptSourcePin, GitPin, Pin } from '../../../src/source/pin.js';
import { sampleSnapshot, type PackageWish } from '../../fixtures/sample-snapshot.js';

const at = (second: number): string => `2026-11-23T10:15:0${second}Z`;
const wish = (name: string, version: string, bytes = ''): PackageWish => ({ name, version, bytes });

describe('the sets of two people', () => {
  const base = sampleSnapshot(
    [wish('kept', '1'), wish('gone', '1'), wish('both', '1'), wish('up', '1')],
    at(0),
  );
  const first = sampleSnapshot(
    [wish('kept', '1'), wish('both', '2'), wish('up', '1'), wish('new', '1')],
    at(1),
    base,
  );
  const second = sampleSnapshot(
    [wish('kept', '1'), wish('gone', '1'), wish('both', '3'), wish('up', '2')],
    at(2),
    base,
  );
  const [one, two] = [first.manifest.id, second.manifest.id];

  it('merge: what one side changed is from that side, of what both changed the newer one, whichever side is first', () => {
    for (const sides of [
      { base, first, second },
      { base, first: second, second: first },
    ]) {
      const { packages, steps } = mergeImports(sides, 1);
      assert.deepEqual(
        packages.map(({ package: name, version }) => `${name} ${version}`),
        ['both 3', 'kept 1', 'new 1', 'up 2'],
      );
      assert.deepEqual(
        steps.map(({ name, from, to, side, instead }) => [name, from, to, side, instead]),
        [
          ['both all', '1', '3', two, '2'],
          ['gone all', '1', null, one, undefined],
          ['new all', null, '1', one, undefined],
          ['up all', '1', '2', two, undefined],
        ],
      );
    }
    const preferred = mergeImports({ base, first, second, prefer: one }, 1);
    assert.equal(preferred.packages.find((entry) => entry.package === 'both')!.version, '2');
    assert.equal(preferred.packages.find((entry) => entry.package === 'up')!.version, '2');
  });

  it('keep what one side changed and the other took away, and say so', () => {
    const without = sampleSnapshot([wish('kept', '1'), wish('gone', '1'), wish('up', '1')], at(3), base);
    const { packages, steps } = mergeImports({ base, first: without, second }, 1);
    assert.equal(packages.find((entry) => entry.package === 'both')!.version, '3');
    assert.deepEqual(steps[0], { name: 'both all', from: '1', to: '3', side: two, instead: null });
  });

  it('are not merged by guessing: two contents of one version need a decision', () => {
    const other = sampleSnapshot([wish('both', '2', 'other bytes')], at(4), base);
    assert.throws(
      () => mergeImports({ base, first, second: other }, 1),
      (error: unknown) =>
        error instanceof LockstepError &&
        error.code === 'MERGE_IMPOSSIBLE' &&
        error.hint!.includes(`--prefer ${one}`) &&
        error.where.some(({ path }) => path === 'both all'),
    );
  });

  it('that are the same say it, and two first sets have no common one', () => {
    assert.deepEqual(mergeImports({ base, first, second: first }, 1).steps[0]!.side, null);
    const { packages } = mergeImports({ base: null, first, second }, 1);
    assert.deepEqual(
      packages.map((entry) => entry.package),
      ['both', 'gone', 'kept', 'new', 'up'],
    );
  });
});

describe('the pins of two people', () => {
  const source = (version: string, proof = 'p'): AptSourcePin => ({
    kind: 'apt-source',
    component: 'wiki',
    upstreamVersion: version,
    date: 1,
    provenance: [{ step: proof, subject: 'x' }],
    package: 'wiki',
    version,
    suite: 's',
    dsc: 'd',
    files: [{ name: 'd', size: 1, sha256: version.repeat(64).slice(0, 64) }],
  });
  const commit = (of: string, date: number): GitPin => ({
    kind: 'git',
    component: 'skin',
    upstreamVersion: 'x',
    date,
    provenance: [],
    url: 'u',
    ref: null,
    commit: of.repeat(40),
    submodules: [],
    signedBy: null,
    archive: { name: 'a', size: 1, sha256: of.repeat(64) },
  });
  const snapshot = (pins: Record<string, Pin>, id: string): Snapshot => {
    const sample = sampleSnapshot([wish('xx', '1')], at(0));
    const components = Object.fromEntries(
      Object.entries(pins).map(([name, pin]) => [name, { pin, build: { inputs: '', method: 'none' } }]),
    );
    return { ...sample, manifest: { ...sample.manifest, id, components } };
  };

  it('merge by content and not by the proof, which is another one each day; commits by their date', () => {
    const base = snapshot({ wiki: source('1'), skin: commit('a', 1) }, 'P');
    const first = snapshot({ wiki: source('1', 'another day'), skin: commit('b', 9) }, 'A');
    const second = snapshot({ wiki: source('2'), skin: commit('c', 5) }, 'B');
    const { pins, steps } = mergePins({ base, first, second });
    assert.deepEqual(
      steps.map(({ name, side }) => [name, side]),
      [
        ['skin', 'A'],
        ['wiki', 'B'],
      ],
    );
    assert.equal(pins.get('skin'), first.manifest.components['skin']!.pin);
    assert.equal(pins.get('wiki'), second.manifest.components['wiki']!.pin);
  });
});

describe('snapshots of two people', () => {
  const ref = (id: string) => ({ id, sha256: id });
  const all: Ancestry[] = [
    { id: 'P', parents: [] },
    { id: 'A', parents: [ref('P')] },
    { id: 'B', parents: [ref('P')] },
    { id: 'C', parents: [ref('A')] },
  ];

  it('are newest where nothing follows them, also where what followed was dropped', () => {
    assert.deepEqual(headsAmong(all), ['B', 'C']);
    assert.deepEqual(headsAmong(all, [[ref('B')]]), ['C']);
    assert.deepEqual(headsAmong([...all, { id: 'M', parents: [ref('C'), ref('B')] }]), ['M']);
  });

  it('have the last one that both follow in common', () => {
    assert.equal(commonAncestor(all, ['B', 'C']), 'P');
    const behind: Ancestry[] = [
      { id: 'D', parents: [ref('P')], isDropped: true },
      { id: 'E', parents: [ref('D')] },
    ];
    assert.equal(commonAncestor([...all, ...behind], ['C', 'E']), 'P');
    assert.equal(commonAncestor([...all, { id: 'X', parents: [] }], ['C', 'X']), undefined);
  });

  it('are named in words that say what to do', () => {
    const notes = forkNotes(new Map([['wiki', ['A', 'B']]]), new Set(['wiki-stable']));
    assert.match(notes[0]!, /profile wiki has 2 newest snapshots, A and B.*lockstep merge wiki$/);
    assert.match(notes[1]!, /suite wiki-stable.*lockstep merge wiki-stable$/);
  });
});
