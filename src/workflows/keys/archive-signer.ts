/**
 * The workspace's signer. Which key it signs with, and whether with two, the
 * record of keys says; a key signs nothing before the record names it. Every
 * signature is written to `.lockstep/signing.log` first.
 */
import { join } from 'node:path';
import { keyringFiles } from '../../archive/layout.js';
import { LockstepError } from '../../errors.js';
import { signingEnd } from '../../signing/key-end.js';
import { readPublicKeys } from '../../signing/keys.js';
import { severalSigners } from '../../signing/several.js';
import type { PublicKey } from '../../signing/public-key.js';
import { loadSigner, type Signer, type SigningConfig } from '../../signing/signer.js';
import { appendSigningRecord, loggedSigner } from '../../signing/signing-log.js';
import { endsOf, signingKeys, type KeyState, type RecordedKey } from '../../snapshot/key-state.js';
import { changeHint, countingKeyring, currentAtHand } from './archive-keys.js';
import type { KeyAtHand, KeySlot } from './keys-at-hand.js';
import type { Context, Run } from '../workspace/context.js';

/** What signs for the archive. Its `publicKey` is all keys whose signatures count, the current one first. */
export interface ArchiveSigner extends Signer {
  /** Of all keys that sign with it; the current one first. */
  readonly fingerprints: readonly string[];
}

/** Whether a run only says what it would do: it needs no secret, and what it is given cannot sign. */
interface SigningWish {
  dryRun?: boolean | undefined;
}

/**
 * Unlocks the key at once, so that a wrong passphrase, or a key that has ended, shows before any work; for a dry run it
 * asks for no passphrase.
 *
 * @throws LockstepError SIGN_* (SIGN_KEY_CHANGED where lockstep.yaml names another key than the archive's),
 * SNAPSHOT_INVALID (the record of keys), TOOL_MISSING
 */
export async function archiveSigner(
  run: Run,
  {
    former = [],
    dryRun,
  }: SigningWish & {
    /** Keys that signed before there was a record, on the word of who runs this. */
    former?: readonly RecordedKey[];
  } = {},
): Promise<ArchiveSigner> {
  const state = (await run.ledger.keys())?.state ?? null;
  const current = await currentAtHand(run, state);
  if (state === null && former.length === 0) await assertPublished(run, current);
  const first = await slotSigner(run, current, { dryRun });
  const others: Signer[] = [];
  for (const { fingerprint } of state === null ? [] : signingKeys(state).slice(1)) {
    others.push(await signerOfKey(run, fingerprint, { dryRun }));
  }
  const signer = severalSigners([first, ...others]);
  let begun: Promise<void> | undefined;
  const recorded = (): Promise<void> => (begun ??= recordKey(run, state, first, former));
  return {
    fingerprint: signer.fingerprint,
    fingerprints: [first, ...others].map(({ fingerprint }) => fingerprint),
    clearsign: async (...args) => {
      await recorded();
      return await signer.clearsign(...args);
    },
    detached: async (...args) => {
      await recorded();
      return await signer.detached(...args);
    },
    publicKey: async () => {
      const binary = await countingKeyring(state, first);
      const ends = state === null ? undefined : endsOf(state);
      const { armored, signsWith } = await first.publicKey();
      return { binary, armored, signsWith, ends };
    },
  };
}

/**
 * The signer of one key alone, wherever lockstep.yaml has it.
 *
 * @throws LockstepError SIGN_KEY_MISSING where it has not, SIGN_*
 */
export async function signerOfKey(run: Run, fingerprint: string, wish: SigningWish = {}): Promise<Signer> {
  const { found } = await run.keysAtHand();
  const place = found.find(({ key }) => key.fingerprint === fingerprint);
  if (place !== undefined) return await slotSigner(run, place, wish);
  throw new LockstepError('SIGN_KEY_MISSING', {
    message: `Signing requires the key ${fingerprint}, but lockstep.yaml does not name it`,
    hint: 'Set signing.next in lockstep.yaml to its path, or save it as next.asc in the folder of signing.keyFile',
    where: [{ path: 'signing.next', value: fingerprint }],
  });
}

async function slotSigner(
  context: Context,
  { slot, config, key }: KeyAtHand,
  { dryRun = false }: SigningWish,
): Promise<Signer> {
  const { workspace, places } = context;
  if (dryRun) {
    await assertNotEnded(key, context);
    const refuse = (): never => {
      throw new TypeError('a dry run signs nothing');
    };
    return { ...key, clearsign: refuse, detached: refuse };
  }
  const environment = environmentFor(context, slot, config);
  const signer = await loadSigner(config, environment, workspace.root, key);
  await assertNotEnded(signer, context);
  const log = join(places.state, 'signing.log');
  return loggedSigner(signer, (made) => appendSigningRecord(log, made));
}

/** With a faked time, gpg signs with an expired key, and apt refuses the result. */
async function assertNotEnded(signer: PublicKey, { clock }: Context): Promise<void> {
  const now = clock.now();
  const end = await signingEnd(await signer.publicKey(), now);
  if (end === null || end > now) return;
  throw new LockstepError('SIGN_KEY_EXPIRED', {
    message: `The archive's key ${signer.fingerprint} can no longer sign: it expired at ${end.toISOString()}`,
    hint: 'Extend it (docs/how-to/signing-keys.md), or correct the clock of this machine',
    where: [{ value: signer.fingerprint }],
  });
}

/** Two keys may have two passphrases: that of the second one is the one that is written for it. */
function environmentFor({ env }: Context, slot: KeySlot, config: SigningConfig): NodeJS.ProcessEnv {
  const ownFile = slot === 'next' && config.method === 'openpgp' && config.passphraseFile !== undefined;
  return ownFile ? { ...env, LOCKSTEP_PASSPHRASE: undefined, LOCKSTEP_PASSPHRASE_FILE: undefined } : env;
}

/** An archive from before there was a record has its key in its key file. */
async function assertPublished({ archive }: Context, { key }: KeyAtHand): Promise<void> {
  const bytes = await archive.read(keyringFiles.binary);
  if (bytes === undefined) return;
  const there = await readPublicKeys(bytes, keyringFiles.binary).catch((error: unknown) => {
    // A damaged file is ignored; the next publication rewrites it
    if (error instanceof LockstepError) return [];
    throw error;
  });
  if (there.length === 0 || there.some(({ fingerprint }) => fingerprint === key.fingerprint)) return;
  throw new LockstepError('SIGN_KEY_CHANGED', {
    message: `The archive is published with the key ${there[0]!.fingerprint}, but lockstep.yaml names ${key.fingerprint}`,
    hint: `${changeHint}. To repair an archive after an incomplete change: lockstep refresh --former-key FILE`,
    where: [{ path: 'signing', value: key.fingerprint }, { file: `public/${keyringFiles.binary}` }],
  });
}

/** Begins the record with the first signature, and keeps what the key says of itself up to date. */
async function recordKey(
  run: Run,
  state: KeyState | null,
  signer: Signer,
  former: readonly RecordedKey[],
): Promise<void> {
  const key = await recordedKey(signer);
  if (state !== null && state.current.public === key.public) return;
  const { ledger, clock, actor: by } = run;
  const step = state === null ? 'first' : 'renew';
  await ledger.addKeyChange(
    {
      step,
      key,
      ...(former.length === 0 || state !== null ? {} : { former }),
      at: clock.now().toISOString(),
      by,
    },
    new Map([[signer.fingerprint, signer]]),
  );
}

/** A key as the record has it. */
export async function recordedKey(key: Pick<Signer, 'fingerprint' | 'publicKey'>): Promise<RecordedKey> {
  return { fingerprint: key.fingerprint, public: (await key.publicKey()).armored };
}
