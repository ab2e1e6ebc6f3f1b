/** Fields that records and the results of several commands share. */
import { z } from 'zod';
import { isSnapshotId } from './snapshot-id.js';

export { sha256 } from '../io/sha256.js';

export const snapshotId = z
  .string()
  .refine(isSnapshotId, { error: 'must be a snapshot id' })
  .describe('UTC time, `20261123T101530Z`');
export const time = z.string().describe('ISO 8601, UTC');
export const cves = z.array(z.string()).describe('CVE ids that it is flagged with');
