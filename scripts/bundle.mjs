/**
 * dist/ from src/: all commands, oclif and the other libraries in one file.
 * Finding and linking hundreds of modules took longer than most commands
 * work. It is CommonJS because V8 keeps compiled code for scripts only
 * (bin/program.js). Types are checked apart from this (npm run types).
 */
import { build } from 'esbuild';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

const program = 'dist/cli/program.cjs';

const commands = readdirSync(join(root, 'src/commands'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .sort();

/** What oclif and the scripts ask the program for. */
const entry = [
  ...commands.map((name, at) => `import command${at} from './src/commands/${name}';`),
  `export const commands = {${commands.map((name, at) => `'${idOf(name)}': command${at}`).join(', ')}};`,
  "export { execute } from './src/cli/execute.ts';",
  "export { Config } from '@oclif/core/config';",
  "export { unknownCommand } from './src/cli/unknown-command.ts';",
  // For scripts/docs.mjs
  "export const reference = () => import('./src/cli/reference.ts');",
].join('\n');

/** As oclif spells a command within a topic. */
function idOf(name) {
  return name.slice(0, -'.ts'.length).replaceAll('/', ':');
}

/** zod carries its messages in fifty languages; ours are its English ones. */
const oneLanguage = {
  name: 'one-language',
  setup(bundle) {
    bundle.onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

/**
 * What libraries work out while they load, whether it is needed or not, and what that takes of the time of a
 * command that moves a suite. Each is put off until it is asked for, or done in another way with the same result.
 */
const putOff = [
  {
    // Tables for AES, which only protected keys need: 8 ms
    file: /openpgp\/dist\/node\/openpgp\.mjs$/,
    change: (text) =>
      ['tableEncoding', 'tableDecoding'].reduce(
        (changed, name) =>
          replaced(
            replaced(
              changed,
              new RegExp(`^const ${name} = (/\\* @__PURE__ \\*/ genTtable\\(.*\\));$`, 'm'),
              (_, make) =>
                [`let ${name}Made;`, `const ${name} = () => (${name}Made ??= ${make});`].join('\n'),
            ),
            new RegExp(`^(\\s+const \\{.*\\} = ${name});$`, 'gm'),
            (_, use) => `${use}();`,
          ),
        text,
      ),
  },
  {
    // Names of commands are ASCII: the first comparison by a locale loads the rules of all of them, 6 ms
    file: /@oclif\/core\/lib\/config\/plugin\.js$/,
    change: (text) =>
      replaced(text, /\(a, b\) => a\.id\.localeCompare\(b\.id\)/, () => '(a, b) => (a.id < b.id ? -1 : 1)'),
  },
];

/** A library that looks otherwise now must not go unnoticed. */
function replaced(text, pattern, by) {
  const changed = text.replace(pattern, by);
  if (changed === text) throw new Error(`scripts/bundle.mjs: nothing fits ${pattern}`);
  return changed;
}

const startSooner = {
  name: 'start-sooner',
  setup(bundle) {
    for (const { file, change } of putOff) {
      bundle.onLoad({ filter: file }, ({ path: source }) => ({
        contents: change(readFileSync(source, 'utf8')),
      }));
    }
  },
};

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  mainFields: ['module', 'main'],
  // Names stay, so that the stack trace of a bug can be read
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  charset: 'ascii',
  plugins: [oneLanguage, startSooner],
  logLevel: 'warning',
};

await build({
  ...common,
  stdin: { contents: entry, resolveDir: root, sourcefile: 'program.ts' },
  // Two folders below the top, as src/cli/wire.ts expects, which finds templates from there
  outfile: program,
  format: 'cjs',
  // node-liblzma has a native part; oclif would take the others to run TypeScript
  external: ['node-liblzma', 'typescript', 'ts-node', 'tsx', 'tsx/*'],
  define: { 'import.meta.dirname': '__dirname', 'import.meta.url': 'programUrl' },
  // V8 forgets how a script that it kept compiled imports: what is outside comes by require()
  supported: { 'dynamic-import': false },
  banner: { js: "const programUrl = require('node:url').pathToFileURL(__filename).href;" },
});

await build({
  ...common,
  // Started as threads, by their path from any file of dist/
  entryPoints: ['src/vetting/foreign-worker.ts', 'src/archive/copy-worker.ts'],
  outdir: 'dist',
  outbase: 'src',
  format: 'esm',
  external: ['node-liblzma'],
  // Libraries that are CommonJS ask for Node's modules by require()
  banner: {
    js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);",
  },
});

const path = join(root, program);
const escaped = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
// esbuild leaves regular expressions as they are; bin/program.js reads ASCII
writeFileSync(path, readFileSync(path, 'utf8').replace(/[^\0-\x7f]/g, escaped));
