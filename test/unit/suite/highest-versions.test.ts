import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseStanza } from '../../../src/deb/deb822.js';
import { supersedingVersion } from '../../../src/deb/really-version.js';
import { parseRelations, satisfies } from '../../../src/deb/relation.js';
import { compareVersions } from '../../../src/deb/version.js';
import { LockstepError } from '../../../src/errors.js';
import {
  highestVersions,
  planSupersede,
  supersededPackages,
  type SupersedePlan,
} from '../../../src/suite/reissue-plan.js';
import { leftOnReissueWords } from '../../../src/suite/highest-versions.js';
import { outcome, reissued, s1, s2, setOf, type Wish } from './supersede-sets.js';

describe('a set that supersedes another', () => {
  it('leaves a set whose relations hold, above everything, whatever the sets are', () => {
    const names = ['aa', 'bb', 'cc', 'dd'];
    const version = fc.constantFrom('1.0-1', '1.0-2', '1:0.9', '2.0-1', '2.0-1+really1.0+1', '1.0~rc1-1');
    const relation = fc.record({
      name: fc.constantFrom(...names),
      operator: fc.constantFrom('=', '>=', '<<', '<='),
      field: fc.constantFrom('Depends', 'Pre-Depends'),
    });
    const member = fc.record({
      version,
      kind: fc.constantFrom('apt-source', 'apt-source', 'apt-binary'),
      relations: fc.array(relation, { maxLength: 3 }),
    });
    const sets = fc.tuple(
      fc.tuple(member, member, member, member),
      fc.tuple(version, version, version, version),
    );
    fc.assert(
      fc.property(sets, ([members, versions]) => {
        const at = new Map(names.map((name, index) => [name, members[index]!.version]));
        const target = setOf(
          s1,
          members.map(({ version: own, kind, relations }, index): Wish => {
            // Only relations that hold in the set, or it could not have been installed before either
            const holding = relations.filter(
              ({ name, operator }) =>
                name !== names[index] &&
                (operator === '=' || operator === '<=' || operator === '>=' || name < names[index]!),
            );
            const fields = ['Depends', 'Pre-Depends'].flatMap((field) => {
              const texts = holding
                .filter((one) => one.field === field)
                .map(
                  ({ name, operator }) =>
                    `${name} (${operator} ${operator === '<<' ? `${at.get(name)}.1` : at.get(name)})`,
                );
              return texts.length === 0 ? [] : [`${field}: ${texts.join(', ')}`];
            });
            return { name: names[index]!, version: own, kind: kind, says: fields.join('\n') };
          }),
        );
        const current = setOf(
          s2,
          names.map((name, index) => ({ name, version: versions[index]! })),
        );
        let plan: SupersedePlan;
        try {
          plan = planSupersede({ current, target });
        } catch (error) {
          if (error instanceof LockstepError && error.code === 'MOVE_UNNEEDED') return;
          throw error;
        }
        const machine = highestVersions([current.packages, outcome('x', plan, target).packages]);
        for (const reissue of plan.reissues) {
          assert.equal(machine.get(reissue.item.package), reissue.to, 'what is listed is what machines take');
          assert.equal(compareVersions(reissue.to, reissue.above), 1);
        }
        const moved = new Set(plan.reissues.map(({ item }) => item.package));
        const kept = plan.kept.filter(({ why }) => why !== 'distribution').map(({ item }) => item);
        for (const { stanza, package: name, component } of [...plan.reissues.map(reissued), ...kept]) {
          // How packages of the distribution go together is the distribution's own matter
          const isOurs = moved.has(name) || target.components[component]!.pin.kind !== 'apt-binary';
          const paragraph = parseStanza(stanza);
          for (const field of ['Depends', 'Pre-Depends']) {
            for (const alternative of parseRelations(paragraph.get(field) ?? '').flat()) {
              if (!isOurs && !moved.has(alternative.package)) continue;
              assert.ok(
                satisfies(alternative, machine.get(alternative.package)!),
                `${name}: ${JSON.stringify(alternative)}`,
              );
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('machines that stay on a re-issue', () => {
  it('are told of, with the way forward; where all follow, nothing is said', () => {
    assert.deepEqual(leftOnReissueWords('wiki-stable', s2, null), []);
    const packages = [
      { package: 'wiki', version: '2.0-1', above: '2.0-1+really1.0+1' },
      { package: 'wiki-full', version: '2.0-1', above: '2.0-1+really1.0+1' },
    ];
    const [words = ''] = leftOnReissueWords('wiki-stable', s2, {
      id: '20261103T000000Z',
      content: s1,
      packages,
    });
    assert.match(
      words,
      /20261103T000000Z stay on it, with the content of \S+: its wiki 2\.0-1\+really1\.0\+1 and 1 more/,
    );
    assert.match(words, new RegExp(`lockstep rollback wiki-stable --supersede --to ${s2} --reason TEXT`));
  });

  it('are known by each package', () => {
    const above = supersedingVersion('2.0-1', '1.0-1');
    const superseding = setOf('x', [
      { name: 'wiki', version: above },
      { name: 'php', version: '8' },
    ]);
    const packages = (version: string) =>
      setOf('y', [
        { name: 'wiki', version },
        { name: 'php', version: '7' },
      ]);
    assert.deepEqual(supersededPackages(packages('2.0-1'), superseding), [
      { package: 'wiki', version: '2.0-1', above },
    ]);
    assert.deepEqual(supersededPackages(packages('2.0-2'), superseding), []);
    assert.deepEqual(supersededPackages(packages(above), superseding), []);
  });
});
