/**
 * What the snapshots of a profile follow. A manifest never changes and may have 100 MB, so what each says is kept in
 * `.lockstep/`, and each is read once.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { LockstepError } from '../../errors.js';
import { statIfThere, writeFileAtomic } from '../../io/disk.js';
import { readKept } from '../../io/kept-json.js';
import { sha256 } from '../../io/sha256.js';
import { parentsOfDropped, readDropped } from '../../snapshot/dropped.js';
import { newestAmong, type Ancestry } from '../../snapshot/forks.js';
import { parentsOf, type Snapshot } from '../../snapshot/manifest.js';
import { listSnapshots, readSnapshot, snapshotFiles } from '../../snapshot/snapshot-folder.js';
import type { Places } from './context.js';

type Where = Pick<Places, 'snapshots' | 'state'>;

/** By id. `size` and `written` (milliseconds) tell whether it is still the file that was read. */
const keptShape = z.record(
  z.string(),
  z.object({
    size: z.number(),
    written: z.number(),
    parents: z.array(z.object({ id: z.string(), sha256 })),
  }),
);

/**
 * All snapshots of a profile and what they follow, dropped ones too. Signatures are not checked.
 *
 * @param read snapshots that the caller has read already
 * @throws LockstepError as readSnapshot, for a manifest that was not read before
 */
export async function ancestryOf(
  { snapshots: root, state }: Where,
  profile: string,
  read: readonly Snapshot[] = [],
): Promise<Ancestry[]> {
  const file = join(state, 'indices/ancestry', `${profile}.json`);
  const before = (await readKept(file, keptShape)) ?? {};
  const now: typeof before = {};
  let isNew = false;
  for (const place of await listSnapshots(root, profile)) {
    const { size = 0, mtimeMs: written = 0 } = (await statIfThere(snapshotFiles(root, place).manifest)) ?? {};
    const known = before[place.id];
    if (known?.size === size && known.written === written) {
      now[place.id] = known;
      continue;
    }
    const given = read.find(({ manifest }) => manifest.id === place.id && manifest.profile === profile);
    const { manifest } = given ?? (await readSnapshot(root, place));
    now[place.id] = { size, written, parents: parentsOf(manifest) };
    isNew = true;
  }
  // Without a place to keep it, it is only slower the next time
  if (isNew)
    await writeFileAtomic(file, JSON.stringify(now), { fsync: false }).catch((error: unknown) => {
      if (!(error instanceof LockstepError)) throw error;
    });
  const dropped = (await readDropped(root)).filter((one) => one.profile === profile);
  return [
    ...dropped.map((one): Ancestry => ({ id: one.id, parents: parentsOfDropped(one), isDropped: true })),
    ...Object.entries(now).map(([id, { parents }]): Ancestry => ({ id, parents })),
  ];
}

/** The newest snapshots of a profile, the oldest of them first. As {@link ancestryOf}. */
export async function newestOf(
  places: Where,
  profile: string,
  read: readonly Snapshot[] = [],
): Promise<string[]> {
  return newestAmong(await ancestryOf(places, profile, read));
}
