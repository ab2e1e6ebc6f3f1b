/**
 * The names of snapshots: UTC times, in the form apt itself uses for snapshot
 * ids (apt.conf(5), APT::Snapshot). It owns the form and the choice of a new
 * one; it never reads a clock or a disk.
 */

const form = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** `20261123T101530Z`: the second of `date`, in UTC. */
export function snapshotIdOf(date: Date): string {
  return date
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:]/g, '');
}

/** The time of an id, or undefined if the text is not an id. */
export function dateOfSnapshotId(id: string): Date | undefined {
  const match = form.exec(id);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  // 20260231T... would be read as the 3rd of March
  return Number.isNaN(date.getTime()) || snapshotIdOf(date) !== id ? undefined : date;
}

/** Whether the text is a snapshot's id. */
export function isSnapshotId(text: string): boolean {
  return dateOfSnapshotId(text) !== undefined;
}

/**
 * The id of a new snapshot: the present second, or the first free one after it. Ids sort as their
 * snapshots were cut, so it is always later than `last`, even where the clock ran backwards.
 *
 * @param taken ids of every profile: `snapshot/<id>/` is shared by all of them
 */
export function nextSnapshotId(now: Date, taken: Iterable<string>, last: string | null): string {
  const used = new Set(taken);
  const previous = last === null ? undefined : dateOfSnapshotId(last);
  const second = 1000;
  let at = Math.floor(now.getTime() / second) * second;
  if (previous !== undefined && previous.getTime() >= at) at = previous.getTime() + second;
  while (used.has(snapshotIdOf(new Date(at)))) at += second;
  return snapshotIdOf(new Date(at));
}
