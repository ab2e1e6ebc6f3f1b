/**
 * Which programs are there, and which Debian package brings one that is not.
 * Must not run anything.
 */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { LockstepError } from '../errors.js';
import table from './debian-tools.json' with { type: 'json' };

/**
 * Every program that Lockstep itself may run, the Debian package it is in (Debian 12 and 13), and whether a
 * release always needs it. scripts/setup.mjs installs from the same table, so that what a release looks for
 * is what set-up brings.
 */
export type ToolName = keyof typeof table;

/** When a program is needed: for each release, for one without root, or only where somebody uses a feature. */
export type ToolUse = 'release' | 'release-without-root' | 'some';

/** The table by name; a name from outside may not be in it. */
export const debianTools: ReadonlyMap<string, { package: string; for: ToolUse; why: string }> = new Map(
  Object.entries(table as Record<ToolName, { package: string; for: ToolUse; why: string }>),
);

/** The full path of a program, or undefined. `path` is the search path, by default this process's `PATH`. */
export async function which(name: string, path = process.env['PATH'] ?? ''): Promise<string | undefined> {
  if (name.includes('/')) return (await isExecutable(name)) ? name : undefined;
  for (const folder of path.split(delimiter)) {
    if (folder !== '' && (await isExecutable(join(folder, name)))) return join(folder, name);
  }
  return undefined;
}

/** Which of these programs are missing; for a check before long work. */
export async function missingTools(names: readonly ToolName[], path?: string): Promise<ToolName[]> {
  const found = await Promise.all(names.map((name) => which(name, path)));
  return names.filter((_, index) => found[index] === undefined);
}

/** The fault that one program, or several, are not installed; says how to install them. */
export function toolMissing(
  names: string | readonly string[],
  debianPackage?: string,
  cause?: unknown,
): LockstepError {
  const list = typeof names === 'string' ? [names] : names;
  const packages = [
    ...new Set(list.map((name) => debianPackage ?? debianTools.get(name)?.package ?? name)),
  ].sort();
  const what = list.length === 1 ? `The program ${list[0]} is` : `The programs ${list.join(', ')} are`;
  return new LockstepError('TOOL_MISSING', {
    message: `${what} not installed`,
    hint: `On Debian: apt-get install ${packages.join(' ')}`,
    cause,
  });
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
