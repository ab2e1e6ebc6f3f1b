/**
 * `snapshots/keys.jsonl`: which keys the archive has been signed with, and when each took over. Chained lines
 * (chained-lines.ts). The previous current key and the new key sign each line. So a reader that trusts one of
 * these keys can derive, forwards and backwards, which other keys are trusted. It reads and extends the
 * record. The workflows decide which key is available and when a step may be taken.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { LockstepError, type FaultPlace } from '../errors.js';
import { writeFileAtomic } from '../io/disk.js';
import type { Signer } from '../signing/signer-port.js';
import { signatureFault } from '../signing/exact-armor.js';
import { binaryKeyring, readPublicKeys } from '../signing/keys.js';
import { verifyDetached } from '../signing/verifier.js';
import { canonicalLine } from '../io/canonical-json.js';
import { chainedFields, nextChainedLine, parseChainedLines, signedPartOf } from './chained-lines.js';
import {
  afterChange,
  keyChange,
  signersOfChange,
  type KeyChange,
  type KeyState,
  type RecordedKey,
} from './key-state.js';

/** The record as it was read. */
export interface KeyRecord {
  state: KeyState;
  text: string;
}

const lineSchema = z.object({ ...chainedFields, ...keyChange.shape });
type KeyLine = z.infer<typeof lineSchema>;

/** Absolute path of the record; `root` is the path of `snapshots/`. */
export function keyRecordPath(root: string): string {
  return join(root, 'keys.jsonl');
}

/**
 * Reads the record and checks every line: its form, its chain, its signatures, and whether the step was possible. It
 * does not decide whether any of its keys is trusted.
 *
 * @param text the text of an existing record
 * @param file path for messages
 * @throws LockstepError SNAPSHOT_INVALID with the line of every fault, SNAPSHOT_NEWER_FORMAT
 */
export async function judgedRecord(text: string, file: string): Promise<KeyState> {
  const entries = parseChainedLines(text, file, lineSchema);
  let state: KeyState | null = null;
  for (const [index, line] of text.trimEnd().split('\n').entries()) {
    const entry = entries[index]!;
    const after = afterChange(state, entry);
    const fault = typeof after === 'string' ? after : await lineFault(line, entry, state, after);
    if (fault !== null || typeof after === 'string')
      throw invalid({ file, line: index + 1, message: fault! });
    state = after;
  }
  return state!;
}

async function lineFault(
  line: string,
  entry: KeyLine,
  before: KeyState | null,
  after: KeyState,
): Promise<string | null> {
  const { content, signature } = signedPartOf(line);
  if (canonicalLine(JSON.parse(line) as object) !== `${line}\n`) return 'it is not in canonical form';
  const form = signature.length === 0 ? 'it has no signature' : await signatureFault(signature);
  if (form !== null) return `its signature was changed: ${form}`;
  for (const key of [entry.key, ...(entry.former ?? [])]) {
    const found = await readPublicKeys(Buffer.from(key.public));
    if (found.length !== 1 || found[0]!.fingerprint !== key.fingerprint) {
      return `its key is not ${key.fingerprint}`;
    }
  }
  const keyring = await keyringOf([...(before?.keys ?? []), ...after.keys]);
  const verdict = await verifyDetached(content, signature, keyring, {
    taken: { kind: 'recorded', at: 'signed' },
    subject: 'the record',
  });
  const good = verdict.signatures.flatMap((one) => (one.result === 'good' ? [one.fingerprint] : []));
  const lacking = signersOfChange(before, entry).filter((name) => !good.includes(name));
  if (lacking.length === 0) return null;
  return `the key ${lacking.join(' and the key ')} did not sign it: ${verdict.reason}`;
}

/** The keys of a list, as one binary keyring. */
export async function keyringOf(keys: readonly RecordedKey[]): Promise<Uint8Array> {
  const once = new Map(keys.map((key) => [key.fingerprint, key.public]));
  const all = await Promise.all([...once.values()].map((armored) => binaryKeyring(Buffer.from(armored))));
  return new Uint8Array(Buffer.concat(all));
}

function invalid(place: FaultPlace): LockstepError {
  return new LockstepError('SNAPSHOT_INVALID', {
    message: `${place.file} was changed: line ${place.line}: ${place.message}`,
    hint: 'The record of keys only grows. Restore it from version control or a backup',
    where: [place],
  });
}

/**
 * Adds a change to the record. The caller holds the workspace's lock.
 *
 * @param before the current record, which the caller has read
 * @param signers by fingerprint: the signers that {@link signersOfChange} names
 * @returns the new text of the record
 * @throws LockstepError SNAPSHOT_INVALID when the record was tampered with or the change cannot be made; what the
 * signers and the disk throw
 */
export async function appendKeyChange(
  root: string,
  before: KeyRecord | null,
  change: KeyChange,
  signers: ReadonlyMap<string, Signer>,
): Promise<string> {
  const path = keyRecordPath(root);
  const after = afterChange(before?.state ?? null, change);
  if (typeof after === 'string') throw invalid({ file: path, line: 0, message: after });
  const [signer, ...also] = signersOfChange(before?.state ?? null, change).map((name) => signers.get(name)!);
  const what = `record of keys: ${change.step} ${change.key.fingerprint}`;
  const line = await nextChainedLine(before?.text ?? '', change, {
    signer: signer!,
    also,
    date: new Date(change.at),
    what,
  });
  const text = (before?.text ?? '') + line;
  await writeFileAtomic(path, text);
  return text;
}
