/**
 * `snapshots/<profile>/<id>.evidence.jsonl`: the evidence of one snapshot, in the folder of its manifest. A manifest
 * cannot contain its own digest, so the evidence is a separate file. Its lines are chained and signed
 * (chained-lines.ts). Each has one statement (evidence.ts).
 */
import { z } from 'zod';
import { LockstepError, type ErrorCode, type FaultPlace } from '../errors.js';
import { readIfThere } from '../io/disk.js';
import type { Signer } from '../signing/signer-port.js';
import {
  chainedFields,
  faultWords,
  lineFaults,
  nextChainedLine,
  parseChainedLines,
  type LineTrust,
} from './chained-lines.js';
import {
  evidenceOf,
  isAbout,
  statementOf,
  statementSchema,
  type Evidence,
  type EvidenceDraft,
  type EvidenceSubject,
} from './evidence.js';

const lineSchema = z.object({ ...chainedFields, statement: statementSchema });
export type EvidenceLine = z.infer<typeof lineSchema>;

/** Parses the text of an evidence file. Throws SNAPSHOT_INVALID with the line of every fault, SNAPSHOT_NEWER_FORMAT. */
export function parseEvidence(text: string, file: string): EvidenceLine[] {
  return parseChainedLines(text, file, lineSchema);
}

/**
 * The text of the file with one signed line added for each draft.
 *
 * @param text the text so far; empty for a snapshot that is being cut
 * @throws LockstepError what the signer throws
 */
export async function withEvidence(
  text: string,
  drafts: readonly EvidenceDraft[],
  snapshot: EvidenceSubject,
  by: { signer: Signer; now: Date },
): Promise<string> {
  const { signer, now } = by;
  let whole = text;
  for (const draft of drafts) {
    const statement = statementOf(draft, snapshot, { key: signer.fingerprint, recorded: now });
    const what = `evidence of ${draft.gate} for snapshot ${snapshot.manifest.id}`;
    whole += await nextChainedLine(whole, { statement }, { signer, date: now, what });
  }
  return whole;
}

/**
 * The recorded results of gates for a snapshot, the oldest first; empty if nothing was recorded.
 *
 * @param file absolute path
 * @param manifest SHA-256 of the manifest: every line must be about it
 * @param trust without it signatures are not verified
 * @throws LockstepError SNAPSHOT_INVALID, SNAPSHOT_NEWER_FORMAT, VERIFY_BAD_SIGNATURE
 */
export async function readEvidence(file: string, manifest: string, trust?: LineTrust): Promise<Evidence[]> {
  const text = (await readIfThere(file))?.toString('utf8');
  if (text === undefined) return [];
  const lines = parseEvidence(text, file);
  assertNone('SNAPSHOT_INVALID', file, subjectFaults(lines, file, manifest));
  if (trust !== undefined)
    assertNone('VERIFY_BAD_SIGNATURE', file, await lineFaults(text, lines, file, trust));
  return lines.map(({ statement }) => evidenceOf(statement));
}

function assertNone(code: ErrorCode, file: string, faults: readonly FaultPlace[]): void {
  if (faults.length === 0) return;
  throw new LockstepError(code, {
    message: `${file} is invalid: ${faultWords(faults)}`,
    hint: 'Restore the file from version control or a backup',
    where: [...faults],
  });
}

/** Lines about another manifest than the one that the file belongs to. */
export function subjectFaults(
  lines: readonly EvidenceLine[],
  file: string,
  manifest: string,
): { file: string; line: number; message: string }[] {
  return lines.flatMap(({ statement }, index) =>
    isAbout(statement, manifest)
      ? []
      : [{ file, line: index + 1, message: 'it is about a manifest other than the one in the same folder' }],
  );
}
