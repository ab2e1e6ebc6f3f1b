/** The words for the chain of proof down to an index. */
import type { AptIndex } from './apt-index.js';
import type { Found } from './candidate.js';
import type { Provenance } from './pin.js';

/** Where a paragraph of an index was found: who signed the InRelease, and that it vouches for the index. */
export function foundIn(index: AptIndex): Found {
  const { suite, role, archive, sha256, signers, datesIgnored } = index.release;
  const proof: Provenance[] = [
    ...signers.map((by) => ({
      step: 'InRelease signature',
      kind: 'signature' as const,
      subject: suite,
      by,
      sha256,
    })),
    ...(datesIgnored === null
      ? []
      : [{ step: 'dates not checked', subject: suite, by: `apt on this machine (${datesIgnored})`, sha256 }]),
    { step: 'index hash', subject: index.path, by: `InRelease of ${suite}`, sha256: index.hash.sha256 },
  ];
  return { suite, role, archive, proof };
}
