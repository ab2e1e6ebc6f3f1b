/**
 * The journal of a move, and the recovery of an unfinished move. The InRelease that machines follow decides:
 * if it is the new one, the rest is completed; if it is the old one, the archive returns to its state.
 */
import { join } from 'node:path';
import { byHashPath, frozenView, liveView } from '../../archive/layout.js';
import type { ArchivePort } from '../../archive/port.js';
import { readPublished } from '../../archive/publication.js';
import { snapshotField, type ReleaseFiles } from '../../archive/release.js';
import { withoutArmour } from '../../deb/stanza.js';
import type { Signer } from '../../signing/signer.js';
import { historyPath } from '../../suite/history-file.js';
import { readJournal, removeJournal, writeJournal, type MoveJournal } from '../../suite/journal.js';
import { archiveSigner } from '../keys/archive-signer.js';
import type { Context } from '../workspace/context.js';
import { commitSnapshotFiles } from '../workspace/commit-files.js';
import { addToHistory, historyOf } from '../workspace/files-read.js';

/** Where the journal is; it is there while a move is under way. */
export function journalPath({ places }: Context): string {
  return join(places.state, 'journal.json');
}

/**
 * Notes what is about to be done.
 *
 * @param begun `date`: that of the Release that commits the move; null where the archive says it already.
 * `standing`: the Release files that are there
 * @returns what was noted, for {@link endMove}
 */
export async function beginMove(
  context: Context,
  begun: Pick<MoveJournal, 'move' | 'message'> & { date: Date | null; standing: ReleaseFiles },
): Promise<MoveJournal> {
  const { move, message, date, standing } = begun;
  const journal: MoveJournal = {
    move,
    message,
    date: date === null ? null : Math.floor(date.getTime() / 1000),
    before: { release: standing.plain ?? null, signature: standing.signature ?? null },
  };
  await writeJournal(journalPath(context), journal);
  return journal;
}

/** What the archive has by now, the suite's history gets; then the journal goes. */
export async function endMove(context: Context, journal: MoveJournal, signer: Signer): Promise<void> {
  await finish(context, journal, signer);
}

/**
 * Completes or undoes the move in the journal. The caller holds the workspace's lock.
 *
 * @param signerOf called if a line must be added to a history
 * @returns what was done, or undefined if there was nothing to do
 * @throws LockstepError SNAPSHOT_INVALID, DISK_FULL, DISK_IO, those of the signer
 */
export async function recoverMove(
  context: Context,
  signerOf: () => Promise<Signer> = () => archiveSigner(context),
): Promise<{ done: 'finished' | 'undone'; journal: MoveJournal } | undefined> {
  const journal = await readJournal(journalPath(context));
  if (journal === undefined) return undefined;
  const { archive: port } = context;
  await port.sweep();
  const { move, date } = journal;
  const { release } = await readPublished(port, liveView(move.suite));
  const committed = release?.fields.get(snapshotField) === move.to && (date === null || release.date >= date);
  if (committed) {
    await finish(context, journal, await signerOf());
    return { done: 'finished', journal };
  }
  await undo(port, journal);
  await removeJournal(journalPath(context));
  return { done: 'undone', journal };
}

/** By the history, which may have the line already: a kill may come between any two writes. */
async function finish(context: Context, { move, message }: MoveJournal, signer: Signer): Promise<void> {
  const { snapshots } = context.places;
  const last = (await historyOf(context, move.suite)).at(-1);
  if (last?.to !== move.to) {
    // Not before the move was begun, whatever the clock says now: the key may be younger than that
    const date = new Date(Math.max(context.clock.now().getTime(), Date.parse(move.at)));
    await addToHistory(context, move, { signer, date });
  }
  if (last?.to !== move.to || last.at === move.at) {
    await commitSnapshotFiles(context, [historyPath(snapshots, move.suite)], message);
  }
  await removeJournal(journalPath(context));
}

/**
 * Restores the other files of the view to the state of the InRelease. New files of the pool and by-hash files
 * stay: nothing refers to them, and the next try needs them.
 */
async function undo(port: ArchivePort, { move, before }: MoveJournal): Promise<void> {
  const view = liveView(move.suite);
  const inline = (await port.read(`${view}/InRelease`))?.toString('utf8');
  await removeUncommitted(port, frozenView(move.suite, move.to));
  if (inline === undefined) return await removeUncommitted(port, view);
  const { release } = await readPublished(port, view);
  for (const [path, { sha256, size }] of release?.sha256 ?? []) {
    const from = byHashPath(view, path, sha256);
    if ((await port.sizes([from])).get(from) !== size || (await port.same(`${view}/${path}`, from))) continue;
    await port.link(`${view}/${path}`, from, { modified: new Date(release!.date * 1000) });
  }
  const modified = release === null ? {} : { modified: new Date(release.date * 1000) };
  const text = release === null ? before.release : withoutArmour(inline);
  if (text !== null && (await textOf(port, `${view}/Release`)) !== text) {
    await port.put(`${view}/Release`, text, modified);
  }
  if (before.signature !== null && (await textOf(port, `${view}/Release.gpg`)) !== before.signature) {
    await port.put(`${view}/Release.gpg`, before.signature, modified);
  }
}

/** A view without an InRelease was never there for clients; a Release in it would be taken for one. */
async function removeUncommitted(port: ArchivePort, view: string): Promise<void> {
  if ((await port.sizes([`${view}/InRelease`])).size > 0) return;
  await port.remove(`${view}/Release.gpg`);
  await port.remove(`${view}/Release`);
}

async function textOf(port: ArchivePort, path: string): Promise<string | undefined> {
  return (await port.read(path))?.toString('utf8');
}
