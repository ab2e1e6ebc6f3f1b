/**
 * Converts git's messages about a failed fetch to LockstepErrors. Lines that begin with `remote:` come from the server
 * and are ignored. Pure.
 */
import { shownName } from '../../deb/member-name.js';
import { LockstepError, type ErrorCode } from '../../errors.js';
import { netFault, StatusError } from '../../io/http-fault.js';
import type { RunResult } from '../../io/process.js';
import { damagedObject, type ObjectId } from './git-object.js';

/** How a run of git ended. */
type GitEnd = Pick<RunResult, 'stderr' | 'endedBy'>;

type Reading = (found: RegExpExecArray, url: string, want: ObjectId | undefined) => LockstepError;

/** Patterns in git's output. The first match decides the fault. */
const readings: readonly (readonly [RegExp, Reading])[] = [
  [/^(?:fatal|error): (?:protocol error: )?remote error: (.*)/m, saidByServer],
  [
    /^error: Server does not allow request for unadvertised object.*/m,
    ([said], url, want) => unknownCommit(url, want, said),
  ],
  // The server requires a credential, or refused the one that it got: git must not prompt
  [
    /^fatal: (?:could not read (?:Username|Password) for|Authentication failed for)/m,
    (_, url) => new StatusError(url, 401),
  ],
  [
    /^fatal: repository '.*' not found|does not appear to be a git repository|^ERROR: Repository not found/m,
    (_, url) => new StatusError(url, 404),
  ],
  [
    /^(?:fatal|error): .*(?:returned error:|RPC failed; HTTP) (\d{3})/m,
    ([, status], url) => new StatusError(url, Number(status)),
  ],
  [
    /^(?:fatal|error): .*(?:curl 28 |Operation too slow|timed out)/m,
    (_, url) => netFault('NET_STALLED', url, 'Too little data arrived for too long'),
  ],
  [
    /^error: RPC failed; curl (?:18|55|56|92) (.*)/m,
    ([, said], url) => netFault('NET_TRUNCATED', url, `The connection broke (${shownName(said!)})`),
  ],
  [
    /^(?:fatal: unable to access '[^']*'|error: RPC failed; curl \d+): ?(.*)/m,
    ([, said], url) => unreachable(url, said!, /certificate|SSL|TLS|GnuTLS/i.test(said!)),
  ],
  [
    /^Host key verification failed\.|^No \w+ host key is known for/m,
    (_, url) =>
      unreachable(url, 'its host key is not in your known_hosts file, or differs from the one there', true),
  ],
  [/^(?:\S+: )?Permission denied \(.*\)/m, (_, url) => noKey(url)],
  [
    /^(?:ssh: |kex_exchange|Connection |client_loop: |Timeout, server )(.*)/m,
    ([said], url) => unreachable(url, said, false),
  ],
  [
    /No space left on device/,
    (_, url) =>
      new LockstepError('DISK_FULL', {
        message: `The disk is full: ${url} could not be fetched`,
        hint: 'Free some space, then run the command again',
      }),
  ],
  [
    /died of signal 25|File too large/,
    (_, url) => netFault('NET_TOO_LARGE', url, 'Its pack is larger than the limit'),
  ],
  [
    /[Oo]ut of memory|mmap failed|Cannot allocate memory/,
    (_, url) => netFault('NET_TOO_LARGE', url, 'Its objects need more memory than git may use'),
  ],
  [
    /^(?:error|fatal): (?:error in )?object [0-9a-f]{40}: (\w+): (.*)/m,
    ([, id, said], url) => badObject(url, id!, said!),
  ],
  [
    /did not send all necessary objects|^(?:error|fatal): bad object/m,
    (_, url, want) => damagedObject(`The object ${want} of ${url}`, 'it is missing'),
  ],
  [
    /early EOF|hung up|unexpected (?:EOF|disconnect)|expected flush|premature end|expected .* after ref listing/i,
    (_, url) => notGit(url, 'it is truncated'),
  ],
];

/**
 * The fault with which a run of git ended.
 * @param want the requested commit or tag
 */
export function gitFault(
  url: string,
  want: ObjectId | undefined,
  { stderr, endedBy }: GitEnd,
): LockstepError {
  if (endedBy === 'SIGXFSZ') return netFault('NET_TOO_LARGE', url, 'Its pack is larger than the limit');
  // run() ends a program whose output exceeds maxOutput
  if (endedBy === 'SIGTERM') return netFault('NET_TOO_LARGE', url, 'Its output is larger than the limit');
  const all = stderr.split(/[\r\n\0]+/).filter((line) => line.trim() !== '');
  const lines = all.filter((line) => !line.startsWith('remote:'));
  const said = lines.join('\n');
  for (const [spec, reading] of readings) {
    const found = spec.exec(said);
    if (found !== null) return reading(found, url, want);
  }
  // A server that gives up sends a reason instead of a pack
  const last = said.includes('bad pack header')
    ? all.map((line) => /^remote: ((?:fatal: |error: |aborting ).*)/.exec(line)).find((line) => line !== null)
    : undefined;
  if (last) return saidByServer(last, url, want);
  const told = lines.find((line) => /^(?:fatal|error): /.test(line)) ?? lines[0] ?? `ended by ${endedBy}`;
  return notGit(url, shownName(told.replace(/^(?:fatal|error): /, '')));
}

/** The fault that an answer does not come from a git server. */
export function notGit(from: string, why: string): LockstepError {
  return new LockstepError('SOURCE_GIT_DAMAGED', {
    message: `The answer of ${from} is not a valid answer of git: ${why}`,
    hint: 'Check the address: it must name the repository itself. Run the command again; Lockstep kept nothing of this answer',
    where: [{ value: from }],
  });
}

function saidByServer([, said]: RegExpExecArray, url: string, want: ObjectId | undefined): LockstepError {
  if (/not our ref|unadvertised|not valid/.test(said!)) return unknownCommit(url, want, said!);
  return new LockstepError('NET_STATUS', {
    message: `The server of ${url} refused: ${shownName(said!.trim())}`,
    hint: 'Try again later; ask the owner of the server if this continues',
    where: [{ value: url }],
  });
}

function unknownCommit(url: string, want: ObjectId | undefined, said: string): LockstepError {
  return new LockstepError('SOURCE_REF_UNKNOWN', {
    message: `The server of ${url} does not give the commit ${want} (${shownName(said.trim())})`,
    hint: 'Either the repository has no such commit, or its server allows only tags and branches (uploadpack.allowReachableSHA1InWant)',
    where: [{ value: url }],
  });
}

/**
 * @param forGood whether the fault is permanent, so that another try does not help: see isTransient in
 * src/io/http-fault.ts
 */
function unreachable(url: string, said: string, forGood: boolean): LockstepError {
  const cause = forGood ? Object.assign(new Error(said), { code: 'ERR_TLS_PEER' }) : undefined;
  return netFault('NET_UNREACHABLE', url, `Could not reach the server (${shownName(said)})`, cause);
}

function noKey(url: string): LockstepError {
  return new LockstepError('NET_STATUS', {
    message: `The server of ${url} accepts none of the keys that ssh offers`,
    hint: 'Add a key that it knows to your ssh agent (ssh-add), or name the key in ~/.ssh/config. ssh cannot ask for a passphrase here',
    where: [{ value: url }],
  });
}

/** A damaged object, reported with the name of the fault in git-fsck(1). */
function badObject(url: string, id: string, said: string): LockstepError {
  const code: ErrorCode = /^(?:hasDot|hasDotdot|hasDotgit|fullPathname|emptyName|gitmodulesPath)$/.test(id)
    ? 'DEB_UNSAFE_NAME'
    : id.startsWith('gitmodules')
      ? 'SOURCE_SUBMODULE'
      : 'SOURCE_GIT_DAMAGED';
  return new LockstepError(code, {
    message: `git refuses an object of ${url}: ${shownName(said)} (${id})`,
    hint: 'Do not use this repository; tell its owner (git fsck)',
    where: [{ value: url }],
  });
}
