/**
 * The record of keys, for `verify`. A damaged or lost record is reported as a finding. The rest is then checked with
 * the available key.
 */
import { join } from 'node:path';
import { keyOfSuite } from '../../archive/layout.js';
import { LockstepError } from '../../errors.js';
import { readIfThere } from '../../io/disk.js';
import type { Finding } from '../../snapshot/finding.js';
import { listHistories } from '../../suite/history-file.js';
import { keyRecordPath } from '../../snapshot/key-record.js';
import { archiveKeys, keysWithoutRecord, type ArchiveKeys } from '../keys/archive-keys.js';
import type { Context, Run } from '../workspace/context.js';

export interface JudgedKeys {
  keys: ArchiveKeys;
  /** Faults of the record. Their path is relative to the snapshots' folder. */
  findings: Finding[];
}

/** Throws as archiveKeys for faults that are not in the record. */
export async function judgedKeys(run: Run, files: readonly string[]): Promise<JudgedKeys> {
  const { snapshots } = run.places;
  const path = keyRecordPath(snapshots);
  try {
    const there = (await run.ledger.keys()) !== null;
    const keys = await archiveKeys(run, files);
    return { keys, findings: there || !(await wasThere(run)) ? [] : [lost(below(snapshots, path))] };
  } catch (error) {
    const isOfRecord = error instanceof LockstepError && error.where?.[0]?.file === path;
    if (!isOfRecord || !/^SNAPSHOT_/.test(error.code)) throw error;
    const { code, message, hint } = error;
    const finding: Finding = {
      code,
      kind: 'damaged',
      path: below(snapshots, path),
      message,
      hint: hint ?? '',
    };
    return { keys: await keysWithoutRecord(run, files), findings: [finding] };
  }
}

function below(folder: string, path: string): string {
  return path.slice(folder.length + 1);
}

/**
 * Whether the archive had a record of keys. A key's own suite exists only with a record. The log of signatures has an
 * entry for each line of the record, before the line is written; nothing else is signed until it is written.
 */
async function wasThere({ places }: Context): Promise<boolean> {
  if ((await listHistories(places.snapshots)).some((name) => keyOfSuite(name) !== undefined)) return true;
  const log = (await readIfThere(join(places.state, 'signing.log')))?.toString('utf8') ?? '';
  const at = log.indexOf('"record of keys: ');
  return at >= 0 && log.slice(at).trimEnd().includes('\n');
}

function lost(path: string): Finding {
  return {
    code: 'SNAPSHOT_INVALID',
    kind: 'missing',
    path,
    message: 'The record of keys is missing, but the archive has used one',
    hint: 'Restore it from version control or a backup. Without it, signatures of former keys are not trusted',
  };
}
