/**
 * Who signed a tag or a commit, and that what was signed is this very commit
 * under this very name.
 */
import { shownName } from '../../deb/member-name.js';
import { LockstepError } from '../../errors.js';
import type { Choice } from '../candidate.js';
import type { SourceContext } from '../source-context.js';
import { keysNamed, upstreamSigner, type UpstreamSigner } from '../upstream-signature.js';
import { parseCommit, parseTag, type Signature } from './git-object.js';

/** The texts that can carry a signature; their ids were checked. */
export interface SignedTexts {
  commit: Buffer;
  /** Of an annotated tag. */
  tag: Buffer | null;
}

/**
 * Whose key signed.
 *
 * An annotated tag's signature counts, and says which name the commit has. Where the tag bears none, or there is
 * none, it is the commit's: that proves who wrote it, not which version it is.
 * @param keyringFile in the workspace: what "signedBy" names
 * @throws LockstepError SOURCE_KEYS_MISSING, KEYRING_INVALID, VERIFY_NO_SIGNATURE, VERIFY_UNKNOWN_KEY,
 * VERIFY_BAD_SIGNATURE, VERIFY_WEAK_SIGNATURE, VERIFY_MALFORMED
 */
export async function signerOf(
  { component, config, listing }: Extract<Choice, { kind: 'git' }>,
  texts: SignedTexts,
  keyringFile: string,
  context: SourceContext,
): Promise<UpstreamSigner> {
  const { url } = config;
  const keyring = await keysNamed(keyringFile, url, context);
  const tag = texts.tag === null || listing.tag === null ? null : parseTag(texts.tag, listing.tag);
  const shownRef = listing.ref?.replace(/^refs\/(?:tags|heads)\//, '') ?? listing.commit.slice(0, 12);
  const inTag = tag !== null && tag.signature !== null;
  const signature = inTag ? tag.signature : parseCommit(texts.commit, listing.commit).signature;
  const subject = inTag ? `the tag ${shownRef} of ${url}` : `the commit ${listing.commit} of ${url}`;
  if (signature === null) {
    throw new LockstepError('VERIFY_NO_SIGNATURE', {
      message: `Neither the tag nor the commit of ${shownRef} in ${url} is signed, and the profile requires a signature`,
      hint: 'Choose a signed version, or omit "signedBy" if no signature is necessary',
      where: [{ value: shownRef }],
    });
  }
  assertOpenPgp(signature, subject);
  const signer = await upstreamSigner(
    {
      data: signature.payload,
      signature: signature.armored,
      keyring,
      subject,
      expiredKeys: config.expiredKeys,
      isSame: (pin) =>
        pin.kind === 'git' && pin.url === url && pin.ref === listing.ref && pin.commit === listing.commit,
      path: `components.${component}.source`,
    },
    context,
  );
  if (inTag && tag.type !== 'commit') {
    throw notThisCommit(
      subject,
      `it points at a ${shownName(tag.type)}, not at the commit ${listing.commit}`,
    );
  }
  if (inTag && tag.object !== listing.commit) {
    throw notThisCommit(subject, `it belongs to the commit ${tag.object}, not to ${listing.commit}`);
  }
  if (inTag && `refs/tags/${tag.name}` !== listing.ref) {
    throw notThisCommit(subject, `its own name is ${shownName(tag.name)}: an older tag under a new name`);
  }
  return signer;
}

function assertOpenPgp({ armored }: Signature, subject: string): void {
  if (!armored.startsWith('-----BEGIN PGP SIGNATURE-----')) {
    throw new LockstepError('VERIFY_NO_SIGNATURE', {
      message: `The signature of ${subject} is not an OpenPGP signature, and Lockstep verifies no other kind`,
      hint: 'Choose a version with an OpenPGP signature, or omit "signedBy"',
    });
  }
}

function notThisCommit(subject: string, why: string): LockstepError {
  return new LockstepError('VERIFY_BAD_SIGNATURE', {
    message: `The signature of ${subject} is valid, but belongs to something else: ${why}`,
    hint: 'Do not use it. Whoever can write to the repository moved a signed tag; tell its owner',
  });
}
