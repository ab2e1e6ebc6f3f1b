/**
 * `.lockstep/unreferenced.json`: when a file of the archive became unreferenced. A file may be old but
 * unreferenced only since today, which its own date does not show. If this record is lost or damaged, all
 * grace periods start again, which does no harm.
 */
import { z } from 'zod';
import { writeFileAtomic } from '../io/disk.js';
import { canonicalJson } from '../io/canonical-json.js';
import { readKept } from '../io/kept-json.js';
import { sha256 } from '../io/sha256.js';

const noteSchema = z.object({
  /** ISO 8601, UTC. */
  since: z.iso.datetime(),
  /** What it must be, where a dropped snapshot told. */
  size: z.number().int().nonnegative().optional(),
  sha256: sha256.optional(),
});

/** What is noted of a path. */
export type Note = z.infer<typeof noteSchema>;

/** Notes by path below the root of what is published. */
export type Notes = ReadonlyMap<string, Note>;

const fileSchema = z.object({ format: z.literal(1), paths: z.record(z.string(), noteSchema) });

/** @param file absolute path */
export async function readNotes(file: string): Promise<Map<string, Note>> {
  return new Map(Object.entries((await readKept(file, fileSchema))?.paths ?? {}));
}

/** Writes the notes, whole or not at all. DISK_FULL, DISK_IO. */
export async function writeNotes(file: string, notes: Notes): Promise<void> {
  await writeFileAtomic(file, canonicalJson({ format: 1, paths: Object.fromEntries(notes) }));
}
