/**
 * The parts of manifest format 1 that format 2 does not have: evidence as sentences inside the manifest, and provenance
 * steps that differ only in their texts. All code that reads such sentences is in this file. Lockstep no longer writes
 * this format. Pure.
 */
import { z } from 'zod';
import type { Evidence, EvidenceData } from './evidence.js';
import type { Provenance } from '../source/pin.js';

/** Results of gates in format 1. */
export const evidenceV1 = z.array(z.object({ gate: z.string(), result: z.string(), detail: z.string() }));

/** The evidence inside a manifest of format 1; empty for a newer format. */
export function evidenceWithin({
  evidence = [],
}: {
  evidence?: z.infer<typeof evidenceV1> | undefined;
}): Evidence[] {
  return evidence.map(({ gate, result, detail }) => ({
    gate,
    state: result === 'passed' ? 'passed' : 'failed',
    parameters: {},
    facts: { detail, ...factsIn(gate, detail) },
    recorded: null,
    key: null,
  }));
}

function factsIn(gate: string, detail: string): EvidenceData {
  if (gate === 'installability') {
    const words = /upgrade from and way back to ((?:\d{8}T\d{6}Z(?:, | and )?)+)/.exec(detail)?.[1] ?? '';
    return { from: words.match(/\d{8}T\d{6}Z/g) ?? [] };
  }
  if (gate === 'signature') return { signers: detail.match(/\b[0-9A-F]{40}\b/g) ?? [] };
  return {};
}

/** Marks the provenance steps that verified a signature, as pins of format 2 do. */
export function stepsOfV1(components: Iterable<{ pin: { provenance: Provenance[] } }>): void {
  for (const { pin } of components) {
    for (const one of pin.provenance) {
      if (one.by !== undefined && /signature(?!: (?!good))/i.test(one.step)) one.kind = 'signature';
    }
  }
}
