/**
 * Credentials for git servers, from the environment or from the user's credential helpers (gitcredentials(7)). They are
 * looked up only after a server answered 401, sent only to that server, and never written to the disk.
 */
import { answerOf, withoutSecrets } from '../../io/process.js';
import type { SourceContext } from '../source-context.js';
import { sessionOf } from '../source-context.js';

export interface Credential {
  /** The value of an Authorization header. */
  authorization: string;
  /**
   * Reports to the helper whether the server accepted the credential. It does nothing for a credential from the
   * environment.
   */
  settle(accepted: boolean): Promise<void>;
}

/**
 * A credential for a server, or null if there is none. Looked up once per server in a run.
 * @param url the repository's address
 * @param named whether the profile names this server; a server that only a submodule names gets no credential from the
 * environment
 * @throws LockstepError INTERRUPTED
 */
export async function credentialFor(
  url: string,
  named: boolean,
  context: SourceContext,
): Promise<Credential | null> {
  const { protocol, host, hostname } = new URL(url);
  // Plain http sends a password readable to everybody, except on the loopback interface
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
  // Forges accept a token as the password of any user
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
  // The helper would read a line break in an address as a separate line: CVE-2020-5260
  if (/[\n\r\0]/.test(`${host}${path}`)) return null;
  const asked = `protocol=${protocol}\nhost=${host}\npath=${path}\n\n`;
  const answer = await ask('fill', asked, context);
  if (answer === undefined) return null;
  const lines = [...answer.matchAll(/^([^=\n]*)=([^\n]*)/gm)];
  const fields = new Map(lines.map(([, key, value]) => [key!, value!]));
  const [user, password] = [fields.get('username'), fields.get('password')];
  // Refuse the answer of a helper that names another host
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

/** Runs `git credential` with one subcommand; undefined if git is missing or does not answer. */
async function ask(
  word: 'fill' | 'approve' | 'reject',
  input: string,
  context: SourceContext,
): Promise<string | undefined> {
  return await answerOf('git', ['-c', 'core.askPass=', 'credential', word], {
    input,
    // Use the configuration of the user, not that of a repository in the working folder
    cwd: '/',
    cleanEnv: true,
    env: {
      ...withoutSecrets(context.env ?? {}),
      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: undefined,
      SSH_ASKPASS: undefined,
      GIT_TRACE: undefined,
      GIT_DIR: undefined,
    },
    signal: context.signal,
  });
}
