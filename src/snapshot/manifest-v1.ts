/**
 * What format 1 of manifests had and format 2 has not: evidence within the
 * manifest, as sentences, and steps of provenance that only their words tell
 * apart. Everything that reads such sentences is here; no such manifest is
 * written any more. Pure.
 */
import { z } from 'zod';
import type { Evidence, EvidenceData } from './evidence.js';
import type { Provenance } from '../source/pin.js';

/** What a gate said, in format 1. */
export const evidenceV1 = z.array(z.object({ gate: z.string(), result: z.string(), detail: z.string() }));

/** The evidence that a manifest of format 1 has within it; none of a newer one. */
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

/** Marks the steps of proof that checked a signature, as pins of format 2 do. */
export function stepsOfV1(components: Iterable<{ pin: { provenance: Provenance[] } }>): void {
  for (const { pin } of components) {
    for (const one of pin.provenance) {
      if (one.by !== undefined && /signature(?!: (?!good))/i.test(one.step)) one.kind = 'signature';
    }
  }
}
