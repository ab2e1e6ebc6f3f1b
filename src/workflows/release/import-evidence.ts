/** What an import records of its packages: that they were vetted, and whether signatures of uploads cover all of them. */
import { lastOf, type Evidence, type EvidenceDraft } from '../../snapshot/evidence.js';
import type { ImportedSet } from '../../snapshot/imported-set.js';
import { vettingEvidence } from '../../vetting/vet.js';
import type { TakenFile } from './import-reading.js';

/**
 * The gate of signatures is passed where a signature covers every package of the set: those that were read, and those
 * that stay of a snapshot all of which was covered.
 *
 * @param before the signers of the whole last snapshot, or null
 */
export function importEvidence(
  { packages, sources, signers, distributions }: TakenFile,
  set: ImportedSet,
  before: readonly string[] | null,
): EvidenceDraft[] {
  const vetting = vettingEvidence(packages.length, 'imported', ['setuid', 'overlap']);
  const read = new Set<unknown>([...packages, ...sources].map(({ entry }) => entry));
  const kept = [...set.packages, ...set.sources].filter((entry) => !read.has(entry));
  // With a keyring, what is read and not covered is a fault: signers are there only where all of it is covered
  const isCovered = read.size === 0 || signers.size > 0;
  const uncovered = (isCovered ? 0 : read.size) + (before === null ? kept.length : 0);
  const all = [...new Set([...signers, ...(kept.length > 0 && before !== null ? before : [])])].sort();
  if (all.length === 0) return [vetting];
  const facts = { signers: all, distributions, uncovered };
  const state = uncovered === 0 ? 'passed' : 'failed';
  return [vetting, { gate: 'signature', state, parameters: {}, facts }];
}

/** Who signed the uploads of a snapshot whose packages are all covered, or null. @param evidence of the snapshot */
export function signersOf(evidence: readonly Evidence[], now: Date): string[] | null {
  const found = lastOf(evidence, 'signature', now);
  if (found?.state !== 'passed') return null;
  const { signers } = found.facts;
  return Array.isArray(signers) ? signers.filter((one) => typeof one === 'string') : [];
}
