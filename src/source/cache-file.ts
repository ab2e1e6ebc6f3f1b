/**
 * Small JSON files in the cache folder: what was worked out from bytes that
 * are named by their hash, so that it never grows stale. Losing one costs
 * time only. Never the only place of anything.
 */
import { join } from 'node:path';
import { readIfThere, writeFileAtomic } from '../io/disk.js';
import type { SourceContext } from './source-context.js';

/** Raised when the shape of any of these files changes: old ones are then not read. */
const format = 1;

function pathOf(context: SourceContext, room: string, name: string): string {
  return join(context.cacheDir, room, `${name}.json`);
}

/** The value kept under that name, or undefined when there is none that can be read. */
export async function readCached<T>(
  context: SourceContext,
  room: string,
  name: string,
): Promise<T | undefined> {
  const bytes = await readIfThere(pathOf(context, room, name));
  if (bytes === undefined) return undefined;
  try {
    const kept = JSON.parse(bytes.toString('utf8')) as { format?: unknown; value?: T };
    return kept.format === format ? kept.value : undefined;
  } catch {
    return undefined;
  }
}

/** The value kept under that name. Where there is none, it is made and kept; what `make` throws is not. */
export async function cached<T>(
  context: SourceContext,
  room: string,
  name: string,
  make: () => Promise<T>,
): Promise<T> {
  const kept = await readCached<T>(context, room, name);
  if (kept !== undefined) return kept;
  const made = await make();
  await writeCached(context, room, name, made);
  return made;
}

/** Keeps a value; it must be JSON. Not fsynced: a crash may lose it, never half of it. */
export async function writeCached(
  context: SourceContext,
  room: string,
  name: string,
  value: unknown,
): Promise<void> {
  await writeFileAtomic(pathOf(context, room, name), JSON.stringify({ format, value }), { fsync: false });
}
