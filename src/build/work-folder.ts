/**
 * Scratch folders of builds: each is one run's own, and what a killed run left
 * is found and removed. Inside may be files of other user ids.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sweepGroups } from '../io/control-group.js';
import { namesIn, tempDir } from '../io/disk.js';
import { removeIsolated, type Privilege } from './namespace.js';

const nameSpec = /^build-([0-9]+)-([0-9]+)-/;

/** A new folder in `base`, named after this process. The caller removes it by {@link removeIsolated}. */
export async function makeWork(base: string): Promise<string> {
  return await tempDir(base, `build-${process.pid}-${(await startOf(process.pid)) ?? '0'}-`);
}

/**
 * Removes what runs that were killed left in `base`; returns the paths. Those of running processes stay,
 * so it may be called at any time.
 */
export async function sweepWork(privilege: Privilege, base: string): Promise<string[]> {
  const left: string[] = [];
  for (const name of (await namesIn(base)).sort()) if (await isLeft(name)) left.push(join(base, name));
  if (left.length > 0) await removeIsolated(privilege, left);
  // Control groups have the names of the folders (runIsolated)
  await sweepGroups(isLeft);
  return left;
}

/** Whether a name belongs to a run that no longer lives. */
async function isLeft(name: string): Promise<boolean> {
  const match = nameSpec.exec(name);
  return match !== null && (await startOf(Number(match[1]))) !== match[2];
}

/** When a process started, in ticks since boot (proc(5)): a reused pid is another process. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}
