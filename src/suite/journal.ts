/**
 * The journal of a move: what is being done to a suite, on disk before the
 * first write of it and gone after the last. What a killed run left in it is
 * finished or undone by the next one (workflows/move/recover.ts). It knows the
 * record, not the archive.
 */
import { z } from 'zod';
import { LockstepError } from '../errors.js';
import { readIfThere, writeFileAtomic } from '../io/disk.js';
import { canonicalJson } from '../io/canonical-json.js';
import { historyMoveSchema } from './history.js';

const journalSchema = z.object({
  format: z.literal(1),
  move: historyMoveSchema,
  /** The Date of the Release that commits the move, in seconds; null where the archive says it already. */
  date: z.number().int().nullable(),
  /** Of the git commit that follows, where there is one. */
  message: z.string(),
  /**
   * The previous content of the suite's folder; null if it did not exist. The InRelease shows which state is
   * current.
   */
  before: z.object({ release: z.string().nullable(), signature: z.string().nullable() }),
});

/** A move under way. */
export type MoveJournal = Omit<z.infer<typeof journalSchema>, 'format'>;

/**
 * The move that a run did not end, or undefined.
 *
 * @param path absolute path of the journal
 * @throws LockstepError SNAPSHOT_INVALID when it cannot be read, DISK_IO
 */
export async function readJournal(path: string): Promise<MoveJournal | undefined> {
  const text = (await readIfThere(path))?.toString('utf8');
  if (text === undefined) return undefined;
  try {
    return journalSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new LockstepError('SNAPSHOT_INVALID', {
      message: `${path} is not a valid journal: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'It records an unfinished move. Run `lockstep verify --all`, repair what it lists, then remove the file',
      where: [{ file: path }],
      cause: error,
    });
  }
}

/** Says what is about to be done; on the disk when it returns. */
export async function writeJournal(path: string, journal: MoveJournal): Promise<void> {
  await writeFileAtomic(path, canonicalJson({ ...journal, format: 1 }));
}
