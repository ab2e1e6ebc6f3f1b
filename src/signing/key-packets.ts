/**
 * Owns the little that must be known of a keyring which openpgp.js refuses to
 * read: how long its RSA keys are, and since when a key is revoked, for gpgv
 * does not tell. Pure; it trusts nothing and must not become a second OpenPGP
 * library.
 */
import { createHash } from 'node:crypto';

const publicKeyTag = 6;
const publicSubkeyTag = 14;
/** RSA, RSA encrypt-only, RSA sign-only (RFC 9580 section 9.1). */
const rsaAlgorithms = new Set([1, 2, 3]);

/**
 * Bits of the modulus of each RSA key of version 4, by fingerprint (40 upper-case hex digits). Reading stops
 * at bytes that are not packets.
 * @param keyring binary
 */
export function rsaLengths(keyring: Uint8Array): Map<string, number> {
  const lengths = new Map<string, number>();
  for (const { tag, body } of packets(Buffer.from(keyring))) {
    // Version, 4 bytes of date, algorithm, then the modulus with its length in bits first (RFC 9580 section 5.5.2)
    if ((tag !== publicKeyTag && tag !== publicSubkeyTag) || body.length < 8 || body[0] !== 4) continue;
    if (rsaAlgorithms.has(body[5] ?? 0)) lengths.set(fingerprint(body), body.readUInt16BE(6));
  }
  return lengths;
}

/** What revokes a key. */
export interface Revocation {
  /** Null: at any time; the key may never have been its owner's alone. */
  from: Date | null;
}

const signatureTag = 2;
/** Key revocation, subkey revocation (RFC 9580 section 5.2.1). */
const keyRevocation = 0x20;
const subkeyRevocation = 0x28;
/** Superseded, retired (RFC 9580 section 5.2.3.31): the key was good until then. */
const softReasons = new Set([1, 3]);

/**
 * Revocations by the fingerprint of the key or subkey that they are of. Whether they hold is not asked: gpgv says
 * that a key is revoked, this says since when.
 * @param keyring binary
 */
export function revocationsIn(keyring: Uint8Array): Map<string, Revocation[]> {
  const found = new Map<string, Revocation[]>();
  let primary: string | undefined;
  let subkey: string | undefined;
  for (const { tag, body } of packets(Buffer.from(keyring))) {
    if (tag === publicKeyTag) [primary, subkey] = [fingerprint(body), undefined];
    if (tag === publicSubkeyTag) subkey = fingerprint(body);
    if (tag !== signatureTag) continue;
    const of = body[1] === keyRevocation ? primary : body[1] === subkeyRevocation ? subkey : undefined;
    if (of === undefined) continue;
    found.set(of, [...(found.get(of) ?? []), revocation(body)]);
  }
  return found;
}

/** Version, type, two algorithms, then what is signed of its subpackets with their length first (section 5.2.3). */
function revocation(body: Buffer): Revocation {
  if (body[0] !== 4 || body.length < 6) return { from: null };
  const hashed = body.subarray(6, 6 + body.readUInt16BE(4));
  let created: Date | null = null;
  let isSoft = false;
  for (let at = 0; at < hashed.length;) {
    const size = newLength(hashed, at);
    if (size === undefined || size.length < 1 || size.start + size.length > hashed.length)
      return { from: null };
    const value = hashed.subarray(size.start + 1, size.start + size.length);
    const type = (hashed[size.start] ?? 0) & 0x7f;
    if (type === 2 && value.length === 4) created = new Date(value.readUInt32BE(0) * 1000);
    if (type === 29) isSoft = softReasons.has(value[0] ?? 0);
    at = size.start + size.length;
  }
  return { from: isSoft ? created : null };
}

/** RFC 9580 section 5.5.4.2. */
function fingerprint(body: Buffer): string {
  const head = Buffer.from([0x99, body.length >> 8, body.length & 0xff]);
  return createHash('sha1').update(head).update(body).digest('hex').toUpperCase();
}

/** Packets with a definite length (RFC 9580 section 4.2); keys have no others. */
function* packets(bytes: Buffer): Generator<{ tag: number; body: Buffer }> {
  let at = 0;
  while (at + 2 <= bytes.length) {
    const first = bytes[at] ?? 0;
    if ((first & 0x80) === 0) return;
    const isNew = (first & 0x40) !== 0;
    const tag = isNew ? first & 0x3f : (first >> 2) & 0x0f;
    const size = isNew ? newLength(bytes, at + 1) : oldLength(bytes, at + 1, first & 3);
    if (size === undefined || size.start + size.length > bytes.length) return;
    yield { tag, body: bytes.subarray(size.start, size.start + size.length) };
    at = size.start + size.length;
  }
}

interface Extent {
  start: number;
  length: number;
}

function newLength(bytes: Buffer, at: number): Extent | undefined {
  const first = bytes[at] ?? 0;
  if (first < 192) return { start: at + 1, length: first };
  if (first < 224 && at + 2 <= bytes.length) {
    return { start: at + 2, length: ((first - 192) << 8) + (bytes[at + 1] ?? 0) + 192 };
  }
  if (first === 255 && at + 5 <= bytes.length) return { start: at + 5, length: bytes.readUInt32BE(at + 1) };
  return undefined;
}

function oldLength(bytes: Buffer, at: number, kind: number): Extent | undefined {
  const width = [1, 2, 4][kind];
  if (width === undefined || at + width > bytes.length) return undefined;
  return { start: at + width, length: bytes.readUIntBE(at, width) };
}
