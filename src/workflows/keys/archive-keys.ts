/**
 * The keys that the archive is judged by, for all workflows: what lockstep.yaml
 * names, the record of keys, and what follows from the two. None of this needs
 * the archive's secret; who signs takes archive-signer.ts.
 */
import { LockstepError } from '../../errors.js';
import { readPublicKeyFile, type PublicKey } from '../../signing/public-key.js';
import { oneKeyring } from '../../signing/several.js';
import { keyRecordPath, keyringOf } from '../../snapshot/key-record.js';
import {
  countingKeys,
  endsOf,
  publishedKeys,
  type KeyState,
  type KnownKey,
} from '../../snapshot/key-state.js';
import type { KeyEnds } from '../../signing/verifier.js';
import type { LineTrust } from '../../snapshot/chained-lines.js';
import type { Context, Run } from '../workspace/context.js';
import type { KeyAtHand } from './keys-at-hand.js';

export interface ArchiveKeys {
  /** What its key files must hold: the current key, and the next one once that is announced. */
  own: PublicKey;
  /** Every key whose signatures count, binary. */
  keyring: Uint8Array;
  /** For which of them that ends, and when. */
  ends: KeyEnds | undefined;
  /** Lines of histories that are vouched for although the signature of a key like that is on them. */
  accepted: ReadonlySet<string> | undefined;
  /** What the record says; null where there is none yet. */
  state: KeyState | null;
}

/**
 * The archive's keys: the key that lockstep.yaml names, the other keys of the record, and keys from files,
 * for a workspace without a key.
 *
 * @param files paths as typed
 * @throws LockstepError KEYRING_MISSING, KEYRING_INVALID, SIGN_KEY_*, SIGN_KEY_CHANGED, SNAPSHOT_INVALID (the record),
 * TOOL_MISSING
 */
export async function archiveKeys(run: Run, files: readonly string[]): Promise<ArchiveKeys> {
  return await keysBy(run, (await run.ledger.keys())?.state ?? null, files);
}

/** The same without the record of keys, for who looks whether that is sound. Throws as archiveKeys. */
export async function keysWithoutRecord(run: Run, files: readonly string[]): Promise<ArchiveKeys> {
  return await keysBy(run, null, files);
}

async function keysBy(run: Run, state: KeyState | null, files: readonly string[]): Promise<ArchiveKeys> {
  const given = await Promise.all(files.map((path) => readPublicKeyFile({ path, flag: '--keyring' })));
  const own = await ownKeys(run, state, given);
  const keyrings = [...given.map(({ keyring }) => keyring), await countingKeyring(state, own)];
  return {
    own: await publishedOf(state, own),
    keyring: new Uint8Array(Buffer.concat(keyrings)),
    ends: state === null ? undefined : endsOf(state),
    accepted: state?.accepted,
    state,
  };
}

/**
 * How the archive's own signatures are judged: as records, each signed when it was made. A signature dated ahead is not
 * refused here, because this machine's clock may have run backwards since. Whether clients accept the Release's date is
 * checked with the view, and whether they accept the key in validity.ts.
 */
export function ownJudgement({
  keyring,
  ends,
  accepted,
}: Pick<ArchiveKeys, 'keyring'> & Partial<Pick<ArchiveKeys, 'ends' | 'accepted'>>): LineTrust {
  return { keyring, taken: { kind: 'recorded', at: 'signed', ends }, accepted };
}

/** How manifests and lines of this workspace are judged: by the archive's own keys. Throws as archiveKeys. */
export async function ownTrust(run: Run): Promise<LineTrust> {
  return ownJudgement(await archiveKeys(run, []));
}

/** By what the record of keys says alone: for judging what a change of it would lead to. */
export async function judgementOf(state: KeyState): Promise<LineTrust> {
  return ownJudgement({ ...state, keyring: await keyringOf(countingKeys(state)), ends: endsOf(state) });
}

/** The key of lockstep.yaml that is to come in: one that is not the archive's yet, or is announced. */
export async function incomingAtHand(run: Run, state: KeyState): Promise<PublicKey | undefined> {
  const known = new Set(state.keys.filter((key) => key !== state.next).map(({ fingerprint }) => fingerprint));
  return (await run.keysAtHand()).found.find(({ key }) => !known.has(key.fingerprint))?.key;
}

/**
 * That key of the archive which lockstep.yaml has.
 *
 * @throws LockstepError SIGN_KEY_CHANGED where it has others only, SIGN_KEY_MISSING where it has none, SIGN_KEY_*
 */
export async function currentAtHand(run: Run, state: KeyState | null): Promise<KeyAtHand> {
  const { found, missing } = await run.keysAtHand();
  const first = found.find(({ slot }) => slot === 'signing');
  if (state === null) {
    if (first === undefined) throw missing!;
    return first;
  }
  const current = found.find(({ key }) => key.fingerprint === state.current.fingerprint);
  if (current !== undefined) return current;
  if (first === undefined) throw missing!;
  throw keyChanged(run, state, first);
}

function keyChanged({ places }: Context, { current, keys }: KeyState, { key }: KeyAtHand): LockstepError {
  const there = keys.find(({ fingerprint }) => fingerprint === key.fingerprint);
  const what = there === undefined ? 'not one of its keys' : stateWords[there.state];
  return new LockstepError('SIGN_KEY_CHANGED', {
    message: `The archive's key is ${current.fingerprint}; lockstep.yaml names ${key.fingerprint}, which is ${what}`,
    hint: changeHint,
    where: [{ path: 'signing', value: key.fingerprint }, { file: keyRecordPath(places.snapshots) }],
  });
}

/** ROTATE_IMPOSSIBLE, for what the record of keys says. */
export function rotateImpossible(
  { places }: Context,
  message: string,
  hint = 'See the state of the change with: lockstep key status',
): LockstepError {
  const where = [{ file: keyRecordPath(places.snapshots) }];
  return new LockstepError('ROTATE_IMPOSSIBLE', { message, hint, where });
}

const stateWords: Record<KnownKey['state'], string> = {
  current: 'the current key',
  next: 'the next key, which does not sign alone yet',
  former: 'a former key',
  compromised: 'a key that is no longer trusted',
};

export const changeHint =
  'Nothing was written. Machines trust the key in their keyring package. Restore the key, then change it with lockstep key rotate, which machines can follow (docs/how-to/rotate-keys.md). If someone else has the old key, or if it is lost: lockstep key rotate --compromised';

/**
 * The key that everything else is checked with: the current one if available, otherwise the first given one.
 */
async function ownKeys(
  run: Run,
  state: KeyState | null,
  given: readonly (PublicKey & { keyring: Uint8Array })[],
): Promise<PublicKey> {
  try {
    return (await currentAtHand(run, state)).key;
  } catch (error) {
    if (!(error instanceof LockstepError) || !/^SIGN_KEY_(?:MISSING|CHANGED)$/.test(error.code)) throw error;
    const anchor = given.find(({ fingerprint }) => isKnown(state, fingerprint));
    if (anchor !== undefined) return anchor;
    if (error.code === 'SIGN_KEY_CHANGED') throw error;
    if (given.length > 0) return given[0]!;
    throw new LockstepError('SIGN_KEY_MISSING', {
      message: error.message,
      hint: 'Name a file with its public key from a source that you trust: --keyring FILE',
      where: error.where,
      cause: error,
    });
  }
}

function isKnown(state: KeyState | null, fingerprint: string): boolean {
  return state?.keys.some((key) => key.fingerprint === fingerprint && key.state !== 'compromised') ?? false;
}

/**
 * Every key whose signatures count for who trusts `anchor`: it, and where the record knows it, all that the record
 * vouches for.
 */
export async function countingKeyring(
  state: KeyState | null,
  anchor: Pick<PublicKey, 'fingerprint' | 'publicKey'>,
): Promise<Uint8Array> {
  const { binary } = await anchor.publicKey();
  if (state === null || !isKnown(state, anchor.fingerprint)) return binary;
  const others = countingKeys(state).filter(({ fingerprint }) => fingerprint !== anchor.fingerprint);
  return new Uint8Array(Buffer.concat([binary, await keyringOf(others)]));
}

/** The keys that machines should have; an available key is newer than its copy in the record. */
async function publishedOf(state: KeyState | null, own: PublicKey): Promise<PublicKey> {
  if (state === null || !isKnown(state, own.fingerprint)) return own;
  const keys = await Promise.all(
    publishedKeys(state).map(async (key) =>
      key.fingerprint === own.fingerprint
        ? await own.publicKey()
        : { armored: key.public, binary: await keyringOf([key]) },
    ),
  );
  const { signsWith } = await own.publicKey();
  const both = { ...(await oneKeyring(keys)), signsWith };
  return { fingerprint: state.current.fingerprint, publicKey: () => Promise.resolve(both) };
}
