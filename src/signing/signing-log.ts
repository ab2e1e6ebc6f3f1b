/**
 * Owns the append-only log of the signatures made: one JSON object a line. It
 * must not hold anything secret, and a signature that could not be logged is
 * not handed out.
 */
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ensureDir, sha256Of, withHandle, writeAll } from '../io/disk.js';
import { onDisk } from '../io/disk-fault.js';
import type { Signer } from './signer-port.js';

/** One signature that was made. */
export interface SigningRecord {
  /** What was signed, `InRelease of mediawiki-1.39-stable`. */
  what: string;
  kind: 'clearsigned' | 'detached';
  /** The date the signature carries. */
  when: Date;
  /** Lower-case hex, of the text or bytes as they were given to the signer. */
  sha256: string;
  /** Fingerprint of the key. */
  key: string;
}

/** A record as one line, without its line end; line ends inside of `what` are escaped. Pure. */
export function formatSigningRecord(record: SigningRecord): string {
  const { what, kind, when, sha256, key } = record;
  return JSON.stringify({ when: when.toISOString(), what, kind, sha256, key });
}

/**
 * Appends a record and waits until it is on the disk.
 * @param file as `.lockstep/signing.log`; made with mode 0600 when missing
 * @throws LockstepError DISK_FULL, DISK_IO
 */
export async function appendSigningRecord(file: string, record: SigningRecord): Promise<void> {
  await ensureDir(dirname(file));
  const append = async (handle: FileHandle): Promise<void> => {
    await writeAll(handle, Buffer.from(`${formatSigningRecord(record)}\n`));
    await handle.sync();
  };
  await onDisk('write', file, () => withHandle(file, 'a', append, 0o600));
}

/** The same signer, each of whose signatures is recorded before anyone gets it. */
export function loggedSigner(signer: Signer, record: (made: SigningRecord) => Promise<void>): Signer {
  const key = signer.fingerprint;
  return {
    fingerprint: key,
    clearsign: async (text, date, what = 'text') => {
      const signed = await signer.clearsign(text, date, what);
      await record({ what, kind: 'clearsigned', when: date, sha256: sha256Of(text), key });
      return signed;
    },
    detached: async (data, date, what = 'data') => {
      const signature = await signer.detached(data, date, what);
      await record({ what, kind: 'detached', when: date, sha256: sha256Of(data), key });
      return signature;
    },
    publicKey: () => signer.publicKey(),
  };
}
