import assert from 'node:assert/strict';
import fc from 'fast-check';
import { didYouMean, editDistance, nearest } from '../../../src/profile/nearest.js';

describe('the nearest known word', () => {
  it('forgives a swap, a missing and a wrong letter, and case', () => {
    const known = ['components', 'metapackage', 'format'];
    assert.equal(nearest('compnoents', known), 'components');
    assert.equal(nearest('biuld', ['verify', 'build']), 'build');
    assert.equal(nearest('metapackges', known), 'metapackage');
    assert.equal(nearest('FORMAT', known), 'format');
  });

  it('takes a beginning for the whole', () => {
    assert.equal(nearest('desc', ['description', 'depends']), 'description');
    assert.equal(nearest('mediawiki-1.39-unstable', ['mediawiki-1.39']), 'mediawiki-1.39');
  });

  it('says nothing rather than something far off', () => {
    assert.equal(nearest('varnish', ['memcached', 'parsoid']), undefined);
    assert.equal(didYouMean('varnish', []), '');
    assert.equal(didYouMean('varnsh', ['varnish']), '; did you mean "varnish"?');
  });

  it('measures a distance: zero to itself, the same both ways', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        assert.equal(editDistance(a, a), 0);
        assert.equal(editDistance(a, b), editDistance(b, a));
        assert.ok(editDistance(a, b) <= Math.max(a.length, b.length));
        assert.equal(editDistance(a, b) === 0, a === b);
      }),
    );
  });
});
