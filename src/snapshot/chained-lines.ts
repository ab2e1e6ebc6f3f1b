/**
 * Append-only files of lines. Each line is canonical JSON with the hash of the previous line as `previous`,
 * and a `signature` over the rest of it. So no line, including the last one, can be changed, removed or
 * inserted unnoticed. The caller defines the meaning of a line.
 */
import { z } from 'zod';
import { LockstepError, type FaultPlace } from '../errors.js';
import { signatureFault as packetFault } from '../signing/exact-armor.js';
import { dearmor } from '../signing/keys.js';
import type { Signer } from '../signing/signer-port.js';
import { verifyDetached, type Taken } from '../signing/verifier.js';
import { canonicalLine } from '../io/canonical-json.js';
import { sha256Of } from '../io/disk.js';
import { sha256 } from '../io/sha256.js';
import { assertReadable } from './newer-format.js';

/** The fields of every line in addition to its content, to be put into the schema of a line. */
export const chainedFields = {
  format: z.literal(1),
  /** SHA-256 of the line before, without its newline; null for the first. */
  previous: sha256.nullable(),
  /** OpenPGP packets in base64; lines from before there were signatures have none. */
  signature: z.string().optional(),
};

/** A line, as far as its chain goes. */
export type ChainedLine = z.infer<z.ZodObject<typeof chainedFields>>;

/** Who signs a line, and the date of the signature. */
export interface LineSigner {
  signer: Signer;
  /** Others who sign the same line; each adds its packets to the one signature. */
  also?: readonly Signer[] | undefined;
  date: Date;
  /** For the log of signatures: `history of mediawiki-1.39-stable`. */
  what: string;
}

/**
 * The line that follows `text`, the file so far, with its newline.
 *
 * @throws LockstepError what the signer throws
 */
export async function nextChainedLine(text: string, content: object, by?: LineSigner): Promise<string> {
  const last = text.trimEnd().split('\n').at(-1) ?? '';
  const line = { ...content, format: 1, previous: last === '' ? null : sha256Of(last) };
  if (by === undefined) return canonicalLine(line);
  const packets: Uint8Array[] = [];
  for (const signer of [by.signer, ...(by.also ?? [])]) {
    packets.push(await dearmor(await signer.detached(canonicalLine(line), by.date, by.what)));
  }
  return canonicalLine({ ...line, signature: Buffer.concat(packets).toString('base64') });
}

/** SHA-256 of the last line of a text that {@link parseChainedLines} took. */
export function lastLineHash(text: string): string {
  return sha256Of(text.trimEnd().split('\n').at(-1)!);
}

/** What the signature of a line is on, and its packets. For a line that {@link parseChainedLines} took. */
export function signedPartOf(line: string): { content: string; signature: Uint8Array } {
  const { signature = '', ...content } = JSON.parse(line) as ChainedLine;
  return { content: canonicalLine(content), signature: Buffer.from(signature, 'base64') };
}

/**
 * Reads such a file and checks its chain; signatures are {@link lineFaults}.
 *
 * @param schema of one line
 * @throws LockstepError SNAPSHOT_INVALID with the line of every fault, SNAPSHOT_NEWER_FORMAT
 */
export function parseChainedLines<T extends ChainedLine>(
  text: string,
  file: string,
  schema: z.ZodType<T>,
): T[] {
  const lines = text.split('\n');
  const faults: FaultPlace[] = [];
  // A text that does not end in a newline ends in the middle of a line.
  if (lines.pop() !== '')
    faults.push({ file, line: lines.length + 1, message: 'the last line is truncated' });
  const entries = lines.flatMap((line, index): T[] => {
    const place = { file, line: index + 1 };
    const entry = parseLine(line, place, schema);
    if (typeof entry === 'string') {
      faults.push({ ...place, message: entry });
      return [];
    }
    const before = lines[index - 1];
    if (entry.previous !== (before === undefined ? null : sha256Of(before))) {
      const message =
        index === 0 ? 'the lines before it are missing' : 'its hash does not match the line before it';
      faults.push({ ...place, message });
    }
    return [entry];
  });
  if (faults.length > 0) throw changedFile(file, faults);
  return entries;
}

/** The fault of a file whose lines have these faults. */
export function changedFile(file: string, faults: readonly FaultPlace[]): LockstepError {
  return new LockstepError('SNAPSHOT_INVALID', {
    message: `${file} was changed: ${faultWords(faults)}`,
    hint: 'Lines are only ever added to this file. Restore it from version control or a backup',
    where: faults,
  });
}

/** `line 3: it is not JSON; line 4: ...`. */
export function faultWords(faults: readonly FaultPlace[]): string {
  return faults.map(({ line, message }) => `line ${line}: ${message}`).join('; ');
}

function parseLine<T extends ChainedLine>(line: string, place: FaultPlace, schema: z.ZodType<T>): T | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'it is not JSON';
  }
  assertReadable(value, 1, `${place.file}, line ${place.line},`, () => place);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  return parsed.error.issues
    .map((issue) => `${issue.path.map(String).join('.')}: ${issue.message}`)
    .join(', ');
}

/** How the lines of a file are judged. */
export interface LineTrust {
  /** Public keys, binary. */
  keyring: Uint8Array;
  /** How the lines were taken. */
  taken: Taken;
  /** SHA-256 of lines that are vouched for by the record of keys, each with all before it. */
  accepted?: ReadonlySet<string> | undefined;
}

/**
 * What the chain does not show: lines in another form than they were written in, and signatures that do not
 * hold. A signed line vouches for all before it, so the last one must be signed, and none may be without a
 * signature after one that has it; a line that is vouched for elsewhere does the same. For a text that
 * {@link parseChainedLines} took.
 *
 * @param entries what that made of the lines
 */
export async function lineFaults(
  text: string,
  entries: readonly ChainedLine[],
  file: string,
  trust: LineTrust,
): Promise<FaultPlace[]> {
  const faults: FaultPlace[] = [];
  const lines = text.trimEnd().split('\n');
  const firstSigned = entries.findIndex(({ signature }) => signature !== undefined);
  const { accepted } = trust;
  const vouched = accepted === undefined ? -1 : lines.findLastIndex((line) => accepted.has(sha256Of(line)));
  for (const [index, line] of lines.entries()) {
    const isVouched = index <= vouched;
    const said = await lineFault(line, entries[index]!, { trust: isVouched ? null : trust, file });
    const bare = entries[index]!.signature === undefined;
    const place = { file, line: index + 1 };
    if (said !== null) faults.push({ ...place, message: said });
    else if (isVouched) continue;
    else if (bare && firstSigned >= 0 && index > firstSigned) {
      faults.push({ ...place, message: 'it is not signed, but an earlier line is' });
    } else if (bare && index === entries.length - 1) {
      const message = 'it is not signed, and no signed line follows. The next move of the suite signs it';
      faults.push({ ...place, message });
    }
  }
  return faults;
}

async function lineFault(
  line: string,
  entry: ChainedLine,
  by: { trust: LineTrust | null; file: string },
): Promise<string | null> {
  // What a signature is on may say more than this Lockstep knows; what none is on may not
  const { signature, ...content } = entry.signature === undefined ? entry : (JSON.parse(line) as ChainedLine);
  if (canonicalLine({ ...content, signature }) !== `${line}\n`) return 'it is not in canonical form';
  return signature === undefined || by.trust === null
    ? null
    : await signatureFault(canonicalLine(content), signature, by.trust, by.file);
}

async function signatureFault(
  content: string,
  signature: string,
  trust: LineTrust,
  file: string,
): Promise<string | null> {
  const bytes = Buffer.from(signature, 'base64');
  if (bytes.toString('base64') !== signature) return 'its signature is not base64';
  const form = await packetFault(bytes);
  if (form !== null) return `its signature was changed: ${form}`;
  const verdict = await verifyDetached(content, bytes, trust.keyring, { taken: trust.taken, subject: file });
  return verdict.result === 'good' ? null : `its signature is not accepted: ${verdict.reason}`;
}
