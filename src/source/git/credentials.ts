/**
 * Who we are to a git server that asks: by the environment, or by the user's
 * own credential helpers (gitcredentials(7)). Asked only after a server said
 * 401, told to that server alone, and never written anywhere.
 */
import { answerOf } from '../../io/process.js';
import type { SourceContext } from '../source-context.js';
import { sessionOf } from '../source-context.js';

export interface Credential {
  /** The value of an Authorization header. */
  authorization: string;
  /** Tells the helper whether it was taken; does nothing for what the environment gave. */
  settle(accepted: boolean): Promise<void>;
}

/**
 * A credential for a server, or null where there is none. Asked once for each server in a run.
 * @param url of the repository
 * @param named whether the profile names this server; a submodule's own server gets nothing of the environment
 * @throws LockstepError INTERRUPTED
 */
export async function credentialFor(
  url: string,
  named: boolean,
  context: SourceContext,
): Promise<Credential | null> {
  const { protocol, host, hostname } = new URL(url);
  // A password over plain http is everybody's, but on this machine itself
  const loopback = hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);
  if (protocol !== 'https:' && !loopback) return null;
  const own = named ? fromEnvironment(host, context.env ?? {}) : null;
  if (own !== null) return own;
  return await sessionOf(context).once(`git-credential:${protocol}//${host}`, () =>
    fromHelper(protocol.slice(0, -1), host, new URL(url).pathname.slice(1), context),
  );
}

function fromEnvironment(host: string, env: Readonly<Record<string, string | undefined>>): Credential | null {
  const only = env['LOCKSTEP_GIT_HOST'];
  if (only && only !== host && only !== host.replace(/:\d+$/, '')) return null;
  const secret = env['LOCKSTEP_GIT_TOKEN'] || env['LOCKSTEP_GIT_PASSWORD'];
  if (!secret) return null;
  // Forges take a token as the password of any user
  return {
    authorization: basic(env['LOCKSTEP_GIT_USERNAME'] || 'git', secret),
    settle: () => Promise.resolve(),
  };
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

async function fromHelper(
  protocol: string,
  host: string,
  path: string,
  context: SourceContext,
): Promise<Credential | null> {
  // A line break in an address would be a line of its own to the helper: CVE-2020-5260
  if (/[\n\r\0]/.test(`${host}${path}`)) return null;
  const asked = `protocol=${protocol}\nhost=${host}\npath=${path}\n\n`;
  const answer = await ask('fill', asked, context);
  if (answer === undefined) return null;
  const lines = [...answer.matchAll(/^([^=\n]*)=([^\n]*)/gm)];
  const fields = new Map(lines.map(([, key, value]) => [key!, value!]));
  const [user, password] = [fields.get('username'), fields.get('password')];
  // A helper that answers for another host is not to be believed
  if (user === undefined || !password || fields.get('host') !== host) return null;
  let settled = false;
  return {
    authorization: basic(user, password),
    settle: async (accepted) => {
      if (settled) return;
      settled = true;
      await ask(accepted ? 'approve' : 'reject', `${answer.trimEnd()}\n\n`, context);
    },
  };
}

/** One word to `git credential`; undefined where git is not there or has no answer. */
async function ask(
  word: 'fill' | 'approve' | 'reject',
  input: string,
  context: SourceContext,
): Promise<string | undefined> {
  return await answerOf('git', ['-c', 'core.askPass=', 'credential', word], {
    input,
    // The user's own configuration is what this is about; that of a repository is not
    cwd: '/',
    cleanEnv: true,
    env: {
      ...context.env,
      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: undefined,
      SSH_ASKPASS: undefined,
      GIT_TRACE: undefined,
      GIT_DIR: undefined,
    },
    signal: context.signal,
  });
}
