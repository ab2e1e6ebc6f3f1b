/**
 * The text of one paragraph, line by line: fields are left out and the others keep their bytes. Nothing is parsed or
 * judged here: there may be 100,000.
 */

/** The given fields (lower-case names) of a paragraph, with unchanged bytes; empty if it has none of them. */
export function onlyFields(paragraph: string, names: ReadonlySet<string>): string {
  const only = fieldsWhere(paragraph, (name) => names.has(name));
  return only.trim() === '' ? '' : only;
}

/** A paragraph without some fields (lower-case names). The other fields keep their bytes. */
export function withoutFields(paragraph: string, names: ReadonlySet<string>): string {
  return fieldsWhere(paragraph, (name) => !names.has(name));
}

function fieldsWhere(paragraph: string, isKept: (name: string) => boolean): string {
  const kept: string[] = [];
  let dropping = false;
  for (const line of oneNewline(paragraph).split('\n')) {
    const continued = line.startsWith(' ') || line.startsWith('\t');
    if (!continued) {
      const colon = line.indexOf(':');
      dropping = colon > 0 && !isKept(line.slice(0, colon).toLowerCase());
    }
    if (!dropping) kept.push(line);
  }
  return kept.join('\n');
}

/** The text without empty lines before it, and with one newline at its end. */
export function oneNewline(text: string): string {
  return `${text.replace(/^\s*\n/, '').trimEnd()}\n`;
}
