/**
 * A repository on a server, read with the system's git. Before git starts, Lockstep's HTTP client finds the final
 * address and the credential. So redirects within the host, proxies, retries and the first refusal work for git as for
 * all other downloads. git gets the final address and follows no redirect. Must not read objects.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { counted } from '../../counted.js';
import { LockstepError } from '../../errors.js';
import { lookAt, removeTree } from '../../io/disk.js';
import { onDisk } from '../../io/disk-fault.js';
import { netFault, StatusError } from '../../io/http-fault.js';
import type { RunResult } from '../../io/process.js';
import type { Item } from '../../io/progress.js';
import { sessionOf, type SourceContext } from '../source-context.js';
import type { RemoteAddress } from './address.js';
import { credentialFor, type Credential } from './credentials.js';
import { gitFault, notGit } from './git-fault.js';
import type { ObjectId } from './git-object.js';
import { refsIn, type Ref, type RefKind } from './ref-names.js';
import { deadlineMs } from '../../io/least-rate.js';
import { gitLimits, runGit } from './system-git.js';

export interface Remote extends RemoteAddress {
  /** Whether the profile itself names this server. */
  named: boolean;
}

/** The address and the credential that git gets. */
interface Access {
  url: string;
  credential: Credential | null;
}

/** Bytes that git may print. A million refs fit into a listing. A fetch prints only progress and messages. */
const mostOutput = { listing: 256 * 1024 * 1024, fetch: 4 * 1024 * 1024 };
/** Bytes of all files that a fetch may write. */
const largestFetch = 2 * gitLimits.fileSize;
/** Milliseconds. A loaded machine can take seconds to start git. */
const shortestStall = 5_000;
/** So many times the stall limit a server may take for the list of refs or to prepare a pack; the least rate follows. */
const longestPreparation = 20;

/** The server's refs of one kind. @throws LockstepError NET_*, SOURCE_GIT_DAMAGED, TOOL_MISSING, INTERRUPTED */
export async function remoteRefs(remote: Remote, kind: RefKind, context: SourceContext): Promise<Ref[]> {
  // No git folder: a repository in the working folder must not change the result
  const { stdout } = await ask(
    remote,
    (url) => ['--git-dir=/dev/null', 'ls-remote', `--${kind}`, url],
    context,
  );
  return refsIn(stdout, remote.url);
}

/** What a fetch requests, and where it writes. */
export interface Fetching {
  /** A commit or annotated tag. */
  want: ObjectId;
  /** Recreated for each try. */
  gitdir: string;
  /** Receives the number of bytes as they arrive. */
  item: Item;
}

const fetchOptions = [
  '--progress',
  '--no-tags',
  '--no-write-fetch-head',
  '--no-auto-maintenance',
  '--no-recurse-submodules',
];

/**
 * Fetches one commit and its tree. If the server supports it, it fetches no history.
 * @returns whether the history was left out
 * @throws LockstepError SOURCE_REF_UNKNOWN (the server does not provide that commit), NET_*, SOURCE_GIT_DAMAGED,
 * SOURCE_SUBMODULE and DEB_UNSAFE_NAME (git's own checks), TOOL_MISSING, DISK_*, INTERRUPTED
 */
export async function fetchCommit(
  remote: Remote,
  fetching: Fetching,
  context: SourceContext,
): Promise<{ shallow: boolean }> {
  const { gitdir, want } = fetching;
  const fetch = async (...depth: string[]): Promise<RunResult> =>
    await ask(
      remote,
      (url) => [`--git-dir=${gitdir}`, 'fetch', ...fetchOptions, ...depth, url, want],
      context,
      fetching,
    );
  const { exitCode } = await fetch('--depth=1');
  if (exitCode !== 0) await fetch();
  return { shallow: exitCode === 0 };
}

const cannotBeShallow = /^fatal: Server does not support shallow (?:clients|requests)$/m;

/**
 * Runs git on the server's repository. A result with a non-zero exit status means that the server cannot leave out the
 * history.
 */
async function ask(
  remote: Remote,
  args: (url: string) => readonly string[],
  context: SourceContext,
  fetching?: Fetching,
): Promise<RunResult> {
  const { url, protocol, named } = remote;
  const access: Access =
    protocol === 'ssh'
      ? { url, credential: null }
      : await sessionOf(context).once(`git-server:${named}:${url}`, () => findServer(remote, context));
  return await context.http.retried(url, context.signal, async () => {
    for (;;) {
      if (fetching !== undefined) await emptyRepository(fetching.gitdir);
      const watch = watched(url, context, fetching);
      const result = await runGit(args(access.url), context, {
        env: environmentFor(protocol, access, context),
        group: true,
        maxOutput: fetching === undefined ? mostOutput.listing : mostOutput.fetch,
        ...watch.options,
      }).finally(() => watch.stop());
      if (result.exitCode === 0 || cannotBeShallow.test(result.stderr)) return result;
      await answerRefusal(gitFault(url, fetching?.want, result), access, remote, context);
    }
  });
}

/** Creates an empty repository: only the files that git requires, and nothing from a template. */
async function emptyRepository(gitdir: string): Promise<void> {
  await removeTree(gitdir);
  await onDisk('make', gitdir, async () => {
    await mkdir(join(gitdir, 'objects'), { recursive: true });
    await mkdir(join(gitdir, 'refs'));
    await writeFile(join(gitdir, 'HEAD'), 'ref: refs/heads/none\n');
    await writeFile(join(gitdir, 'config'), '[core]\n\trepositoryformatversion = 0\n\tbare = true\n');
  });
}

/**
 * The settings of the connection. They contain a secret, so they are in the environment and not on a command line or on
 * the disk.
 */
function environmentFor(
  protocol: RemoteAddress['protocol'],
  { url, credential }: Access,
  context: SourceContext,
): Record<string, string> {
  const seconds = Math.ceil(context.http.stallMs / 1000);
  if (protocol === 'ssh') {
    const agent = context.env?.['SSH_AUTH_SOCK'];
    return {
      GIT_ALLOW_PROTOCOL: protocol,
      GIT_SSH_VARIANT: 'ssh',
      GIT_SSH_COMMAND: [
        'ssh',
        ...sshOptions,
        `ConnectTimeout=${seconds}`,
        `ServerAliveInterval=${seconds}`,
      ].join(' -o '),
      ...(agent ? { SSH_AUTH_SOCK: agent } : {}),
    };
  }
  const settings = {
    'http.followRedirects': 'false',
    'http.lowSpeedLimit': '1',
    'http.lowSpeedTime': `${seconds}`,
    'http.proxy': context.http.proxyFor(url)?.href ?? '',
    'http.proxyAuthMethod': 'basic',
    ...(credential === null
      ? {}
      : { [`http.${url}.extraHeader`]: `Authorization: ${credential.authorization}` }),
  };
  const pairs = Object.entries(settings).flatMap(([key, value], nth) => [
    [`GIT_CONFIG_KEY_${nth}`, key],
    [`GIT_CONFIG_VALUE_${nth}`, value],
  ]);
  return {
    // The server may have redirected http to https
    GIT_ALLOW_PROTOCOL: new URL(url).protocol.slice(0, -1),
    GIT_CONFIG_COUNT: `${pairs.length / 2}`,
    ...(Object.fromEntries(pairs) as Record<string, string>),
  };
}

/** ssh does not prompt, accepts only known host keys, adds none, and forwards nothing of this machine to the server. */
const sshOptions = [
  'BatchMode=yes',
  'StrictHostKeyChecking=yes',
  'UpdateHostKeys=no',
  'ForwardAgent=no',
  'ForwardX11=no',
  'ClearAllForwardings=yes',
  'PermitLocalCommand=no',
  'ServerAliveCountMax=1',
];

/** Ends a run that makes no progress or fills the disk, and reports the received bytes to the item. */
function watched(
  url: string,
  context: SourceContext,
  fetching: Fetching | undefined,
): { options: { signal: AbortSignal; onStderr: (bytes: number) => void }; stop: () => void } {
  const ended = new AbortController();
  const stallMs = Math.max(context.http.stallMs, shortestStall);
  const began = performance.now();
  let printed = 0;
  let size = 0;
  let seen = '';
  let since = began;
  const look = async (): Promise<void> => {
    const found = fetching === undefined ? undefined : await sizeOf(fetching.gitdir);
    fetching?.item.advance(Math.max(found!.bytes - size, 0));
    size = found?.bytes ?? 0;
    const late = deadlineMs(size, longestPreparation, { leastRate: context.http.leastRate, spanMs: stallMs });
    if (performance.now() - began > late && found?.isWhole !== true)
      ended.abort(
        netFault('NET_STALLED', url, `Only ${counted(size, 'byte')} arrived in ${Math.round(late / 1000)} s`),
      );
    if (size > largestFetch) {
      ended.abort(netFault('NET_TOO_LARGE', url, `It is larger than the limit of ${largestFetch} bytes`));
    }
    const now = `${printed} ${size}`;
    // After the pack has arrived, only git works, so the server cannot stall
    if (now !== seen || found?.isWhole === true) since = performance.now();
    seen = now;
    if (performance.now() - since > stallMs) {
      ended.abort(netFault('NET_STALLED', url, `No data arrived for ${stallMs / 1000} s`));
    }
  };
  const timer = setInterval(() => void look().catch(() => undefined), 250);
  const signals = context.signal === undefined ? [] : [context.signal];
  return {
    options: { signal: AbortSignal.any([ended.signal, ...signals]), onStderr: (bytes) => (printed += bytes) },
    stop: () => clearInterval(timer),
  };
}

async function sizeOf(gitdir: string): Promise<{ bytes: number; isWhole: boolean }> {
  const names = await readdir(join(gitdir, 'objects'), { recursive: true });
  const found = await Promise.all(names.map((name) => lookAt(join(gitdir, 'objects', name))));
  return {
    bytes: found.reduce((sum, one) => sum + (one?.size ?? 0), 0),
    isWhole: names.some((name) => name.endsWith('.idx')),
  };
}

const service = 'git-upload-pack';

/** The repository's address after redirects within its host, and the credential that the server requires. */
async function findServer(remote: Remote, context: SourceContext): Promise<Access> {
  const tail = `/info/refs?service=${service}`;
  const access: Access = { url: remote.url, credential: null };
  for (;;) {
    const { credential } = access;
    const headers = {
      'git-protocol': 'version=2',
      ...(credential === null ? {} : { authorization: credential.authorization }),
    };
    const options = { signal: context.signal, headers, sameHost: true };
    try {
      const url = await context.http.use(remote.url + tail, options, async (answer) => {
        answer.discard();
        await credential?.settle(true);
        const type = answer.headers['content-type']?.split(';', 1)[0]?.trim();
        if (type !== `application/x-${service}-advertisement`)
          throw notGit(remote.url, `its type is ${type ?? 'missing'}, not the list of a repository`);
        if (!answer.url.endsWith(tail)) throw notGit(remote.url, 'it redirects to something else');
        return answer.url.slice(0, -tail.length);
      });
      return { url, credential };
    } catch (error) {
      await answerRefusal(error, access, remote, context);
    }
  }
}

/** If a server requires authentication, adds a credential to try once; throws every other error. */
async function answerRefusal(
  error: unknown,
  access: Access,
  { url, named }: Remote,
  context: SourceContext,
): Promise<void> {
  if (!(error instanceof StatusError) || ![401, 403, 404].includes(error.status)) throw error;
  if (error.status === 404) throw missing(url, error);
  const { credential } = access;
  if (error.status === 401) await credential?.settle(false);
  const another = error.status === 401 && credential === null;
  access.credential = another ? await credentialFor(access.url, named, context) : null;
  if (access.credential === null) throw noAccess(url, error, credential !== null);
}

function missing(url: string, cause: StatusError): LockstepError {
  return new LockstepError('NET_NOT_FOUND', {
    message: `There is no git repository at ${url}, or reading it requires an account`,
    hint: 'Check the address. Forges give the same answer for a private repository',
    where: [{ value: url }],
    cause,
  });
}

function noAccess(url: string, cause: StatusError, tried: boolean): LockstepError {
  return new LockstepError('NET_STATUS', {
    message: tried
      ? `The server of ${url} rejects the account (status ${cause.status})`
      : `The server of ${url} requires authentication (status ${cause.status}), and there is no account for it`,
    hint: 'Give git a credential for it (git credential approve, or a helper), or set LOCKSTEP_GIT_USERNAME and LOCKSTEP_GIT_TOKEN. Lockstep sends them only over https',
    where: [{ value: url }],
    cause,
  });
}
