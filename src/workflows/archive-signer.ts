/** The workspace's signer; every signature it makes is written to `.lockstep/signing.log` first. */
import { join } from 'node:path';
import { LockstepError } from '../errors.js';
import { signingEnd } from '../signing/key-end.js';
import { loadSigner, type Signer } from '../signing/signer.js';
import { appendSigningRecord, loggedSigner } from '../signing/signing-log.js';
import type { Context } from './context.js';

/**
 * Unlocks the key at once, so that a wrong passphrase, or a key that has ended, shows before any work.
 *
 * @throws LockstepError SIGN_*, TOOL_MISSING
 */
export async function archiveSigner(context: Context): Promise<Signer> {
  const { workspace, env, places } = context;
  const signer = await loadSigner(workspace.signing, env, workspace.root);
  await assertNotEnded(signer, context);
  const log = join(places.state, 'signing.log');
  return loggedSigner(signer, (made) => appendSigningRecord(log, made));
}

/** gpg signs on when it is told another time, and apt refuses what comes out. */
async function assertNotEnded(signer: Signer, { clock }: Context): Promise<void> {
  const now = clock.now();
  const end = await signingEnd(await signer.publicKey(), now);
  if (end === null || end > now) return;
  throw new LockstepError('SIGN_KEY_EXPIRED', {
    message: `The archive's key ${signer.fingerprint} can sign no more: it ended at ${end.toISOString()}`,
    hint: 'Extend it (docs/how-to/signing-keys.md), or check the clock of this machine',
    where: [{ value: signer.fingerprint }],
  });
}
