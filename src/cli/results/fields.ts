/** Fields that the output of several commands has. */
import { z } from 'zod';

export { sha256 } from '../../io/sha256.js';

export const snapshotId = z.string().describe('UTC time, `20261123T101530Z`');
export const time = z.string().describe('ISO 8601, UTC');
