/**
 * The declarations of a tree in the files that its own software reads: what it supplies, and what it demands
 * of other components. Types only; declarations.ts reads them, src/resolution evaluates them.
 */

/**
 * What is supplied or demanded: `mediawiki`, `extension/Cite`, `skin/Vector`,
 * `library/wikimedia/parsoid` (lower case), `php`, `php-extension/intl`
 * (lower case), `ability/shell`, `component/parsoid` (of the profile).
 */
export type Thing = string;

/** Something that comes with a component. */
export interface Supply {
  thing: Thing;
  /** As written; null where the tree names none: then only `*` is met. */
  version: string | null;
  /** The file that says so, below the component's own tree. */
  file: string;
  /**
   * True if it is only a part of the component's tree: a library in vendor/, an extension in MediaWiki's
   * tarball. A component that is the thing itself takes precedence.
   */
  bundled?: true;
}

/** Something that a component cannot do without. */
export interface Demand {
  thing: Thing;
  /** In Composer's grammar, as written. */
  constraint: string;
  /** Who demands it, for sentences: `extension Cite`, `mediawiki`, `the profile`. */
  by: string;
  /** Below the component's own tree; the profile's own file for its `requires`. */
  file: string;
  /** `requires.MediaWiki`, `require.wikimedia/parsoid`. */
  field: string;
  /**
   * True if the demand applies only if something in the set supplies it: libraries of MediaWiki's own
   * composer.json, of which a distribution may leave some out.
   */
  ifSupplied?: boolean;
}

/** The declarations of one fetched component. */
export interface Declared {
  component: string;
  /** As the tree says; the pin's version where it does not. */
  version: string;
  supplies: Supply[];
  demands: Demand[];
}

/** What the base release supplies to PHP software. */
export interface Platform {
  /** For sentences: `Debian 12`. */
  base: string;
  /** `8.2.29`; null where the base has no PHP. */
  php: string | null;
  /** By name in lower case (`intl`): the package that has it; null where PHP's own binary does. */
  extensions: ReadonlyMap<string, string | null>;
}
