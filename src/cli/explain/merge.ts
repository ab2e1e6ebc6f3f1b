/** What `merge` and `rebuild` did, for people. Pure text. */
import { counted } from '../../counted.js';
import { renderTable } from '../render/table.js';
import { cleanLine } from '../../plain-text.js';
import type { MergeResult, RebuildResult } from '../../workflows/release/release-results.js';

export function explainMerge({ kind, name, id, merged, base, steps, reason, dryRun }: MergeResult): string {
  if (kind === 'history') {
    const done = dryRun ? 'would go on' : 'goes on';
    return cleanLine(`The suite ${name} ${done} at ${id}. ${reason ?? ''}.`);
  }
  const since = base === null ? '' : `, since ${base}`;
  const lines = [
    `${dryRun ? 'Would merge' : 'Merged'} ${merged.join(' and ')} of ${name}${since}, as ${id}.`,
  ];
  if (steps.length === 0) return [...lines, 'Both sides have the same set.'].join('\n');
  const rows = steps.map(({ name: what, from, to, side, instead }) => [
    what,
    from ?? 'new',
    to ?? 'removed',
    side === null ? 'both' : side,
    instead === undefined ? '' : `the other side has ${instead ?? 'removed it'}`,
  ]);
  return [...lines, renderTable(['what', 'was', 'is', 'from', ''], rows)].join('\n');
}

export function explainRebuild({ snapshots }: RebuildResult): string {
  if (snapshots.length === 0) return 'No suite lists a snapshot.';
  return snapshots
    .flatMap(({ profile, id, rebuilt, lost, reason }) => [
      `${id} of ${profile}: ${counted(rebuilt, 'file')} built again, ${lost.length} lost${reason === null ? '' : `. ${reason}`}`,
      ...lost.map((path) => `  ${path}`),
    ])
    .map(cleanLine)
    .join('\n');
}
