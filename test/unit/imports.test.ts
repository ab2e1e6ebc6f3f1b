import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** The rooms from the ground up: a file imports from its own room or from one listed before it. */
const rooms = [
  'plain-text',
  'errors',
  'counted',
  'deb',
  'io',
  'signing',
  'profile',
  'source',
  'resolution',
  'build',
  'metapackage',
  'snapshot',
  'comparison',
  'suite',
  'archive',
  'vetting',
  'workflows',
  'cli',
  'commands',
];

const src = resolve(import.meta.dirname, '../../src');

function sourceFiles(): string[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(src, name));
}

function roomOf(file: string): string {
  return relative(src, file).split('/')[0]!.replace(/\.ts$/, '');
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const specifiers = text.matchAll(/(?:from\s+|import\s*\(\s*|import\s+)'(\.[^']+)'/g);
  return [...specifiers].map((match) => resolve(dirname(file), match[1]!).replace(/\.js$/, '.ts'));
}

describe('the direction of imports', () => {
  it('knows every room', () => {
    const unknown = [...new Set(sourceFiles().map(roomOf))].filter((room) => !rooms.includes(room));
    assert.deepEqual(unknown, []);
  });

  it('goes downward only', () => {
    const upward = sourceFiles().flatMap((file) =>
      importsOf(file)
        .filter((target) => rooms.indexOf(roomOf(target)) > rooms.indexOf(roomOf(file)))
        .map((target) => `${relative(src, file)} -> ${relative(src, target)}`),
    );
    assert.deepEqual(upward, []);
  });

  it('has no cycle', () => {
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (file: string, trail: string[]): void => {
      if (state.get(file) === 'done') return;
      if (state.get(file) === 'open') {
        cycles.push([...trail.slice(trail.indexOf(file)), file].map((f) => relative(src, f)).join(' -> '));
        return;
      }
      state.set(file, 'open');
      for (const target of importsOf(file)) visit(target, [...trail, file]);
      state.set(file, 'done');
    };
    for (const file of sourceFiles()) visit(file, []);
    assert.deepEqual(cycles, []);
  });

  it('lets only src/source/fetch-file.ts download what an index lists, so that every mirror is asked', () => {
    const using = (pattern: RegExp): string[] =>
      sourceFiles()
        .filter((file) => pattern.test(readFileSync(file, 'utf8')))
        .map((file) => relative(src, file))
        .sort();
    assert.deepEqual(using(/\.download\(/), ['source/fetch-file.ts']);
    // Addresses of mirrors: where they are read and written down, and InRelease, which has no hash yet
    assert.deepEqual(using(/\buris\b/), [
      'source/apt-configuration.ts',
      'source/archive-roots.ts',
      'source/in-release.ts',
      'source/mirror.ts',
    ]);
  });

  it('lets only src/io/process.ts start programs, with an environment from a list; and sync(1) is started bare', () => {
    const starting = sourceFiles()
      .filter((file) => /['"](?:node:)?child_process['"]|['"]execa['"]/.test(readFileSync(file, 'utf8')))
      .map((file) => relative(src, file))
      .sort();
    assert.deepEqual(starting, ['io/file-batch.ts', 'io/process.ts']);
  });

  it('lets only src/cli/output.ts write to a terminal, so that all text from outside is cleaned there', () => {
    // oclif's ux, log functions and help write for own texts and for Command.log, which BaseCommand replaces
    const writing = sourceFiles()
      .filter((file) =>
        /\bprocess\s*(?:\.|\[['"])\s*(?:stdout|stderr)\b|\bconsole\b|\bux\b|(?<!root)\/dev\/(?:std(?:out|err)|tty)\b|'@oclif\/core\/(?:ux|errors)'/.test(
          readFileSync(file, 'utf8'),
        ),
      )
      .map((file) => relative(src, file));
    assert.deepEqual(writing.sort(), ['cli/output.ts']);
    const bin = readdirSync(resolve(src, '../bin')).map((name) =>
      readFileSync(resolve(src, '../bin', name), 'utf8'),
    );
    assert.deepEqual(
      bin.filter((text) => /\bstdout\b|\bstderr\b|\bconsole\b/.test(text)),
      [],
    );
  });

  it('lets only src/signing read a private key', () => {
    const offenders = sourceFiles()
      .filter((file) => roomOf(file) !== 'signing')
      .filter((file) => /from 'openpgp'|import\('openpgp'\)/.test(readFileSync(file, 'utf8')))
      .map((file) => relative(src, file));
    assert.deepEqual(offenders, []);
  });
});

describe('the direction of imports between tests', () => {
  const tests = resolve(src, '../test');

  it('goes to a folder of the same kind of test or to test/fixtures', () => {
    const across = readdirSync(tests, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(tests, name))
      .flatMap((file) =>
        importsOf(file)
          .filter((target) => target.startsWith(`${tests}/`))
          .map((target) => [relative(tests, file), relative(tests, target)] as const),
      )
      .filter(([file, target]) => !['fixtures', file.split('/')[0]].includes(target.split('/')[0]))
      .map(([file, target]) => `${file} -> ${target}`);
    assert.deepEqual(across, []);
  });
});
