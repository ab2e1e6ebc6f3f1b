/**
 * Owns signing with the user's own gpg: its agent asks for the passphrase or
 * the smart card, and no secret comes into this process.
 */
import { asBuffer } from '../deb/bytes.js';
import { LockstepError } from '../errors.js';
import type { RunResult } from '../io/process.js';
import { run, session } from '../io/process.js';
import { signableText, splitClearsigned } from './clearsigned.js';
import { linkPlaces, reachableHome } from './gpg-home.js';
import { dearmor, unixLines } from './keys.js';
import type { Signer } from './signer-port.js';

export interface GpgSignerOptions {
  /**
   * Fingerprint, or another name with which gpg finds exactly one secret key. The fingerprint of a subkey, or
   * any with a trailing `!`, selects the signing key; otherwise gpg uses the newest that can sign.
   */
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
  const home = homedir === undefined ? [] : ['--homedir', await reachableHome(homedir, linkPlaces())];
  const common = ['--batch', '--no-tty', ...home];
  const gpg = (args: string[], input?: Uint8Array): Promise<RunResult> =>
    run(gpgProgram, [...common, ...args], { ...gpgOptions, input });

  const listing = await gpg(['--with-colons', '--list-secret-keys', '--', withoutMark(keyId)]);
  const { fingerprint, subkeys } = onlyKey(listing, keyId);
  const signsWith = signingKeyNamed(keyId, fingerprint);
  const able = signsWith === undefined ? [fingerprint, ...subkeys] : [signsWith];

  const sign = async (args: string[], data: Uint8Array, date: Date): Promise<string> => {
    // Without the mark gpg takes the newest that can sign, whichever of the key's was named (gpg(1))
    const by = ['--local-user', signsWith === undefined ? fingerprint : `${signsWith}!`];
    // The clock comes in as an argument; `!` freezes it (gpg(1))
    const at = ['--faked-system-time', `${Math.floor(date.getTime() / 1000)}!`];
    const result = await gpg([...signingArgs, ...by, ...at, '--output', '-', ...args], data);
    // Type, algorithms, class and date, then which key it was (GnuPG's doc/DETAILS)
    const signer = /^\[GNUPG:\] SIG_CREATED (?:\S+ ){5}([0-9A-F]+)/m.exec(result.stderr)?.[1];
    if (result.exitCode !== 0 || signer === undefined) throw gpgFault(result, signsWith ?? fingerprint);
    if (!able.includes(signer)) {
      throw new LockstepError('SIGN_GPG', {
        message: `gpg signed with ${signer} instead of the requested key: ${able.join(', ')}`,
        where: [{ path: 'signing.key', value: keyId }],
      });
    }
    return unixLines(result.stdout);
  };

  return {
    fingerprint,
    clearsign: async (text, date) => {
      const signable = signableText(text);
      const signed = await sign(['--clearsign'], Buffer.from(signable), date);
      // gpg has its own rules for lines; machines must read exactly the intended text
      if (splitClearsigned(Buffer.from(signed)).text !== signable)
        throw new LockstepError('SIGN_GPG', { message: 'gpg signed another text than the one it received' });
      return signed;
    },
    detached: (data, date) => sign(['--detach-sign'], asBuffer(data), date),
    publicKey: async () => {
      const result = await gpg([...exportArgs, fingerprint]);
      if (result.exitCode !== 0 || result.stdout === '') throw gpgFault(result, fingerprint);
      const armored = unixLines(result.stdout);
      return { armored, binary: await dearmor(armored), signsWith };
    },
  };
}

const signingArgs = ['--status-fd', '2', '--digest-algo', 'SHA512', '--armor'];

/** How gpg gives a public key; its name comes next. */
export const exportArgs = ['--armor', '--export-options', 'export-minimal', '--export', '--'];

/** How every gpg is run: it and pinentry find the user's session, and get no passphrase that is meant for Lockstep. */
export const gpgOptions = {
  allowFailure: true,
  inherit: session,
  debianPackage: 'gnupg',
} as const;

/** What gpg is asked for by, without the mark that says "this very one". */
export function withoutMark(keyId: string): string {
  return keyId.endsWith('!') ? keyId.slice(0, -1) : keyId;
}

/**
 * The key or subkey that is named to sign; undefined where the choice is gpg's.
 * @param fingerprint of the primary key
 */
export function signingKeyNamed(keyId: string, fingerprint: string): string | undefined {
  const named = withoutMark(keyId).toUpperCase();
  if (!/^[0-9A-F]{40}$/.test(named)) return undefined;
  return named !== fingerprint || keyId.endsWith('!') ? named : undefined;
}

/** The one primary key in gpg's machine-readable listing (doc/DETAILS: `fpr` follows its `sec` or `ssb`). */
function onlyKey(listing: RunResult, keyId: string): { fingerprint: string; subkeys: string[] } {
  const rows = listing.stdout.split('\n').map((row) => row.split(':'));
  const of = (kind: string): string[] =>
    rows.flatMap((row, n) => {
      const next = rows[n + 1];
      return row[0] === kind && next?.[0] === 'fpr' && next[9] !== undefined ? [next[9]] : [];
    });
  const fingerprints = of('sec');
  const [only] = fingerprints;
  if (only === undefined)
    throw new LockstepError('SIGN_KEY_MISSING', {
      message: `gpg has no secret key ${keyId}`,
      hint: 'Set signing.key in lockstep.yaml to the fingerprint of a key that gpg --list-secret-keys shows.',
      where: [{ path: 'signing.key', value: keyId }],
    });
  if (fingerprints.length > 1)
    throw new LockstepError('SIGN_KEY_INVALID', {
      message: `gpg has more than one secret key for ${keyId}: ${fingerprints.join(', ')}`,
      hint: 'Set signing.key in lockstep.yaml to the fingerprint of one.',
      where: [{ path: 'signing.key', value: keyId }],
    });
  return { fingerprint: only, subkeys: of('ssb') };
}

/** What gpg printed for people, by lines. */
export function saidByGpg({ stderr }: RunResult): string[] {
  return stderr.split('\n').filter((line) => line !== '' && !line.startsWith('[GNUPG:]'));
}

function gpgFault(result: RunResult, fingerprint: string): LockstepError {
  const said = saidByGpg(result).slice(-3).join('; ');
  return new LockstepError('SIGN_GPG', {
    message: `gpg did not sign with ${fingerprint} (exit status ${result.exitCode}): ${said}`,
    hint: 'Test it with: echo test | gpg --clearsign --local-user <key>. Without a terminal, the agent needs a graphical pinentry or the passphrase in its cache.',
    where: [{ value: fingerprint }],
  });
}
