/**
 * Owns gpgv as the second opinion, for signatures openpgp.js lacks the means
 * to check. Reads gpgv's status lines (GnuPG's doc/DETAILS) and nothing it
 * prints for people; gpgv itself applies no policy of age, so this does.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree, tempDir } from '../io/disk.js';
import { onDisk } from '../io/disk-fault.js';
import { run } from '../io/process.js';
import { revocationsIn, rsaLengths, type Revocation } from './key-packets.js';
import { binaryKeyring } from './keys.js';
import { isDatedAhead, keyTime, signatureTime, type Taken } from './taken.js';
import type { JudgedSignature } from './verdict.js';

export interface GpgvRequest {
  /** The signed bytes; the canonical ones for a text signature. */
  data: Uint8Array;
  /** Armored or binary signature file. */
  signature: string | Uint8Array;
  /** Binary or armored. */
  keyring: Uint8Array;
  taken: Taken;
  kind: 'text' | 'detached';
  /** A folder for the three files gpgv needs; they are removed again. */
  scratch: string;
}

/**
 * What gpgv says of a detached signature.
 * @throws LockstepError TOOL_MISSING (package gpgv), KEYRING_INVALID, DISK_*
 */
export async function judgeWithGpgv(request: GpgvRequest): Promise<JudgedSignature[]> {
  const folder = await tempDir(request.scratch, 'gpgv-');
  const files = ['keyring.gpg', 'signature', 'data'].map((name) => join(folder, name));
  try {
    const keyring = await binaryKeyring(request.keyring);
    const contents = [keyring, request.signature, request.data];
    await onDisk('write', folder, async () => {
      for (const [at, file] of files.entries()) await writeFile(file, contents[at]!, { mode: 0o600 });
    });
    const args = ['--status-fd', '1', '--homedir', folder, '--keyring', ...files];
    const { stdout } = await run('gpgv', args, { allowFailure: true });
    const bits = rsaLengths(keyring);
    const revocations = revocationsIn(keyring);
    return readStatus(stdout, {
      ...request,
      rsaBits: (fingerprint) => bits.get(fingerprint),
      revocations: (fingerprint) => revocations.get(fingerprint) ?? [],
    });
  } finally {
    await removeTree(folder);
  }
}

/** MD5, SHA-1, RIPEMD-160 (RFC 9580 section 9.5). */
const weakHashes = new Set(['1', '2', '3']);
/** RSA, ECDSA, EdDSA (RFC 9580 section 9.1). */
const rsa = new Set(['1', '3']);
const curves = new Set(['19', '22']);

export interface StatusContext extends Pick<GpgvRequest, 'taken' | 'kind'> {
  /** The length of an RSA key by its fingerprint; gpgv does not tell it. */
  rsaBits: (fingerprint: string) => number | undefined;
  /** What revokes a key or subkey by its fingerprint; gpgv says that one is revoked, and not since when. */
  revocations: (fingerprint: string) => readonly Revocation[];
}

/** Judges from gpgv's status lines; `[GNUPG:] NEWSIG` begins each signature. Pure. */
export function readStatus(status: string, context: StatusContext): JudgedSignature[] {
  const groups: string[][][] = [];
  for (const line of status.split('\n')) {
    if (!line.startsWith('[GNUPG:] ')) continue;
    const words = line.slice('[GNUPG:] '.length).trim().split(' ');
    if (words[0] === 'NEWSIG') groups.push([]);
    else groups.at(-1)?.push(words);
  }
  return groups.map((group) => judgeGroup(group, context));
}

function judgeGroup(group: string[][], context: StatusContext): JudgedSignature {
  const { taken, kind, rsaBits } = context;
  const line = (keyword: string): string[] | undefined => group.find((words) => words[0] === keyword);
  const holder = ['GOODSIG', 'BADSIG', 'EXPSIG', 'EXPKEYSIG', 'REVKEYSIG', 'ERRSIG'].map(line).find(Boolean);
  const valid = line('VALIDSIG');
  const issuer = holder?.[1] ?? valid?.[1] ?? '';
  const base = { keyId: issuer.toUpperCase().slice(-16), engine: 'gpgv' as const };
  if (line('BADSIG')) return { ...base, result: 'bad', reason: 'it does not match the signed data' };
  const error = line('ERRSIG');
  if (error) {
    // The seventh word is the reason; 9 is a missing key
    return error[6] === '9' || line('NO_PUBKEY')
      ? { ...base, result: 'unknown-key', reason: `key ${base.keyId} is not in the keyring` }
      : { ...base, result: 'unverifiable', reason: 'gpgv cannot check it either' };
  }
  const [, signingKey, , timestamp, expiry, , , keyAlgorithm, hash, signatureClass] = valid ?? [];
  const primary = valid?.[10] ?? signingKey;
  if (signingKey === undefined || primary === undefined || keyAlgorithm === undefined || hash === undefined) {
    return { ...base, result: 'unverifiable', reason: 'gpgv cannot check it either' };
  }
  const created = new Date(Number(timestamp) * 1000);
  const known = { ...base, fingerprint: primary, signingKey, created };
  if (kind === 'text' ? signatureClass !== '01' : signatureClass !== '00' && signatureClass !== '01') {
    return { ...known, result: 'bad', reason: 'it is not a signature for this kind of file' };
  }
  if (isDatedAhead(created, taken)) {
    return { ...known, result: 'bad', reason: 'its date is in the future' };
  }
  const endedItself = line('EXPSIG') !== undefined && expiry === '0';
  if (endedItself || isOver(expiry, signatureTime(created, taken))) {
    return { ...known, result: 'expired', reason: 'the signature has expired' };
  }
  // gpgv judges by the machine's clock, and by that alone; here it is when a key ended that counts
  const at = keyTime(taken) ?? created;
  const revocations = [primary, signingKey].flatMap(context.revocations);
  const isRevoked = line('REVKEYSIG') !== undefined || line('KEYREVOKED') !== undefined;
  if (
    isRevoked &&
    (revocations.length === 0 || revocations.some(({ from }) => from === null || from <= at))
  ) {
    return { ...known, result: 'revoked', reason: 'its key is revoked' };
  }
  const ends = group.filter(([keyword]) => keyword === 'KEYEXPIRED').map(([, seconds]) => seconds);
  if (line('EXPKEYSIG') && (ends.length === 0 || ends.some((end) => isOver(end, at)))) {
    return { ...known, result: 'expired', reason: 'its key has expired' };
  }
  if (!['GOODSIG', 'EXPSIG', 'EXPKEYSIG', 'REVKEYSIG'].some((keyword) => line(keyword))) {
    return { ...known, result: 'unverifiable', reason: 'gpgv does not accept it' };
  }
  const strongKey = curves.has(keyAlgorithm) || (rsa.has(keyAlgorithm) && (rsaBits(signingKey) ?? 0) >= 2047);
  if (weakHashes.has(hash) || !strongKey || (kind === 'detached' && signatureClass === '01')) {
    return { ...known, result: 'weak', reason: 'it is valid, but its algorithms are not known to be strong' };
  }
  return { ...known, result: 'good', reason: `signed by ${primary} (checked by gpgv)` };
}

/** @param end seconds; `0` is never. A value that is not a number counts as ended. */
function isOver(end: string | undefined, at: Date): boolean {
  return end !== '0' && !(Number(end) * 1000 > at.getTime());
}
