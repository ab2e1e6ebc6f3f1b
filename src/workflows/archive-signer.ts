/** The workspace's signer; every signature it makes is written to `.lockstep/signing.log` first. */
import { join } from 'node:path';
import { loadSigner, type Signer } from '../signing/signer.js';
import { appendSigningRecord, loggedSigner } from '../signing/signing-log.js';
import type { Context } from './context.js';

/**
 * Unlocks the key at once, so that a wrong passphrase shows before any work.
 *
 * @throws LockstepError SIGN_*, TOOL_MISSING
 */
export async function archiveSigner(context: Context): Promise<Signer> {
  const { workspace, env, places } = context;
  const signer = await loadSigner(workspace.signing, env, workspace.root);
  const log = join(places.state, 'signing.log');
  return loggedSigner(signer, (made) => appendSigningRecord(log, made));
}
