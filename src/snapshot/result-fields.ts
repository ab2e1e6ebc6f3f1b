/** Fields that the results of several commands have. */
import { z } from 'zod';

export { sha256 } from '../io/sha256.js';

export const snapshotId = z.string().describe('UTC time, `20261123T101530Z`');
export const time = z.string().describe('ISO 8601, UTC');
export const cves = z.array(z.string()).describe('CVE ids that it is flagged with');
