/** Which files a test file loads, so that a mutation meets only the tests that can see it. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Imports, and threads that are started by their address. */
const named = /(?:from\s+|import\s*\(\s*|import\s+|new URL\(\s*)'(\.[^']+)'/g;

/** Remembers the imports of each file; all paths are absolute. */
export class Reach {
  readonly #imports = new Map<string, readonly string[]>();
  readonly #reached = new Map<string, ReadonlySet<string>>();

  /** The file itself and everything that it loads, directly or by another file. */
  from(file: string): ReadonlySet<string> {
    const before = this.#reached.get(file);
    if (before !== undefined) return before;
    const reached = new Set([file]);
    for (const each of reached) for (const next of this.#importsOf(each)) reached.add(next);
    this.#reached.set(file, reached);
    return reached;
  }

  #importsOf(file: string): readonly string[] {
    const before = this.#imports.get(file);
    if (before !== undefined) return before;
    const text = readFileSync(file, 'utf8');
    const found = [...text.matchAll(named)].flatMap((match) => {
      const path = resolve(dirname(file), match[1]!);
      const written = [path.replace(/\.js$/, '.ts'), path].find(
        (one) => /\.[mc]?[jt]s$/.test(one) && existsSync(one),
      );
      return written === undefined ? [] : [written];
    });
    this.#imports.set(file, found);
    return found;
  }
}
