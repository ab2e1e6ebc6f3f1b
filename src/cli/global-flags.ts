/**
 * Global flags may stand before the command, as with git and make. oclif looks
 * for the command in the first word, so they are put behind its words. Pure.
 */

/**
 * `-C DIR status SUITE` -> `status SUITE -C DIR`. Flags that are not global stay where they are, and so does a `-C`
 * without a folder: what is wrong with them is for oclif to say.
 *
 * @param argv what was typed after `lockstep`
 */
export function globalFlagsBehind(argv: readonly string[]): string[] {
  const flags = leadingFlags(argv);
  const rest = argv.slice(flags.length);
  if (flags.length === 0) return [...argv];
  // Help and the version are of no workspace, and without a command there is nothing but help
  if (rest[0] === undefined || /^(?:-h|--help|--version)$/.test(rest[0])) return rest;
  const end = rest.findIndex((word) => word.startsWith('-'));
  const words = rest.slice(0, end === -1 ? rest.length : end);
  return [...words, ...flags, ...rest.slice(words.length)];
}

function leadingFlags(argv: readonly string[]): readonly string[] {
  let end = 0;
  for (;;) {
    const word = argv[end] ?? '';
    if (/^(?:--json|-C.+|--workspace=.+)$/.test(word)) end += 1;
    else if (/^(?:-C|--workspace)$/.test(word) && argv[end + 1] !== undefined) end += 2;
    else return argv.slice(0, end);
  }
}
