import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import { readDefinition } from '../../../src/metapackage/package-definition.js';
import { folder } from './sample.js';

const context = { package: 'p1', tree: false, key: false };
const head = 'package: p1\nsection: web\ndescription: a thing\n';
const variables = { version: '1.0', settings: { list: ['x', 'y'], odd: 'a: "b' } };

const read = (yaml: string, files: Record<string, string> = {}, more: Partial<typeof context> = {}) =>
  readDefinition(folder('p1', { 'package.yaml': yaml, ...files }), variables, { ...context, ...more });

function faultsOf(...args: Parameters<typeof read>): { code: string; faults: string[] } {
  try {
    read(...args);
  } catch (error) {
    assert.ok(error instanceof LockstepError, String(error));
    assert.ok(error.where.every((at) => at.file === 'templates/p1/package.yaml'));
    return {
      code: error.code,
      faults: error.where.map((at) => `${at.line} ${at.path ?? ''}: ${at.message}`),
    };
  }
  assert.fail('it is good');
}

describe('package.yaml', () => {
  it('is rendered, then read, with its defaults', () => {
    const definition = read(
      `${head}depends:\n{{#each settings.list}}\n  - "{{this}}1 (= {{@root.version}})"\n{{/each}}\n`,
    );
    assert.deepEqual(definition.depends, ['x1 (= 1.0)', 'y1 (= 1.0)']);
    assert.equal(definition.architecture, 'all');
    assert.equal(definition.priority, 'optional');
    assert.equal(definition.conffiles, 'auto');
    assert.deepEqual(definition.files, []);
  });

  it('tells all faults at lines of the template, though loops move the rendered ones', () => {
    const yaml = [
      'package: other', // 1
      'section: web', // 2
      'description: a thing', // 3
      'depends:', // 4
      '{{#each settings.list}}', // 5
      '  - "{{this}}1"', // 6
      '{{/each}}', // 7
      '  - "Bad (= )"', // 8
      'recomends: [x1]', // 9
      'files:', // 10
      '  - { from: files/a.conf, to: etc/a.conf, mode: 0644 }', // 11
      '  - { from: files/b.conf, to: /etc/../b.conf }', // 12
    ].join('\n');
    const { code, faults } = faultsOf(yaml, { 'files/a.cnf': '' });
    assert.equal(code, 'TEMPLATE_INVALID');
    assert.deepEqual(
      faults.map((fault) => fault.replace(/\. Known here.*/, '')),
      [
        "1 package: must be p1, the name of the template's folder, but is other",
        '8 depends[2]: Invalid package relationship: "Bad (= )" is not "package (operator version)"',
        '9 recomends: unknown key "recomends"; did you mean "recommends"? Allowed here: ' +
          faults[2]!.split('Allowed here: ')[1],
        '11 files[0].from: templates/p1 has no file files/a.conf; did you mean "files/a.cnf"?',
        '11 files[0].to: must be an absolute path without "..", "//" or a trailing slash',
        '11 files[0].mode: must be text, but is the number 644: put it in quotes, "0644"',
        '12 files[1].from: templates/p1 has no file files/b.conf; did you mean "files/a.cnf"?',
        '12 files[1].to: must be an absolute path without "..", "//" or a trailing slash',
      ],
    );
  });

  it('tells unknown variables before anything else', () => {
    assert.deepEqual(faultsOf(`${head}homepage: {{settings.lst}}\nbad: 1\n`), {
      code: 'TEMPLATE_UNKNOWN_VARIABLE',
      faults: [
        '4 : unknown variable "settings.lst"; did you mean "settings.list"? Available there: settings.list, settings.odd',
      ],
    });
  });

  it('tells a value that breaks the YAML at its line', () => {
    const { code, faults } = faultsOf(`${head}homepage: "{{settings.odd}}"\n`);
    assert.equal(code, 'TEMPLATE_INVALID');
    assert.match(faults[0]!, /^4 .*invalid YAML/);
  });

  it('says TEMPLATE_MISSING where only files are missing', () => {
    const { code, faults } = faultsOf(
      `${head}copyright: copyright\nscripts: { postinst: scripts/postinst }\n`,
    );
    assert.equal(code, 'TEMPLATE_MISSING');
    assert.deepEqual(faults, [
      '4 copyright: templates/p1 has no file copyright',
      '5 scripts.postinst: templates/p1 has no file scripts/postinst',
    ]);
  });

  it('takes a tree or a key only where there is one', () => {
    const yaml = `${head}files: [{ from: tree, to: /usr/share/x }, { from: key, to: /usr/share/k }]\n`;
    assert.equal(read(yaml, {}, { tree: true, key: true }).files.length, 2);
    const { faults } = faultsOf(yaml);
    assert.match(faults[0]!, /this package has no tree/);
    assert.match(faults[1]!, /this package has no key/);
  });

  it('refuses two things at one place, and things below a file', () => {
    const { faults } = faultsOf(
      `${head}files:\n  - { from: a, to: /usr/a }\n  - { from: a, to: /usr/a }\n  - { from: a, to: /usr/a/b }\nsymlinks: [{ path: /usr/l, target: a }]\ndirs: [{ path: /usr/l }]\n`,
      { a: '' },
    );
    assert.deepEqual(faults, [
      '6 files[1].to: /usr/a already exists',
      '7 files[2].to: /usr/a/b is below /usr/a, which is not a folder',
      '9 dirs[0].path: /usr/l already exists',
    ]);
  });

  it('refuses paths that climb, whatever way they are written', () => {
    for (const path of [
      '/..',
      '/a/..',
      '/a/../b',
      '/a//b',
      '/a/',
      '/',
      '/a/./b',
      'a',
      '"/a\\nb"',
      '"/a\\0b"',
      '/a\\b',
    ]) {
      const { faults } = faultsOf(`${head}symlinks: [{ path: ${path}, target: x }]\n`);
      assert.match(faults[0]!, /must be an absolute path/, path);
    }
    for (const from of ['../a', '/etc/passwd', 'a/../../b']) {
      const { faults } = faultsOf(`${head}files: [{ from: ${from}, to: /a }]\n`);
      assert.ok(
        faults.some((fault) => fault.includes('must be a path below its folder')),
        from,
      );
    }
  });

  it('takes control fields of its own, but none of Debian', () => {
    const { fields } = read(`${head}fields: { Lockstep-Schema: "{{version}}", X-Empty: "" }\n`);
    assert.deepEqual(fields, { 'Lockstep-Schema': '1.0', 'X-Empty': '' });
    for (const name of ['depends', 'Version', 'Essential', 'SHA256', 'Not a field']) {
      assert.equal(faultsOf(`${head}fields: { "${name}": x }\n`).code, 'TEMPLATE_INVALID', name);
    }
    // A second line would be another field
    assert.equal(faultsOf(`${head}fields: { Own: "x\\nVersion: 2" }\n`).code, 'TEMPLATE_INVALID');
  });
});
