/**
 * How this machine's apt reaches a server: proxies of apt.conf(5), accounts of apt_auth.conf(5). As apt 2.6 and 3.0 do
 * it; a test asks a real apt. Pure: apt-configuration.ts reads the settings.
 */
import { LockstepError } from '../errors.js';
import { shownUrl } from '../io/http-fault.js';
import type { Access, Account } from '../io/http-request.js';
import { isDirect } from '../io/proxy.js';

/** Settings as `apt-config dump` prints them, with names in lower case: apt does not distinguish. */
export type AptSettings = ReadonlyMap<string, string>;

/** @param dump the output of `apt-config dump` */
export function parseAptDump(dump: string): AptSettings {
  return new Map(
    [...dump.matchAll(/^([^\s"]+) "(.*)";$/gm)].map(([, name, value]) => [name!.toLowerCase(), value!]),
  );
}

/** Settings for https are looked for below https, then below http. */
function setting(settings: AptSettings, url: URL, name: string): string | undefined {
  const below = url.protocol === 'https:' ? ['https', 'http'] : ['http'];
  return below
    .map((scheme) => settings.get(`acquire::${scheme}::${name}`))
    .find((value) => value !== undefined && value !== '');
}

/**
 * The proxy that apt has for an address: of its host, or of all; `direct` without one, undefined where apt goes by the
 * environment.
 * @throws LockstepError NET_UNREACHABLE for a kind of proxy that Lockstep does not use: going directly would be wrong
 */
export function aptProxy(settings: AptSettings, url: URL): URL | 'direct' | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const value = setting(settings, url, `proxy::${host}`) ?? setting(settings, url, 'proxy');
  if (value === undefined) return undefined;
  if (value === 'DIRECT' || value === 'false') return 'direct';
  const proxy = URL.canParse(value) ? new URL(value) : undefined;
  if (proxy?.protocol === 'http:' || proxy?.protocol === 'https:') return proxy;
  throw new LockstepError('NET_UNREACHABLE', {
    message: `apt's proxy for ${url.host} is not an http or https address: ${value}`,
    hint: 'Name a mirror that needs no such proxy in LOCKSTEP_MIRROR, and its proxy in http_proxy or https_proxy.',
    // Marks the fault as not transient
    cause: Object.assign(new Error('proxy'), { code: 'ERR_INVALID_URL' }),
  });
}

/** The program that prints the proxy of an address; apt runs it once for each host. */
export function proxyDetector(settings: AptSettings, url: URL): string | undefined {
  return setting(settings, url, 'proxy-auto-detect') ?? setting(settings, url, 'proxyautodetect');
}

/**
 * The account of an address in a file of apt_auth.conf(5): what follows the first machine that fits. The format knows
 * neither comments nor quotes; unknown words are skipped.
 */
export function netrcAccount(text: string, url: URL): Account | undefined {
  const words = text.split(/[\t\n\r ]+/).filter((word) => word !== '');
  for (let at = words.indexOf('machine'); at >= 0; at = words.indexOf('machine', at + 1)) {
    if (!isMachine(words[at + 1] ?? '', url)) continue;
    const account = { user: '', password: '' };
    for (let next = at + 2; next < words.length && words[next] !== 'machine'; next++) {
      if (words[next] === 'login') account.user = words[++next] ?? '';
      else if (words[next] === 'password') account.password = words[++next] ?? '';
    }
    return account;
  }
  return undefined;
}

/** Without a scheme it fits only what is encrypted; without a path, every port. */
function isMachine(word: string, url: URL): boolean {
  const [, scheme, place] = /^(?:([^/]*:)\/\/)?(.*)$/.exec(word)!;
  if ((scheme ?? 'https:') !== url.protocol) return false;
  if (place!.includes('/')) return `${url.host}${url.pathname}`.startsWith(place!);
  return place === url.hostname || place === url.host;
}

export interface AptAccess {
  settings: AptSettings;
  /** The text of auth.conf, then those of auth.conf.d, in their order. */
  accounts: readonly string[];
}

/**
 * The way to what is below these addresses, wherever it redirects to; `other` for everything else.
 * @param env for no_proxy, which apt obeys too
 */
export function accessByApt(
  { settings, accounts }: AptAccess,
  mirrors: readonly string[],
  other: Access,
  env: Readonly<Record<string, string | undefined>>,
): Access {
  const roots = mirrors.map((one) => shownUrl(one).replace(/\/*$/, '/'));
  const isOfApt = (start: URL): boolean => roots.some((root) => shownUrl(start).startsWith(root));
  const accountOf = (url: URL): Account | undefined =>
    accounts.reduce<Account | undefined>((found, text) => found ?? netrcAccount(text, url), undefined);
  return {
    account: (url, start) => (isOfApt(start) ? accountOf(url) : other.account(url, start)),
    proxy: (url, start = url) => {
      const proxy = isOfApt(start) ? aptProxy(settings, url) : undefined;
      if (proxy === undefined) return other.proxy(url, start);
      if (proxy === 'direct' || isDirect(env, url)) return undefined;
      const account = proxy.username === '' && proxy.password === '' ? accountOf(proxy) : undefined;
      return account === undefined ? proxy : withAccount(proxy, account);
    },
  };
}

function withAccount(url: URL, { user, password }: Account): URL {
  const own = new URL(url);
  own.username = encodeURIComponent(user);
  own.password = encodeURIComponent(password);
  return own;
}
