/** What `verify`, `gc`, `drop` and `refresh` found and did, for people. Pure text. */
import { garbageKinds } from '../../archive/garbage.js';
import { counted } from '../../counted.js';
import { LockstepError } from '../../errors.js';
import { cacheFolderNames } from '../../io/cache-folders.js';
import type { CacheGcReport } from '../../workflows/upkeep/gc-cache.js';
import type { DropReport } from '../../workflows/upkeep/drop.js';
import type { VerifyReport } from '../../workflows/upkeep/verify.js';
import { cleanLine } from '../../plain-text.js';
import { formatBytes } from '../render/progress-lines.js';
import { renderTable } from '../render/table.js';
import type { GcReport, GcResult, RefreshedView } from '../../workflows/upkeep/upkeep-results.js';

/** Every fault with what to do: two lines each. */
export function renderFaults({ faults, repairs }: VerifyReport): string {
  const failed = new Map(repairs.flatMap(({ path, how, reason }) => (how === null ? [[path, reason]] : [])));
  return faults
    .map(({ code, path, kind, message, hint }) => {
      const reason = failed.get(path);
      const lines = [`${path}: ${code}, ${kind}: ${message}`, `  To do: ${hint}`];
      if (reason !== undefined) lines.push(`  Not repaired: ${reason}`);
      return lines.map(cleanLine).join('\n');
    })
    .join('\n');
}

/** What was checked, and what was repaired. */
export function explainVerify({ snapshots, views, files, bytes, repairs }: VerifyReport): string {
  const repaired = repairs.filter(({ how }) => how !== null);
  const lines = repaired.map(({ path, how }) => cleanLine(`Repaired ${path}: ${how}`));
  lines.push(
    `Verified: ${counted(snapshots, 'manifest')}, ${counted(views, 'view')}, ${counted(files, 'file')} (${formatBytes(bytes)}).`,
  );
  return lines.join('\n');
}

/** The error that faults end the command with. The faults themselves were printed. */
export function verifyError({ faults, repairs }: VerifyReport): LockstepError {
  const repaired = repairs.filter(({ how }) => how !== null).length;
  return new LockstepError('VERIFY_FAULTS', {
    message: `${counted(faults.length, 'fault')} ${faults.length === 1 ? 'was' : 'were'} found${repaired === 0 ? '' : `, after ${counted(repaired, 'file')} ${repaired === 1 ? 'was' : 'were'} repaired`}`,
    hint: 'Each fault is listed with its remedy; --json lists them for programs',
  });
}

/** Sums by kind, in the order of garbageKinds and of the cache's folders; only kinds with at least one file. */
export function sumsByKind({ removed, waiting }: GcReport): GcResult['kinds'] {
  const sum = (items: GcReport['removed'], kind: GcResult['kinds'][number]['kind']) => {
    const of = items.filter((item) => item.kind === kind);
    return { files: of.length, bytes: of.reduce((total, { bytes }) => total + bytes, 0) };
  };
  return [...new Set([...garbageKinds, ...cacheFolderNames])]
    .map((kind) => ({ kind, removed: sum(removed, kind), waiting: sum(waiting, kind) }))
    .filter((row) => row.removed.files + row.waiting.files > 0);
}

export function explainGc(report: GcReport, dryRun: boolean): string {
  const rows = sumsByKind(report);
  const lines: string[] = [];
  for (const id of report.finished) lines.push(`Finished the interrupted drop of ${id}.`);
  if (rows.length === 0) lines.push('There are no unreferenced files.');
  else {
    const amount = ({ files, bytes }: { files: number; bytes: number }): string =>
      files === 0 ? '-' : `${counted(files, 'file')}, ${formatBytes(bytes)}`;
    const head = ['kind', dryRun ? 'would be removed' : 'removed', 'must wait'];
    lines.push(
      renderTable(
        head,
        rows.map(({ kind, removed, waiting }) => [kind, amount(removed), amount(waiting)]),
      ),
    );
    const [next] = report.waiting.map(({ until }) => until).sort();
    if (next !== undefined) lines.push(`The next file can be removed at ${next}.`);
  }
  return [...lines, ...report.notes.map(cleanLine)].join('\n');
}

export function explainCacheGc(report: CacheGcReport, dryRun: boolean): string {
  const rows = sumsByKind(report);
  const head = ['in the cache', dryRun ? 'would be removed' : 'removed'];
  const table = renderTable(
    head,
    rows.map(({ kind, removed }) => [kind, `${removed.files}, ${formatBytes(removed.bytes)}`]),
  );
  const lines = rows.length === 0 ? ['Nothing in the cache is old enough to be removed.'] : [table];
  lines.push(`${formatBytes(report.kept)} ${dryRun ? 'would stay' : 'stay'}.`);
  return [...lines, ...report.notes.map(cleanLine)].join('\n');
}

export function explainDrop(report: DropReport, dryRun: boolean): string {
  const { id, profile, verdict, freed } = report;
  const did = dryRun
    ? 'would be dropped'
    : verdict === 'finished'
      ? 'is dropped; this finishes an earlier run'
      : 'is dropped';
  const lines = [`The snapshot ${id} of ${profile} ${did}.`];
  if (freed.files > 0) {
    lines.push(
      `${counted(freed.files, 'pool file')} (${formatBytes(freed.bytes)}) that no other snapshot has ${freed.files === 1 ? 'goes' : 'go'} with lockstep gc, after its grace period.`,
    );
  }
  return lines.join('\n');
}

const reasons: Record<NonNullable<RefreshedView['reason']>, string> = {
  due: 'more than half of its validity had passed',
  forced: 'requested',
  incomplete: 'one of its files was missing or damaged',
  key: 'another key had signed it',
  fields: 'lockstep.yaml has changed',
  end: 'it was about to expire',
};

/** One row for each view that was, or would be, signed again, and for each that could not be. */
export function refreshRows(views: readonly RefreshedView[]): string[][] {
  return views
    .filter(({ reason, fault }) => reason !== null || fault !== null)
    .map(({ suite, snapshot, reason, validUntil, fault }) => [
      suite,
      snapshot ?? 'live',
      validUntil ?? 'without expiry',
      fault === null ? reasons[reason!] : cleanLine(`NOT SIGNED: ${fault}`),
    ]);
}
