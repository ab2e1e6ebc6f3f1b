/**
 * Why a set does not fit together, as data beside the sentences: who demands
 * what, where, and what would help. It is the `conflict` of the errors
 * RESOLVE_DEMAND and RESOLVE_UNSATISFIABLE, for `--json` and for tools that repair
 * a profile. Types only.
 */
/** One of the things that cannot all be had. */
export type ConflictDemand =
  /** The profile keeps a component in a range. `available`: what there is, where that was looked up. */
  | {
      kind: 'range';
      component: string;
      range: string;
      /** Field of the profile. */
      path: string;
      available?: { version: string; suite: string }[];
    }
  /** A version that was chosen before. */
  | { kind: 'kept'; component: string; version: string }
  /** Versions of a component demand something. */
  | {
      kind: 'demand';
      component: string;
      /** Who says so: the software by its own name, or `the profile`. */
      by: string;
      /** `mediawiki`, `php`, `extension/Cite`, `php-extension/intl`, `component/NAME`. */
      thing: string;
      constraints: { constraint: string; versions: string[] }[];
      /** Where it is written: below the component's own tree, or the profile. */
      file: string;
      field: string;
    };

/** A change of the profile that would help. */
export interface ConflictHelp {
  component: string;
  /** Field of the profile that keeps the component where it is. */
  path: string;
  /** The nearest version with which the set fits; null where no known version does. */
  version: string | null;
  /** `all`: the whole set fits then. `this`: this contradiction is gone, and others are left. */
  cures: 'all' | 'this' | 'none';
  /** Whether everything that would be chosen then was looked into. */
  proven: boolean;
}

export interface Conflict {
  contradictions: {
    demands: ConflictDemand[];
    /** False: it was too much work to find out whether a part of the demands would contradict itself alone. */
    smallest: boolean;
    helps: ConflictHelp[];
  }[];
  /** Whether there are more contradictions than these. */
  more: boolean;
}
