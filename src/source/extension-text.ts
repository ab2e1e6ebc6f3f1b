/**
 * A stranger's text, as it may hold wikitext, HTML and anything else, as plain
 * text for a control field. Pure.
 */

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

/**
 * Plain text on one line, or null where nothing is left of it, or it was no text.
 *
 * @param longest in characters; what is longer ends with an ellipsis
 */
export function plainText(text: unknown, longest: number): string | null {
  if (typeof text !== 'string') return null;
  // Nobody reads more, and the patterns below must not run on megabytes
  const plain = clean(withoutMarkup(clean(text.slice(0, 20_000))));
  if (plain === '') return null;
  const characters = [...plain];
  return characters.length <= longest
    ? plain
    : `${characters
        .slice(0, longest - 1)
        .join('')
        .trimEnd()}…`;
}

/** No control, format (bidirectional overrides), private-use or unassigned characters; blanks are single. */
function clean(text: string): string {
  return text
    .replace(/[\p{Z}\s]+/gu, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}]/gu, '')
    .trim();
}

function withoutMarkup(text: string): string {
  return (
    text
      .replace(/<!--.*?(?:-->|$)/g, '')
      // Of [[target|text]] and [https://target text] the text
      .replace(/\[\[(?:[^[\]|]*\|)?([^[\]|]*)\]\]/g, '$1')
      .replace(/\[(?:https?:)?\/\/[^\s[\]]+(?: ([^[\]]*))?\]/gi, (_, label?: string) => label ?? '')
      .replace(/\{\{[^{}|]*\|([^{}|]*)(?:\|[^{}]*)?\}\}/g, '$1')
      .replace(/\{\{[^{}]*\}\}/g, '')
      .replace(/'{2,}/g, '')
      .replace(/<\/?[a-z][^<>]*>/gi, '')
      .replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi, decoded)
      .replace(/ +([.,;:!?])/g, '$1')
  );
}

function decoded(whole: string, decimal?: string, hexadecimal?: string, name?: string): string {
  if (name !== undefined) return entities[name.toLowerCase()] ?? whole;
  const code = decimal === undefined ? parseInt(hexadecimal ?? '', 16) : Number(decimal);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
}
