/**
 * The format of Debian's control files, deb822(5), as other rooms see it:
 * whole files (stanza.ts), streams, and lookups in large indices
 * (stanza-index.ts).
 */
import { StringDecoder } from 'node:string_decoder';
import { Faults, paragraphs, type ParseOptions, type Stanza } from './stanza.js';

export {
  Stanza,
  foldValue,
  formatStanza,
  parseStanza,
  parseStanzas,
  unfoldValue,
  withoutArmour,
} from './stanza.js';
export type { Field, ParseOptions } from './stanza.js';
export { StanzaIndex, scanStanzas } from './stanza-index.js';

/** Longest paragraph of a stream: Debian's largest are some hundred kilobytes. */
const longestParagraph = 16 * 1024 * 1024;

/**
 * Reads paragraphs as they come, one in memory at a time.
 * @throws LockstepError DEB_SYNTAX with the faults of the first paragraph that has any
 */
export async function* streamStanzas(
  source: AsyncIterable<Buffer | string>,
  options: ParseOptions = {},
): AsyncGenerator<Stanza> {
  const faults = new Faults(options.file);
  const decoder = new StringDecoder('utf8');
  let firstLine = options.firstLine ?? 1;
  let rest = '';
  for await (const chunk of source) {
    rest += typeof chunk === 'string' ? chunk : decoder.write(chunk);
    const end = lastSeparator(rest);
    if (end === 0) {
      if (rest.length > longestParagraph) {
        faults.add(firstLine, `a paragraph of more than ${longestParagraph} characters`);
        faults.throwAny();
      }
      continue;
    }
    const lines = rest.slice(0, end).split('\n');
    yield* checked(paragraphs(lines, firstLine, faults), faults);
    firstLine += lines.length - 1;
    rest = rest.slice(end);
  }
  yield* checked(paragraphs((rest + decoder.end()).split('\n'), firstLine, faults), faults);
}

/** Where the last paragraph of `text` begins that may not be whole yet. */
function lastSeparator(text: string): number {
  const match = text.lastIndexOf('\n\n');
  return match < 0 ? 0 : match + 2;
}

function* checked(stanzas: Iterable<Stanza>, faults: Faults): Generator<Stanza> {
  for (const stanza of stanzas) {
    faults.throwAny();
    yield stanza;
  }
  faults.throwAny();
}
