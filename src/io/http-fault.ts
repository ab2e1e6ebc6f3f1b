/** Network errors as LockstepErrors; which of them can succeed on another try, and when to try again. Pure. */
import { counted } from '../counted.js';
import { LockstepError } from '../errors.js';
import type { ErrorCode } from '../errors.js';

/** The server answered with an error status. Code NET_NOT_FOUND for 404 and 410, otherwise NET_STATUS. */
export class StatusError extends LockstepError {
  readonly status: number;
  /** The wait that the server requests, in milliseconds (RFC 9110 10.2.3). */
  readonly retryAfterMs: number | undefined;

  constructor(url: URL | string, status: number, retryAfterMs?: number) {
    const gone = status === 404 || status === 410;
    super(gone ? 'NET_NOT_FOUND' : 'NET_STATUS', {
      message: gone
        ? `Not found (${status}): ${shownUrl(url)}`
        : `Status ${status} from ${shownUrl(url)}${meaning[status] ?? ''}`,
      hint: gone ? 'The mirror may be out of date, or lack this release; try another one.' : hintOf(status),
      where: [{ value: shownUrl(url) }],
    });
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

const meaning: Readonly<Record<number, string>> = {
  401: ': the server requires an account, or rejects the one that it got',
  407: ': the proxy requires an account, or rejects the one that it got',
};

function hintOf(status: number): string {
  if (status === 401)
    return "Where apt's configuration names the mirror, add its account to /etc/apt/auth.conf (apt_auth.conf(5)); this user must be able to read the file. Otherwise put user and password into the address in LOCKSTEP_MIRROR.";
  if (status === 407)
    return "Put user and password into the address of the proxy: in http_proxy or https_proxy, or in apt's Acquire::http::Proxy.";
  return 'Try again later, or use another mirror.';
}

/** A network fault. `cause` is the error that Node threw. */
export function netFault(
  code: ErrorCode & `NET_${string}`,
  url: URL | string,
  said: string,
  cause?: unknown,
) {
  return new LockstepError(code, {
    message: `${said}: ${shownUrl(url)}`,
    hint: 'Check the connection and the mirror, then run the same command again.',
    where: [{ value: shownUrl(url) }],
    cause,
  });
}

/** A URL for messages: without user name, password and fragment. */
export function shownUrl(url: URL | string): string {
  if (!URL.canParse(String(url))) return String(url);
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  shown.hash = '';
  return shown.href;
}

/** Node's codes for a server whose identity cannot be verified: another try does not help. */
const untrustedPeer = /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|ERR_INVALID_|SELF_SIGNED_|UNABLE_TO_)/;

/** Whether the same request can succeed on another try. */
export function isTransient(error: unknown): error is LockstepError {
  if (error instanceof StatusError) return [408, 425, 429, 500, 502, 503, 504].includes(error.status);
  if (!(error instanceof LockstepError)) return false;
  if (error.code === 'NET_UNREACHABLE') {
    const cause = error.cause as { code?: unknown } | undefined;
    return !(typeof cause?.code === 'string' && untrustedPeer.test(cause.code));
  }
  return error.code === 'NET_STALLED' || error.code === 'NET_TRUNCATED';
}

export interface RetryPolicy {
  /** Tries in a row without progress. */
  tries: number;
  /** Milliseconds before the second try; doubled each time. */
  backoffMs: number;
  /** In [0, 1). */
  random: () => number;
}

const longestWaitMs = 15_000;

/**
 * The wait before try number `failed + 1`, in milliseconds; undefined after the last try. The wait doubles each time up
 * to 15 s. Half of it is random, so that downloads that failed together do not all retry together. A server's
 * Retry-After takes precedence, up to the same limit.
 */
export function planRetry(error: unknown, failed: number, policy: RetryPolicy): number | undefined {
  if (!isTransient(error) || failed >= policy.tries) return undefined;
  const full = Math.min(policy.backoffMs * 2 ** (failed - 1), longestWaitMs);
  const spread = full / 2 + (full / 2) * policy.random();
  const asked = error instanceof StatusError ? error.retryAfterMs : undefined;
  return asked === undefined ? spread : Math.min(Math.max(asked, spread), longestWaitMs);
}

/** The last fault, with the number of tries. */
export function afterTries(error: LockstepError, tries: number): LockstepError {
  if (tries < 2) return error;
  return new LockstepError(error.code, {
    message: `${error.message} (${counted(tries, 'try', 'tries')})`,
    hint: error.hint,
    where: error.where,
    cause: error,
  });
}
