/** A component's variable, and the way from its options back to what can be fetched. Types only. */
import type { Choice } from '../source/candidate.js';
import type { Variable } from './problem.js';

export interface ComponentOptions {
  variable: Variable;
  /**
   * @param option index in the variable's options
   * @throws LockstepError SOURCE_MISMATCH where this version stands for two contents
   */
  choiceOf(option: number): Choice;
}
