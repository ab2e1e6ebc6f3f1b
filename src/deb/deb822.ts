/**
 * The format of Debian's control files, deb822(5), as other rooms see it:
 * whole files (stanza.ts) and lookups in large indices (stanza-index.ts).
 */

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
export { StanzaIndex } from './stanza-index.js';
