/**
 * Owns gpgv as the second opinion, for signatures openpgp.js lacks the means
 * to check. Reads gpgv's status lines (GnuPG's doc/DETAILS) and nothing it
 * prints for people; gpgv itself applies no policy of age, so this does.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onDisk, removeTree, tempDir } from '../io/disk.js';
import { run } from '../io/process.js';
import { futureToleranceMs } from './judgement.js';
import { rsaLengths } from './key-packets.js';
import { binaryKeyring } from './keys.js';
import type { JudgedSignature } from './verdict.js';

export interface GpgvRequest {
  /** The signed bytes; the canonical ones for a text signature. */
  data: Uint8Array;
  /** Armored or binary signature file. */
  signature: string | Uint8Array;
  /** Binary or armored. */
  keyring: Uint8Array;
  /** Our clock: signatures dated after it are bad. */
  date: Date;
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
  const files = {
    keyring: join(folder, 'keyring.gpg'),
    signature: join(folder, 'signature'),
    data: join(folder, 'data'),
  };
  try {
    const keyring = await binaryKeyring(request.keyring);
    await onDisk('write', folder, async () => {
      await writeFile(files.keyring, keyring, { mode: 0o600 });
      await writeFile(files.signature, request.signature, { mode: 0o600 });
      await writeFile(files.data, request.data, { mode: 0o600 });
    });
    const { stdout } = await run(
      'gpgv',
      ['--status-fd', '1', '--homedir', folder, '--keyring', files.keyring, files.signature, files.data],
      { allowFailure: true },
    );
    const bits = rsaLengths(keyring);
    return readStatus(stdout, { ...request, rsaBits: (fingerprint) => bits.get(fingerprint) });
  } finally {
    await removeTree(folder);
  }
}

/** MD5, SHA-1, RIPEMD-160 (RFC 9580 section 9.5). */
const weakHashes = new Set(['1', '2', '3']);
/** RSA, ECDSA, EdDSA (RFC 9580 section 9.1). */
const rsa = new Set(['1', '3']);
const curves = new Set(['19', '22']);

export interface StatusContext extends Pick<GpgvRequest, 'date' | 'kind'> {
  /** The length of an RSA key by its fingerprint; gpgv does not tell it. */
  rsaBits: (fingerprint: string) => number | undefined;
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

function judgeGroup(group: string[][], { date, kind, rsaBits }: StatusContext): JudgedSignature {
  const line = (keyword: string): string[] | undefined => group.find((words) => words[0] === keyword);
  const holder = ['GOODSIG', 'BADSIG', 'EXPSIG', 'EXPKEYSIG', 'REVKEYSIG', 'ERRSIG'].map(line).find(Boolean);
  const valid = line('VALIDSIG');
  const issuer = holder?.[1] ?? valid?.[1] ?? '';
  const base = { keyId: issuer.toUpperCase().slice(-16), engine: 'gpgv' as const };
  if (line('BADSIG')) return { ...base, result: 'bad', reason: 'it does not match what it signs' };
  const error = line('ERRSIG');
  if (error) {
    // The seventh word is the reason; 9 is a missing key
    return error[6] === '9' || line('NO_PUBKEY')
      ? { ...base, result: 'unknown-key', reason: `key ${base.keyId} is not in the keyring` }
      : { ...base, result: 'unverifiable', reason: 'gpgv cannot check it either' };
  }
  const [, signingKey, , timestamp, , , , keyAlgorithm, hash, signatureClass] = valid ?? [];
  const primary = valid?.[10] ?? signingKey;
  if (signingKey === undefined || primary === undefined || keyAlgorithm === undefined || hash === undefined) {
    return { ...base, result: 'unverifiable', reason: 'gpgv cannot check it either' };
  }
  const created = new Date(Number(timestamp) * 1000);
  const known = { ...base, fingerprint: primary, signingKey, created };
  if (kind === 'text' ? signatureClass !== '01' : signatureClass !== '00' && signatureClass !== '01') {
    return { ...known, result: 'bad', reason: 'it is not a signature of this kind of file' };
  }
  if (!(created.getTime() <= date.getTime() + futureToleranceMs)) {
    return { ...known, result: 'bad', reason: 'it is dated in the future' };
  }
  if (line('REVKEYSIG')) return { ...known, result: 'revoked', reason: 'its key is revoked' };
  if (line('EXPSIG')) return { ...known, result: 'expired', reason: 'the signature has expired' };
  if (line('EXPKEYSIG')) return { ...known, result: 'expired', reason: 'its key has expired' };
  if (!line('GOODSIG')) {
    return { ...known, result: 'unverifiable', reason: 'gpgv does not call it good' };
  }
  const strongKey = curves.has(keyAlgorithm) || (rsa.has(keyAlgorithm) && (rsaBits(signingKey) ?? 0) >= 2047);
  if (weakHashes.has(hash) || !strongKey || (kind === 'detached' && signatureClass === '01')) {
    return { ...known, result: 'weak', reason: 'it holds, but its algorithms are not known to be strong' };
  }
  return { ...known, result: 'good', reason: `signed by ${primary} (checked by gpgv)` };
}
