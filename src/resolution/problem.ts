/**
 * The decision problem: choose one option for every component, so that another option supplies whatever an
 * option demands. Types only; solver.ts decides, explain-conflict.ts explains.
 */
import type { ActiveSkip, SkippedVersion } from '../profile/skip.js';
import type { Demand } from '../source/declared.js';

/** A skip that means an option: `version` is the option's own name. */
export type OptionSkip = SkippedVersion & Pick<ActiveSkip, 'path' | 'undo'>;

/** One way to meet a component. */
export interface Option {
  /** As upstream writes it; null while only its tree can tell. */
  version: string | null;
  /** For people: `1.43.0 (tag 1.43.0)`, `1:1.39.17-1 (bookworm)`. */
  label: string;
  /** Whether the profile's own words (range, tag, branch) allow it. Others are known so that an explanation can name what would help. */
  inRange: boolean;
  /** The skip that keeps it out of the range. */
  skipped?: OptionSkip | undefined;
}

/** A component and all that it could be. */
export interface Variable {
  component: string;
  /** As the profile writes it: `~1.43.0`, `branch wmf/*`; for sentences. */
  range: string;
  /** Field of the profile: `components.mediawiki.source.version`. */
  path: string;
  /** Whether the range means pre-releases that it does not name, because there is nothing else in it. */
  preReleasesOnly?: boolean | undefined;
  /** Newest first. */
  options: readonly Option[];
}

/** Options of one component of which any will do. */
export interface Supplier {
  component: string;
  /** Indices of its options. */
  options: readonly number[];
}

/** What one option demands: if it is chosen, one of `met` must be too. */
export interface Clause {
  component: string;
  /** Index of the option that demands it. */
  option: number;
  demand: Demand;
  /** Empty: nothing can meet it. */
  met: readonly Supplier[];
  /**
   * What is available instead, as part of a sentence: `Debian 12 has PHP 8.2.29`; null if the options show
   * it.
   */
  instead: string | null;
}

export interface Problem {
  variables: readonly Variable[];
  clauses: readonly Clause[];
  /** Decided first: its newest version matters most. */
  lead: string;
}
