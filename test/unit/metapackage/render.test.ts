import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import { renderTemplate } from '../../../src/metapackage/render.js';

const context = {
  version: '1.0',
  relations: ['a (= 1)', 'b (>= 2)'],
  suites: [
    { name: 'one', codename: 'bookworm' },
    { name: 'two', codename: 'trixie' },
  ],
  components: { wiki: { packages: { 'wiki-data': { version: '1:1-1' } } } },
  settings: { siteName: `Bob's "<Wiki>"`, on: true, off: false, none: [] as string[] },
};

const render = (template: string): string => renderTemplate(template, 't.hbs', context).text;

function faultsOf(template: string): { code: string; faults: string[] } {
  try {
    renderTemplate(template, 't.hbs', context);
  } catch (error) {
    assert.ok(error instanceof LockstepError, String(error));
    return {
      code: error.code,
      faults: error.where.map((at) => `${at.file}:${at.line}:${at.column} ${at.message}`),
    };
  }
  assert.fail('it rendered');
}

describe('a template', () => {
  it('is rendered without HTML escapes', () => {
    assert.equal(render('{{settings.siteName}} & {{version}}'), `Bob's "<Wiki>" & 1.0`);
    assert.equal(render('{{components.wiki.packages.wiki-data.version}}'), '1:1-1');
  });

  it('has loops, conditions, block parameters and ways up', () => {
    assert.equal(render('{{#each relations}}- {{this}}\n{{/each}}'), '- a (= 1)\n- b (>= 2)\n');
    assert.equal(
      render('{{#each suites}}{{name}}/{{codename}}/{{../version}}{{#unless @last}},{{/unless}}{{/each}}'),
      'one/bookworm/1.0,two/trixie/1.0',
    );
    assert.equal(render('{{#each suites as |s|}}{{s.name}}{{@root.version}}{{/each}}'), 'one1.0two1.0');
    assert.equal(render('{{#with settings}}{{#if on}}yes{{else}}no{{/if}}{{/with}}'), 'yes');
    assert.equal(render('{{#each settings.none}}{{name}}{{else}}empty{{/each}}'), 'empty');
    assert.equal(render('{{#each components as |c name|}}{{name}}{{/each}}'), 'wiki');
  });

  it('has helpers that quote', () => {
    assert.equal(render('{{json relations}}'), '["a (= 1)","b (>= 2)"]');
    assert.equal(render('{{join relations ", "}}'), 'a (= 1), b (>= 2)');
    assert.equal(render('{{shell settings.siteName}}'), `'Bob'\\''s "<Wiki>"'`);
    assert.equal(render('{{php settings.siteName}}'), `'Bob\\'s "<Wiki>"'`);
  });

  it('tells every unknown variable with its line, and the nearest known one', () => {
    assert.deepEqual(faultsOf('ok\n{{settings.siteNme}}\n  {{vresion}} {{components.wiky.packages}}\n'), {
      code: 'TEMPLATE_UNKNOWN_VARIABLE',
      faults: [
        't.hbs:2:3 unknown variable "settings.siteNme"; did you mean "settings.siteName"? Available there: settings.siteName, settings.on, settings.off, settings.none',
        't.hbs:3:5 unknown variable "vresion"; did you mean "version"? Available there: version, relations, suites, components, settings',
        't.hbs:3:17 unknown variable "components.wiky"; did you mean "components.wiki"? Available there: components.wiki',
      ],
    });
  });

  it('looks where handlebars does not: arguments, branches not taken, loop bodies', () => {
    for (const template of [
      '{{#if typo}}x{{/if}}',
      '{{#unless settings.typo}}x{{/unless}}',
      '{{#each typo}}x{{/each}}',
      '{{#with settings.typo}}x{{/with}}',
      '{{json typo}}',
      '{{join relations separator=typo}}',
      '{{#if settings.off}}{{typo}}{{/if}}',
      '{{#if settings.on}}a{{else}}{{typo}}{{/if}}',
      '{{#if settings.off}}a{{else if typo}}b{{/if}}',
      '{{#each suites}}{{typo}}{{/each}}',
      '{{#each suites}}{{version}}{{/each}}',
      '{{#each suites as |s|}}{{s.typo}}{{/each}}',
      '{{#each settings.none}}{{../typo}}{{/each}}',
      '{{#each suites}}{{@root.typo}}{{/each}}',
      '{{@typo}}',
      '{{../version}}',
      '{{version.length}}',
      '{{toString}}',
      '{{settings.constructor}}',
      '{{{typo}}}',
      '{{#settings}}{{typo}}{{/settings}}',
    ]) {
      assert.equal(faultsOf(template).code, 'TEMPLATE_UNKNOWN_VARIABLE', template);
    }
  });

  it('asks with lookup whether something exists', () => {
    const template = '{{#if (lookup components "cache")}}{{components.cache.version}}{{else}}none{{/if}}';
    assert.equal(render(template), 'none');
    assert.equal(faultsOf(template.replace('cache"', 'wiki"')).code, 'TEMPLATE_UNKNOWN_VARIABLE');
  });

  it('refuses groups as text, unknown helpers, partials and decorators', () => {
    assert.match(
      faultsOf('{{settings}}').faults[0]!,
      /t\.hbs:1:3 "settings" is a group of values, not text; it has siteName/,
    );
    assert.match(faultsOf('{{jsn relations}}').faults[0]!, /unknown helper "jsn"; did you mean "json"\?/);
    assert.match(faultsOf('{{> part}}').faults[0]!, /no partials/);
    assert.match(faultsOf('a\n{{* deco}}').faults[0]!, /t\.hbs:2:.*no partials and no decorators/);
    for (const template of ['{{settings}}', '{{jsn relations}}', '{{> part}}']) {
      assert.equal(faultsOf(template).code, 'TEMPLATE_INVALID');
    }
  });

  it('tells the line of broken syntax', () => {
    for (const [template, line] of [
      ['a\n{{#if version}}\nb', 3],
      ['a\nb {{version}\n', 2],
      ['{{#if version}}{{/each}}', 1],
    ] as const) {
      const { code, faults } = faultsOf(template);
      assert.equal(code, 'TEMPLATE_INVALID');
      assert.ok(faults[0]!.startsWith(`t.hbs:${line}:`), faults[0]);
    }
  });

  it('knows which line of the template each rendered line is from', () => {
    const template = [
      'first', // 1
      '{{#each relations}}', // 2
      '  - {{this}}', // 3
      '{{/each}}', // 4
      '', // 5
      '{{#if settings.off}}', // 6
      'never', // 7
      '{{/if}}', // 8
      'x: {{version}} y', // 9
      '{{!-- a', // 10
      'comment --}}', // 11
      'last', // 12
    ].join('\n');
    const { text, relocate } = renderTemplate(template, 't', context);
    assert.deepEqual(
      text.split('\n').map((line, index) => [line, relocate(index + 1, 4).line]),
      [
        ['first', 1],
        ['  - a (= 1)', 3],
        ['  - b (>= 2)', 3],
        ['', 5],
        ['x: 1.0 y', 9],
        ['last', 12],
      ],
    );
    assert.deepEqual(relocate(1, 4), { line: 1, column: 4 });
    assert.deepEqual(relocate(2, 4), { line: 3 });
  });
});
