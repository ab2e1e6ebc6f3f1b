/** What was made, where it is, how to serve it, and what a machine needs: the end of `release`. */
import { relative } from 'node:path';
import { skippedSentence } from '../../profile/skip.js';
import type { Context } from '../../workflows/workspace/context.js';
import type { ReleaseReport } from '../../workflows/release/release.js';
import { machineLines } from '../render/machine-lines.js';
import { cleanLine } from '../../plain-text.js';

export function explainRelease(report: ReleaseReport, context: Context): string {
  const { workspace, places } = context;
  const { archive } = workspace;
  const show = (path: string): string => relative(process.cwd(), path) || '.';
  const { publication } = report;
  const news = report.cut
    ? `Snapshot ${report.snapshot} of ${report.profile} is in the suite ${publication.suite}.`
    : `Nothing changed: ${publication.suite} is at snapshot ${report.snapshot} of ${report.profile}.`;
  const refreshed =
    !report.cut && publication.verdict === 'refresh' ? ['Its Release files were signed again.'] : [];
  const versions = report.builds.map((row) => `  ${row.package.padEnd(28)} ${row.version}`);
  const flagged = report.security.length === 0 ? [] : [`It is flagged with ${report.security.join(', ')}.`];
  return [
    '',
    news,
    ...flagged,
    ...report.skipped.map((one) => `Not included: ${cleanLine(skippedSentence(one))}.`),
    ...refreshed,
    ...versions,
    '',
    `The archive is in ${show(places.public)}; the manifest is ${show(places.snapshots)}/${report.profile}/${report.snapshot}.json.`,
    'To serve it on this machine:',
    '  lockstep serve          (in a clone: npx lockstep serve)',
    `On a Debian ${baseOf(report)} machine that reaches ${archive.baseUrl}, run as root:`,
    ...machineLines(workspace, publication.suite, report.metapackage).map((line) => `  ${line}`),
  ].join('\n');
}

/**
 * What to say where `--security` names what the snapshot is not flagged with: it was cut before, and a
 * snapshot never changes.
 */
export function unrecordedFlags(wanted: readonly string[], flagged: readonly string[], id: string): string[] {
  const missing = wanted.filter((cve) => !flagged.includes(cve));
  if (missing.length === 0) return [];
  return [
    `Not recorded: ${missing.join(', ')}. The set equals the last snapshot, ${id}, so no snapshot was cut, and a snapshot never changes.`,
    'State it with --reason when you publish or promote the snapshot.',
  ];
}

function baseOf(report: ReleaseReport): string {
  return `${report.base.release} (${report.base.codename})`;
}
