/** A component's variable, and the way from its options back to what can be fetched. Types only. */
import type { Choice } from '../source/candidate.js';
import type { SuiteRole } from '../source/mirror.js';
import type { Variable } from './problem.js';

/** An option as the base distribution lists it. */
export interface Listed {
  /** As Debian writes it. */
  version: string;
  suite: string;
  role: SuiteRole;
}

export interface ComponentOptions {
  variable: Variable;
  /**
   * @param option index in the variable's options
   * @throws LockstepError SOURCE_MISMATCH where this version stands for two contents
   */
  choiceOf(option: number): Choice;
  /** By index; only of components that are the base distribution's. */
  listed?: ((option: number) => Listed) | undefined;
}
