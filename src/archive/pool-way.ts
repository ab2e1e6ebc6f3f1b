/**
 * The way from a frozen view to the pool. apt takes a package's path from its
 * index and looks for it below the address of the view, so every file of the
 * pool must be there below `snapshot/<id>/pool` too (docs/explanation/architecture.md, law 5). A folder
 * has a link there. An object store has no links: a file of that name says
 * where it leads, and the server in front of it follows one rule for all
 * snapshots (docs/decisions/0022). Either is written when the pool files of the
 * snapshot are there, so that it vouches for them.
 */
import { frozenPool } from './layout.js';
import type { ArchivePort, PortFile } from './port.js';

/** Leads from `path` to the folder `target`. */
export async function makeWay(port: ArchivePort, path: string, target: string): Promise<void> {
  await (port.folder === undefined ? port.put(path, `${target}\n`) : port.folder.alias(path, target));
}

/** Where the way of a snapshot leads, or undefined where there is none. */
export async function wayOf(port: ArchivePort, id: string): Promise<string | undefined> {
  const path = frozenPool(id);
  if (port.folder !== undefined) return await port.folder.aliasTarget(path);
  return (await port.read(path))?.toString('utf8').trimEnd();
}

/** Whether a file is what a way is at this port. */
export function isWay(port: ArchivePort, { kind }: Pick<PortFile, 'kind'>): boolean {
  return kind === (port.folder === undefined ? 'file' : 'alias');
}
