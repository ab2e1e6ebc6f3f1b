import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import { accessByApt, aptProxy, netrcAccount, parseAptDump } from '../../../src/source/apt-access.js';

const shown = (proxy: URL | 'direct' | undefined): string | undefined =>
  proxy instanceof URL ? proxy.href : proxy;

describe("apt's proxies", () => {
  const settings = parseAptDump(`Acquire "";
Acquire::http "";
Acquire::http::Proxy "http://all.test:1/";
Acquire::http::Proxy::One.test "http://one.test:2/";
Acquire::http::Proxy::near.test "DIRECT";
Acquire::https::Proxy::secret.test "https://user:pw@tls.test:3/";
Acquire::http::Proxy::socks.test "socks5h://tor.test:9050/";
`);
  const proxyOf = (url: string): string | undefined => shown(aptProxy(settings, new URL(url)));

  it('are those of the host, then those of all; https goes by http where it has none', () => {
    assert.equal(proxyOf('http://x.test/'), 'http://all.test:1/');
    assert.equal(proxyOf('https://x.test/'), 'http://all.test:1/');
    assert.equal(proxyOf('http://one.test/debian'), 'http://one.test:2/');
    assert.equal(proxyOf('http://near.test/'), 'direct');
    assert.equal(proxyOf('https://secret.test/'), 'https://user:pw@tls.test:3/');
    assert.equal(proxyOf('http://secret.test/'), 'http://all.test:1/');
  });

  it('are left to the environment where apt has none', () => {
    assert.equal(aptProxy(new Map(), new URL('http://x.test/')), undefined);
    const direct = parseAptDump('Acquire::http::Proxy "false";\n');
    assert.equal(aptProxy(direct, new URL('http://x.test/')), 'direct');
  });

  it('are never passed by: of a kind that is not known, they are a fault', () => {
    assert.throws(
      () => proxyOf('http://socks.test/'),
      (error) => error instanceof LockstepError && error.code === 'NET_UNREACHABLE',
    );
  });

  it('are for what is below the mirrors of apt, with redirects, and obey no_proxy', () => {
    const other = { proxy: () => new URL('http://environment.test/'), account: () => undefined };
    const accounts = ['machine http://all.test login me password p@w'];
    const { proxy, account } = accessByApt({ settings, accounts }, ['http://x.test/debian'], other, {
      no_proxy: 'quiet.test',
    });
    const at = (url: string, start = url): string | undefined => proxy(new URL(url), new URL(start))?.href;
    assert.equal(at('http://x.test/debian/a'), 'http://me:p%40w@all.test:1/');
    assert.equal(at('http://x.test/debian-security/a'), 'http://environment.test/');
    assert.equal(at('http://one.test/', 'http://x.test/debian/a'), 'http://one.test:2/');
    assert.equal(at('http://quiet.test/', 'http://x.test/debian/a'), undefined);
    const to = new URL('http://all.test/a');
    assert.deepEqual(account(to, new URL('http://x.test/debian/a')), { user: 'me', password: 'p@w' });
    assert.equal(account(to, to), undefined);
  });
});

describe("apt's accounts", () => {
  const accountOf = (text: string, url: string): string | undefined => {
    const account = netrcAccount(text, new URL(url));
    return account === undefined ? undefined : `${account.user}:${account.password}`;
  };

  it('fit as apt_auth.conf(5) says', () => {
    const fits = ['', '/deb', '/debian', '/debian/'];
    const not = [':443', '/deb/', '/ubuntu', 'a'];
    for (const [rest, account] of [
      ...fits.map((one) => [one, 'apt:debian']),
      ...not.map((one) => [one, undefined]),
    ])
      assert.equal(
        accountOf(`machine example.org${rest} login apt password debian`, 'https://example.org/debian/dists'),
        account,
        rest,
      );
  });

  it('are sent without encryption only where the scheme is named', () => {
    const plain = 'machine example.org login apt password debian';
    assert.equal(accountOf(plain, 'http://example.org/'), undefined);
    assert.equal(accountOf(plain.replace('example', 'http://example'), 'http://example.org/'), 'apt:debian');
    assert.equal(accountOf(plain.replace('example', 'http://example'), 'https://example.org/'), undefined);
  });
});
