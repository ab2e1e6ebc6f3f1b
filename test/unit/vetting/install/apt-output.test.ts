import assert from 'node:assert/strict';
import { aptSentences, isSolversNo, parseAptAnswer } from '../../../../src/vetting/install/apt-output.js';

// As apt 2.6 prints it in the C locale
const yes = `Reading package lists...
The following packages have been kept back:
  held other-held
The following packages will be REMOVED:
  gone
Inst libx:amd64 (1:2.0-1 localhost [amd64]) []
Inst wiki [1.0-1] (2.0-1 volatile-packages-file [all]) [full:amd64 ]
Remv gone [1.0]
Purg rest [0.5]
Conf libx (1:2.0-1 localhost [amd64])
`;

const no = `Some packages could not be installed.
The following packages have unmet dependencies:
 full : Depends: wiki (= 2) but it is not going to be installed
        Depends: php-mysql but it is not installable or
                 php-pgsql or
                 php-sqlite3
        Recommends: nonesuch but it is not installable
 rem:amd64 : Conflicts: bash but 5.2.15-2+b13 is to be installed
 good : PreDepends: hello
`;

describe("apt's answers", () => {
  it('are read with epochs, architectures and what was there before', () => {
    const answer = parseAptAnswer(0, yes, '');
    assert.equal(answer.possible, true);
    assert.deepEqual(answer.installs, [
      { package: 'libx', from: null, version: '1:2.0-1' },
      { package: 'wiki', from: '1.0-1', version: '2.0-1' },
    ]);
    assert.deepEqual(answer.removes, ['gone', 'rest']);
  });

  it('say what is not met, alternatives together', () => {
    const answer = parseAptAnswer(100, no, 'E: Unable to correct problems, you have held broken packages.\n');
    assert.deepEqual(answer.unmet.slice(0, 3), [
      { package: 'full', kind: 'Depends', relation: 'wiki (= 2)', but: 'it is not going to be installed' },
      {
        package: 'full',
        kind: 'Depends',
        relation: 'php-mysql | php-pgsql | php-sqlite3',
        but: 'it is not installable',
      },
      { package: 'full', kind: 'Recommends', relation: 'nonesuch', but: 'it is not installable' },
    ]);
    assert.deepEqual(aptSentences(answer), [
      'full depends on wiki (= 2), but it is not going to be installed',
      'full depends on php-mysql | php-pgsql | php-sqlite3, but it is not installable',
      'rem conflicts with bash, but 5.2.15-2+b13 is to be installed',
      'good depends on hello, which apt does not install',
    ]);
    assert.ok(isSolversNo(answer));
  });

  it('tell a solver that says no from an apt that could not work', () => {
    const of = (line: string): boolean => isSolversNo(parseAptAnswer(100, '', `E: ${line}\n`));
    assert.ok(of('Unable to locate package wiki'));
    assert.ok(of("Package 'wiki' has no installation candidate"));
    assert.ok(of('Essential packages were removed and -y was used without --allow-remove-essential.'));
    assert.ok(!of('Could not open file /x/lists - open (13: Permission denied)'));
    assert.ok(!of('Malformed entry 1 in list file /x/sources.list (Component)'));
  });
});
