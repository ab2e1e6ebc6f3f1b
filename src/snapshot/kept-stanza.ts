/**
 * Entries of packages whose paragraphs stay in a Buffer, outside V8's heap, and become strings on access. A
 * snapshot may have 100,000 entries, and nine tenths of its size are paragraphs. For all other code, such an
 * entry is an ordinary one: it is copied, compared and written with its paragraph.
 */
import type { BuiltPackage } from '../build/built.js';
import { recordedParagraph, type BinaryParagraph } from '../deb/one-paragraph.js';

/** Everything of a package's entry but its paragraph. */
export interface BareEntry extends Omit<BuiltPackage, 'control' | 'file'> {
  component: string;
  area: string;
  /** Below the archive's `debian/`: `pool/main/m/mediawiki/...deb`. */
  path: string;
  size: number;
  sha256: string;
}

/** Where a paragraph is: a JSON string in UTF-8, with its quotes. Nobody may write to these bytes. */
interface Place {
  bytes: Buffer;
  start: number;
  end: number;
}

const place = Symbol('place');

const stanza: PropertyDescriptor = {
  get(this: { [place]: Place }): string {
    const { bytes, start, end } = this[place];
    return recordedParagraph(JSON.parse(bytes.toString('utf8', start, end)) as string);
  },
  enumerable: true,
  configurable: true,
};

/** The entry with that paragraph; the caller knows that it is one. */
export function withKeptStanza(
  bare: BareEntry,
  bytes: Buffer,
  start: number,
  end: number,
): BareEntry & { stanza: BinaryParagraph } {
  const { architecture, area, component, path, sha256, size, version } = bare;
  const name = bare.package;
  const entry = {
    architecture,
    area,
    component,
    package: name,
    path,
    sha256,
    size,
    // Nearly always the same; then one string is enough
    source: bare.source === name ? name : bare.source,
    sourceVersion: bare.sourceVersion === version ? version : bare.sourceVersion,
    version,
  };
  Object.defineProperty(entry, place, { value: { bytes, start, end } satisfies Place });
  return Object.defineProperty(entry, 'stanza', stanza) as typeof entry & { stanza: BinaryParagraph };
}

/** A paragraph as {@link withKeptStanza} finds it again. */
export function keptForm(paragraph: string): string {
  return JSON.stringify(paragraph);
}
