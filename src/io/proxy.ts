/**
 * Which proxy a request goes through, by the usual variables.
 * Pure: the environment comes in as an argument.
 */

/** The proxy for a URL, or undefined for a direct connection. `start`: the address that redirected there. */
export type ProxyRule = (url: URL, start?: URL) => URL | undefined;

/** Always direct. */
export const noProxy: ProxyRule = () => undefined;

/**
 * The rule of `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` (small or capital letters; capital
 * `HTTP_PROXY` is left out, as in curl, since a CGI request can set it). `no_proxy` lists hosts and domains
 * with an optional port, or `*`. A value that is not an http(s) URL is ignored.
 */
export function proxyFrom(env: Readonly<Record<string, string | undefined>>): ProxyRule {
  const all = env['all_proxy'] ?? env['ALL_PROXY'];
  const http = proxyUrl(env['http_proxy'] ?? all);
  const https = proxyUrl(env['https_proxy'] ?? env['HTTPS_PROXY'] ?? all);
  return (url) => {
    if (isDirect(env, url)) return undefined;
    if (url.protocol === 'http:') return http;
    return url.protocol === 'https:' ? https : undefined;
  };
}

/** Whether `no_proxy` lists it. */
export function isDirect(env: Readonly<Record<string, string | undefined>>, url: URL): boolean {
  const entries = (env['no_proxy'] ?? env['NO_PROXY'] ?? '').split(/[\s,]+/);
  return entries.some((entry) => entry !== '' && covers(entry, url));
}

function proxyUrl(value: string | undefined): URL | undefined {
  if (value === undefined || value === '') return undefined;
  const full = value.includes('://') ? value : `http://${value}`;
  if (!URL.canParse(full)) return undefined;
  const url = new URL(full);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}

function covers(entry: string, url: URL): boolean {
  if (entry === '*') return true;
  // An IPv6 address contains colons: a port can only follow a single colon or a bracket.
  const pattern = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^:]*))(?::(?<port>\d+))?$/;
  const parts = pattern.exec(entry.toLowerCase().replace(/^\*?\./, ''))?.groups;
  const [name, port] =
    parts === undefined ? [entry.toLowerCase()] : [parts['v6'] ?? parts['name'], parts['port']];
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const actualPort = url.port !== '' ? url.port : url.protocol === 'https:' ? '443' : '80';
  if (port !== undefined && port !== actualPort) return false;
  return name !== undefined && (host === name || host.endsWith(`.${name}`));
}
