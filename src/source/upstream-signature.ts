/**
 * Whether what an upstream signed is taken: by a key that is good now, or by
 * one that no longer is where that is no news. Such a signature may have been
 * dated back, so its date alone proves nothing: an earlier snapshot has the
 * same thing by the same key, or the profile says why it is believed.
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
  /** What was signed, for messages. */
  subject: string;
  /** Keys that the profile believes though they have expired. */
  expiredKeys: readonly ExpiredKey[] | undefined;
  /** Whether a pin of an earlier snapshot is of this very thing. */
  isSame: (pin: GitPin | TarballPin) => boolean;
  /** Where the profile has its "signedBy", for messages: `components.lib.source`. */
  path: string;
}

/** Whose signature it is. */
export interface UpstreamSigner {
  /** Primary key's fingerprint, 40 upper-case hex digits. */
  fingerprint: string;
  /** Why a key that is not good now was believed: `pinned`, or the reason of the profile. Null: it is good now. */
  although: { kind: 'pinned' } | { kind: 'profile'; reason: string } | null;
}

/**
 * The keys that a profile's "signedBy" names.
 *
 * @param file in the workspace
 * @param signed what must be signed by one of them, for messages
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
      // A signature with an end of its own is not what the profile speaks of
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

/** The end of a step's name in a provenance, where the key is no longer good; what is pinned reads as it did then. */
export function althoughExpired({ although }: UpstreamSigner): string {
  return although?.kind === 'profile' ? ` with a key that expired later, accepted: ${although.reason}` : '';
}
