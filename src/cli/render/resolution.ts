/**
 * The result of a resolution, and the versions that were not chosen, for a terminal. It escapes text from
 * trees. Pure.
 */
import { skipWords } from '../../profile/skip.js';
import type { Standing } from '../../resolution/outdated.js';
import { cleanLine } from '../../plain-text.js';
import { renderTable } from './table.js';
import type { ChoiceExplanation } from '../../resolution/choice-shape.js';
import type { OutdatedResult } from '../../workflows/release/release-results.js';

/** Why this version: a sentence, and a line for each newer one that was not chosen. */
export function renderChoice({ sentence, newer }: ChoiceExplanation): string {
  return [`${sentence}.`, ...newer.map((passed) => `  ${passed.sentence}.`)].map(cleanLine).join('\n');
}

const words: Record<Standing, string> = {
  current: 'up to date',
  behind: 'newer version in range',
  ahead: 'newer than available',
  changed: 'another commit or tree',
  new: 'not in a snapshot yet',
  unknown: 'no version can be used',
};

/** A table for each profile. */
export function renderOutdated({ profiles }: OutdatedResult, columns?: number): string {
  return profiles
    .map(({ profile, snapshot, suite, components }) => {
      const rows = components.map(
        ({ component, current, newestInRange, newest, standing, newerOutOfRange, skipped, note, range }) =>
          [
            component,
            current ?? '-',
            newestInRange ?? '-',
            newest ?? '-',
            range ?? '-',
            [
              note ?? words[standing],
              ...skipped.map(skipWords),
              ...(newerOutOfRange ? ['the newest is outside the range'] : []),
            ].join('; '),
          ].map(cleanLine),
      );
      const against =
        snapshot === null ? 'no snapshot yet' : suite === null ? snapshot : `${suite}: ${snapshot}`;
      const head = ['component', 'current', 'newest in range', 'newest', 'range', 'state'];
      return `${profile} (${against})\n${renderTable(head, rows, columns)}`;
    })
    .join('\n\n');
}
