/** A SHA-256 as manifests, records and results write it. */
import { z } from 'zod';
import { sha256Pattern } from '../deb/checksum.js';

/** 64 hexadecimal digits, lower case. */
export const sha256 = z.string().regex(sha256Pattern, { error: 'must be a SHA-256: 64 hexadecimal digits' });
