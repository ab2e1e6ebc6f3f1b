/** A suite's history as it is on disk. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface HistoryLine {
  action: string;
  from: string | null;
  to: string;
  reason?: string;
}

export async function historyOf(workspace: string, suite: string): Promise<HistoryLine[]> {
  const file = join(workspace, 'snapshots/history', `${suite}.jsonl`);
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as HistoryLine);
}
