/** Makes the archive's key at the place that lockstep.yaml names. */
import { resolve } from 'node:path';
import { LockstepError } from '../../errors.js';
import { readNamedFile } from '../../io/named-file.js';
import { passphraseFrom, writeKeyFile } from '../../signing/key-file.js';
import { generateKey } from '../../signing/keys.js';
import { keySlots } from './keys-at-hand.js';
import type { Context } from '../workspace/context.js';
import type { KeyResult } from './key-results.js';

export interface KeyRequest {
  /** For `signing.next`, which `key rotate` brings in. */
  next: boolean;
  passphraseFile: string | undefined;
  /** The person asked for a key without a passphrase. */
  unprotected: boolean;
  name: string | undefined;
  email: string | undefined;
}

/** @throws LockstepError USAGE, FILE_MISSING, SIGN_KEY_EXISTS, SIGN_KEY_MODE, SIGN_PASSPHRASE_NEEDED */
export async function generateArchiveKey(context: Context, request: KeyRequest): Promise<KeyResult> {
  const { workspace } = context;
  const place = keySlots(workspace).find(({ slot }) => (slot === 'next') === request.next);
  const signing = place?.config ?? workspace.signing;
  if (signing.method !== 'openpgp') {
    throw new LockstepError('USAGE', {
      message: 'This workspace signs with gpg (signing.method in lockstep.yaml), which creates its own keys.',
      hint: 'Use gpg --quick-generate-key, or set signing.method to openpgp.',
    });
  }
  if (request.passphraseFile !== undefined) {
    // How a secret must lie on the disk is for passphraseFrom to say; a wrong path is the caller's own fault
    const named = { path: request.passphraseFile, flag: '--passphrase-file' };
    await readNamedFile(named, 'Write the passphrase on the first line of a file, and name that file');
  }
  const passphrase = request.unprotected
    ? undefined
    : await passphraseFrom({
        file: request.passphraseFile === undefined ? signing.passphraseFile : resolve(request.passphraseFile),
        env: request.passphraseFile === undefined ? context.env : {},
        directory: workspace.root,
      });
  if (passphrase === undefined && !request.unprotected) {
    throw new LockstepError('SIGN_PASSPHRASE_NEEDED', {
      message: 'No passphrase was given for the new key.',
      hint: 'Use --passphrase-file FILE or LOCKSTEP_PASSPHRASE. --no-passphrase leaves the key unprotected.',
    });
  }
  const keyFile = resolve(workspace.root, signing.keyFile);
  const revocationFile = `${keyFile}.revocation`;
  const key = await generateKey({
    name: request.name ?? `${workspace.archive.origin} Archive`,
    ...(request.email === undefined ? {} : { email: request.email }),
    date: context.clock.now(),
    ...(passphrase === undefined ? {} : { passphrase }),
  });
  await writeKeyFile(keyFile, key.privateArmored);
  await writeKeyFile(revocationFile, key.revocationArmored);
  return { fingerprint: key.fingerprint, keyFile, revocationFile, protected: passphrase !== undefined };
}
