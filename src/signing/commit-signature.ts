/**
 * Signing a git commit as git would: with the gpg and the key of whoever makes
 * it, which need not be the archive's. Git's other ways (SSH, X.509) are not
 * known here.
 */
import { LockstepError } from '../errors.js';
import type { CommitSigning } from '../io/commit.js';
import { run } from '../io/process.js';
import { gpgOptions, saidByGpg } from './gpg-signer.js';
import { unixLines } from './keys.js';

/**
 * The armored signature of a commit (git-commit(1), `--gpg-sign`).
 *
 * @throws LockstepError SIGN_GPG, TOOL_MISSING (package gnupg)
 */
export async function commitSignature(payload: string, signing: CommitSigning): Promise<string> {
  const { format, program, key } = signing;
  if (format !== 'openpgp') {
    throw new LockstepError('SIGN_GPG', {
      message: `git's commit.gpgSign requires a signature in the format ${format}; Lockstep signs commits only with gpg`,
      hint: 'Set gpg.format to openpgp for this repository, or commit yourself and set snapshots.commit to false',
    });
  }
  const result = await run(program, ['--status-fd=2', '-bsau', key], {
    ...gpgOptions,
    input: Buffer.from(payload),
  });
  if (result.exitCode === 0 && /^\[GNUPG:\] SIG_CREATED /m.test(result.stderr))
    return unixLines(result.stdout);
  const said = saidByGpg(result);
  throw new LockstepError('SIGN_GPG', {
    message: `git's commit.gpgSign requires a signature by ${key}, but ${program} made none: ${said.at(-1) ?? `it ended with ${result.exitCode}`}`,
    hint: 'Test it with: git commit -S. Or disable commit.gpgSign for this repository',
  });
}
