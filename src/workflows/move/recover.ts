/**
 * The journal of a move, and the recovery of an unfinished move. The InRelease that machines follow decides:
 * if it is the new one, the rest is completed; if it is the old one, the archive returns to its state.
 */
import { join } from 'node:path';
import { byHashPath, frozenView, liveView } from '../../archive/layout.js';
import { sameBytes, type ArchivePort } from '../../archive/port.js';
import { readPublished } from '../../archive/publication.js';
import { snapshotField, type ReleaseFiles } from '../../archive/release.js';
import { withoutArmour } from '../../deb/stanza.js';
import type { Signer } from '../../signing/signer.js';
import { historyPath } from '../../suite/history-file.js';
import { removeFile } from '../../io/disk.js';
import type { LineHead } from '../../snapshot/chained-lines.js';
import { readJournal, writeJournal, type MoveJournal } from '../../suite/journal.js';
import { headAfter } from './history-check.js';
import { archiveSigner } from '../keys/archive-signer.js';
import type { Context, Run } from '../workspace/context.js';
import { commitSnapshotFiles } from '../workspace/commit-files.js';

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
  begun: Pick<MoveJournal, 'move' | 'message'> & {
    head: LineHead | undefined;
    after?: string;
    date: Date | null;
    standing: ReleaseFiles;
  },
): Promise<MoveJournal> {
  const { move, message, date, standing, head, after } = begun;
  const journal: MoveJournal = {
    move,
    message,
    ...(head === undefined ? {} : { head }),
    ...(after === undefined ? {} : { after }),
    date: date === null ? null : Math.floor(date.getTime() / 1000),
    before: { release: standing.plain ?? null, signature: standing.signature ?? null },
  };
  await writeJournal(journalPath(context), journal);
  return journal;
}

/**
 * Completes or undoes the move in the journal. The caller holds the workspace's lock.
 *
 * @param signerOf called if a line must be added to a history
 * @returns what was done; undefined if there was nothing to do; `damaged` if the journal cannot be read
 * (recover-damaged.ts)
 * @throws LockstepError SNAPSHOT_INVALID, DISK_FULL, DISK_IO, those of the signer
 */
export async function recoverMove(
  run: Run,
  signerOf: () => Promise<Signer> = () => archiveSigner(run),
): Promise<{ done: 'finished' | 'undone'; journal: MoveJournal } | 'damaged' | undefined> {
  const journal = await readJournal(journalPath(run));
  if (journal === undefined) return undefined;
  const { archive: port } = run;
  await port.folder?.sweep();
  if (journal === 'damaged') return journal;
  const { move, date } = journal;
  const { release } = await readPublished(port, liveView(move.suite));
  const committed = release?.fields.get(snapshotField) === move.to && (date === null || release.date >= date);
  if (committed) {
    await endMove(run, journal, await signerOf());
    return { done: 'finished', journal };
  }
  await undo(port, journal);
  await removeFile(journalPath(run));
  return { done: 'undone', journal };
}

/**
 * What the archive has by now, the suite's history gets; then the journal goes. The history may have the line already: a
 * kill may come between any two writes.
 */
export async function endMove(
  run: Run,
  { move, message, head, after }: MoveJournal,
  signer: Signer,
): Promise<void> {
  const { snapshots } = run.places;
  const last = run.ledger.history(move.suite).at(-1);
  const has =
    head === undefined ? last?.to === move.to : headAfter(run, move.suite, null)?.sha256 === head.sha256;
  if (!has) {
    // Not before the move was begun, whatever the clock says now: the key may be younger than that
    const date = new Date(Math.max(run.clock.now().getTime(), Date.parse(move.at)));
    await run.ledger.addMove(move, { signer, date }, after);
  }
  if (!has || last?.at === move.at) {
    await commitSnapshotFiles(run, [historyPath(snapshots, move.suite)], message);
  }
  await removeFile(journalPath(run));
}

/**
 * Restores the other files of the view to the state of the InRelease. New files of the pool and by-hash files
 * stay: nothing refers to them, and the next try needs them.
 */
export async function undo(
  port: ArchivePort,
  { move, before }: { move: Pick<MoveJournal['move'], 'suite' | 'to'>; before: MoveJournal['before'] },
): Promise<void> {
  const view = liveView(move.suite);
  const inline = (await port.read(`${view}/InRelease`))?.toString('utf8');
  await removeUncommitted(port, frozenView(move.suite, move.to));
  if (inline === undefined) return await removeUncommitted(port, view);
  const { release } = await readPublished(port, view);
  for (const [path, { sha256, size }] of release?.sha256 ?? []) {
    const from = byHashPath(view, path, sha256);
    if (
      (await port.head([from])).get(from)?.size !== size ||
      (await sameBytes(port, `${view}/${path}`, from))
    )
      continue;
    await port.copy(`${view}/${path}`, from, { modified: new Date(release!.date * 1000) });
  }
  const modified = release === null ? {} : { modified: new Date(release.date * 1000) };
  const text = release === null ? before.release : withoutArmour(inline);
  if (text !== null && (await textAt(port, `${view}/Release`)) !== text) {
    await port.put(`${view}/Release`, text, modified);
  }
  if (before.signature !== null && (await textAt(port, `${view}/Release.gpg`)) !== before.signature) {
    await port.put(`${view}/Release.gpg`, before.signature, modified);
  }
}

/** A view without an InRelease was never there for clients; a Release in it would be taken for one. */
async function removeUncommitted(port: ArchivePort, view: string): Promise<void> {
  if ((await port.head([`${view}/InRelease`])).size > 0) return;
  await port.remove(`${view}/Release.gpg`);
  await port.remove(`${view}/Release`);
}

async function textAt(port: ArchivePort, path: string): Promise<string | undefined> {
  return (await port.read(path))?.toString('utf8');
}
