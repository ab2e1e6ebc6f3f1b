/** The histories against the signed Release files of their suites, for `verify`: those that are missing or lack lines. */
import { setTimeout } from 'node:timers/promises';
import { join } from 'node:path';
import { liveView } from '../../archive/layout.js';
import type { SignedView } from '../../archive/signed-view.js';
import { lockHolder } from '../../io/lock.js';
import type { Finding } from '../../snapshot/finding.js';
import { historyPath, readHistoryText } from '../../suite/history-file.js';
import type { SnapshotsReading } from '../../suite/verify-records.js';
import { cutHistory, type CutHistory } from '../move/history-check.js';
import type { Context } from '../workspace/context.js';

/** A move takes milliseconds between its InRelease and the line of its history. */
const looks = 40;
const betweenLooks = 50;

/**
 * @param views of the archive, as they were read
 * @param isReader whether another run may be active meanwhile
 */
export async function historyFaults(
  context: Context,
  views: readonly { signed: SignedView }[],
  { histories, damagedHistories }: SnapshotsReading,
  isReader: boolean,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { signed } of views) {
    const suite = signed.view.slice(liveView('').length);
    if (!signed.there || signed.view !== liveView(suite) || damagedHistories.has(suite)) continue;
    const path = historyPath('', suite);
    if (!histories.has(suite)) {
      const message = `The history of ${suite} is missing, but the suite is published`;
      const hint =
        'Restore it from version control or a backup. lockstep verify --repair takes it from the last commit; if no copy is left, it begins a new one that says what is lost';
      findings.push({ code: 'HISTORY_CUT', kind: 'missing', path, message, hint });
      continue;
    }
    const cut = await lasting(context, suite, signed, isReader);
    if (cut !== null) findings.push({ code: 'HISTORY_CUT', kind: 'missing', path, ...cut });
  }
  return findings;
}

/** The line that a move of another run is about to write is not missing. */
async function lasting(
  { places }: Context,
  suite: string,
  { release }: SignedView,
  isReader: boolean,
): Promise<CutHistory | null> {
  for (let look = 1; ; look++) {
    const text = (await readHistoryText(places.snapshots, suite)) ?? '';
    const cut = cutHistory(suite, text, release);
    const moving = isReader && look < looks && (await lockHolder(join(places.state, 'lock'))) !== undefined;
    if (cut === null || !moving) return cut;
    await setTimeout(betweenLooks);
  }
}
