import assert from 'node:assert/strict';
import { parseStanza } from '../../../src/deb/deb822.js';
import { compareVersions } from '../../../src/deb/version.js';
import { LockstepError } from '../../../src/errors.js';
import { highestVersions, planSupersede } from '../../../src/suite/reissue-plan.js';
import {
  earlier,
  keptOf,
  later,
  outcome,
  planned,
  reissued,
  s1,
  s2,
  setOf,
  versionsOf,
  wiki16,
  wiki17,
  wikiNew,
  type Wish,
} from './supersede-sets.js';

describe('superseding a set', () => {
  it('gives what is lower a higher version, and leaves the rest', () => {
    const plan = planned();
    assert.deepEqual(versionsOf(plan), {
      wiki: wikiNew,
      'wiki-data': wikiNew,
      'wiki-full': '1.39.17+lockstep1+really1.39.16+lockstep1',
    });
    assert.deepEqual(keptOf(plan), {
      'farm-archive-keyring 1+lockstep2': 'archive',
      'parser 0.16.4+lockstep1': 'equal',
      'varnish 7.1.1-1.1+deb12u1': 'distribution',
    });
    assert.deepEqual(plan.gone, []);
    assert.deepEqual([...new Set(plan.reissues.map(({ why }) => why.kind))], ['lower']);
    assert.equal(
      parseStanza(reissued(plan.reissues.find(({ item }) => item.package === 'wiki-full')!).stanza).get(
        'Depends',
      ),
      `wiki (= ${wikiNew}), parser (= 0.16.4+lockstep1), varnish (>= 7.1.1-1.1+deb12u1)`,
    );
  });

  it('takes along what would not accept the new version, through any number of steps', () => {
    const chain = (version: string): Wish[] => [
      { name: 'wiki', version },
      { name: 'wiki-skin', version: '3-1', says: `Depends: wiki (= ${version})` },
      { name: 'wiki-theme', version: '5-1', says: 'Pre-Depends: wiki-skin (<= 3-1)' },
      { name: 'wiki-notes', version: '7-1', says: 'Depends: wiki-theme (>= 5-1)' },
    ];
    const plan = planned(chain('1.0-1'), chain('2.0-1'));
    assert.deepEqual(versionsOf(plan), {
      wiki: '2.0-1+really1.0+1',
      'wiki-skin': '3-1+really3+1',
      'wiki-theme': '5-1+really5+1',
    });
    assert.deepEqual(
      plan.reissues.map(({ why }) => (why.kind === 'demands' ? why.relation : why.kind)),
      ['lower', 'wiki (= 1.0-1)', 'wiki-skin (<= 3-1)'],
    );
    assert.deepEqual(keptOf(plan), { 'wiki-notes 7-1': 'equal' });
  });

  it('exceeds what was given out before and withdrawn, not only what is there now', () => {
    const exceed = new Map([['wiki', '1:1.39.19-1+lockstep1']]);
    assert.equal(
      versionsOf(planned(earlier, later, { exceed }))['wiki'],
      '1:1.39.19-1+lockstep1+really1.39.16+1+lockstep1',
    );
    // After a plain rollback the suite points at the target itself; some machines did not follow
    const only = planned(earlier, earlier, { exceed: highestVersions([setOf(s2, later).packages]) });
    assert.equal(versionsOf(only)['wiki'], wikiNew);
    assert.deepEqual(keptOf(only)['farm-archive-keyring 1+lockstep1'], 'archive');
  });

  it('lists packages that went up or are new as they are, and adapts what names them', () => {
    const plan = planned(
      [
        ...earlier,
        { name: 'wiki-extra', version: '1-1', says: `Depends: wiki (= ${wiki16})` },
        { name: 'wiki-old', version: '2-1' },
      ],
      [...later.filter(({ name }) => name !== 'parser'), { name: 'parser', version: '0.16.3+lockstep1' }],
    );
    assert.deepEqual(keptOf(plan), {
      'farm-archive-keyring 1+lockstep2': 'archive',
      'parser 0.16.4+lockstep1': 'higher',
      'varnish 7.1.1-1.1+deb12u1': 'distribution',
      'wiki-old 2-1': 'new',
    });
    assert.equal(versionsOf(plan)['wiki-extra'], '1-1+really1+1');
  });

  it('tells of packages that only the current set has, and of those that cannot stay', () => {
    const plan = planned(earlier, [
      ...later,
      { name: 'wiki-new', version: '1-1', says: `Depends: wiki (>= ${wiki16})` },
      { name: 'wiki-tied', version: '1-1', says: `Depends: php, wiki (= ${wiki17})` },
    ]);
    assert.deepEqual(
      plan.gone.map(({ item, broken }) => [item.package, broken]),
      [
        ['wiki-new', null],
        ['wiki-tied', `wiki (= ${wiki17})`],
      ],
    );
  });

  it('re-issues a package of the distribution only where the set cannot be installed otherwise', () => {
    const exact = earlier.map((wish) =>
      wish.name === 'wiki-full' ? { ...wish, says: 'Depends: varnish (= 7.1.1-1.1+deb12u1)' } : wish,
    );
    const plan = planned(exact);
    assert.equal(versionsOf(plan)['varnish'], '7.1.1-1.1+deb12u2+really7.1.1+1.1+deb12u1');
    assert.deepEqual(plan.reissues.find(({ item }) => item.package === 'varnish')!.why, {
      kind: 'demanded',
      by: 'wiki-full',
      relation: 'varnish (= 7.1.1-1.1+deb12u1)',
    });
    // The distribution's next update is higher
    assert.equal(compareVersions('7.1.1-1.1+deb12u3', versionsOf(plan)['varnish']!), 1);
  });

  it('leaves the distribution alone among itself', () => {
    const cache = (version: string): Wish[] => [
      { name: 'varnish', version, kind: 'apt-binary', says: `Depends: libvarnish (= ${version})` },
      { name: 'libvarnish', version, kind: 'apt-binary' },
    ];
    const plan = planned(
      [...earlier.filter(({ name }) => name !== 'varnish'), ...cache('7.1-1')],
      [...later.filter(({ name }) => name !== 'varnish'), ...cache('7.1-2')],
    );
    assert.equal(keptOf(plan)['varnish 7.1-1'], 'distribution');
    assert.equal(keptOf(plan)['libvarnish 7.1-1'], 'distribution');
  });

  it('knows architectures with versions of their own', () => {
    const of = (version: string, armVersion: string): Wish[] => [
      { name: 'tool', version, architecture: 'amd64' },
      { name: 'tool', version: armVersion, architecture: 'arm64' },
      { name: 'tool-full', version: '1-1', architecture: 'arm64', says: `Depends: tool (= ${armVersion})` },
    ];
    const plan = planned(of('1.0-1', '1.0-1+b1'), of('2.0-1', '2.0-1'));
    assert.deepEqual(
      plan.reissues.map(({ item, to }) => `${item.architecture} ${to}`),
      ['amd64 2.0-1+really1.0+1', 'arm64 2.0-1+really1.0+1+b1', 'arm64 1-1+really1+1'],
    );
    const [, , full] = plan.reissues;
    assert.equal(parseStanza(reissued(full!).stanza).get('Depends'), 'tool (= 2.0-1+really1.0+1+b1)');
  });

  it('refuses where nothing goes back', () => {
    const code = (run: () => unknown, message: RegExp): void =>
      assert.throws(
        run,
        (error) =>
          error instanceof LockstepError && error.code === 'MOVE_UNNEEDED' && message.test(error.message),
      );
    code(() => planned(later, earlier), /gets a lower version/);
    // Only the distribution's and the archive's own are lower
    const same = later.map((wish) =>
      ['varnish', 'farm-archive-keyring'].includes(wish.name) ? { ...wish, version: '0.1' } : wish,
    );
    code(() => planned(same, later), /gets a lower version/);
    const plan = planned();
    const s3 = outcome('20261103T000000Z', plan, setOf(s1, earlier));
    code(
      () =>
        planSupersede({
          current: s3,
          target: setOf(s1, earlier),
          keep: new Set(['farm-archive-keyring']),
          issued: s3.packages,
        }),
      /already has the content of 20261101T000000Z/,
    );
  });

  it('finds again what was re-issued before, and gives it no other version', () => {
    const target = setOf(s1, earlier);
    const s3 = outcome('20261103T000000Z', planned(), target);
    // The same from another suite of the archive
    const again = planned(earlier, later, { issued: s3.packages });
    assert.deepEqual(versionsOf(again), versionsOf(planned()));
    assert.ok(again.reissues.every(({ same }) => same !== null));

    // A later set with the same wiki under its old number, brought above the re-issue
    const patched = earlier.map((wish) =>
      wish.name === 'wiki-full' ? { ...wish, version: '1.39.16+lockstep2' } : wish,
    );
    const plan = planSupersede({
      current: s3,
      target: setOf('20261104T000000Z', patched),
      keep: new Set(['farm-archive-keyring']),
      issued: s3.packages,
    });
    assert.deepEqual(versionsOf(plan), {
      wiki: wikiNew,
      'wiki-data': wikiNew,
      'wiki-full': '1.39.17+lockstep1+really1.39.16+lockstep2',
    });
    assert.deepEqual(
      plan.reissues.map(({ same }) => same !== null),
      [true, true, false],
    );
  });

  it('never gives one version to two contents', () => {
    const skin = (wiki: string): Wish[] => [
      { name: 'wiki', version: wiki },
      { name: 'wiki-skin', version: '3-1', says: 'Depends: wiki (= 1.0-1)' },
    ];
    // Another suite had another wiki to exceed: its skin names that one
    const first = planned(skin('1.0-1'), skin('2.0-1'));
    const issued = outcome('20261103T000000Z', first, setOf(s1, skin('1.0-1'))).packages;
    const second = planned(skin('1.0-1'), skin('3.0-1'), { issued });
    assert.deepEqual(versionsOf(second), {
      wiki: '3.0-1+really1.0+1',
      'wiki-skin': '3-1+really3+1+really3+1',
    });
    assert.equal(second.reissues[1]!.same, null);
    assert.equal(second.reissues[1]!.why.kind, 'demands');
  });

  it('goes back from a re-issue to what was before, and forward to what was withdrawn', () => {
    const oldest = earlier.map(({ name, version, kind, architecture }) => ({
      name,
      version: version.replace('.16', '.15'),
      ...(kind === undefined ? {} : { kind }),
      ...(architecture === undefined ? {} : { architecture }),
    }));
    const s3 = outcome('20261103T000000Z', planned(), setOf(s1, earlier));
    const keep = new Set(['farm-archive-keyring']);
    const exceed = highestVersions([setOf(s2, later).packages]);
    const back = planSupersede({
      current: s3,
      target: setOf('20261030T000000Z', oldest),
      keep,
      exceed,
      issued: s3.packages,
    });
    assert.equal(versionsOf(back)['wiki'], `${wikiNew}+really1.39.15+1+lockstep1`);
    const forward = planSupersede({
      current: s3,
      target: setOf(s2, later),
      keep,
      exceed,
      issued: s3.packages,
    });
    assert.equal(versionsOf(forward)['wiki'], '1:1.39.17-1+lockstep1+really1.39.17+1+lockstep1');
    assert.equal(compareVersions(versionsOf(forward)['wiki']!, wikiNew), 1);
  });

  it('says when file names would become too long', () => {
    const long = `1.${'1'.repeat(120)}-1`;
    assert.throws(
      () => planned([{ name: 'wiki', version: long }], [{ name: 'wiki', version: `2.${'1'.repeat(120)}-1` }]),
      (error) =>
        error instanceof LockstepError && error.code === 'DEB_INVALID' && /too long/.test(error.message),
    );
  });
});
