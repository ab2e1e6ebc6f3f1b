/**
 * The journal of a move: what is being done to a suite, on disk before the
 * first write of it and gone after the last. What a killed run left in it is
 * finished or undone by the next one (workflows/move/recover.ts). It knows the
 * record, not the archive.
 */
import { z } from 'zod';
import { LockstepError } from '../errors.js';
import { readIfThere, sha256Of, writeFileAtomic } from '../io/disk.js';
import { canonicalJson } from '../io/canonical-json.js';
import { sha256 } from '../io/sha256.js';
import { assertReadable } from '../snapshot/newer-format.js';
import { historyMoveSchema } from './history.js';

const journalSchema = z.object({
  format: z.literal(1),
  move: historyMoveSchema,
  /** The Date of the Release that commits the move, in seconds; null where the archive says it already. */
  date: z.number().int().nullable(),
  /** Where the history will stand after the move; journals of an earlier Lockstep do not say it. */
  head: z.object({ count: z.number().int(), sha256 }).optional(),
  /** SHA-256 of the line of the history that the new one follows first; the last one otherwise. */
  after: sha256.optional(),
  /** Of the git commit that follows, where there is one. */
  message: z.string(),
  /**
   * The previous content of the suite's folder; null if it did not exist. The InRelease shows which state is
   * current.
   */
  before: z.object({ release: z.string().nullable(), signature: z.string().nullable() }),
  /** SHA-256 of the canonical text without this field; journals of an earlier Lockstep do not have it. */
  check: sha256.optional(),
});

/** A move under way. */
export type MoveJournal = Omit<z.infer<typeof journalSchema>, 'format' | 'check'>;

/**
 * The move that a run did not end: undefined if there is none, `damaged` if the file does not say which.
 *
 * @param path absolute path of the journal
 * @throws LockstepError DISK_IO, SNAPSHOT_NEWER_FORMAT
 */
export async function readJournal(path: string): Promise<MoveJournal | 'damaged' | undefined> {
  const text = (await readIfThere(path))?.toString('utf8');
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    assertReadable(value, 1, path, (format) => ({ file: path, path: 'format', value: String(format) }));
    const { check, ...journal } = journalSchema.parse(value);
    return check === undefined || check === checkOf(journal) ? journal : 'damaged';
  } catch (error) {
    if (error instanceof LockstepError) throw error;
    return 'damaged';
  }
}

/** Says what is about to be done; on the disk when it returns. */
export async function writeJournal(path: string, journal: MoveJournal): Promise<void> {
  const whole = { ...journal, format: 1 };
  await writeFileAtomic(path, canonicalJson({ ...whole, check: checkOf(whole) }));
}

function checkOf(journal: object): string {
  return sha256Of(canonicalJson(journal));
}
