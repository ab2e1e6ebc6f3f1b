/**
 * Reads a folder in templates/ completely into memory, so that later steps are decisions over data. It does
 * not interpret the files.
 */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError, type FaultPlace } from '../errors.js';
import { notThere, onDisk } from '../io/disk-fault.js';
import { didYouMean } from '../profile/nearest.js';
import { slugPattern } from '../profile/names.js';

/** A template of the workspace. */
export interface TemplateFolder {
  name: string;
  /** Path of the folder in faults: `templates/mediawiki-full`. */
  path: string;
  /** By path inside the folder, with `/`. Whether its owner may execute a file is the one bit that git keeps. */
  files: ReadonlyMap<string, { bytes: Uint8Array; executable: boolean }>;
}

/** The file that says what a template makes. */
export const definitionFileName = 'package.yaml';

/**
 * Reads a template.
 *
 * @param root the workspace
 * @param namedAt where the profile names it, for the fault
 * @throws LockstepError TEMPLATE_MISSING (with the nearest name), TEMPLATE_INVALID for symbolic links
 */
export async function readTemplate(
  root: string,
  name: string,
  namedAt?: FaultPlace,
): Promise<TemplateFolder> {
  const dir = join(root, 'templates', name);
  const path = `templates/${name}`;
  const names = slugPattern.test(name)
    ? await onDisk('list', dir, () => readdir(dir, { recursive: true }).catch(notThere<string[]>([])))
    : [];
  const files = new Map<string, { bytes: Uint8Array; executable: boolean }>();
  for (const file of names.sort()) {
    const full = join(dir, file);
    const status = await onDisk('read', full, () => lstat(full));
    if (status.isSymbolicLink()) {
      // what it points at may lie outside the workspace, and be another file on the next machine
      throw new LockstepError('TEMPLATE_INVALID', {
        message: `${path}/${file} is a symbolic link; a template contains only regular files`,
        where: [{ file: `${path}/${file}` }],
      });
    }
    if (!status.isFile()) continue;
    const bytes = await onDisk('read', full, () => readFile(full));
    files.set(file, { bytes, executable: (status.mode & 0o100) !== 0 });
  }
  if (!files.has(definitionFileName)) throw await missing(root, name, files.size > 0, namedAt);
  return { name, path, files };
}

/**
 * Reads several templates.
 *
 * @throws LockstepError TEMPLATE_MISSING, TEMPLATE_INVALID
 */
export async function readTemplates(
  root: string,
  names: Iterable<string>,
): Promise<Map<string, TemplateFolder>> {
  const folders = new Map<string, TemplateFolder>();
  for (const name of new Set(names)) folders.set(name, await readTemplate(root, name));
  return folders;
}

async function missing(
  root: string,
  name: string,
  isThere: boolean,
  namedAt: FaultPlace | undefined,
): Promise<LockstepError> {
  const dir = join(root, 'templates');
  const entries = await onDisk('list', dir, () => readdir(dir, { withFileTypes: true }).catch(notThere([])));
  const known = entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  return new LockstepError('TEMPLATE_MISSING', {
    message: isThere
      ? `templates/${name} has no ${definitionFileName}`
      : `There is no template templates/${name}${didYouMean(name, known)}`,
    hint:
      known.length === 0
        ? 'templates/ is empty or does not exist'
        : `Available templates: ${known.join(', ')}`,
    where: [namedAt ?? { file: `templates/${name}/${definitionFileName}` }],
  });
}
