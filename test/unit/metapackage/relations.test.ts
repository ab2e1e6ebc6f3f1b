import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseRelations, satisfies } from '../../../src/deb/relation.js';
import type { LockstepError } from '../../../src/errors.js';
import { relation, relationsOf } from '../../../src/metapackage/relations.js';

describe('the relations of a component', () => {
  it('are exact, minimum or series', () => {
    assert.deepEqual(relation('mediawiki', 'exact', '1:1.39.17-1+lockstep1'), [
      'mediawiki (= 1:1.39.17-1+lockstep1)',
    ]);
    assert.deepEqual(relation('memcached', 'minimum', '1.6.18-1'), ['memcached (>= 1.6.18-1)']);
    assert.deepEqual(relation('varnish', 'series', '7.1.1-2+deb12u1'), [
      'varnish (>= 7.1~)',
      'varnish (<< 7.2~)',
    ]);
  });

  it('keep the epoch in a series, and know versions of one number', () => {
    assert.deepEqual(relation('m', 'series', '1:1.39.17-1'), ['m (>= 1:1.39~)', 'm (<< 1:1.40~)']);
    assert.deepEqual(relation('m', 'series', '20240203-1'), ['m (>= 20240203~)', 'm (<< 20240204~)']);
    assert.deepEqual(relation('m', 'series', '0.16.0~a17+lockstep1'), ['m (>= 0.16~)', 'm (<< 0.17~)']);
    assert.deepEqual(relation('m', 'series', '1.99999999999999999999'), [
      'm (>= 1.99999999999999999999~)',
      'm (<< 1.100000000000000000000~)',
    ]);
  });

  it('in a series take every later patch and neither neighbour', () => {
    const number = fc.nat({ max: 200 });
    fc.assert(
      fc.property(fc.nat({ max: 2 }), number, number, number, number, (epoch, x, y, z, later) => {
        const at = (minor: number, patch: string): string =>
          `${epoch === 0 ? '' : `${epoch}:`}${x}.${minor}${patch}-1`;
        const alternatives = relation('pp', 'series', at(y, `.${z}`)).map(
          (text) => parseRelations(text)[0]![0]!,
        );
        const fits = (version: string): boolean => alternatives.every((one) => satisfies(one, version));
        assert.ok(fits(at(y, `.${z}`)));
        assert.ok(fits(at(y, `.${z + later}`)));
        assert.ok(fits(at(y, '~rc1')));
        assert.ok(!fits(at(y + 1, '.0')));
        assert.ok(!fits(at(y + 1, '~rc1')));
        if (y > 0) assert.ok(!fits(at(y - 1, '.999')));
        assert.ok(!fits(`${epoch + 1}:${x}.${y}.${z}-1`));
      }),
    );
  });

  it('begin at the lowest of several architectures, sorted by package', () => {
    const packages = [
      { package: 'varnish', version: '7.1.1-2+b1', architecture: 'amd64' },
      { package: 'varnish', version: '7.1.1-2', architecture: 'arm64' },
      { package: 'libvarnishapi3', version: '7.1.1-2', architecture: 'amd64' },
    ];
    assert.deepEqual(relationsOf('varnish', 'minimum', packages), [
      'libvarnishapi3 (>= 7.1.1-2)',
      'varnish (>= 7.1.1-2)',
    ]);
    assert.throws(
      () => relationsOf('varnish', 'exact', packages),
      (error: LockstepError) =>
        error.code === 'RESOLVE_UNSATISFIABLE' && /7\.1\.1-2, 7\.1\.1-2\+b1/.test(error.message),
    );
  });
});
