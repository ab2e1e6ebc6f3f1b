/**
 * Relationships between packages (Policy 7.1): `a | b (>= 1), c:any [amd64]
 * <!nocheck>`. Reading, writing, and whether a version satisfies one. What to
 * install is not decided here.
 */
import { LockstepError, type FaultPlace } from '../errors.js';
import { isArchitectureName, isPackageName } from './member-name.js';
import type { Stanza } from './stanza.js';
import { compareVersions, isValidVersion } from './version.js';

/** Policy 7.1; the old `<` and `>` are read as `<=` and `>=`, as dpkg does. */
export type RelationOperator = '<<' | '<=' | '=' | '>=' | '>>';

/** One package of a group. */
export interface Alternative {
  readonly package: string;
  /** `any`, `native` or an architecture: the part after the colon. */
  readonly qualifier: string | null;
  readonly constraint: { readonly operator: RelationOperator; readonly version: string } | null;
  /** `[amd64 arm64]`, `[!i386]`: as written, empty when there is none. */
  readonly architectures: readonly string[];
  /** `<!nocheck> <cross>`: one list for each pair of brackets. */
  readonly profiles: readonly (readonly string[])[];
}

/** Alternatives, the preferred one first; a group is satisfied by any of them. */
export type RelationGroup = readonly Alternative[];

const alternativeSpec =
  /^([^\s:([<]+)(?::([^\s([<]+))?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([^\s)]+)\s*\)\s*)?(?:\[([^\]]*)\]\s*)?((?:<[^>]*>\s*)*)$/;

/** Whether an order of versions (see compareVersions) is what an operator asks for. */
const operators: Readonly<Record<RelationOperator, (order: number) => boolean>> = {
  '<<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '=': (order) => order === 0,
  '>=': (order) => order >= 0,
  '>>': (order) => order > 0,
};

function parseAlternative(text: string): Alternative | string {
  const match = alternativeSpec.exec(text);
  if (match === null) return `${JSON.stringify(text)} is not "package (operator version)"`;
  const [, name, qualifier, operator, version, architectures, profiles] = match;
  if (!isPackageName(name!)) return `${JSON.stringify(name)} is not a package name`;
  if (qualifier !== undefined && !isArchitectureName(qualifier)) {
    return `${JSON.stringify(qualifier)} is not an architecture`;
  }
  if (version !== undefined && !isValidVersion(version))
    return `${JSON.stringify(version)} is not a Debian version`;
  const limits = architectures === undefined ? [] : architectures.split(/\s+/).filter((word) => word !== '');
  if (architectures !== undefined && (limits.length === 0 || !limits.every(isArchitectureName))) {
    return `[${architectures}] is not a list of architectures`;
  }
  const groups = [...(profiles ?? '').matchAll(/<([^>]*)>/g)].map((group) =>
    group[1]!.split(/\s+/).filter((word) => word !== ''),
  );
  if (
    groups.some(
      (group) => group.length === 0 || !group.every((word) => /^!?[a-z0-9][a-z0-9.+-]*$/.test(word)),
    )
  ) {
    return `${profiles} is not a list of build profiles`;
  }
  return {
    package: name!,
    qualifier: qualifier ?? null,
    constraint:
      operator === undefined
        ? null
        : { operator: operator.replace(/^[<>]$/, '$&=') as RelationOperator, version: version! },
    architectures: limits,
    profiles: groups,
  };
}

/**
 * Reads a relationship field: groups (all must hold) of alternatives (one
 * must). An empty field and a trailing comma are fine, as dpkg has it.
 * @throws LockstepError DEB_SYNTAX, every fault at once
 */
export function parseRelations(text: string, place: FaultPlace = {}): RelationGroup[] {
  const faults: string[] = [];
  const groups: RelationGroup[] = [];
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const group: Alternative[] = [];
    for (const word of part.split('|')) {
      const alternative = parseAlternative(word.trim());
      if (typeof alternative === 'string') faults.push(alternative);
      else group.push(alternative);
    }
    groups.push(group);
  }
  if (faults.length > 0) {
    throw new LockstepError('DEB_SYNTAX', {
      message: `Invalid package relationship: ${faults.join('; ')}`,
      hint: 'See Debian Policy 7.1 for the form',
      where: faults.map((message) => ({ ...place, message })),
    });
  }
  return groups;
}

/** The relations of a paragraph's field; none where it has no such field. Throws as {@link parseRelations}. */
export function relationsOf(stanza: Stanza, field: string): RelationGroup[] {
  return parseRelations(stanza.get(field) ?? '', stanza.placeOf(field));
}

/** One alternative as a control file has it. */
export function formatAlternative(alternative: Alternative): string {
  const { constraint, architectures, profiles } = alternative;
  return [
    alternative.package + (alternative.qualifier === null ? '' : `:${alternative.qualifier}`),
    ...(constraint === null ? [] : [`(${constraint.operator} ${constraint.version})`]),
    ...(architectures.length === 0 ? [] : [`[${architectures.join(' ')}]`]),
    ...profiles.map((group) => `<${group.join(' ')}>`),
  ].join(' ');
}

/** A relationship field on one line. */
export function formatRelations(groups: readonly RelationGroup[]): string {
  return groups.map((group) => group.map(formatAlternative).join(' | ')).join(', ');
}

/** Whether `version` fits the alternative's version constraint; its package's name is the caller's to compare. */
export function satisfies(alternative: Pick<Alternative, 'constraint'>, version: string): boolean {
  if (alternative.constraint === null) return true;
  const { operator, version: bound } = alternative.constraint;
  return operators[operator](compareVersions(version, bound));
}

/** Policy 7.5: a versioned relation is satisfied only by a provision that names its version. */
export function providesIt(stanza: Stanza, wanted: Alternative): boolean {
  return relationsOf(stanza, 'Provides')
    .flat()
    .some(
      (one) =>
        one.package === wanted.package &&
        (wanted.constraint === null ||
          (one.constraint !== null && satisfies(wanted, one.constraint.version))),
    );
}

/**
 * Whether a relation counts on `architecture` without build profiles: `[!i386]` and `<!nocheck>` (Policy 7.1, build
 * profile spec). Wildcards: `any` and `linux-any`.
 */
export function appliesTo(
  alternative: Pick<Alternative, 'architectures' | 'profiles'>,
  architecture: string,
): boolean {
  const fits = (name: string): boolean =>
    name === architecture || name === 'any' || name === 'linux-any' || name === `any-${architecture}`;
  const limits = alternative.architectures;
  const negated = limits.filter((name) => name.startsWith('!'));
  const here =
    limits.length === 0 ||
    (negated.length > 0 ? !negated.some((name) => fits(name.slice(1))) : limits.some(fits));
  // Any one bracket whose every term holds is enough
  const built =
    alternative.profiles.length === 0 ||
    alternative.profiles.some((group) => group.every((term) => term.startsWith('!')));
  return here && built;
}
