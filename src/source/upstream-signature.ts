/**
 * Decides whether to accept an upstream signature. The key must be valid now, with one exception: a key that was valid
 * once is accepted for content that is already known. The date of such a signature proves nothing, because the key's
 * holder could have backdated it. So an earlier snapshot must have the same content signed by the same key, or the
 * profile must give a reason.
 */
import { resolve } from 'node:path';
import type { ExpiredKey } from '../profile/source-schema.js';
import { collect, type ByteSource } from '../deb/bytes.js';
import { readIfThere } from '../io/disk.js';
import { LockstepError } from '../errors.js';
import { assertGood, verifyDetached, type Taken, type Verdict } from '../signing/verifier.js';
import type { GitPin, TarballPin } from './pin.js';
import { earlierPins, type SourceContext } from './source-context.js';

export interface UpstreamSignature {
  data: ByteSource;
  signature: string | Uint8Array;
  keyring: Uint8Array;
  /** The signed thing, for messages. */
  subject: string;
  /** Keys that the profile accepts although they have expired. */
  expiredKeys: readonly ExpiredKey[] | undefined;
  /** Whether a pin of an earlier snapshot has exactly this content. */
  isSame: (pin: GitPin | TarballPin) => boolean;
  /** The field of the profile with "signedBy", for messages: `components.lib.source`. */
  path: string;
}

/** The key that made a signature. */
export interface UpstreamSigner {
  /** The primary key's fingerprint, 40 upper-case hex digits. */
  fingerprint: string;
  /** Why a key that is not valid now was accepted: `pinned`, or the profile's reason. Null: the key is valid now. */
  although: { kind: 'pinned' } | { kind: 'profile'; reason: string } | null;
}

/**
 * The keys that a profile's "signedBy" names.
 *
 * @param file path in the workspace
 * @param signed what one of the keys must sign, for messages
 * @throws LockstepError SOURCE_KEYS_MISSING, DISK_IO
 */
export async function keysNamed(
  file: string,
  signed: string,
  { workspaceRoot = '.' }: SourceContext,
): Promise<Uint8Array> {
  const path = resolve(workspaceRoot, file);
  const keys = await readIfThere(path);
  if (keys !== undefined) return keys;
  throw new LockstepError('SOURCE_KEYS_MISSING', {
    message: `There is no file ${file} with the keys that ${signed} must be signed by`,
    hint: 'Put the public keys there, as gpg --armor --export writes them',
    where: [{ file: path }],
  });
}

/**
 * @throws LockstepError VERIFY_UNKNOWN_KEY, VERIFY_BAD_SIGNATURE, VERIFY_WEAK_SIGNATURE, KEYRING_INVALID
 */
export async function upstreamSigner(
  question: UpstreamSignature,
  context: SourceContext,
): Promise<UpstreamSigner> {
  const { signature, keyring, subject } = question;
  const now = context.clock.now();
  const data = await collect(question.data);
  const verified = async (taken: Taken): Promise<Verdict> =>
    await verifyDetached(data, signature, keyring, { taken, subject });
  const arriving = await verified({ kind: 'arriving', now });
  const { fingerprint } = arriving;
  if (fingerprint !== undefined && (arriving.result === 'expired' || arriving.result === 'revoked')) {
    const named =
      arriving.result === 'expired'
        ? question.expiredKeys?.find((key) => key.fingerprint.toUpperCase() === fingerprint)
        : undefined;
    const isPinned = earlierPins(context).some(
      (pin) =>
        (pin.kind === 'git' || pin.kind === 'tarball') &&
        pin.signedBy === fingerprint &&
        question.isSame(pin),
    );
    if (named !== undefined || isPinned) {
      // The profile accepts an expired key, but not a signature with an expiry date that has passed
      const at = named === undefined ? 'signed' : now;
      const recorded = await verified({ kind: 'recorded', at });
      if (recorded.result === 'good' && recorded.fingerprint === fingerprint) {
        const although =
          named === undefined
            ? ({ kind: 'pinned' } as const)
            : ({ kind: 'profile', reason: named.reason } as const);
        return { fingerprint, although };
      }
    }
  }
  try {
    assertGood(arriving, subject);
  } catch (error) {
    throw arriving.result === 'expired' && error instanceof LockstepError
      ? error.with({
          hint: `Get the extended key from its owner and add it to the file that "signedBy" names. If the release is older than the expiry of the key, and you have verified its hash by other means, list ${fingerprint ?? 'the key'} under "expiredKeys" of ${question.path}, with the reason`,
          where: [{ path: `${question.path}.signedBy` }, ...error.where],
          cause: error,
        })
      : error;
  }
  if (fingerprint === undefined) throw new TypeError('a good signature without a key');
  return { fingerprint, although: null };
}

/**
 * The end of a provenance step's name if the profile accepted an expired key. A pinned key adds nothing, so that the
 * step is the same as in the earlier snapshot.
 */
export function althoughExpired({ although }: UpstreamSigner): string {
  return although?.kind === 'profile' ? ` with a key that expired later, accepted: ${although.reason}` : '';
}
