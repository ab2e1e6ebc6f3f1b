/**
 * The words for the chain of proof down to an index, and the addresses of
 * files in an archive.
 */
import { assertSafeMember } from '../deb/member-name.js';
import type { AptIndex } from './apt-index.js';
import type { Provenance } from './pin.js';

/** Who signed the InRelease, and that it vouches for the index. */
export function proofOf(index: AptIndex): Provenance[] {
  const { suite, sha256, signers, datesIgnored } = index.release;
  return [
    ...signers.map((by) => ({ step: 'InRelease signature', subject: suite, by, sha256 })),
    ...(datesIgnored === null
      ? []
      : [{ step: 'dates not checked', subject: suite, by: `apt on this machine (${datesIgnored})`, sha256 }]),
    { step: 'index hash', subject: index.path, by: `InRelease of ${suite}`, sha256: index.hash.sha256 },
  ];
}

/**
 * The URL of a file in an archive. The path comes from an index: it must stay
 * below the root, and reserved characters in it are no part of the URL's own grammar.
 * @throws LockstepError DEB_UNSAFE_NAME
 */
export function urlIn(root: string, path: string): string {
  assertSafeMember(path, root);
  const quoted = path
    .split('/')
    .map((part) => encodeURIComponent(part).replaceAll('%2B', '+').replaceAll('%3A', ':'))
    .join('/');
  return `${root}/${quoted}`;
}
