/**
 * Patterns that name paths inside a tree: `tests/**`, `*.md`, `docs`. It only
 * compares text; reading trees is tree-method.ts's.
 */

/**
 * A function that says whether a path is meant by any of the patterns.
 *
 * Paths are relative, parts separated by `/`. `*` and `?` stand for characters of one part, `**` for
 * any number of parts. A pattern is about the whole path from the tree's top (`*.md` is not
 * `a/b.md`; `**` + `/*.md` is), and a pattern that means a folder means everything in it.
 */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const expressions = patterns.map((pattern) => expressionOf(pattern));
  return (path) => prefixesOf(path).some((prefix) => expressions.some((one) => one.test(prefix)));
}

function expressionOf(pattern: string): RegExp {
  const parts = pattern.split('/').filter((part) => part !== '' && part !== '.');
  const source = parts
    .map((part, index) => {
      const isLast = index === parts.length - 1;
      if (part === '**') return isLast ? '.*' : '(?:.*/)?';
      const escaped = part
        .replace(/[\\^$+.()|[\]{}]/g, '\\$&')
        .replace(/\*+/g, '[^/]*')
        .replace(/\?/g, '[^/]');
      return isLast ? escaped : `${escaped}/`;
    })
    .join('');
  return new RegExp(`^${source}$`, 's');
}

/** `a/b/c` -> `a`, `a/b`, `a/b/c`. */
function prefixesOf(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
