/**
 * Owns the files a secret is in: reading and writing the private key, finding
 * the passphrase. It keeps both from being read by others or overwritten, and
 * must not interpret a key.
 */
import { constants } from 'node:fs';
import { link, open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { counted } from '../counted.js';
import { LockstepError } from '../errors.js';
import type { ErrorCode } from '../errors.js';
import { ensureDir, exists, syncDir, viaTemporary, writeNew } from '../io/disk.js';
import { notThere, onDisk, onErrno } from '../io/disk-fault.js';

/** Bits of a mode that let anyone but the owner read or change a file. */
const othersBits = 0o077;
/** A key or a passphrase is a few kilobytes; /dev/zero is not a key. */
const largest = 1024 * 1024;

/**
 * The text of a private key file.
 * @throws LockstepError SIGN_KEY_MISSING, SIGN_KEY_MODE, SIGN_KEY_INVALID (too large), DISK_IO
 */
export async function readKeyFile(file: string): Promise<string> {
  return readSecret(file, {
    what: 'The private key',
    missing: 'SIGN_KEY_MISSING',
    hint: 'Create one with `lockstep key generate`, or set signing.keyFile in lockstep.yaml to its path.',
  });
}

/**
 * Writes a private key atomically, mode 0600, and never overwrites an existing file: a lost archive key
 * cannot be replaced on the machines that trust it.
 * @throws LockstepError SIGN_KEY_EXISTS, DISK_FULL, DISK_IO
 */
export async function writeKeyFile(file: string, armored: string): Promise<void> {
  if (await exists(file)) throw keyExists(file);
  await ensureDir(dirname(file), { mode: 0o700 });
  await viaTemporary(file, async (temporary) => {
    await writeNew(temporary, armored, { mode: 0o600 });
    // link(2), not rename(2): it refuses when another run was faster
    const isFirst = await onDisk('write', file, () =>
      link(temporary, file).then(() => true, onErrno(['EEXIST'], false)),
    );
    if (!isFirst) throw keyExists(file);
    await syncDir(dirname(file));
  });
}

/** Where a passphrase may come from. */
export interface PassphraseSources {
  /** `signing.passphraseFile` of the workspace. */
  file?: string | undefined;
  /**
   * The environment; LOCKSTEP_PASSPHRASE takes precedence over LOCKSTEP_PASSPHRASE_FILE, and that over
   * `file`.
   */
  env: Readonly<Record<string, string | undefined>>;
  /** What relative paths are relative to. */
  directory?: string | undefined;
}

/**
 * The passphrase, or nothing where none is configured. Of a file it is the first line.
 * @throws LockstepError SIGN_PASSPHRASE_NEEDED (the file is missing or empty), SIGN_KEY_MODE
 */
export async function passphraseFrom(sources: PassphraseSources): Promise<string | undefined> {
  const { LOCKSTEP_PASSPHRASE: direct, LOCKSTEP_PASSPHRASE_FILE: named } = sources.env;
  if (direct !== undefined && direct !== '') return direct;
  const chosen = named !== undefined && named !== '' ? named : sources.file;
  if (chosen === undefined || chosen === '') return undefined;
  const file = resolve(sources.directory ?? '.', chosen);
  const text = await readSecret(file, {
    what: 'The passphrase file',
    missing: 'SIGN_PASSPHRASE_NEEDED',
    hint: 'Put the passphrase on the first line of that file, or in LOCKSTEP_PASSPHRASE.',
  });
  const [line = ''] = text.split(/\r?\n/, 1);
  if (line === '')
    throw new LockstepError('SIGN_PASSPHRASE_NEEDED', {
      message: `The first line of the passphrase file is empty: ${file}`,
      hint: 'Put the passphrase on the first line of that file, or in LOCKSTEP_PASSPHRASE.',
      where: [{ file, line: 1 }],
    });
  return line;
}

interface Secret {
  what: string;
  missing: ErrorCode;
  hint: string;
}

async function readSecret(file: string, { what, missing, hint }: Secret): Promise<string> {
  return onDisk('read', file, async () => {
    await stat(file).catch((cause: unknown) => {
      notThere(undefined)(cause);
      const message = `${what} does not exist: ${file}`;
      throw new LockstepError(missing, { message, hint, where: [{ file }], cause });
    });
    const handle = await open(file, constants.O_RDONLY);
    try {
      // Of the open file, so that it cannot be exchanged between the look and the read
      const { mode, size } = await handle.stat();
      // A pipe (process substitution, systemd's credentials) has no readers to fear
      const isFile = (mode & constants.S_IFMT) === constants.S_IFREG;
      if (isFile && (mode & othersBits) !== 0)
        throw new LockstepError('SIGN_KEY_MODE', {
          message: `Others can read ${what}: ${file} has mode ${(mode & 0o7777).toString(8).padStart(4, '0')}`,
          hint: `Run: chmod 600 ${file}`,
          where: [{ file }],
        });
      if (size > largest)
        throw new LockstepError('SIGN_KEY_INVALID', {
          message: `${what} is too large: ${file} has ${counted(size, 'byte')}`,
          where: [{ file }],
        });
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  });
}

function keyExists(file: string): LockstepError {
  return new LockstepError('SIGN_KEY_EXISTS', {
    message: `A key already exists: ${file}`,
    hint: 'Machines trust that key. To replace it, first publish the new keyring, then move the file away yourself.',
    where: [{ file }],
  });
}
