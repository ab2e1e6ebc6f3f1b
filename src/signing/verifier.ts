/**
 * Owns the question "who signed exactly these bytes?", for files of others and
 * for our own. openpgp.js answers in process, gpgv where that cannot. It must
 * not fetch anything, keep keyrings, or decide whether to go on: a caller that
 * needs proof uses what throws, or {@link assertGood}.
 */
import { tmpdir } from 'node:os';
import { LockstepError } from '../errors.js';
import { asBuffer, collect, type ByteSource } from '../deb/bytes.js';
import { splitClearsigned } from './clearsigned.js';
import { judgeWithGpgv, type GpgvRequest } from './gpgv.js';
import type { Judgement } from './judgement.js';
import { judgeSignature } from './judgement.js';
import { dearmor, isBinary, parseKeyring } from './keys.js';
import { errorText, laxConfig, loadOpenpgp } from './openpgp.js';
import type { Taken } from './taken.js';
import type { JudgedSignature, Verdict } from './verdict.js';
import { assertGood, combineJudgements } from './verdict.js';

export { assertGood } from './verdict.js';
export type { KeyEnds, Taken } from './taken.js';
export type { JudgedSignature, SignatureResult, Verdict } from './verdict.js';

export interface VerifyOptions {
  /** Whether it comes in now or was recorded: at which time its key is judged. */
  taken: Taken;
  /** What is verified, for messages: a file name, or `InRelease of bookworm-security`. */
  subject?: string;
  /** Where gpgv's files may be put for a moment, if it is asked. Default: the system's folder for such. */
  scratch?: string;
}

/** Who vouches for a text: a primary key's fingerprint, and its end. */
export type SignedBy = Required<Pick<JudgedSignature, 'fingerprint'>> & Pick<JudgedSignature, 'keyEnds'>;

export interface VerifiedText {
  /** Exactly the signed text; lines end with LF, the last one too. Nothing else of the file. */
  text: string;
  /** Those whose signatures are good; at least one. */
  signers: SignedBy[];
  /** All signatures, also by keys that are not in the keyring. */
  signatures: JudgedSignature[];
}

/** No archive signs with more keys than this; each costs time before anything is known to be genuine. */
const mostSignatures = 32;

/**
 * Verifies a clearsigned file (InRelease, .dsc) as apt does: at least one good
 * signature, and none that does not hold.
 * @param keyring binary or armored public keys
 * @throws LockstepError VERIFY_NO_SIGNATURE, VERIFY_MALFORMED, VERIFY_BAD_SIGNATURE, VERIFY_WEAK_SIGNATURE,
 * VERIFY_UNKNOWN_KEY, KEYRING_INVALID
 */
export async function verifyClearsigned(
  file: string | Uint8Array,
  keyring: Uint8Array,
  options: VerifyOptions,
): Promise<VerifiedText> {
  const { text, canonical, signature } = splitClearsigned(asBuffer(file), options.subject);
  const signatures = await judgeAll({ data: canonical, signature, keyring, kind: 'text', options });
  assertGood(combineJudgements(signatures), options.subject ?? 'the clearsigned text');
  const good = signatures.filter(({ result }) => result === 'good');
  return {
    text,
    signers: good.flatMap(({ fingerprint, keyEnds }) =>
      fingerprint === undefined ? [] : [{ fingerprint, ...(keyEnds === undefined ? {} : { keyEnds }) }],
    ),
    signatures,
  };
}

/**
 * Judges a detached signature (an upstream's `.asc`, Release.gpg, a snapshot's).
 * Does not throw for a signature that is not good: read `result`, or pass it to
 * {@link assertGood}.
 * @param data the signed file; a stream is collected in memory
 * @param signature armored or binary
 * @param keyring binary or armored; several armored blocks are fine
 * @throws LockstepError KEYRING_INVALID, or what the stream throws
 */
export async function verifyDetached(
  data: ByteSource,
  signature: string | Uint8Array,
  keyring: Uint8Array,
  options: VerifyOptions,
): Promise<Verdict> {
  const bytes = await collect(data);
  return combineJudgements(await judgeAll({ data: bytes, signature, keyring, kind: 'detached', options }));
}

interface Question extends Omit<GpgvRequest, 'taken' | 'scratch'> {
  options: VerifyOptions;
}

async function judgeAll(question: Question): Promise<JudgedSignature[]> {
  const { data, kind, options } = question;
  const keys = await parseKeyring(
    question.keyring,
    options.subject && `The keyring for ${options.subject}`,
  ).catch((error: unknown) => {
    // gpgv may read what openpgp.js does not; a keyring that neither reads is the fault it says it is
    if (error instanceof LockstepError) return error;
    throw error;
  });
  if (keys instanceof LockstepError) {
    const second = await secondOpinion(question);
    if (second.every(({ result }) => result === 'unknown-key')) throw keys;
    return second;
  }

  const openpgp = await loadOpenpgp();
  let judgements: Judgement[];
  try {
    const binarySignature = await signaturePackets(question.signature);
    const read = await openpgp.readSignature({ binarySignature, config: laxConfig(openpgp) });
    const packets = read.packets.filter((packet) => packet instanceof openpgp.SignaturePacket);
    if (packets.length === 0) throw new Error('no signature of a version that openpgp.js supports');
    if (packets.length > mostSignatures) {
      return [unreadable(`it contains more than ${mostSignatures} signatures`)];
    }
    const context = { openpgp, keys, data, kind, taken: options.taken };
    judgements = await Promise.all(packets.map((packet) => judgeSignature(packet, context)));
  } catch (error) {
    const second = await secondOpinion(question);
    return second.length > 0 ? second : [unreadable(`it cannot be read: ${errorText(error)}`)];
  }
  const first = judgements.map(({ signature }) => signature);
  if (!judgements.some(({ askGpgv }) => askGpgv)) return first;

  const second = await secondOpinion(question);
  return judgements.map(({ signature, askGpgv }) => {
    if (!askGpgv) return signature;
    const same = second.filter(
      ({ keyId, created }) =>
        keyId === signature.keyId &&
        (created === undefined || created.getTime() === signature.created?.getTime()),
    );
    // Two signatures that cannot be told apart: neither profits from the other
    return same.length === 1 ? (same[0] ?? signature) : signature;
  });
}

/** gpgv's judgement, or none at all where it is not installed. */
async function secondOpinion(question: Question): Promise<JudgedSignature[]> {
  const { options, ...request } = question;
  try {
    return await judgeWithGpgv({ ...request, taken: options.taken, scratch: options.scratch ?? tmpdir() });
  } catch (error) {
    if (error instanceof LockstepError && error.code === 'TOOL_MISSING') return [];
    throw error;
  }
}

/** Signature files are armored (.asc, Release.gpg) or binary (.sig). */
async function signaturePackets(signature: string | Uint8Array): Promise<Uint8Array> {
  const bytes = asBuffer(signature);
  if (isBinary(bytes)) return bytes;
  const text = bytes.toString('latin1');
  const blocks = text.match(/^-----BEGIN PGP [A-Z ]+-----\r?$/gm) ?? [];
  if (blocks.length !== 1 || blocks[0]?.trim() !== '-----BEGIN PGP SIGNATURE-----') {
    throw new Error('it is not a single PGP SIGNATURE block');
  }
  return dearmor(text);
}

function unreadable(reason: string): JudgedSignature {
  return { result: 'unverifiable', reason, keyId: '', engine: 'openpgp' };
}
