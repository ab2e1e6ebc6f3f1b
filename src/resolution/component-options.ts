/** A component's variable, and the way from its options back to what can be fetched. Types only. */
import type { Choice } from '../source/candidate.js';
import type { SuiteRole } from '../source/mirror.js';
import type { Option, Variable } from './problem.js';

/** An option before skips are asked: by what a skip may mean it, and whether it is known to fix something. */
export interface Skippable {
  option: Option;
  /** Messages use the first one. */
  names: readonly string[];
  security: boolean;
}

/** An option as the base distribution lists it. */
export interface Listed {
  /** As Debian writes it. */
  version: string;
  suite: string;
  role: SuiteRole;
}

export interface ComponentOptions {
  variable: Variable;
  /** The same options in the same order, without skips; empty for a tree that replaces a component. */
  skippable: readonly Skippable[];
  /**
   * @param option index in the variable's options
   * @throws LockstepError SOURCE_MISMATCH where this version stands for two contents
   */
  choiceOf(option: number): Choice;
  /** By index; only of components that are the base distribution's. */
  listed?: ((option: number) => Listed) | undefined;
}
