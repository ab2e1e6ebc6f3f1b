/** The available keys of those that lockstep.yaml names. Public halves only. */
import { dirname, join } from 'node:path';
import { LockstepError } from '../../errors.js';
import { loadPublicKey, type PublicKey } from '../../signing/public-key.js';
import type { SigningConfig } from '../../signing/signer.js';
import type { Workspace } from '../../profile/workspace-schema.js';

/** The field of lockstep.yaml that names a key. */
export type KeySlot = 'signing' | 'next';

/**
 * The two keys of lockstep.yaml: the signing key, and the next key of `key rotate`. The record of keys says which of
 * them is the current key: after a key change it is the second, until a person moves it to the first field.
 */
export function keySlots({ signing }: Workspace): { slot: KeySlot; config: SigningConfig }[] {
  const slots: { slot: KeySlot; config: SigningConfig }[] = [{ slot: 'signing', config: signing }];
  if (signing.next !== undefined) slots.push({ slot: 'next', config: signing.next });
  else if (signing.method === 'openpgp') {
    const { passphraseFile, keyFile } = signing;
    const next = { method: 'openpgp' as const, passphraseFile, keyFile: join(dirname(keyFile), 'next.asc') };
    slots.push({ slot: 'next', config: next });
  }
  return slots;
}

/** A key that is available. */
export interface KeyAtHand {
  slot: KeySlot;
  config: SigningConfig;
  key: PublicKey;
}

/** The available keys of both fields, and why the key of the first field is missing. */
export interface KeysAtHand {
  found: KeyAtHand[];
  missing: LockstepError | null;
}

/** @throws LockstepError as loadPublicKey for a key that exists */
export async function findKeysAtHand(workspace: Workspace): Promise<KeysAtHand> {
  const found: KeyAtHand[] = [];
  let missing: LockstepError | null = null;
  for (const { slot, config } of keySlots(workspace)) {
    try {
      found.push({ slot, config, key: await loadPublicKey(config, workspace.root) });
    } catch (error) {
      if (!(error instanceof LockstepError) || error.code !== 'SIGN_KEY_MISSING') throw error;
      if (slot === 'signing') missing = error;
    }
  }
  return { found, missing };
}
