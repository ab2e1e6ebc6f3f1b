/**
 * Repairs records below `snapshots/` for `verify --repair`: from the newest commit of the workspace, and where no copy of
 * a history's last lines is left, by a line that says so. What it writes is verified as strictly as what it replaces.
 */
import { join } from 'node:path';
import type { RepairOutcome } from '../../archive/repair.js';
import { LockstepError } from '../../errors.js';
import { committedFile } from '../../io/commit.js';
import { readIfThere, removeFile, writeFileAtomic } from '../../io/disk.js';
import type { Finding } from '../../snapshot/finding.js';
import { verifySnapshots } from '../../suite/verify-records.js';
import { ownJudgement, type ArchiveKeys } from '../keys/archive-keys.js';
import { archiveSigner } from '../keys/archive-signer.js';
import { keyringSuiteNamed } from '../keys/keyring-suites.js';
import { bridgeHistory } from '../move/bridge-history.js';
import type { Run } from '../workspace/context.js';
import { openRun } from '../workspace/run.js';

const prefix = 'snapshots/';
const repairable: ReadonlySet<Finding['kind']> = new Set([
  'missing',
  'damaged',
  'signature',
  'contradiction',
]);

/**
 * @param findings paths are below the workspace
 * @returns what was repaired; paths are below the workspace
 * @throws LockstepError DISK_FULL, DISK_IO, INTERRUPTED
 */
export async function repairRecords(
  run: Run,
  findings: readonly Finding[],
  keys: ArchiveKeys,
): Promise<RepairOutcome[]> {
  const faulty = findings.filter(({ kind, path }) => path.startsWith(prefix) && repairable.has(kind));
  const restored = await fromCommit(run, [...new Set(faulty.map(({ path }) => path))], keys);
  const bridged: RepairOutcome[] = [];
  const fresh = { ...run, ...(await openRun(run)) };
  for (const { code, path } of faulty) {
    const suite = /^snapshots\/history\/(.+)\.jsonl$/.exec(path)?.[1];
    if (code !== 'HISTORY_CUT' || suite === undefined) continue;
    const outcome = await bridge(fresh, suite, path);
    if (outcome !== undefined) bridged.push(outcome);
  }
  const done = new Set(bridged.map(({ path }) => path));
  return [...restored.filter(({ path }) => !done.has(path)), ...bridged];
}

/** Takes what the newest commit has, and keeps the file as it was if the committed one is faulty too. */
async function fromCommit(run: Run, paths: readonly string[], keys: ArchiveKeys): Promise<RepairOutcome[]> {
  const { root } = run.workspace;
  const replaced = new Map<string, { before: Buffer | undefined; oid: string }>();
  for (const path of paths) {
    const before = await readIfThere(join(root, path));
    const committed = await committedFile(join(root, path));
    if (committed === undefined || before?.equals(committed.bytes) === true) continue;
    await writeFileAtomic(join(root, path), committed.bytes);
    replaced.set(path, { before, oid: committed.oid });
  }
  if (replaced.size === 0) return [];
  const { findings } = await verifySnapshots({
    root: run.places.snapshots,
    trust: ownJudgement(keys),
    signal: run.signal,
  });
  const still = new Set(findings.map(({ path }) => `${prefix}${path}`));
  const outcomes: RepairOutcome[] = [];
  for (const [path, { before, oid }] of replaced) {
    if (!still.has(path)) outcomes.push({ path, how: `from the commit ${oid.slice(0, 12)}` });
    else if (before === undefined) await removeFile(join(root, path));
    else await writeFileAtomic(join(root, path), before);
  }
  return outcomes;
}

async function bridge(run: Run, name: string, path: string): Promise<RepairOutcome | undefined> {
  const config = run.workspace.suites[name];
  const suite = keyringSuiteNamed(run, name) ?? (config === undefined ? undefined : { ...config, name });
  if (suite === undefined) return undefined;
  try {
    const reason = await bridgeHistory(run, suite, await archiveSigner(run));
    return reason === null ? undefined : { path, how: `by a new line: ${reason}` };
  } catch (error) {
    if (!(error instanceof LockstepError) || /^(?:DISK_|INTERRUPTED)/.test(error.code)) throw error;
    return { path, how: null, reason: error.message };
  }
}
