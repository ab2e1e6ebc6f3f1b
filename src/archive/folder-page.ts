/**
 * The page that lists a folder of the archive. Pure text; names are hostile
 * until escaped.
 */

import { byText } from '../io/keyed.js';
import { cleanLine } from '../plain-text.js';

/** One line of the page. */
export interface FolderEntry {
  name: string;
  kind: 'file' | 'folder';
  /** Bytes; of files only. */
  size?: number | undefined;
}

/** The page for a folder. `path` is what was asked for, decoded, with a slash at its end. */
export function folderPage(path: string, entries: readonly FolderEntry[]): string {
  const folders = entries.filter(({ kind }) => kind === 'folder').sort(byName);
  const files = entries.filter(({ kind }) => kind === 'file').sort(byName);
  const up = path === '/' ? '' : '<li><a href="../">../</a></li>\n';
  const lines = [...folders, ...files].map(({ name, kind, size }) => {
    const shown = kind === 'folder' ? `${name}/` : name;
    const bytes = size === undefined ? '' : ` <small>${size}</small>`;
    // ./ keeps a name with a colon from being read as a scheme.
    return `<li><a href="./${escapeHtml(encodeURIComponent(name))}${kind === 'folder' ? '/' : ''}">${escapeHtml(shown)}</a>${bytes}</li>\n`;
  });
  const title = escapeHtml(path);
  return `<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>\n<body><h1>${title}</h1>\n<ul>\n${up}${lines.join('')}</ul>\n</body></html>\n`;
}

/** Text on one line as it may stand in HTML, inside quotes too. */
export function escapeHtml(text: string): string {
  return cleanLine(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function byName(a: FolderEntry, b: FolderEntry): number {
  return byText(a.name, b.name);
}
