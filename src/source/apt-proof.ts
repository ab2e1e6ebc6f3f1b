/** The words for the chain of proof down to an index. */
import type { AptIndex } from './apt-index.js';
import type { Provenance } from './pin.js';

/** Who signed the InRelease, and that it vouches for the index. */
export function proofOf(index: AptIndex): Provenance[] {
  const { suite, sha256, signers, datesIgnored } = index.release;
  return [
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
}
