/**
 * The error for a set that does not fit together: the explanation as sentences,
 * places and data. explain-conflict.ts finds the explanation. Pure.
 */
import { LockstepError, type FaultPlace } from '../errors.js';
import { distinct } from '../io/keyed.js';
import type { Conflict, ConflictDemand } from './conflict-shape.js';
import type { Reason } from './choice-shape.js';
import type { ConflictExplanation, Contradiction } from './explain-conflict.js';
import { joined, profileItself } from './explain-words.js';

/**
 * The fault a command ends with: the sentences in its message, what would help in its hint, the place of each range
 * and demand in `where`.
 */
export function conflictError({ contradictions, more }: ConflictExplanation): LockstepError {
  const reasons = contradictions.flatMap((one) => one.reasons);
  const told = toldTogether(contradictions);
  const data = contradictions.map(({ reasons: own, smallest, helps }) => ({
    demands: own.map(demandOf),
    smallest,
    helps: helps.map(({ component, path, version, cures, proven }) => ({
      component,
      path,
      version,
      cures,
      proven,
    })),
  }));
  return new LockstepError(
    reasons.some(({ kind }) => kind === 'demand') ? 'RESOLVE_DEMAND' : 'RESOLVE_UNSATISFIABLE',
    {
      data: { conflict: { contradictions: data, more } satisfies Conflict },
      message: `The set does not fit together: ${told.join('. Besides, ')}${more ? '. There are more conflicts of this kind' : ''}`,
      hint: hintOf(contradictions),
      where: placesOf(reasons),
    },
  );
}

/** A reason without its sentence. */
function demandOf(reason: Reason): ConflictDemand {
  switch (reason.kind) {
    case 'range':
      return { kind: 'range', component: reason.component, range: reason.range, path: reason.path };
    case 'kept':
      return { kind: 'kept', component: reason.component, version: reason.version };
    case 'demand': {
      const { component, by, thing, askings: constraints, file, field } = reason;
      return { kind: 'demand', component, by, thing, constraints, file, field };
    }
  }
}

/** `extension Foo 2.0 asks for PHP >= 8.3 (extension.json, requires.platform.php); Debian 12 has PHP 8.2.29`. */
export function withPlace(reason: Reason): string {
  if (reason.kind !== 'demand') return reason.sentence;
  const { sentence, file, field, instead } = reason;
  return `${sentence} (${file}, ${field})${instead === null ? '' : `; ${instead}`}`;
}

/** Sentences; one sentence covers all demands that contradict the same ranges. */
function toldTogether(contradictions: readonly Contradiction[]): string[] {
  const groups = new Map<string, { ranges: string[]; rest: string[] }>();
  for (const { reasons, smallest } of contradictions) {
    const ranges = reasons.filter(({ kind }) => kind !== 'demand').map(({ sentence }) => sentence);
    const demands = reasons.filter((reason) => reason.kind === 'demand').map(withPlace);
    const unsure = smallest
      ? ''
      : ' (some of these reasons may be irrelevant: the search for a smaller set took too long)';
    const key = ranges.join('\n');
    const group = groups.get(key) ?? { ranges, rest: [] };
    group.rest.push(joined(demands) + unsure);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ ranges, rest }) => {
    const [first, ...others] = rest;
    if (others.length > 0 && ranges.length > 0) return `${joined(ranges)}; but ${rest.join('; ')}`;
    return (
      joined([...ranges, first!].filter((part) => part !== '')) + others.map((other) => `; ${other}`).join('')
    );
  });
}

/** What would help comes first; then, in one sentence, of which components nothing would. */
function hintOf(contradictions: readonly Contradiction[]): string {
  const helps = contradictions.flatMap((one) => one.helps);
  const lines = new Set(helps.filter(({ cures }) => cures !== 'none').map(({ sentence }) => sentence));
  const none = new Set(helps.filter(({ cures }) => cures === 'none').map(({ component }) => component));
  if (none.size > 0) lines.add(`No known version of ${[...none].join(', ')} would help`);
  for (const reason of contradictions.flatMap((one) => one.reasons)) {
    if (reason.kind === 'demand' && reason.by === profileItself) lines.add(`Or change ${reason.field}`);
  }
  return [...lines].map((line) => `${line}.`).join('\n');
}

function placesOf(reasons: readonly Reason[]): FaultPlace[] {
  const places = reasons.map((reason): FaultPlace => {
    switch (reason.kind) {
      case 'range':
        return { path: reason.path, value: reason.range };
      case 'kept':
        return { path: reason.component, value: reason.version };
      case 'demand': {
        // A file of a tree, not a file of the workspace
        const file = reason.by === profileItself ? reason.file : `${reason.component}/${reason.file}`;
        const value = reason.askings.map(({ constraint }) => constraint).join(' or ');
        return { file, path: reason.field, value };
      }
    }
  });
  return distinct(places);
}
