/**
 * Owns signing with the user's own gpg: its agent asks for the passphrase or
 * the smart card, and no secret comes into this process.
 */
import { LockstepError } from '../errors.js';
import type { RunResult } from '../io/process.js';
import { run } from '../io/process.js';
import { signableText, splitClearsigned } from './clearsigned.js';
import { dearmor, unixLines } from './keys.js';
import type { Signer } from './signer-port.js';

export interface GpgSignerOptions {
  /** Fingerprint, or anything else by which gpg finds exactly one secret key. */
  keyId: string;
  /** Default: `gpg` from the search path. */
  gpgProgram?: string | undefined;
  /** Default: the user's own. */
  homedir?: string | undefined;
}

/**
 * A signer over the user's gpg.
 * @throws LockstepError SIGN_KEY_MISSING, SIGN_KEY_INVALID (not exactly one key), TOOL_MISSING (package gnupg)
 */
export async function gpgSigner({ keyId, gpgProgram = 'gpg', homedir }: GpgSignerOptions): Promise<Signer> {
  const common = ['--batch', '--no-tty', ...(homedir === undefined ? [] : ['--homedir', homedir])];
  const gpg = (args: string[], input?: Uint8Array): Promise<RunResult> =>
    run(gpgProgram, [...common, ...args], {
      allowFailure: true,
      // gpg's children (pinentry, scdaemon) have no business with a passphrase meant for us
      env: { LOCKSTEP_PASSPHRASE: undefined, LOCKSTEP_PASSPHRASE_FILE: undefined },
      debianPackage: 'gnupg',
      ...(input === undefined ? {} : { input }),
    });

  const listing = await gpg(['--with-colons', '--list-secret-keys', '--', keyId]);
  const fingerprint = onlyFingerprint(listing, keyId);

  const sign = async (args: string[], data: Uint8Array, date: Date): Promise<string> => {
    const seconds = Math.floor(date.getTime() / 1000);
    const result = await gpg(
      [
        '--status-fd',
        '2',
        '--local-user',
        fingerprint,
        '--digest-algo',
        'SHA512',
        '--armor',
        // The clock comes in as an argument; `!` freezes it (gpg(1))
        '--faked-system-time',
        `${seconds}!`,
        '--output',
        '-',
        ...args,
      ],
      data,
    );
    if (result.exitCode !== 0 || !/^\[GNUPG:\] SIG_CREATED /m.test(result.stderr)) {
      throw gpgFault(result, fingerprint);
    }
    return unixLines(result.stdout);
  };

  return {
    fingerprint,
    clearsign: async (text, date) => {
      const signable = signableText(text);
      const signed = await sign(['--clearsign'], new TextEncoder().encode(signable), date);
      // gpg has rules of its own for lines; what machines will read must be what we meant
      if (splitClearsigned(new TextEncoder().encode(signed)).text !== signable)
        throw new LockstepError('SIGN_GPG', { message: 'gpg signed another text than it was given' });
      return signed;
    },
    detached: (data, date) =>
      sign(['--detach-sign'], typeof data === 'string' ? new TextEncoder().encode(data) : data, date),
    publicKey: async () => {
      const result = await gpg([
        '--armor',
        '--export-options',
        'export-minimal',
        '--export',
        '--',
        fingerprint,
      ]);
      if (result.exitCode !== 0 || result.stdout === '') throw gpgFault(result, fingerprint);
      const armored = unixLines(result.stdout);
      return { armored, binary: await dearmor(armored) };
    },
  };
}

/** The one primary key in gpg's machine-readable listing (doc/DETAILS: `fpr` follows its `sec`). */
function onlyFingerprint(listing: RunResult, keyId: string): string {
  const rows = listing.stdout.split('\n').map((row) => row.split(':'));
  const fingerprints = rows.flatMap((row, n) => {
    const next = rows[n + 1];
    return row[0] === 'sec' && next?.[0] === 'fpr' && next[9] !== undefined ? [next[9]] : [];
  });
  const [only] = fingerprints;
  if (only === undefined)
    throw new LockstepError('SIGN_KEY_MISSING', {
      message: `gpg has no secret key ${keyId}`,
      hint: 'gpg --list-secret-keys shows those it has; set signing.key in lockstep.yaml to the fingerprint of one.',
      where: [{ path: 'signing.key', value: keyId }],
    });
  if (fingerprints.length > 1)
    throw new LockstepError('SIGN_KEY_INVALID', {
      message: `gpg has more than one secret key for ${keyId}: ${fingerprints.join(', ')}`,
      hint: 'Set signing.key in lockstep.yaml to the fingerprint of one.',
      where: [{ path: 'signing.key', value: keyId }],
    });
  return only;
}

function gpgFault(result: RunResult, fingerprint: string): LockstepError {
  const said = result.stderr
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('[GNUPG:]'))
    .slice(-3)
    .join('; ');
  return new LockstepError('SIGN_GPG', {
    message: `gpg did not sign with ${fingerprint} (exit status ${result.exitCode}): ${said}`,
    hint: 'Try: echo test | gpg --clearsign --local-user <key>. Without a terminal, the agent needs a graphical pinentry or the passphrase in its cache.',
    where: [{ value: fingerprint }],
  });
}
