/** Fields that the output of several commands has. */
import { z } from 'zod';

export const snapshotId = z.string().describe('UTC time, `20261123T101530Z`');
export const time = z.string().describe('ISO 8601, UTC');
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
