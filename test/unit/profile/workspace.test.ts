import assert from 'node:assert/strict';
import type { LockstepError } from '../../../src/errors.js';
import { parseWorkspace, placeOf, suiteOf, suitesOf } from '../../../src/profile/load.js';

const good = `format: 1
archive:
  name: wikis
  origin: Wikis
  label: Wikis
  description: Wikis for all
  baseUrl: https://example.org/apt/
  maintainer: "Wiki Team <wiki@example.org>"
signing: { method: openpgp }
suites:
  wiki-stable: { profile: wiki, trust: stable, validFor: 14d }
  wiki-unstable: { profile: wiki, trust: unstable, validFor: 36h, retain: 5 }
`;

const read = (text: string, profileNames = ['wiki']) => parseWorkspace(text, { root: '/w', profileNames });

function faultsOf(text: string, profileNames?: string[]): string[] {
  const { value, faults } = read(text, profileNames);
  assert.equal(value, undefined);
  return faults.map((fault) => `${fault.line}:${fault.column} ${fault.path ?? ''}: ${fault.message}`);
}

describe('lockstep.yaml', () => {
  it('is read with its defaults; lengths of time in seconds, addresses without a trailing slash', () => {
    const { value, faults } = read(good);
    assert.deepEqual(faults, []);
    assert.equal(value?.archive.baseUrl, 'https://example.org/apt');
    assert.equal(value.archive.area, 'main');
    assert.equal(value.versionSuffix, 'lockstep');
    assert.deepEqual(value.trustLevels, ['unstable', 'stable']);
    assert.deepEqual(value.signing, { method: 'openpgp', keyFile: '.lockstep/keys/archive.asc' });
    assert.deepEqual(value.snapshots, { commit: false });
    assert.deepEqual(value.suites['wiki-stable'], {
      profile: 'wiki',
      trust: 'stable',
      notAutomatic: false,
      butAutomaticUpgrades: false,
      default: false,
      validFor: 1_209_600,
      retain: 3,
    });
    assert.equal(value.root, '/w');
  });

  it('has a suite say butAutomaticUpgrades only beside notAutomatic', () => {
    const wanted = (words: string): string[] =>
      read(good.replace('trust: stable', `trust: stable, ${words}`)).faults.map(({ path }) => path ?? '');
    assert.deepEqual(wanted('butAutomaticUpgrades: true'), ['suites.wiki-stable.butAutomaticUpgrades']);
    assert.deepEqual(wanted('notAutomatic: true, butAutomaticUpgrades: true, codename: green'), []);
  });

  it('finds a suite, the suites of a profile from low trust to high, and places', () => {
    const workspace = read(good).value!;
    assert.equal(suiteOf(workspace, 'wiki-unstable').validFor, 129_600);
    assert.deepEqual(
      suitesOf(workspace, 'wiki').map((suite) => suite.name),
      ['wiki-unstable', 'wiki-stable'],
    );
    assert.deepEqual(placeOf(workspace, ['suites', 'wiki-stable', 'trust']), {
      file: 'lockstep.yaml',
      line: 11,
      column: 40,
      path: 'suites.wiki-stable.trust',
      value: 'stable',
    });
    assert.throws(
      () => suiteOf(workspace, 'wiki-stabel'),
      (error: LockstepError) =>
        error.code === 'SUITE_UNKNOWN' && /did you mean "wiki-stable"/.test(error.message),
    );
  });

  it('tells all faults at once, in the order of the file', () => {
    const text = good
      .replace('format: 1', 'format: 2')
      .replace('label: Wikis', 'lable: Wikis')
      .replace('https://example.org/apt/', 'ftp://example.org')
      .replace('method: openpgp', 'method: openpg')
      .replace('profile: wiki, trust: stable, validFor: 14d', 'profile: wikki, trust: stabel, validFor: 14')
      .replace('retain: 5', 'retain: 0, keep: 3');
    assert.deepEqual(faultsOf(text), [
      '1:9 format: must be 1, but is the number 2',
      '2:1 archive.label: is missing; it must be text',
      '5:3 archive.lable: unknown key "lable"; did you mean "label"? Allowed here: name, origin, label, description, baseUrl, area, maintainer',
      '7:12 archive.baseUrl: must be a web address: http:// or https://, host, optional port and path; no user, "?" or "#"',
      '9:20 signing.method: must be one of openpgp, gpg; did you mean "openpgp"?',
      '11:27 suites.wiki-stable.profile: no profile "wikki" in profiles/; did you mean "wiki"? available: wiki',
      '11:41 suites.wiki-stable.trust: no trust level "stabel" in trustLevels; did you mean "stable"? available: unstable, stable',
      '11:59 suites.wiki-stable.validFor: must be text, but is the number 14: put it in quotes, "14"',
      '12:75 suites.wiki-unstable.retain: must be at least 1',
      '12:78 suites.wiki-unstable.keep: unknown key "keep". Allowed here: profile, trust, description, origin, label, codename, notAutomatic, butAutomaticUpgrades, default, validFor, retain',
    ]);
  });

  it('takes a mirror, or a list of them, and says which of a list is none', () => {
    const mirrors = (text: string): string => `${good.trimEnd()}\nmirror:\n${text}`;
    const list = '  debian: [http://a.example.org/debian/, https://b.example.org/debian]\n';
    assert.deepEqual(read(mirrors(`${list}  security: http://s.example.org/x/\n`)).value?.mirror, {
      debian: ['http://a.example.org/debian', 'https://b.example.org/debian'],
      security: 'http://s.example.org/x',
    });
    const wrong = faultsOf(mirrors('  debian:\n    - http://a.example.org/debian\n    - b.example.org\n'));
    assert.equal(wrong.length, 1);
    assert.match(wrong[0]!, /:7 mirror\.debian\[1\]: must be a web address: http:\/\//);
    assert.deepEqual(
      faultsOf(mirrors('  debian: []\n')).map((one) => one.replace(/^\d+:/, '')),
      ['11 mirror.debian: must have at least 1 entries'],
    );
    for (const value of ['12', 'b.example.org']) {
      const faults = faultsOf(mirrors(`  debian: ${value}\n`));
      assert.equal(faults.length, 1, value);
      assert.match(faults[0]!, /:11 mirror\.debian: must be a web address, or a list of them/);
    }
  });

  it('knows the keys of the signing method that is written', () => {
    assert.deepEqual(faultsOf(good.replace('method: openpgp', 'method: gpg, keyFile: x')), [
      '9:1 signing.key: is missing; it must be text',
      '9:25 signing.keyFile: unknown key "keyFile"; did you mean "key"? Allowed here: method, key, program, homedir, next',
    ]);
    assert.match(
      faultsOf(good.replace('method: openpgp', 'key: x'))[0]!,
      /signing\.method: is missing; it must be one of/,
    );
  });

  it('refuses names that cannot be a folder or a pin', () => {
    const text = good
      .replace('name: wikis', 'name: ../up')
      .replace('origin: Wikis', 'origin: "Wi,kis"')
      .replace('wiki-stable:', 'Wiki/Stable:')
      .replace('"Wiki Team <wiki@example.org>"', 'nobody');
    const faults = faultsOf(text);
    assert.equal(faults.length, 4);
    assert.match(faults[0]!, /^3:9 archive\.name: must be a plain name/);
    assert.match(faults[1]!, /^4:11 archive\.origin: must contain only letters/);
    assert.match(faults[2]!, /^8:15 archive\.maintainer: must be a name and an address/);
    assert.match(faults[3]!, /^11:3 suites\.Wiki\/Stable: the name "Wiki\/Stable" must be a plain name/);
  });

  it('tells repeated keys, repeated trust levels and wrong types beside the rest', () => {
    const text = `${good}trustLevels: [unstable, stable, stable]\nsnapshots: { commit: yes please }\nformat: 1\n`;
    assert.deepEqual(faultsOf(text), [
      '13:33 trustLevels[2]: "stable" is already in this list',
      '14:22 snapshots.commit: must be true or false, but is the text "yes please"',
      '15:1 format: the key "format" occurs twice; the first is in line 1',
    ]);
  });

  it('says what a file that is no map must be', () => {
    assert.deepEqual(faultsOf(''), ['1:1 : must be a map of keys, but is nothing']);
    assert.deepEqual(faultsOf('- a\n'), ['1:1 : must be a map of keys, but is a list']);
  });

  it('says when there is no profile at all', () => {
    assert.match(faultsOf(good, [])[0]!, /no profile "wiki" in profiles\/; none exists/);
  });
});
