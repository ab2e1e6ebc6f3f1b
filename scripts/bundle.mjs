/**
 * dist/ from src/: each command a file, what they share in chunks, libraries
 * included. Loading two hundred small modules took longer than most commands
 * work. Types are checked apart from this (npm run types).
 */
import { build } from 'esbuild';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

const commands = readdirSync(join(root, 'src/commands'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `src/commands/${name}`);

/** Started as threads, by their path from any file of dist/. */
const threads = ['src/vetting/foreign-worker.ts'];

/** zod carries its messages in fifty languages; ours are its English ones. */
const oneLanguage = {
  name: 'one-language',
  setup(bundle) {
    bundle.onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

await build({
  absWorkingDir: root,
  // reference.ts is for scripts/docs.mjs
  entryPoints: [...commands, 'src/cli/unknown-command.ts', 'src/cli/reference.ts', ...threads],
  outdir: 'dist',
  outbase: 'src',
  // Two folders below the top, as every file of dist/: src/cli/wire.ts finds templates from there
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  mainFields: ['module', 'main'],
  // oclif looks for its own files at run time; node-liblzma has a native part
  external: ['@oclif/core', '@oclif/core/*', 'node-liblzma'],
  // Names stay, so that the stack trace of a bug can be read
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  plugins: [oneLanguage],
  logLevel: 'warning',
  // Libraries that are CommonJS ask for Node's modules by require()
  banner: {
    js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);",
  },
});
