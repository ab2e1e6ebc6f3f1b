/** A workspace that is tampered with, file by file, and put back. */
import { lstat, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { verify, type VerifyReport } from '../../../src/workflows/upkeep/verify.js';
import type { Context } from '../../../src/workflows/workspace/context.js';
import { IsolatedApt } from '../../fixtures/archive-bench.js';
import type { MoveBench } from './move-bench.js';

/** Every file and link of a workspace's `public/` and `snapshots/`, below the workspace. */
export async function everything(root: string): Promise<string[]> {
  const files: string[] = [];
  for (const top of ['public', 'snapshots']) {
    const entries = await readdir(join(root, top), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (!entry.isDirectory()) files.push(join(entry.parentPath, entry.name).slice(root.length + 1));
    }
  }
  return files.sort();
}

export async function isLink(file: string): Promise<boolean> {
  return (await lstat(file)).isSymbolicLink();
}

/** Writes a file of its own: other names of the same file stay as they are. */
export async function replace(file: string, bytes: Buffer): Promise<void> {
  await rm(file, { force: true });
  await writeFile(file, bytes);
}

/** Takes a file away; what is returned puts it back. */
export async function takeAway(file: string): Promise<() => Promise<void>> {
  const target = (await isLink(file)) ? await readlink(file) : undefined;
  const bytes = target === undefined ? await readFile(file) : Buffer.alloc(0);
  await rm(file);
  return () => (target === undefined ? writeFile(file, bytes) : symlink(target, file));
}

/** The bytes with one bit that is another, at a place that differs from file to file. */
export function flipped(bytes: Buffer, seed: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[(seed * 7919) % bytes.length]! ^= 1 << (seed % 8);
  return changed;
}

export async function verified(context: Context, target?: string): Promise<VerifyReport> {
  return await verify(context, { target, repair: false, keyrings: [] });
}

export async function repaired(context: Context, target?: string): Promise<VerifyReport> {
  return await verify(context, { target, repair: true, keyrings: [] });
}

/** The files that are at fault, each once, sorted. */
export function atFault({ faults }: VerifyReport): string[] {
  return [...new Set(faults.map(({ path }) => path))];
}

/** An apt that follows a suite of the workspace, or the frozen view of a snapshot, over `file:`. */
export async function aptFor(
  bench: MoveBench,
  name: string,
  suite: string,
  id?: string,
): Promise<IsolatedApt> {
  const { work } = bench;
  const uri = id === undefined ? `${work.public}/debian` : `${work.public}/snapshot/${id}`;
  const source = `Types: deb\nURIs: file:${uri}\nSuites: ${suite}\nComponents: main\nSigned-By: ${work.keyring}\n`;
  return await IsolatedApt.make(join(work.root, 'apt', name), source);
}

/** What keeps a fresh machine from using a suite: complaints of `update`, packages that cannot be fetched. */
export async function troubles(
  bench: MoveBench,
  name: string,
  suite: string,
  id?: string,
): Promise<string[]> {
  const apt = await aptFor(bench, name, suite, id);
  const found = await apt.update();
  for (const one of ['wiki', 'set-full', 'cache']) {
    for (const version of await apt.versions(one)) {
      const { exitCode, stderr } = await apt.run('apt-get', 'download', `${one}=${version}`);
      if (exitCode !== 0) found.push(`${one} ${version}: ${stderr}`);
    }
  }
  return found;
}
