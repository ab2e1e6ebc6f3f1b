/**
 * The public keys that the archive is judged by, for workflows that read. None
 * of them needs the archive's secret; who signs takes archive-signer.ts.
 */
import { resolve } from 'node:path';
import { LockstepError } from '../errors.js';
import { loadPublicKey, readPublicKeyFile, type PublicKey } from '../signing/public-key.js';
import type { Taken } from '../signing/verifier.js';
import type { Context } from './context.js';

export interface ArchiveKeys {
  /** The archive's own: what its keyring file must hold. */
  own: PublicKey;
  /** Every key whose signatures count, binary. */
  keyring: Uint8Array;
}

/**
 * The workspace's own key, and those of files: earlier keys of the archive, or its public key where the
 * workspace has none.
 *
 * @param files paths as they were typed
 * @throws LockstepError KEYRING_MISSING, KEYRING_INVALID, SIGN_KEY_*, TOOL_MISSING
 */
export async function archiveKeys(context: Context, files: readonly string[]): Promise<ArchiveKeys> {
  const given = await Promise.all(files.map((file) => readPublicKeyFile(resolve(file))));
  const own = await ownKey(context, given.length > 0);
  const first = own ?? given[0]!;
  const keyrings = given.map(({ keyring }) => keyring);
  if (own !== undefined) keyrings.unshift((await own.publicKey()).binary);
  return { own: first, keyring: new Uint8Array(Buffer.concat(keyrings)) };
}

/**
 * How signatures of the archive's own are judged: as records, which are signed when they are made. None is doubted
 * for being dated ahead: a clock may have run backwards since. That a Release is dated ahead of what clients take is
 * told of it by itself, and that they refuse a key that has ended by validity.ts.
 */
export function ownJudgement(keys: { keyring: Uint8Array }): { keyring: Uint8Array; taken: Taken } {
  return { keyring: keys.keyring, taken: { kind: 'recorded', at: 'signed' } };
}

async function ownKey({ workspace }: Context, isGiven: boolean): Promise<PublicKey | undefined> {
  try {
    return await loadPublicKey(workspace.signing, workspace.root);
  } catch (error) {
    if (!(error instanceof LockstepError) || error.code !== 'SIGN_KEY_MISSING') throw error;
    if (isGiven) return undefined;
    throw new LockstepError('SIGN_KEY_MISSING', {
      message: error.message,
      hint: 'Name a file with its public key, which you got from somewhere you trust: --keyring FILE',
      where: error.where,
      cause: error,
    });
  }
}
