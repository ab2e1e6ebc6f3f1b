/**
 * Whether an armored file has exactly the bytes that its content requires. A signature can be valid although a byte of
 * its file was changed: in a checksum that no program reads, in a header, in the line breaks. A search for damaged
 * files checks this too. verifier.ts checks whether a signature is valid.
 */
import { LockstepError } from '../errors.js';
import { formatClearsigned, splitClearsigned } from './clearsigned.js';
import { errorText, loadOpenpgp } from './openpgp.js';

/** Names of hashes that Lockstep's clearsigned files may state (RFC 9580 section 9.5). */
const hashNames = new Set(['SHA224', 'SHA256', 'SHA384', 'SHA512', 'SHA3-256', 'SHA3-512']);
const headerLine = /^(?:Version|Comment|Hash|Charset|MessageID): [\x20-\x7e]*$/;

/** Why a text is not exactly one armored block, or null. */
export function armorFault(text: string): string | null {
  const lines = text.split('\n');
  while (lines.at(-1) === '') lines.pop();
  const title = /^-----BEGIN (PGP [A-Z ]+)-----$/.exec(lines.shift() ?? '')?.[1];
  if (title === undefined) return 'its first line is not that of an armored block';
  if (lines.pop() !== `-----END ${title}-----`) return 'its last line does not match its first line';
  const blank = lines.indexOf('');
  if (blank < 0 || lines.slice(0, blank).some((line) => !headerLine.test(line))) {
    return 'its headers are not those of an armored block';
  }
  const body = lines.slice(blank + 1);
  const sum = body.at(-1)?.startsWith('=') === true ? body.pop() : undefined;
  const width = body[0]?.length ?? 0;
  const bytes = Buffer.from(body.join(''), 'base64');
  const lastIsShort = body.at(-1) !== undefined && body.at(-1)!.length <= width && body.at(-1) !== '';
  if (!lastIsShort || body.slice(0, -1).some((line) => line.length !== width))
    return 'its lines do not have the right length';
  if (bytes.toString('base64') !== body.join('')) return 'its lines are not base64';
  if (sum !== undefined && sum !== `=${checksum(bytes)}`) return 'its checksum does not match its bytes';
  return null;
}

/** Why a file is not exactly one clearsigned text, or null. It does not verify the signature. */
export function clearsignedFault(file: Uint8Array): string | null {
  try {
    const { text, signature } = splitClearsigned(file);
    const found = Buffer.from(file).toString('utf8');
    const hash = /^Hash: (.*)$/m.exec(found.slice(0, 256))?.[1] ?? '';
    if (!hashNames.has(hash)) return 'its Hash line names no hash';
    const fault = armorFault(signature);
    if (fault !== null) return `of its signature, ${fault}`;
    return formatClearsigned(text, signature, hash) === `${found.trimEnd()}\n`
      ? null
      : 'its format was changed';
  } catch (error) {
    if (error instanceof LockstepError) return error.message;
    throw error;
  }
}

/**
 * Why bytes are not exactly signature packets in their only valid encoding, or null. OpenPGP readers tolerate wrong
 * lengths and extra bytes.
 */
export async function signatureFault(bytes: Uint8Array): Promise<string | null> {
  const openpgp = await loadOpenpgp();
  let written: Uint8Array[];
  try {
    const { packets } = await openpgp.readSignature({ binarySignature: bytes });
    written = [...packets].map((packet) => packet.write());
  } catch (error) {
    return `it cannot be read: ${errorText(error)}`;
  }
  let at = 0;
  for (const body of written) {
    const length = headerLength(bytes.subarray(at), body.length);
    const found = bytes.subarray(at + length, at + length + body.length);
    if (length === 0 || !Buffer.from(found).equals(body)) return 'its packets are not in canonical form';
    at += length + body.length;
  }
  return at === bytes.length && at > 0 ? null : 'it contains more than signatures';
}

/**
 * Bytes of the header of a signature packet with a body of that length (RFC 9580 section 4.2); 0 if the header is
 * invalid.
 */
function headerLength(bytes: Uint8Array, body: number): number {
  const forms =
    body < 192
      ? [
          [0xc2, body],
          [0x88, body],
        ]
      : [
          [0xc2, ((body - 192) >> 8) + 192, (body - 192) & 0xff],
          body < 256 ? [0x88, body] : [0x89, body >> 8, body & 0xff],
        ];
  const header = forms.find((form) => form.every((byte, at) => bytes[at] === byte));
  return header?.length ?? 0;
}

/** CRC-24 in base64 (RFC 4880 section 6.1). */
function checksum(bytes: Uint8Array): string {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit++) {
      crc <<= 1;
      if ((crc & 0x1000000) !== 0) crc ^= 0x1864cfb;
    }
  }
  return Buffer.from([(crc >> 16) & 0xff, (crc >> 8) & 0xff, crc & 0xff]).toString('base64');
}
