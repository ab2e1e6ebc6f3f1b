/**
 * `.lockstep/unreferenced.json`: when a file of the archive became unreferenced. A file may be old but
 * unreferenced only since today, which its own date does not show. If this record is lost or damaged, all
 * grace periods start again, which does no harm.
 */
import { z } from 'zod';
import { readIfThere, writeFileAtomic } from '../io/disk.js';
import { canonicalJson } from '../io/canonical-json.js';
import { sha256 } from '../io/sha256.js';

/** What is noted of a path. */
export interface Note {
  /** ISO 8601, UTC. */
  since: string;
  /** What it must be, where a dropped snapshot told. */
  size?: number | undefined;
  sha256?: string | undefined;
}

/** Notes by path below the root of what is published. */
export type Notes = ReadonlyMap<string, Note>;

const fileSchema = z.object({
  format: z.literal(1),
  paths: z.record(
    z.string(),
    z.object({
      since: z.iso.datetime(),
      size: z.number().int().nonnegative().optional(),
      sha256: sha256.optional(),
    }),
  ),
});

/** @param file absolute path */
export async function readNotes(file: string): Promise<Map<string, Note>> {
  const text = (await readIfThere(file))?.toString('utf8');
  if (text === undefined) return new Map();
  try {
    return new Map(Object.entries(fileSchema.parse(JSON.parse(text)).paths));
  } catch {
    return new Map();
  }
}

/** Writes the notes, whole or not at all. DISK_FULL, DISK_IO. */
export async function writeNotes(file: string, notes: Notes): Promise<void> {
  await writeFileAtomic(file, canonicalJson({ format: 1, paths: Object.fromEntries(notes) }));
}
