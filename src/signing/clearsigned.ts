/**
 * Owns the cleartext signature framework (RFC 9580 section 7): putting text and
 * its signature into one file, and taking them apart so strictly that nothing
 * which is not signed can be taken for signed. Pure; checks no signature.
 */
import { LockstepError } from '../errors.js';

const messageLine = '-----BEGIN PGP SIGNED MESSAGE-----';
const signatureLine = '-----BEGIN PGP SIGNATURE-----';
const endLine = '-----END PGP SIGNATURE-----';

const notWhatItShouldBe =
  'Fetch it from another place: the server sent another file, for example a login page, or the file was changed in transit.';

/** The parts of a clearsigned file, before anything is verified. */
export interface ClearsignedParts {
  /** The signed text: dash-escaping undone, no trailing blanks, every line (the last one too) ended by LF. */
  text: string;
  /** The bytes that the signature is over: lines joined by CR LF, none after the last. */
  canonical: Uint8Array;
  /** The armored signature block. */
  signature: string;
}

/**
 * Text in the only form the framework can carry: lines end with LF, trailing
 * spaces and tabs (which no clear signature covers) are gone, and the last line
 * is ended.
 */
export function signableText(text: string): string {
  const lines = text.split('\n').map(withoutTrailingBlanks);
  if (lines.at(-1) === '') lines.pop();
  return `${lines.join('\n')}\n`;
}

/** The bytes a text signature (type 0x01) covers, for text in the form of {@link signableText}. */
export function canonicalBytes(signable: string): Uint8Array {
  return new TextEncoder().encode(signable.slice(0, -1).replaceAll('\n', '\r\n'));
}

/**
 * The clearsigned file for text in the form of {@link signableText}.
 * @param hash the name in the Hash header, `SHA512`
 */
export function formatClearsigned(signable: string, armoredSignature: string, hash: string): string {
  // LF alone ends a line here; `^` with the m flag would also match after CR and U+2028
  const escaped = signable.replace(/(^|\n)-/g, '$1- -');
  return `${messageLine}\nHash: ${hash}\n\n${escaped}${armoredSignature.replaceAll('\r\n', '\n').trimEnd()}\n`;
}

/**
 * Takes a clearsigned file apart, by apt's rules (SplitClearSignedFile): the
 * block must be the whole file; a line of the text that begins with an unescaped
 * dash, a header other than Hash, or anything after the signature is refused,
 * for each has been used to pass unsigned text off as signed.
 * @throws LockstepError VERIFY_NO_SIGNATURE, VERIFY_MALFORMED
 */
export function splitClearsigned(bytes: Uint8Array, file?: string): ClearsignedParts {
  const lines = decode(bytes, file)
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  const fault = (index: number, message: string): LockstepError =>
    new LockstepError('VERIFY_MALFORMED', {
      message: `${file ?? 'The clearsigned text'} is not well-formed: ${message}`,
      hint: 'Text outside the signed block cannot be trusted. Fetch the file again, or ask its publisher.',
      where: [{ file, line: index + 1 }],
    });
  const at = (index: number): string => lines[index] ?? '';

  if (at(0) !== messageLine) {
    if (lines.includes(messageLine)) throw fault(0, 'there is text before the signed block');
    throw new LockstepError('VERIFY_NO_SIGNATURE', {
      message: `${file ?? 'The text'} is not signed: it does not start with "${messageLine}"`,
      hint: notWhatItShouldBe,
      where: [{ file, line: 1 }],
    });
  }
  let index = 1;
  for (; at(index) !== ''; index += 1) {
    if (!/^Hash: [A-Za-z0-9-]+(?:, ?[A-Za-z0-9-]+)*$/.test(at(index)))
      throw fault(index, 'only "Hash" is allowed between the first line and the empty line before the text');
  }
  // Past the end of a file without an empty line `at` is '' as well
  if (index >= lines.length) throw fault(index, 'it ends before the text');

  const textLines: string[] = [];
  for (index += 1; at(index) !== signatureLine; index += 1) {
    const line = lines[index];
    if (line === undefined) throw fault(index, 'it ends before the signature');
    if (line.startsWith('- ')) textLines.push(withoutTrailingBlanks(line.slice(2)));
    else if (line.startsWith('-')) throw fault(index, 'a line of the text starts with an unescaped dash');
    else textLines.push(withoutTrailingBlanks(line));
  }
  const start = index;
  for (index += 1; at(index) !== endLine; index += 1) {
    if (index >= lines.length) throw fault(index, 'the signature is truncated');
    if (at(index).startsWith('-')) throw fault(index, 'a second block starts inside the signature');
  }
  const signature = `${lines.slice(start, index + 1).join('\n')}\n`;
  const rest = lines.findIndex((line, n) => n > index && line !== '');
  if (rest !== -1) throw fault(rest, 'there is text after the signed block');

  const text = `${textLines.join('\n')}\n`;
  return { text, canonical: canonicalBytes(text), signature };
}

function decode(bytes: Uint8Array, file: string | undefined): string {
  const fault = (what: string, line?: number, cause?: unknown): LockstepError =>
    new LockstepError('VERIFY_MALFORMED', {
      message: `${file ?? 'The clearsigned text'} ${what}`,
      hint: notWhatItShouldBe,
      where: [{ file, line }],
      cause,
    });
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw fault('is not UTF-8', undefined, cause);
  }
  const nul = text.indexOf('\0');
  if (nul !== -1) throw fault('contains a NUL byte', text.slice(0, nul).split('\n').length);
  return text;
}

/** Spaces, tabs and carriage returns at the end of a line are not signed (RFC 9580 section 7.2, GnuPG alike). */
function withoutTrailingBlanks(line: string): string {
  let end = line.length;
  while (end > 0 && ' \t\r'.includes(line.charAt(end - 1))) end -= 1;
  return line.slice(0, end);
}
