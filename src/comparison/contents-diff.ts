/**
 * What changed inside of one package: files with their modes and owners, the
 * text of what is configured, maintainer scripts. Pure, over what
 * package-contents.ts has read.
 */
import { textPatch, type TextPatch } from './text-patch.js';
import type { SnapshotManifest, SnapshotPackage } from '../snapshot/manifest.js';
import type { KeptText, PackageContents, PackageFile } from './package-contents.js';
import type { FileChange, FileSide, TextChange } from './diff-shape.js';

/** What is different about a file that is on both sides. */
export type FileAspect = 'content' | 'kind' | 'mode' | 'owner' | 'link' | 'conffile';

export interface ContentsDiff {
  files: FileChange[];
  texts: TextChange[];
}

/** A missing package: everything of the other side was added or removed. */
export const noContents: PackageContents = {
  files: new Map(),
  conffiles: new Set(),
  texts: new Map(),
  scripts: new Map(),
  documents: new Map(),
};

/**
 * Who made the files of a package. `template`: Lockstep, of templates alone; `tree`: Lockstep, of templates
 * and a folder of a component; `source`: whoever packaged it.
 */
export function makerOf(manifest: SnapshotManifest, entry: SnapshotPackage): 'template' | 'tree' | 'source' {
  const component = Object.hasOwn(manifest.components, entry.component)
    ? manifest.components[entry.component]
    : undefined;
  if (component !== undefined) return component.build.method === 'tree' ? 'tree' : 'source';
  // Imported packages belong to no component either, but nothing was built of their sources
  return manifest.builds.some((build) => build.package === entry.source) ? 'template' : 'source';
}

/**
 * Compares two packages.
 *
 * @param texts `all` compares every text that was kept; `conffiles` those of conffiles and scripts alone
 */
export function diffContents(
  before: PackageContents,
  after: PackageContents,
  texts: 'all' | 'conffiles',
): ContentsDiff {
  const files = fileChanges(before, after);
  return {
    files,
    texts: [...fileTexts(files, before, after, texts), ...scriptTexts(before.scripts, after.scripts)],
  };
}

function fileChanges(before: PackageContents, after: PackageContents): FileChange[] {
  const paths = [...new Set([...before.files.keys(), ...after.files.keys()])].sort();
  const folders = { before: foldersIn(before), after: foldersIn(after) };
  return paths.flatMap((path): FileChange[] => {
    const was = before.files.get(path) ?? null;
    const is = after.files.get(path) ?? null;
    if (was === null && isImplied(is!, folders.after)) return [];
    if (is === null && isImplied(was!, folders.before)) return [];
    const conffiles = [before.conffiles.has(path), after.conffiles.has(path)];
    const aspects = was === null || is === null ? [] : aspectsOf(was, is);
    if (was !== null && is !== null && conffiles[0] !== conffiles[1]) aspects.push('conffile');
    if (was !== null && is !== null && aspects.length === 0) return [];
    return [
      {
        path,
        change: was === null ? 'added' : is === null ? 'removed' : 'changed',
        conffile: conffiles.includes(true),
        from: was === null ? null : sideOf(was),
        to: is === null ? null : sideOf(is),
        aspects,
      },
    ];
  });
}

/** Folders that hold something. */
function foldersIn({ files }: PackageContents): Set<string> {
  const folders = new Set<string>();
  for (const path of files.keys()) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const folder = path.slice(0, at);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return folders;
}

/** A folder like any other comes and goes with what is in it: nobody needs to be told. */
function isImplied({ path, kind, mode, owner }: PackageFile, folders: ReadonlySet<string>): boolean {
  return kind === 'dir' && mode === 0o755 && owner === 'root:root' && (path === '/' || folders.has(path));
}

function aspectsOf(was: PackageFile, is: PackageFile): FileAspect[] {
  const aspects: FileAspect[] = [];
  if (was.kind !== is.kind) aspects.push('kind');
  else if (was.sha256 !== is.sha256) aspects.push('content');
  // Symlinks have no mode
  if (was.mode !== is.mode && (was.kind !== 'symlink' || is.kind !== 'symlink')) aspects.push('mode');
  if (was.owner !== is.owner) aspects.push('owner');
  if (was.kind === is.kind && was.linkTarget !== is.linkTarget) aspects.push('link');
  return aspects;
}

function sideOf({ kind, mode, owner, size, linkTarget }: PackageFile): FileSide {
  return { kind, mode: mode.toString(8).padStart(4, '0'), owner, size, linkTarget };
}

function fileTexts(
  files: readonly FileChange[],
  before: PackageContents,
  after: PackageContents,
  texts: 'all' | 'conffiles',
): TextChange[] {
  return files.flatMap(({ path, change, conffile, aspects }): TextChange[] => {
    const was = before.texts.get(path) ?? null;
    const is = after.texts.get(path) ?? null;
    // A file that became a link, or a conffile, has a text on only one side: the list of files shows it
    const isRead = change === 'changed' ? was !== null && is !== null : (was ?? is) !== null;
    const isTold = change !== 'changed' || aspects.includes('content');
    if (!isRead || !isTold || (texts === 'conffiles' && !conffile)) return [];
    const told = toldBy(textPatch(path, was, is));
    // What was never text is one of the files and nothing to read; of a conffile it must be said
    if (told.omitted === 'binary' && !conffile) return [];
    return [{ path, kind: conffile ? 'conffile' : 'configuration', change, ...told }];
  });
}

function scriptTexts(
  before: ReadonlyMap<string, KeptText>,
  after: ReadonlyMap<string, KeptText>,
): TextChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((name): TextChange[] => {
    const was = before.get(name) ?? null;
    const is = after.get(name) ?? null;
    if (was !== null && is !== null && sameText(was, is)) return [];
    const change = was === null ? 'added' : is === null ? 'removed' : 'changed';
    const path = `DEBIAN/${name}`;
    return [{ path, kind: 'script', change, ...toldBy(textPatch(`/${path}`, was, is)) }];
  });
}

function toldBy(diff: TextPatch): Pick<TextChange, 'patch' | 'omitted'> {
  return 'patch' in diff ? { patch: diff.patch, omitted: null } : { patch: null, omitted: diff.not };
}

function sameText(a: KeptText, b: KeptText): boolean {
  if ('text' in a) return 'text' in b && a.text === b.text;
  return 'not' in b && a.sha256 === b.sha256;
}
