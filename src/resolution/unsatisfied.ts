/**
 * Explains why a component cannot be resolved: what the profile requests, where Lockstep searched, and what
 * is available.
 */
import { compareVersions } from '../deb/version.js';
import type { Conflict } from './conflict-shape.js';
import type { Listed } from './component-options.js';
import { counted } from '../counted.js';
import { LockstepError, type ErrorCode, type FaultPlace } from '../errors.js';

/** One reason. Several reasons make one error. */
export interface Unsatisfied {
  code: ErrorCode;
  message: string;
  hint: string;
  /** Path of the field in the profile that requests it. */
  path: string;
  value: string;
  /** For a range that no version fits: the component that the range excludes, and its available versions. */
  range?: { component: string; available: There[] };
}

/** A version and its suite, for the list of available versions. */
type There = Pick<Listed, 'version' | 'suite'>;

/** The most versions that a message lists. */
const mostShown = 6;

/** `1:1.39.17-1+deb12u2 (bookworm-security), ...`, the highest first. */
export function whatThereIs(there: readonly There[]): string {
  const suites = new Map<string, Set<string>>();
  for (const { version, suite } of there) {
    suites.set(version, (suites.get(version) ?? new Set()).add(suite));
  }
  const lines = [...suites]
    .sort(([a], [b]) => compareVersions(b, a))
    .map(([version, names]) => `${version} (${[...names].sort().join(', ')})`);
  const more = lines.length > mostShown ? `, and ${lines.length - mostShown} older` : '';
  return lines.slice(0, mostShown).join(', ') + more;
}

export function unknownPackage(
  component: string,
  name: string,
  field: string,
  searched: readonly string[],
  near: string | undefined,
): Unsatisfied {
  return {
    code: 'SOURCE_UNKNOWN_PACKAGE',
    message: `${component}: no ${field === 'package' ? 'source package' : 'package'} ${name} in ${searched.join(', ')}`,
    hint: near === undefined ? 'Correct the name in the profile.' : `Did you mean ${near}?`,
    path: `components.${component}.source.${field}`,
    value: name,
  };
}

export function nothingInRange(
  component: string,
  range: string,
  searched: readonly string[],
  there: readonly There[],
): Unsatisfied {
  return {
    code: 'RESOLVE_UNSATISFIABLE',
    message: `${component}: no version in ${searched.join(', ')} matches the range ${range}; available: ${whatThereIs(there)}`,
    hint: 'Change "version" in the profile to a range that includes one of these, or change the base to a release that has one.',
    path: `components.${component}.source.version`,
    value: range,
    range: { component, available: there.map(({ version, suite }) => ({ version, suite })) },
  };
}

/** All reasons as one error. It has the code of the first reason, and the place of each. */
export function asError(reasons: readonly Unsatisfied[]): LockstepError {
  const [first, ...others] = reasons;
  if (first === undefined) throw new TypeError('no reason for an error');
  const where: FaultPlace[] = reasons.map(({ path, value, message }) => ({ path, value, message }));
  const told = {
    message:
      others.length === 0
        ? first.message
        : `${counted(reasons.length, 'component')} cannot be resolved: ${reasons.map(({ message }) => message).join('; ')}`,
    hint: [...new Set(reasons.map(({ hint }) => hint))].join(' '),
    where,
  };
  const ranges = reasons.flatMap(({ path, value, range }) =>
    range === undefined ? [] : [{ kind: 'range' as const, ...range, range: value, path }],
  );
  const contradictions = ranges.map((range) => ({ demands: [range], smallest: true, helps: [] }));
  const conflict: Conflict = { contradictions, more: false };
  return new LockstepError(first.code, { ...told, ...(ranges.length === 0 ? {} : { data: { conflict } }) });
}
