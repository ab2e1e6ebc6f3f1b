/** `lockstep status` for a terminal: a table of suites, and below it what to look at. Pure. */
import { inWords } from '../explain/move.js';
import { cleanLine } from '../../plain-text.js';
import { renderTable } from './table.js';
import type { StatusResult, SuiteStatus } from '../../workflows/reading/status-result.js';

const head = ['suite', 'trust', 'profile', 'snapshot', 'cut', 'last move', 'valid for', 'archive', 'next'];

/** What goes to stdout. */
export function renderStatus(report: StatusResult, columns?: number): string {
  const now = Date.parse(report.now);
  return renderTable(
    head,
    report.suites.map((suite) => rowOf(suite, now)),
    columns,
  );
}

/** The lines for stderr: warnings, and snapshots that are in no suite. */
export function statusNotes(report: StatusResult): string[] {
  const { running, unpublished } = report;
  return [
    ...(running === null
      ? []
      : [
          `A run is active: "${running.command}", process ${running.pid} on ${running.host}. The suite that it moves may look inconsistent.`,
        ]),
    ...report.suites.flatMap(({ warnings }) => warnings.map((warning) => `Warning: ${cleanLine(warning)}`)),
    ...report.warnings.map((warning) => `Warning: ${cleanLine(warning)}`),
    ...unpublished.map(
      ({ profile, snapshot }) =>
        `The newest snapshot of ${profile}, ${snapshot}, was not published in any suite.`,
    ),
    ...(report.suites.length === 0 ? ['lockstep.yaml has no suite yet.'] : []),
  ];
}

function rowOf(suite: SuiteStatus, now: number): string[] {
  return [
    suite.suite,
    suite.trust,
    suite.profile,
    suite.snapshot ?? '-',
    suite.age === null ? '-' : agoOf(suite.age),
    moveOf(suite, now),
    validityOf(suite, now),
    archiveOf(suite),
    nextOf(suite),
  ];
}

function moveOf({ moved }: SuiteStatus, now: number): string {
  if (moved === null) return '-';
  const seconds = Math.max(0, Math.floor((now - Date.parse(moved.at)) / 1000));
  return `${moved.action} by ${moved.by}, ${agoOf(seconds)}`;
}

function agoOf(seconds: number): string {
  return seconds < 5 ? 'now' : `${inWords(seconds)} ago`;
}

function validityOf({ published, signature }: SuiteStatus, now: number): string {
  if (published === null) return '-';
  if (published.end === null) return 'ever';
  const left = Math.floor((Date.parse(published.end) - now) / 1000);
  if (signature === 'expired') return `EXPIRED ${inWords(-left)} ago`;
  return signature === 'good' ? inWords(left) : `${inWords(left)}!`;
}

function archiveOf({ agrees, snapshot, published }: SuiteStatus): string {
  if (!agrees) return 'DIFFERS';
  return snapshot === null && published === null ? 'empty' : 'same';
}

/** What could be done next, as one would type it after `lockstep`. */
function nextOf({ promotable, unpublished, suite }: SuiteStatus): string {
  if (promotable !== null) return `promote ${promotable.fromSuite} ${suite}  (${promotable.snapshot})`;
  return unpublished === null ? '' : `publish ${unpublished} ${suite}`;
}
