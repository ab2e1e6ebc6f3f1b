/**
 * What a diff says, in words that the terminal's form and the Markdown form
 * share. Plain text; making it harmless is the renderers'.
 */
import { counted } from '../../counted.js';
import { skippedSentence } from '../../profile/skip.js';
import { formatBytes } from './progress-lines.js';
import type { DiffResult, FileChange, PackageChange, SecurityFix } from '../../comparison/diff-shape.js';

/** What happens to the database; nothing where neither snapshot has a component with a schema. */
export function schemaSentences({ schema, from, to }: DiffResult): string[] {
  if (schema.from === null && schema.to === null) return [];
  const versions =
    schema.from === schema.to ? (schema.to ?? '') : `${schema.from ?? '?'} to ${schema.to ?? '?'}`;
  switch (schema.changed) {
    case 'yes':
      return [`The database schema changes (${versions}).`];
    case 'no':
      return [`The database schema does not change (${versions}).`];
    case 'unknown': {
      const silent = schema.from === null ? from : to;
      return [`It is not known whether the database schema changes: ${silent.id} does not record one.`];
    }
  }
}

export function securitySentences({ security }: DiffResult): string[] {
  const { added, removed } = security;
  return [
    ...(added.length === 0 ? [] : [`Security update: ${added.join(', ')}.`]),
    ...(removed.length === 0 ? [] : [`This reverts the fixes of ${removed.join(', ')}.`]),
  ];
}

/** Versions that skips keep out of the second snapshot, and versions that they no longer keep out. */
export function skippedSentences({ skipped: { ended, added, kept } }: DiffResult): string[] {
  return [
    ...added.map((one) => `New: ${skippedSentence(one)}`),
    ...kept.map((one) => `Unchanged: ${skippedSentence(one)}`),
    ...ended.map(({ component, version }) => `No longer skipped: ${component} ${version}`),
  ];
}

export function totalSentence({ total: { from, to } }: DiffResult): string {
  const packages = `${from.packages === to.packages ? '' : `${from.packages} -> `}${counted(to.packages, 'package')}`;
  const size =
    from.size === to.size ? formatBytes(to.size) : `${formatBytes(from.size)} -> ${formatBytes(to.size)}`;
  return `${packages}, ${size}`;
}

/** `+1.2 MiB`, `-310 B`, `0 B`. */
export function growth(bytes: number): string {
  const sign = bytes > 0 ? '+' : bytes < 0 ? '-' : '';
  return `${sign}${formatBytes(Math.abs(bytes))}`;
}

export function packageRow({
  package: name,
  architecture,
  change,
  from,
  to,
  sizeChange,
}: PackageChange): string[] {
  return [name, architecture, change, from?.version ?? '-', to?.version ?? '-', growth(sizeChange)];
}

/** Fixes that share a line, told together. */
export function groupedFixes(fixes: readonly SecurityFix[]): (Omit<SecurityFix, 'id'> & { ids: string[] })[] {
  const groups = new Map<string, Omit<SecurityFix, 'id'> & { ids: string[] }>();
  for (const { id, line, where } of fixes) {
    const key = `${where}\n${line}`;
    const group = groups.get(key) ?? { ids: [], line, where };
    group.ids.push(id);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** `2 added, 1 removed, 14 changed`. */
export function fileCounts(files: readonly FileChange[]): string {
  const counts = (['added', 'removed', 'changed'] as const).flatMap((change) => {
    const count = files.filter((file) => file.change === change).length;
    return count === 0 ? [] : [`${count} ${change}`];
  });
  return counts.join(', ');
}

/** The description of one changed file, after its path. */
export function fileDetail({ change, conffile, from, to, aspects }: FileChange): string {
  const mark = conffile ? ['conffile'] : [];
  if (change !== 'changed' || from === null || to === null) {
    const side = to ?? from!;
    const link = side.linkTarget === null ? [] : [`-> ${side.linkTarget}`];
    const kind = side.kind === 'file' ? [formatBytes(side.size)] : [side.kind];
    const mode = side.kind === 'symlink' ? [] : [side.mode, side.owner];
    return [...kind, ...mode, ...link, ...mark].join(' ');
  }
  const told = aspects.map((aspect): string => {
    switch (aspect) {
      case 'content':
        return from.size === to.size
          ? 'content'
          : `content ${formatBytes(from.size)} -> ${formatBytes(to.size)}`;
      case 'kind':
        return `${from.kind} -> ${to.kind}`;
      case 'mode':
        return `mode ${from.mode} -> ${to.mode}`;
      case 'owner':
        return `owner ${from.owner} -> ${to.owner}`;
      case 'link':
        return `link ${from.linkTarget} -> ${to.linkTarget}`;
      case 'conffile':
        return 'conffile or not';
    }
  });
  return [told.join(', '), ...mark].join(' ');
}

/** Files that a person must see first: configuration, and what is more than another content. */
export function byWeight(files: readonly FileChange[]): FileChange[] {
  const weight = (file: FileChange): number => {
    if (file.conffile) return 0;
    if (file.aspects.some((aspect) => aspect !== 'content')) return 1;
    const mode = parseInt((file.to ?? file.from)!.mode, 8);
    if (file.change === 'added' && (mode & 0o6000) !== 0) return 1;
    if (file.path.startsWith('/usr/share/doc/')) return 4;
    return file.change === 'changed' ? 3 : 2;
  };
  return files
    .map((file) => ({ file, weight: weight(file) }))
    .sort((a, b) => a.weight - b.weight || (a.file.path < b.file.path ? -1 : 1))
    .map(({ file }) => file);
}

/** Why a text has no diff. */
export function omittedWords(omitted: 'binary' | 'too large' | 'too different' | null): string {
  switch (omitted) {
    case 'binary':
      return 'it is not text';
    case 'too large':
      return 'it is too large to compare';
    case 'too different':
      return 'too many lines differ';
    case null:
      return '';
  }
}
