/** Every fuzz target. */
import { changesTarget, debTarget, indexTarget, releaseTarget, textTarget, treeTarget } from './formats.js';
import { gitTarget, objectTarget } from './git.js';
import { recordTarget } from './records.js';
import type { Target } from './target.js';

export const targets: readonly Target[] = [
  debTarget,
  changesTarget,
  releaseTarget,
  indexTarget,
  treeTarget,
  textTarget,
  objectTarget,
  gitTarget,
  recordTarget,
];
