import assert from 'node:assert/strict';
import { phpPackagesByComponent, phpPackagesOf } from '../../../src/metapackage/php-packages.js';
import type { Declared, Platform } from '../../../src/source/declared.js';

const platform: Platform = {
  base: 'Debian 12',
  php: '8.2.29',
  extensions: new Map([
    ['intl', 'php-intl'],
    ['dom', 'php-xml'],
    ['xmlreader', 'php-xml'],
    ['json', null],
  ]),
};

function tree(component: string, ...things: string[]): Declared {
  const demands = things.map((thing) => ({
    thing,
    constraint: '*',
    by: component,
    file: 'composer.json',
    field: '',
  }));
  return { component, version: '1.0', supplies: [], demands };
}

describe('packages of PHP that a set demands', () => {
  it('are those of all its trees, each once, and none for what PHP has in itself', () => {
    const declared = [
      tree('mediawiki', 'php', 'php-extension/xmlreader', 'php-extension/dom', 'php-extension/json'),
      tree('math', 'mediawiki', 'php-extension/intl', 'php-extension/none'),
    ];
    assert.deepEqual(phpPackagesOf(declared, platform), ['php-intl', 'php-xml']);
    assert.deepEqual(phpPackagesByComponent([...declared, tree('none', 'mediawiki')], platform), {
      mediawiki: ['php-xml'],
      math: ['php-intl'],
    });
    assert.deepEqual(phpPackagesOf([], platform), []);
  });
});
