/**
 * Patterns that name paths inside a tree (`tests/**`, `*.md`, `docs`) or refs
 * of a repository (`wmf/*`). It only compares text. A pattern is a person's,
 * but names come from strangers: no name takes longer than its length times
 * the pattern's (docs/decisions/0019).
 */

/**
 * A function that says whether a path is meant by any of the patterns.
 *
 * Paths are relative, parts separated by `/`. `*` and `?` stand for characters of one part, `**` for
 * any number of parts. A pattern is about the whole path from the tree's top (`*.md` is not
 * `a/b.md`; `**` + `/*.md` is), and a pattern that means a folder means everything in it.
 */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const all = patterns.map((pattern) =>
    pattern
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .map((part) => (part === '**' ? undefined : starExpression(part))),
  );
  return (path) => {
    const parts = path.split('/');
    return all.some((wanted) => wanted.length > 0 && fits(parts, wanted));
  };
}

/** Whether the parts begin with what is wanted; undefined stands for any number of parts. */
function fits(parts: readonly string[], wanted: readonly (RegExp | undefined)[]): boolean {
  let next = 0;
  let resume: { next: number; at: number } | undefined;
  for (let at = 0; next < wanted.length; at++) {
    if (at === parts.length) return false;
    const one = wanted[next++];
    if (one === undefined) resume = { next, at: at-- };
    else if (!one.test(parts[at]!)) {
      if (resume === undefined) return false;
      // Where a later `**` is reached, an earlier one need not take more: one place to go back to is enough
      next = resume.next;
      at = resume.at++;
    }
  }
  return true;
}

/** An expression for a whole name, in which `*` stands for anything but a slash, `?` for one such character. */
export function starExpression(pattern: string): RegExp {
  const [start = '', ...others] = pattern
    .split(/\*+/)
    .map((text) => text.replace(/[\\^$+.()|[\]{}]/g, '\\$&').replace(/\?/g, '[^/]'));
  const end = others.pop();
  // The first place that fits is as good as a later one. A lookahead never comes back for another.
  const middle = others.map((text, index) => `(?=([^/]*?${text}))\\${index + 1}`).join('');
  return new RegExp(`^${start}${end === undefined ? '' : `${middle}[^/]*${end}`}$`, 's');
}
