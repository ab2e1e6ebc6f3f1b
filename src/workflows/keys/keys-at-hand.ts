/** The keys that lockstep.yaml names, as far as they are there. Public halves only. */
import { dirname, join } from 'node:path';
import { LockstepError } from '../../errors.js';
import { loadPublicKey, type PublicKey } from '../../signing/public-key.js';
import type { SigningConfig } from '../../signing/signer.js';
import type { Workspace } from '../../profile/workspace-schema.js';

/** Where lockstep.yaml has a key. */
export type KeySlot = 'signing' | 'next';

/**
 * The two places of lockstep.yaml: the key that signs, and the one that `key rotate` brings in. Which of them holds the
 * current key, the record says: after a change it is the second one, until a person tidies up.
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

/** The keys of both places that are there; why the first one is not, where it is not. */
export interface KeysAtHand {
  found: KeyAtHand[];
  missing: LockstepError | null;
}

/** @throws LockstepError as loadPublicKey does for a key that is there */
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
