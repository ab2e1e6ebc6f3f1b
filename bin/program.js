/**
 * Loads dist/cli/program.cjs, all of Lockstep in one file, together with what
 * V8 made of it when it was built: compiling takes longer than most commands
 * work. Without that, or with another Node, it is compiled as any file is.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Module, createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import vm from 'node:vm';

const file = resolve(import.meta.dirname, '../dist/cli/program.cjs');
/** A SHA-256 over the program and what follows, then V8's code cache of the program. */
export const cacheFile = `${file}.cache`;

/** V8 looks at neither: what it is given must be what it made, of this very program. */
export function digest(source, code) {
  return createHash('sha256').update(source).update(code).digest();
}

function codeOf(source) {
  let cache;
  try {
    cache = readFileSync(cacheFile);
  } catch {
    return undefined;
  }
  const code = cache.subarray(32);
  return cache.subarray(0, 32).equals(digest(source, code)) ? code : undefined;
}

/** Runs the program's top level: what it exports, its bytes, and the script whose code V8 can hand out. */
export function loadProgram() {
  const source = readFileSync(file);
  // ASCII throughout (scripts/bundle.mjs), one byte a character in memory
  const script = new vm.Script(Module.wrap(source.latin1Slice()), {
    filename: file,
    cachedData: codeOf(source),
  });
  const require = createRequire(file);
  const module = new Module(file);
  module.filename = file;
  // oclif asks for its commands by this file's path
  require.cache[file] = module;
  script.runInThisContext()(module.exports, require, module, file, dirname(file));
  module.loaded = true;
  return { program: module.exports, source, script };
}
