/**
 * What a package asks for and offers, before and after: the items of its
 * relationship fields (Policy 7.1) that came and went. Pure.
 */
import { parseStanza } from '../deb/deb822.js';
import { formatAlternative, parseRelations } from '../deb/relation.js';
import type { Stanza } from '../deb/stanza.js';
import { LockstepError, unlessFault } from '../errors.js';
import type { SnapshotPackage } from '../snapshot/manifest.js';
import type { RelationChange } from './diff-shape.js';

/** Every field that apt and dpkg act on, and what a package says it was built from. */
export const comparedFields = [
  'Pre-Depends',
  'Depends',
  'Recommends',
  'Suggests',
  'Enhances',
  'Breaks',
  'Conflicts',
  'Replaces',
  'Provides',
  'Built-Using',
] as const;

/** The changed fields of one package, in the order of {@link comparedFields}. */
export function relationChanges(before: SnapshotPackage, after: SnapshotPackage): RelationChange[] {
  const old = paragraphOf(before);
  const now = paragraphOf(after);
  return comparedFields.flatMap((field): RelationChange[] => {
    const from = old?.get(field) ?? '';
    const to = now?.get(field) ?? '';
    if (from === to) return [];
    const were = itemsOf(from);
    const are = itemsOf(to);
    const removed = [...were].filter((item) => !are.has(item));
    const added = [...are].filter((item) => !were.has(item));
    if (removed.length + added.length === 0) return [];
    return [{ package: after.package, architecture: after.architecture, field, removed, added }];
  });
}

/** A manifest holds paragraphs that were read once; one that cannot be read again has no fields to show. */
function paragraphOf(entry: SnapshotPackage): Stanza | undefined {
  return unlessFault(
    () => parseStanza(entry.stanza),
    () => undefined,
  );
}

/** The groups of a field, in one form each; of a field that is not well-formed what stands between commas. */
function itemsOf(value: string): Set<string> {
  const flat = value.replace(/\s+/g, ' ').trim();
  try {
    return new Set(parseRelations(flat).map((group) => group.map(formatAlternative).join(' | ')));
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    return new Set(
      flat
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    );
  }
}
