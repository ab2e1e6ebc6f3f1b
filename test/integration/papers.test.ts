import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const top = resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(top, file), 'utf8');

function filesOf(...folders: string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(top, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(top, join(entry.parentPath, entry.name))),
  );
}

const papers = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'docs/explanation/architecture.md',
  'docs/explanation/how-a-release-is-made.md',
];

describe('the papers for contributors', () => {
  for (const paper of papers) {
    it(`${paper} names files that are there`, () => {
      const named = read(paper).matchAll(/`((?:src|test|scripts|docs|templates|profiles)\/[\w./-]+)`/g);
      // A worked example names the files that it makes, marked as such
      const made = new Set([...read(paper).matchAll(/`([\w./-]+)` \(new\)/g)].map(([, name]) => name));
      const missing = [...named].map(([, name]) => name!).filter((name) => !existsSync(join(top, name)));
      assert.deepEqual(
        missing.filter((name) => !made.has(name)),
        [],
      );
    });
  }

  it('link to files that are there, as all pages do', () => {
    const pages = [...readdirSync(top), ...filesOf('docs')].filter((name) => name.endsWith('.md'));
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map(([, target]) => target!)
        .filter((target) => !/^[a-z]+:/.test(target))
        .filter((target) => !existsSync(join(top, dirname(page), target)))
        .map((target) => `${page} -> ${target}`),
    );
    assert.deepEqual(broken, []);
  });

  it('state each law of the archive that the code cites', () => {
    const page = read('docs/explanation/architecture.md');
    const cited = filesOf('src', 'test', 'templates').flatMap((file) =>
      [...read(file).matchAll(/architecture\.md, (?:law (\d+)|"([^"]+)")/g)]
        .filter(([, law, title]) => !page.includes(law === undefined ? `**${title}.**` : `**${law}.**`))
        .map(([words]) => `${file}: ${words}`),
    );
    assert.deepEqual(cited, []);
  });

  it('give each dependency a reason and a licence', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, object>;
    const rows = [
      ...read('docs/explanation/dependencies.md').matchAll(/^\| `([^`]+)` +\| ([^|]+)\| ([^|]+)\|/gm),
    ];
    const explained = rows.filter(([, , reason, licence]) => reason!.trim() && licence!.trim());
    assert.deepEqual(
      explained.map(([, name]) => name).sort(),
      [...Object.keys(dependencies!), ...Object.keys(devDependencies!)].sort(),
    );
  });
});
