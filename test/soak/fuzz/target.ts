/** What a fuzz target is: something that reads what comes from outside, and what must hold of it. */
import type { Random } from '../../fixtures/random.js';

/** Whether an input was taken, or refused with a code. */
export type Outcome = 'taken' | 'refused';

export interface Target {
  /** One word. */
  name: string;
  /**
   * Prepares what all inputs share.
   *
   * @param folder absolute path of a folder of its own
   */
  start(folder: string): Promise<Running>;
}

export interface Running {
  /**
   * Makes one input and reads it. What it throws, except a LockstepError, is a failure: a crash, or a rule that does
   * not hold.
   *
   * @param keep takes the bytes of the input, for whoever looks at a failure
   */
  run(random: Random, keep: (input: Uint8Array | string) => void): Promise<Outcome>;
  stop?(): Promise<void>;
}

/** A rule that does not hold for an input. */
export class Broken extends Error {}

export function mustHold(holds: boolean, rule: string): void {
  if (!holds) throw new Broken(rule);
}
