import assert from 'node:assert/strict';
import { noProxy, proxyFrom } from '../../../src/io/proxy.js';

function through(env: Record<string, string>, url: string): string | undefined {
  return proxyFrom(env)(new URL(url))?.href;
}

describe('which proxy a request goes through', () => {
  it('is none in an empty environment', () => {
    assert.equal(through({}, 'http://a.invalid/'), undefined);
    assert.equal(noProxy(new URL('http://a.invalid/')), undefined);
  });

  it('goes by scheme', () => {
    const env = { http_proxy: 'http://p.invalid:3128', HTTPS_PROXY: 'http://q.invalid:3129' };
    assert.equal(through(env, 'http://a.invalid/'), 'http://p.invalid:3128/');
    assert.equal(through(env, 'https://a.invalid/'), 'http://q.invalid:3129/');
  });

  it('does not take HTTP_PROXY, which a web request can set', () => {
    assert.equal(through({ HTTP_PROXY: 'http://p.invalid' }, 'http://a.invalid/'), undefined);
  });

  it('accepts a host without a scheme and ignores what is no proxy', () => {
    assert.equal(through({ http_proxy: 'p.invalid:3128' }, 'http://a.invalid/'), 'http://p.invalid:3128/');
    assert.equal(through({ http_proxy: 'socks5://p.invalid' }, 'http://a.invalid/'), undefined);
  });

  it('leaves out the hosts of no_proxy', () => {
    const env = {
      all_proxy: 'http://p.invalid',
      no_proxy: 'localhost, .inner.invalid,b.invalid:8080,::1,[fe80::1]:81',
    };
    for (const url of [
      'http://localhost:99/',
      'http://x.inner.invalid/',
      'http://inner.invalid/',
      'http://b.invalid:8080/',
      'http://[::1]/',
      'http://[fe80::1]:81/',
    ]) {
      assert.equal(through(env, url), undefined, url);
    }
    for (const url of ['http://notinner.invalid/', 'http://b.invalid/', 'http://[fe80::1]/']) {
      assert.equal(through(env, url), 'http://p.invalid/', url);
    }
    assert.equal(through({ ...env, no_proxy: '*' }, 'https://a.invalid/'), undefined);
  });
});
