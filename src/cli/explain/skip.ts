/** What `skip` did or would do, for people. Names of tags are made harmless here. Pure. */
import { skippedSentence } from '../../profile/skip.js';
import type { SkipRequest } from '../../workflows/workspace/skip.js';
import { cleanLine } from '../../plain-text.js';
import type { SkipResult } from '../../workflows/workspace/workspace-results.js';

export function explainSkip(report: SkipResult, change: SkipRequest['change']): string[] {
  return linesOf(report, change).map(cleanLine);
}

function linesOf(report: SkipResult, change: SkipRequest['change']): string[] {
  const { profile, file, component, version, action, line, written, security, instead, notes } = report;
  if (action === 'none') return [`Nothing changed in ${file}.`, ...notes];
  const at = line === null ? file : `${file}, line ${line}`;
  if (change.kind === 'remove') {
    if (!written) return [`Would be removed from ${at}:`];
    return [`${component} ${version} is no longer skipped: ${at}.`, `Next: lockstep resolve ${profile}`];
  }
  const sentence = skippedSentence({ ...change, component, version, security });
  const said = [
    written ? `${sentence}: ${at}.` : `${sentence}.`,
    ...(instead === null ? [] : [`The newest remaining version in the range: ${instead}.`]),
    ...notes,
  ];
  return [...said, written ? `Next: lockstep resolve ${profile}` : `Would be written to ${at}:`];
}
