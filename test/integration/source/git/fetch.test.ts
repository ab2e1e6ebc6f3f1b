import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as requestTo } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { debianVersionOf } from '../../../../src/deb/version.js';
import { systemClock } from '../../../../src/io/clock.js';
import { Http } from '../../../../src/io/http.js';
import { proxyFrom } from '../../../../src/io/proxy.js';
import type { GitRepository } from '../../../fixtures/git-repository.js';
import { faultOf, GitFetching } from '../../../fixtures/git-fetching.js';

describe('a git source', function () {
  this.timeout(60_000);
  let git: GitFetching;
  let core: GitRepository;

  before(async () => {
    git = await GitFetching.start();
    mkdirSync(join(git.folder, 'workspace'));
    const cite = git.repository('extensions/Cite');
    const one = cite.commit({ 'extension.json': '{"name":"Cite","version":"1.0.0"}' });
    core = git.repository('core.git');
    core.commit({
      'includes/Defines.php': "<?php\ndefine( 'MW_VERSION', '1.43.0' );\n",
      'bin/run': '#!/bin/sh\n',
      'docs/current': ['link', '../includes'],
      '.gitattributes': 'secret export-ignore\n',
      secret: 'kept',
      'täst/ä b': 'x',
      empty: '',
    });
    core.git('update-index', '--chmod=+x', 'bin/run');
    core.submodule('extensions/Cite', '../extensions/Cite', one);
    core.commitIndex('1.43.0');
    core.tag('1.43.0', '-a', '-m', 'first');
    core.commit({ 'includes/Defines.php': "<?php\ndefine( 'MW_VERSION', '1.43.1-alpha' );\n", later: '1' });
    core.tag('1.43.1-rc.0');
    core.tag('v1.9.0');
    core.tag('nightly');
    for (const branch of ['REL1_9', 'REL1_43', 'wmf/1.47.0-wmf.9', 'wmf/1.47.0-wmf.14'])
      core.git('branch', branch);
  });
  after(() => git.stop());

  const url = (): string => git.server.url('core.git');

  it('lists the tags that are versions, the highest first, from refs alone', async () => {
    git.server.forget();
    const found = await git.candidates({ url: url(), version: '~1.43.0' });
    assert.deepEqual(
      found.map(({ version, ref }) => [version, ref]),
      [
        ['1.43.1-rc.0', 'refs/tags/1.43.1-rc.0'],
        ['1.43.0', 'refs/tags/1.43.0'],
        ['1.9.0', 'refs/tags/v1.9.0'],
      ],
    );
    assert.equal(found[1]!.commit, core.git('rev-parse', '1.43.0^{commit}'));
    assert.equal(found[1]!.tag, core.git('rev-parse', '1.43.0'));
    assert.equal(found[0]!.tag, null);
    assert.ok(git.server.sent < 3000, `${git.server.sent} bytes`);
    assert.ok(git.server.asked.every(({ protocol }) => protocol === 'version=2'));
  });

  it('finds the highest branch of a pattern, with the version that its name bears', async () => {
    const wmf = await git.candidates({ url: url(), branch: 'wmf/*' });
    assert.deepEqual(
      wmf.map(({ version }) => version),
      ['1.47.0-wmf.14', '1.47.0-wmf.9'],
    );
    const rel = await git.candidates({ url: url(), branch: 'REL1_*' });
    assert.deepEqual(
      rel.map(({ version, ref }) => [version, ref]),
      [
        [null, 'refs/heads/REL1_43'],
        [null, 'refs/heads/REL1_9'],
      ],
    );
  });

  it('says what there is when a name is not', async () => {
    const fault = await faultOf(git.candidates({ url: url(), tag: '1.43.2' }));
    assert.equal(fault.code, 'SOURCE_REF_UNKNOWN');
    assert.match(fault.hint!, /1\.43\.0/);
    const branch = await faultOf(git.candidates({ url: url(), branch: 'REL1_44' }));
    assert.match(branch.hint!, /^There are REL1_43/);
    const none = await faultOf(git.candidates({ url: url(), version: '*', tags: 'night*' }));
    assert.match(none.message, /nightly/);
  });

  it('fetches a tag with its submodules, all of the tree and nothing of .git', async () => {
    const pin = await git.fetch({ url: url(), tag: '1.43.0' });
    assert.equal(pin.upstreamVersion, '1.43.0');
    assert.equal(pin.commit, core.git('rev-parse', '1.43.0^{commit}'));
    assert.equal(pin.date, Number(core.git('log', '-1', '--format=%ct', '1.43.0')));
    assert.deepEqual(pin.submodules, [
      {
        path: 'extensions/Cite',
        url: git.server.url('extensions/Cite'),
        commit: core.git('rev-parse', '1.43.0:extensions/Cite'),
      },
    ]);
    const tree = await git.tree(pin);
    assert.match(tree['.gitmodules']!, /Cite/);
    delete tree['.gitmodules'];
    assert.deepEqual(tree, {
      '.gitattributes': 'secret export-ignore\n',
      bin: '/',
      'bin/run': '755 #!/bin/sh\n',
      docs: '/',
      'docs/current': '-> ../includes',
      empty: '',
      extensions: '/',
      'extensions/Cite': '/',
      'extensions/Cite/extension.json': '{"name":"Cite","version":"1.0.0"}',
      includes: '/',
      'includes/Defines.php': "<?php\ndefine( 'MW_VERSION', '1.43.0' );\n",
      secret: 'kept',
      täst: '/',
      'täst/ä b': 'x',
    });
  });

  it('asks the server for nothing but refs the second time', async () => {
    const first = await git.fetch({ url: url(), tag: '1.43.0' });
    git.server.forget();
    assert.deepEqual(await git.fetch({ url: url(), tag: '1.43.0' }), first);
    // One of our own, to see where the repository is; then git's
    const list = 'GET /core.git/info/refs?service=git-upload-pack';
    assert.deepEqual(
      git.server.asked.map(({ method, path }) => `${method} ${path}`),
      [list, list, 'POST /core.git/git-upload-pack'],
    );
    assert.ok(git.server.sent < 3000, `${git.server.sent} bytes`);
  });

  it('makes the same bytes of the same commit, however it is reached', async () => {
    const web = await git.fetch({ url: url(), tag: '1.43.0' });
    const places = [core.path, `file://${core.path}`, '../served/core.git'];
    for (const place of places) {
      const local = await git.fetch({ url: place, tag: '1.43.0' });
      assert.equal(local.archive.sha256, web.archive.sha256, place);
      assert.equal(local.commit, web.commit);
    }
    git.server.old = true;
    try {
      // The commit alone, from a server that speaks the older protocol
      const old = await git.fetch({ url: url(), commit: web.commit });
      assert.equal(old.archive.sha256, web.archive.sha256);
      assert.deepEqual(
        await git.candidates({ url: url(), version: '1.43.0' }),
        await git.candidates({ url: core.path, version: '1.43.0' }),
      );
    } finally {
      git.server.old = false;
    }
  });

  it('follows submodules of submodules, and one that is there twice', async () => {
    const inner = git.repository('deep/inner').commit({ i: '1' });
    const middle = git.repository('deep/middle');
    middle.submodule('in', './../inner', inner);
    middle.commitIndex();
    const outer = git.repository('deep/outer');
    outer.submodule('one', '../middle', middle.head);
    outer.submodule('two', git.server.url('deep/middle'), middle.head);
    outer.commitIndex();
    const pin = await git.fetch({ url: git.server.url('deep/outer'), branch: 'master' });
    assert.deepEqual(
      pin.submodules.map(({ path }) => path),
      ['one', 'one/in', 'two', 'two/in'],
    );
    const tree = await git.tree(pin);
    assert.equal(tree['one/in/i'], '1');
    assert.equal(tree['two/in/i'], '1');
  });

  it('stops when it is told to, and leaves nothing behind', async () => {
    const before = await git.leftovers();
    const slow = git.repository('slow');
    slow.commit({ a: '1' });
    const controller = new AbortController();
    git.server.trouble = (request, response) => {
      if (request.method !== 'POST') return false;
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
      response.write('000dpackfile\n0009\x01PACK');
      setTimeout(() => controller.abort(), 50);
      return true;
    };
    try {
      const fetching = git.fetch(
        { url: git.server.url('slow'), commit: slow.head },
        { signal: controller.signal },
      );
      assert.equal((await faultOf(fetching)).code, 'INTERRUPTED');
    } finally {
      git.server.trouble = undefined;
    }
    assert.deepEqual(await git.leftovers(), before);
  });

  it('fetches again what the cache or the store no longer has as it was', async () => {
    const first = await git.fetch({ url: url(), tag: '1.43.0' });
    for (const damaged of (await git.leftovers()).filter((name) => name.startsWith('cache/git-trees'))) {
      const file = join(git.folder, damaged);
      const text = readFileSync(file, 'utf8').replace(/"commit":"[^"]*"/, '"commit":"AAAA"');
      writeFileSync(file, text.replace(/("archive":.*?"sha256":")[0-9a-f]{64}/, `$1${'0'.repeat(64)}`));
    }
    assert.deepEqual(await git.fetch({ url: url(), tag: '1.43.0' }), first);
    const stored = git.store.path(first.archive.sha256);
    chmodSync(stored, 0o644);
    writeFileSync(stored, 'rotten');
    assert.deepEqual(await git.fetch({ url: url(), tag: '1.43.0' }), first);
  });

  it('leaves submodules out when told to', async () => {
    const pin = await git.fetch({ url: url(), tag: '1.43.0', submodules: false });
    assert.deepEqual(pin.submodules, []);
    assert.equal((await git.tree(pin))['extensions/Cite'], '/');
  });

  it('gives a branch a version that says its commit, and goes up with each', async () => {
    const pin = await git.fetch({ url: url(), branch: 'REL1_43' });
    assert.match(pin.upstreamVersion, /^1\.43\.1-alpha\+git20261101\.00\d{4}\.[0-9a-f]{8}$/);
    assert.equal(debianVersionOf(pin.upstreamVersion), pin.upstreamVersion.replace('-', '~'));
    const wmf = await git.fetch({ url: url(), branch: 'wmf/*' });
    assert.match(wmf.upstreamVersion, /^1\.47\.0-wmf\.14\+git/);
    const again = await git.fetch({ url: url(), branch: 'REL1_43' }, { previous: new Map([['thing', pin]]) });
    assert.equal(again.upstreamVersion, pin.upstreamVersion);
  });

  it('refuses a tag that moved since an earlier snapshot, and says from where to where', async () => {
    const moving = git.repository('moving');
    const old = moving.commit({ a: '1' });
    moving.tag('1.0');
    const url = git.server.url('moving');
    const before = await git.fetch({ url, version: '1.0' });
    const now = moving.commit({ a: '2' });
    moving.tag('1.0', '-f');
    for (const more of [{ knownPins: [before] }, { previous: new Map([['thing', before]]) }]) {
      const fault = await faultOf(git.fetch({ url, version: '1.0' }, more));
      assert.equal(fault.code, 'SOURCE_MOVED');
      assert.ok(fault.message.includes(old) && fault.message.includes(now), fault.message);
      assert.match(fault.hint!, new RegExp(`commit: ${old}`));
    }
    assert.equal((await git.fetch({ url, version: '1.0' })).commit, now);
  });

  it('asks for one tree of a repository of 3,000 commits', async () => {
    const long = git.repository('long');
    const noise = 'x'.repeat(60);
    let stream = '';
    for (let nth = 1; nth <= 3000; nth++) {
      const body = `${nth} ${noise} ${(nth * 7919) % 104729}\n`;
      stream += `commit refs/heads/master\ncommitter T <t@example.org> ${1700000000 + nth} +0000\ndata 1\nx\n`;
      stream += `M 100644 inline f${nth % 50}\ndata ${body.length}\n${body}\n`;
    }
    long.git('fast-import', '--quiet', { input: `${stream}reset refs/tags/1.0\nfrom refs/heads/master\n\n` });
    git.server.forget();
    const pin = await git.fetch({ url: git.server.url('long'), version: '1.0' });
    assert.equal(Object.keys(await git.tree(pin)).length, 50);
    assert.equal(pin.commit, long.git('rev-parse', 'refs/tags/1.0'));
    assert.ok(git.server.sent < 20_000, `${git.server.sent} bytes for 50 files`);
  });

  it('needs git, and says which package has it', async () => {
    const noGit = { env: { PATH: '/nonexistent' } };
    for (const place of [url(), core.path]) {
      const fault = await faultOf(git.fetch({ url: place, tag: '1.43.0' }, noGit));
      assert.equal(fault.code, 'TOOL_MISSING');
      assert.match(fault.hint!, /apt-get install git/);
    }
  });

  it('is fetched with its history from a server that cannot leave it out, and says so', async () => {
    const whole = git.repository('whole');
    whole.commit({ a: '1' });
    whole.commit({ a: '2' });
    // Version 2 names what it can in one line; this server leaves out "shallow"
    git.server.withoutShallow = true;
    git.told.length = 0;
    try {
      const pin = await git.fetch({ url: git.server.url('whole'), branch: 'master' });
      assert.equal(pin.commit, whole.head);
      assert.ok(
        git.told.some((line) => /cannot omit the history/.test(line)),
        git.told.join(),
      );
    } finally {
      git.server.withoutShallow = false;
    }
  });

  it('goes through the proxy that requests go through, with its account', async () => {
    const through: string[] = [];
    const proxy = createServer((request, response) => {
      through.push(`${request.headers['proxy-authorization'] ?? 'nobody'} ${request.method}`);
      const { pathname, search } = new URL(request.url!);
      const headers = { ...request.headers };
      delete headers.host;
      const on = requestTo(git.server.url('core.git').replace('/core.git', pathname + search), {
        method: request.method,
        headers,
      });
      on.on('response', (answer) => answer.pipe(response.writeHead(answer.statusCode!, answer.headers)));
      request.pipe(on);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const http = new Http({
      clock: systemClock,
      proxy: proxyFrom({ http_proxy: `http://me:pw@127.0.0.1:${port}/` }),
    });
    try {
      const pin = await git.fetch(
        { url: 'http://git.invalid/core.git', tag: '1.43.0', submodules: false },
        { http },
      );
      assert.equal(pin.commit, core.git('rev-parse', '1.43.0^{commit}'));
      const account = `Basic ${Buffer.from('me:pw').toString('base64')}`;
      assert.ok(through.includes(`${account} POST`));
      assert.ok(
        through.every((one) => one.startsWith(account)),
        through.join(),
      );
    } finally {
      http.close();
      proxy.closeAllConnections();
      proxy.close();
    }
  });

  it('makes the same bytes of many files, over the network and out of a folder', async () => {
    const large = git.repository('large');
    let stream = 'commit refs/heads/master\ncommitter T <t@example.org> 1700000000 +0000\ndata 1\nx\n';
    for (let nth = 0; nth < 4500; nth++) {
      stream += `M 100644 inline d${nth % 30}/f${nth}\ndata ${`${nth}`.length}\n${nth}\n`;
    }
    large.git('fast-import', '--quiet', {
      input: `${stream}reset refs/tags/1.0\nfrom refs/heads/master\n\n`,
    });
    const pin = await git.fetch({ url: git.server.url('large'), version: '1.0' });
    const local = await git.fetch({ url: large.path, version: '1.0', submodules: false });
    assert.equal(local.archive.sha256, pin.archive.sha256);
  });
});
