/**
 * Relationships between packages after a re-issue: which ones would change their meaning because some
 * packages get a higher version, and how they are rewritten to keep their meaning. Pure. src/suite decides
 * which packages are re-issued.
 */
import type { Stanza } from './deb822.js';
import {
  formatAlternative,
  formatRelations,
  relationsOf,
  satisfies,
  type Alternative,
  type RelationGroup,
  type RelationOperator,
} from './relation.js';
import { compareVersions } from './version.js';

/** The same content under another, higher version. */
export interface VersionMove {
  readonly from: string;
  readonly to: string;
}

/** By package. Several where architectures had different versions. */
export type VersionMoves = ReadonlyMap<string, readonly VersionMove[]>;

/**
 * How a field speaks of another package: what must be there, what must not be there (or may be written
 * over), and what the package stands for itself.
 */
type Sense = 'demand' | 'refusal' | 'offer';

const senses: Readonly<Record<string, Sense>> = {
  Depends: 'demand',
  'Pre-Depends': 'demand',
  Recommends: 'demand',
  Suggests: 'demand',
  Enhances: 'demand',
  Breaks: 'refusal',
  Conflicts: 'refusal',
  Replaces: 'refusal',
  Provides: 'offer',
};

/** Fields of which a changed meaning can be ignored: apt installs and upgrades whatever they say. */
const weakFields = new Set(['Suggests', 'Enhances']);

/** A relation of a package to another one, by version. */
export interface VersionedRelation {
  readonly field: string;
  /** The package that is named. */
  readonly package: string;
  /** As written: `mediawiki (= 1:1.39.16-1)`. */
  readonly text: string;
  readonly alternative: Alternative;
}

/**
 * Every relation of a package that names a version and that apt heeds.
 * @throws LockstepError DEB_SYNTAX
 */
export function versionedRelations(stanza: Stanza): VersionedRelation[] {
  return Object.keys(senses)
    .filter((field) => !weakFields.has(field))
    .flatMap((field) =>
      relationsOf(stanza, field)
        .flat()
        .filter(({ constraint }) => constraint !== null)
        .map((alternative) => ({
          field,
          package: alternative.package,
          text: formatAlternative(alternative),
          alternative,
        })),
    );
}

/** Whether a relation no longer means what it meant, once its package has moved. */
export function changesMeaning(relation: VersionedRelation, moves: readonly VersionMove[]): boolean {
  const { field, alternative } = relation;
  if (senses[field] === 'offer') return moves.some(({ from }) => isExactly(alternative, from));
  return moves.some(({ from, to }) => satisfies(alternative, from) !== satisfies(alternative, to));
}

/**
 * The relationship fields that must be rewritten, by name; empty for a package that names no re-issued one.
 * @throws LockstepError DEB_SYNTAX
 */
export function movedFields(stanza: Stanza, moves: VersionMoves): Record<string, string> {
  const changed: Record<string, string> = {};
  for (const [field, sense] of Object.entries(senses)) {
    const groups = relationsOf(stanza, field);
    const moved = formatRelations(movedGroups(groups, sense, moves));
    if (moved !== formatRelations(groups)) changed[field] = moved;
  }
  return changed;
}

/** Relationship fields in one spelling, so that those of two packages can be compared. */
export function relationFieldsOf(stanza: Stanza): Record<string, string> {
  return Object.fromEntries(
    Object.keys(senses).flatMap((field) => {
      const text = formatRelations(relationsOf(stanza, field));
      return text === '' ? [] : [[field, text]];
    }),
  );
}

/** The packages that a package's relationships name. @throws LockstepError DEB_SYNTAX */
export function namedPackages(stanza: Stanza): Set<string> {
  const names = Object.keys(senses).flatMap((field) => relationsOf(stanza, field).flat());
  return new Set(names.map((alternative) => alternative.package));
}

function movedGroups(groups: readonly RelationGroup[], sense: Sense, moves: VersionMoves): RelationGroup[] {
  return groups.flatMap((group): RelationGroup[] => {
    const [only] = group;
    if (sense === 'refusal' && only !== undefined && group.length === 1) {
      return movedRefusal(only, moves.get(only.package) ?? []).map((alternative) => [alternative]);
    }
    return [
      group.map((alternative) => {
        const own = moves.get(alternative.package) ?? [];
        return sense === 'offer' ? movedOffer(alternative, own) : movedDemand(alternative, own);
      }),
    ];
  });
}

/**
 * One relation must stand for what were two ranges: the earlier content under its new version, and not the
 * withdrawn content, whose versions lie just below that. So a bound that the move crossed becomes exact.
 */
function movedDemand(alternative: Alternative, moves: readonly VersionMove[]): Alternative {
  if (alternative.constraint === null) return alternative;
  const { operator } = alternative.constraint;
  const named = moves.find(({ from }) => compareVersions(from, alternative.constraint!.version) === 0);
  if (named !== undefined && (operator === '=' || operator === '>=' || operator === '>>')) {
    return bounded(alternative, operator, named.to);
  }
  const { lost, won } = crossings(alternative, moves);
  const highest = highestOf(lost);
  if (highest !== undefined) return bounded(alternative, lost.length === 1 ? '=' : '<=', highest);
  const above = highestOf(won);
  return above === undefined ? alternative : bounded(alternative, '>>', above);
}

/** Several refusals stand side by side, so the new version is added to the old range. */
function movedRefusal(alternative: Alternative, moves: readonly VersionMove[]): Alternative[] {
  const { lost, won } = crossings(alternative, moves);
  const above = highestOf(won);
  const kept = above === undefined ? alternative : bounded(alternative, '>>', above);
  return [kept, ...lost.map((version) => bounded(alternative, '=', version))];
}

function movedOffer(alternative: Alternative, moves: readonly VersionMove[]): Alternative {
  const move = moves.find(({ from }) => isExactly(alternative, from));
  return move === undefined ? alternative : bounded(alternative, '=', move.to);
}

/** New versions that are out of the relation where the old one was in it, and the other way round. */
function crossings(
  alternative: Alternative,
  moves: readonly VersionMove[],
): { lost: string[]; won: string[] } {
  const lost: string[] = [];
  const won: string[] = [];
  for (const { from, to } of moves) {
    const [was, is] = [satisfies(alternative, from), satisfies(alternative, to)];
    if (was && !is) lost.push(to);
    if (!was && is) won.push(to);
  }
  return { lost, won };
}

function isExactly({ constraint }: Alternative, version: string): boolean {
  return constraint?.operator === '=' && compareVersions(constraint.version, version) === 0;
}

function bounded(alternative: Alternative, operator: RelationOperator, version: string): Alternative {
  return { ...alternative, constraint: { operator, version } };
}

function highestOf(versions: readonly string[]): string | undefined {
  return [...versions].sort(compareVersions).at(-1);
}
