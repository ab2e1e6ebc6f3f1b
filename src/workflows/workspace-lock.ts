/** One run at a time in a workspace: whatever writes snapshots or the archive goes through here. */
import { join } from 'node:path';
import { ensureDir } from '../io/disk.js';
import { withLock } from '../io/lock.js';
import type { Context } from './context.js';

/** @throws LockstepError LOCK_HELD, naming who holds it, and what `work` throws */
export async function exclusively<T>(context: Context, work: () => Promise<T>): Promise<T> {
  await ensureDir(context.places.state);
  const { clock, command } = context;
  return await withLock(join(context.places.state, 'lock'), { clock, command }, work);
}
