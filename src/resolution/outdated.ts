/**
 * How far a component is behind: what it was pinned to, the newest version in
 * the profile's range, the newest of all. Each component by itself: whether
 * they go together is the search's to say. Pure.
 */
import { compareUpstreamVersions, compareVersions } from '../deb/version.js';
import { LockstepError, unlessFault } from '../errors.js';
import type { Choice } from '../source/candidate.js';
import type { Pin } from '../source/pin.js';
import type { ComponentOptions } from './component-options.js';
import { recorded } from './skips.js';
import type { Unsatisfied } from './unsatisfied.js';
import type { OutdatedComponent } from './outdated-shape.js';

/**
 * `current`: pinned to the newest in its range. `behind`: the range has a newer version. `ahead`: the pinned
 * version is newer than all versions in its range now. `changed`: another commit or tree, neither is newer.
 * `new`: never pinned. `unknown`: no version can be used.
 */
export type Standing = 'current' | 'behind' | 'ahead' | 'changed' | 'new' | 'unknown';

const unknown: Omit<OutdatedComponent, 'component'> = {
  range: null,
  path: null,
  current: null,
  newestInRange: null,
  newest: null,
  standing: 'unknown',
  newerOutOfRange: false,
  skipped: [],
  note: null,
};

/** @param current the version of the pin, as diffs show it */
export function outdatedComponent(
  component: string,
  found: ComponentOptions | Unsatisfied[],
  pin: Pin | undefined,
  current: string | null,
): OutdatedComponent {
  if (Array.isArray(found)) {
    const [reason] = found;
    const note = found.map(({ message }) => message).join('; ');
    return { component, ...unknown, range: reason?.value ?? null, path: reason?.path ?? null, current, note };
  }
  const { range, path, options } = found.variable;
  const inRange = options.findIndex((option) => option.inRange);
  const newer = options.slice(0, inRange);
  const best = choiceOf(found, inRange);
  const nameAt = (option: number): string => {
    const choice = choiceOf(found, option);
    return choice instanceof LockstepError
      ? options[option]!.label
      : versionOf(choice, options[option]!.label);
  };
  return {
    component,
    range,
    path,
    current,
    newestInRange: nameAt(inRange),
    newest: nameAt(0),
    standing:
      best instanceof LockstepError ? 'unknown' : pin === undefined ? 'new' : standingOf(pin, current, best),
    newerOutOfRange: newer.some(({ skipped }) => skipped === undefined),
    skipped: newer.flatMap(({ skipped }) => (skipped === undefined ? [] : [recorded(skipped)])),
    note: best instanceof LockstepError ? best.message : null,
  };
}

/** What is within another component has that component's fate. */
export function outdatedWithin(component: string, parent: string, current: string | null): OutdatedComponent {
  const standing = current === null ? 'new' : 'current';
  return { component, ...unknown, current, standing, note: `included in ${parent}` };
}

function choiceOf(found: ComponentOptions, option: number): Choice | LockstepError {
  return unlessFault(
    () => found.choiceOf(option),
    (fault) => fault,
  );
}

function versionOf(choice: Choice, label: string): string {
  switch (choice.kind) {
    case 'apt-source':
    case 'tarball':
      return choice.listing.version;
    case 'apt-binary':
      return choice.listings[0]!.version;
    case 'git':
      // A branch keeps its name, so its commit identifies the state
      return choice.listing.ref?.startsWith('refs/tags/') === true
        ? (choice.listing.version ?? label)
        : label;
    case 'local':
    case 'within':
      return label;
  }
}

function standingOf(pin: Pin, current: string | null, choice: Choice): Standing {
  if (choice.kind === 'git' && pin.kind === 'git') {
    if (pin.commit === choice.listing.commit) return 'current';
    const ours = tracked(pin.upstreamVersion);
    const theirs = choice.listing.version;
    const order =
      theirs === null || ours === theirs ? 0 : ordered(() => compareUpstreamVersions(ours, theirs));
    // The head of a branch moves on
    return order === 0 ? (choice.listing.ref === pin.ref ? 'behind' : 'changed') : standing(order);
  }
  if (choice.kind !== pin.kind || current === null) return 'changed';
  const theirs = versionOf(choice, '');
  if (theirs === current) return 'current';
  const debian = choice.kind === 'apt-source' || choice.kind === 'apt-binary';
  const order = ordered(() => (debian ? compareVersions : compareUpstreamVersions)(current, theirs));
  return order === 0 ? 'changed' : standing(order);
}

function standing(order: number): Standing {
  return order < 0 ? 'behind' : 'ahead';
}

/** What no grammar orders is neither higher nor lower. */
function ordered(compare: () => number): number {
  return unlessFault(compare, () => 0);
}

/** Without the part that identifies its commit. */
function tracked(version: string): string {
  return version.replace(/\+git\d{8}\.\d{6}\.[0-9a-f]+$/, '');
}
