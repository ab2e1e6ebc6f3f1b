/**
 * Append-only files of lines. Each line is canonical JSON with the hash of the line that it follows as
 * `previous`, and a `signature` over the rest of it. So no line can be changed or inserted unnoticed, and none
 * before the last one removed; what is published says, under signature, which line is the last one of a
 * history. Where two people added lines to one file, both lines follow the same one; the next line follows
 * both. The caller defines the meaning of a line.
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
  /** 2: it has `merges`. */
  format: z.literal([1, 2]),
  /** SHA-256 of the line that it follows, without its newline; null for the first. */
  previous: sha256.nullable(),
  /** SHA-256 of other lines that it follows, sorted: the last ones of other people. */
  merges: z.array(sha256).optional(),
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

/** What a new line has in addition to its content. */
function linksAfter(text: string, after?: string): Pick<ChainedLine, 'format' | 'previous' | 'merges'> {
  const heads = headsOf(text);
  const previous = after ?? heads.at(-1) ?? null;
  const merges = heads.filter((hash) => hash !== previous).sort();
  return merges.length === 0 ? { format: 1, previous } : { format: 2, previous, merges };
}

/** SHA-256 of the lines that no other line follows, in the order of the file. Two or more: people added at the same time. */
export function headsOf(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '');
  const followed = new Set<string>();
  for (const line of lines) {
    const { previous, merges = [] } = JSON.parse(line) as ChainedLine;
    for (const hash of [previous, ...merges]) if (hash !== null) followed.add(hash);
  }
  return lines.map((line) => sha256Of(line)).filter((hash) => !followed.has(hash));
}

/**
 * The lines that lead to a line, each by the one that it follows first: what other people added until a merge is not
 * among them. Indices, for a text that parseChainedLines took.
 *
 * @param content SHA-256 of the line without its signature; of the last line if it is not in the text
 */
export function firstLine(text: string, content: string | undefined): Set<number> {
  const lines = text.split('\n').filter((line) => line !== '');
  const byHash = new Map(lines.map((line, index) => [sha256Of(line), index]));
  const known = content === undefined ? -1 : contentHashes(text).indexOf(content);
  const found = new Set<number>();
  let at: number | undefined = known < 0 ? lines.length - 1 : known;
  while (at !== undefined && at >= 0 && !found.has(at)) {
    found.add(at);
    const { previous } = JSON.parse(lines[at]!) as ChainedLine;
    at = previous === null ? undefined : byHash.get(previous);
  }
  return found;
}

/** Where a file of lines stands. */
export interface LineHead {
  /** Lines. */
  count: number;
  /** SHA-256 of the last line without its signature, with its newline: known before the line is signed. */
  sha256: string;
}

/**
 * Where the file will stand after the next line.
 *
 * @param after the line that it follows first; the last one otherwise
 */
export function nextHead(text: string, content: object, after?: string): LineHead {
  const line = canonicalLine({ ...content, ...linksAfter(text, after) });
  return { count: contentHashes(text).length + 1, sha256: sha256Of(line) };
}

/** SHA-256 of each line without its signature, in the order of the file. For a text that parseChainedLines took. */
export function contentHashes(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => sha256Of(signedPartOf(line).content));
}

/**
 * The line that follows `text`, the file so far, with its newline.
 *
 * @param after as in {@link nextHead}
 * @throws LockstepError what the signer throws
 */
export async function nextChainedLine(
  text: string,
  content: object,
  by?: LineSigner,
  after?: string,
): Promise<string> {
  const line = { ...content, ...linksAfter(text, after) };
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
  if (text === '') faults.push({ file, line: 1, message: 'the file is empty, its lines are missing' });
  const known = new Set<string>();
  const entries = lines.flatMap((line, index): T[] => {
    const place = { file, line: index + 1 };
    const entry = parseLine(line, place, schema);
    if (typeof entry === 'string') {
      faults.push({ ...place, message: entry });
      return [];
    }
    const { previous, merges = [] } = entry;
    const follows = [...(previous === null ? [] : [previous]), ...merges];
    const hash = sha256Of(line);
    if (known.has(hash)) faults.push({ ...place, message: 'it occurs twice' });
    else if (!follows.every((other) => known.has(other))) {
      const message =
        index === 0 ? 'the lines before it are missing' : 'its hash does not match the line before it';
      faults.push({ ...place, message });
    }
    known.add(hash);
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
  assertReadable(value, 2, `${place.file}, line ${place.line},`, () => place);
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
  const lines = text.split('\n').filter((line) => line !== '');
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
