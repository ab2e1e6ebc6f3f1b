/** What these tests use of the machine: Debian's tools and a throw-away folder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

/** A folder of its own, with what removes it. */
export async function scratch(): Promise<{ path(name: string): string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-deb-'));
  return {
    path: (name) => join(folder, name),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Runs a tool in the C locale and UTC, and gives its standard output. */
export async function output(command: string, args: string[], cwd?: string): Promise<string> {
  const { stdout } = await execa(command, args, {
    env: { LC_ALL: 'C.UTF-8', TZ: 'UTC' },
    ...(cwd === undefined ? {} : { cwd }),
  });
  return stdout;
}
