/**
 * The shape of what each command prints with `--json`. docs/reference/json.md and
 * schemas/output/ are made from here; a test holds them to it.
 */
import type { z } from 'zod';
import { diffResult } from '../comparison/diff-shape.js';
import { keyResult, keyRotateResult, keyStatusResult } from '../workflows/keys/key-results.js';
import { promoteResult, publishResult, rollbackResult } from '../workflows/move/move-results.js';
import {
  historyResult,
  pinFileResult,
  serveResult,
  showResult,
  snapshotsResult,
} from '../workflows/reading/reading-results.js';
import { statusResult } from '../workflows/reading/status-result.js';
import {
  buildResult,
  checkResult,
  cutResult,
  importResult,
  mergeResult,
  rebuildResult,
  outdatedResult,
  releaseResult,
  resolveResult,
} from '../workflows/release/release-results.js';
import { dropResult, gcResult, refreshResult, verifyResult } from '../workflows/upkeep/upkeep-results.js';
import { addExtensionResult, initResult, skipResult } from '../workflows/workspace/workspace-results.js';

/** By command, as typed. */
export const outputSchemas: Record<string, z.ZodType> = {
  init: initResult,
  check: checkResult,
  'key generate': keyResult,
  'key rotate': keyRotateResult,
  'key status': keyStatusResult,
  'add extension': addExtensionResult,
  skip: skipResult,
  resolve: resolveResult,
  outdated: outdatedResult,
  build: buildResult,
  cut: cutResult,
  import: importResult,
  merge: mergeResult,
  rebuild: rebuildResult,
  publish: publishResult,
  promote: promoteResult,
  rollback: rollbackResult,
  status: statusResult,
  snapshots: snapshotsResult,
  show: showResult,
  history: historyResult,
  diff: diffResult,
  verify: verifyResult,
  gc: gcResult,
  drop: dropResult,
  refresh: refreshResult,
  'pin-file': pinFileResult,
  release: releaseResult,
  serve: serveResult,
};
