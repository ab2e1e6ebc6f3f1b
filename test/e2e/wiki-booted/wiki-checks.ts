/**
 * What a visitor, an editor and an administrator find on a wiki of ours,
 * whatever its database and release: the cache, Parsoid, jobs, uploads, and
 * what must not be reached.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { picture, sizeOfPicture } from '../../fixtures/png.js';
import { ask, type Answer, type WikiClient } from '../../fixtures/wiki-client.js';
import { eventually, WikiMachine } from '../../fixtures/wiki-machine.js';

/** A wiki that is there once the hooks of its suite have run. */
export interface CheckedWiki {
  machine: () => WikiMachine;
  adminName: string;
  /** Of the administrator; without it, the random one that the installation made. */
  password?: string;
}

/** Defines the checks in the suite that is being described. */
export function defineWikiChecks({ machine, adminName, password }: CheckedWiki): void {
  let wiki: WikiMachine;
  let admin: WikiClient;
  before(() => {
    wiki = machine();
  });

  it('answers through Varnish, the second time from its cache, under each of its names', async () => {
    const first = await wiki.visitor().get('/wiki/Special:SpecialPages');
    assert.equal(first.status, 200);
    assert.equal(first.headers['x-cache'], 'miss');
    for (const host of ['localhost', WikiMachine.hostname, wiki.machine.address]) {
      const page = await ask(`${wiki.origin}/wiki/Main_Page`, { headers: { host } });
      assert.equal(page.status, 200);
      assertShows(page, 'has been installed');
    }
    const again = await wiki.visitor().get('/wiki/Main_Page');
    assert.equal(again.headers['x-cache'], 'hit');
    const inside = await wiki.askFromInside('GET', 'http://localhost/wiki/Main_Page');
    assert.match(inside, / 200 /);
    const root = await wiki.visitor().get('/');
    assert.deepEqual([root.status, root.headers.location], [301, '/wiki/Main_Page']);
  });

  it('lets its administrator in, and passes who is logged in', async () => {
    admin = await wiki.administrator(adminName, password);
    const page = await admin.get('/wiki/Main_Page');
    assert.equal(page.headers['x-cache'], 'pass');
    assertShows(page, `"wgUserName":"${adminName}"`);
    assert.match(page.headers['cache-control'] ?? '', /private|no-cache/);
  });

  it('shows an edit at once to everybody', async () => {
    await admin.edit('Edited', 'first text');
    const visitor = wiki.visitor();
    assertShows(await visitor.get('/wiki/Edited'), 'first text');
    assert.equal((await visitor.get('/wiki/Edited')).headers['x-cache'], 'hit');
    await admin.edit('Edited', 'second text');
    const after = await visitor.get('/wiki/Edited');
    assertShows(after, 'second text');
    assert.equal(after.headers['x-cache'], 'miss');
  });

  it('takes a PURGE from itself only', async () => {
    const url = `${wiki.origin}/wiki/Edited`;
    await ask(url);
    assert.equal((await ask(url, { method: 'PURGE' })).status, 403);
    assert.equal(
      (await ask(url, { method: 'PURGE', headers: { 'x-forwarded-for': '127.0.0.1' } })).status,
      403,
    );
    const relayed = await wiki.askFromInside('PURGE', 'http://127.0.0.1/wiki/Edited', [
      'X-Forwarded-For: 192.0.2.1',
    ]);
    assert.match(relayed, / 403 /);
    assert.equal((await ask(url)).headers['x-cache'], 'hit');
    assert.match(await wiki.askFromInside('PURGE', 'http://127.0.0.1/wiki/Edited'), / 200 /);
    assert.equal((await ask(url)).headers['x-cache'], 'miss');
  });

  it("gives Parsoid's HTML, made by mediawiki-parsoid", async () => {
    await admin.edit('Parsed', "'''bold''' and [[Main Page]]");
    // A line in the administrator's own file tells where the class was loaded from
    const settings = 'etc/mediawiki/LocalSettings.php';
    const text = await wiki.text(settings);
    const tell = `header_register_callback(static function () {
      $class = 'Wikimedia\\Parsoid\\Parsoid';
      if (class_exists($class, false)) header('X-Parsoid-File: ' . (new ReflectionClass($class))->getFileName());
    });`;
    await writeFile(join(wiki.machine.root, settings), `${text}\n${tell}\n`);
    try {
      // PHP looks at a changed file again after two seconds (opcache.revalidate_freq)
      await eventually('PHP has read the line', async () => {
        const { headers } = await admin.get('/rest.php/v1/page/Parsed/html');
        return headers['x-parsoid-file'] !== undefined;
      });
      const html = await admin.get('/rest.php/v1/page/Parsed/html');
      assert.equal(html.status, 200);
      assert.match(html.text, /<b [^>]*>bold<\/b>/);
      assert.match(html.text, /rel="mw:WikiLink"/);
      assert.equal(html.headers['x-parsoid-file'], '/usr/share/mediawiki-parsoid/src/Parsoid.php');
      const info = await admin.api({ action: 'query', meta: 'siteinfo' });
      const { general } = info['query'] as { general: Record<string, string> };
      const own = await admin.get(`/rest.php/${general['servername']}/v3/page/html/Parsed`);
      assert.ok([200, 302, 307].includes(own.status), `v3: ${own.status} ${own.text}`);
      const editor = await admin.api({ action: 'visualeditor', page: 'Parsed', paction: 'parse' });
      assert.match(JSON.stringify(editor['visualeditor']), /bold/);
    } finally {
      await writeFile(join(wiki.machine.root, settings), text);
    }
  });

  it('keeps its caches in memcached', async () => {
    const { memcached, varnish } = await wiki.status();
    assert.ok((memcached?.items ?? 0) > 0);
    assert.ok((varnish?.hits ?? 0) > 0);
  });

  it('logs nobody out when memcached is restarted', async () => {
    await wiki.machine.run(['systemctl', 'restart', 'memcached.service']);
    assertShows(await admin.get('/wiki/Main_Page'), `"wgUserName":"${adminName}"`);
  });

  it('shows visitors what LocalSettings.php says as soon as it says so', async () => {
    const settings = 'etc/mediawiki/LocalSettings.php';
    const text = await wiki.text(settings);
    const hit = async (): Promise<Answer> => {
      await wiki.visitor().get('/wiki/Main_Page');
      return await wiki.visitor().get('/wiki/Main_Page');
    };
    assert.equal((await hit()).headers['x-cache'], 'hit');
    await writeFile(join(wiki.machine.root, settings), `${text}\n$wgSiteNotice = 'Seen by everybody';\n`);
    try {
      await eventually('the notice is there', async () => (await hit()).text.includes('Seen by everybody'));
      // What is no PHP leaves visitors what is cached
      await writeFile(join(wiki.machine.root, settings), `${text}\n$wgSiteNotice = ;\n`);
      const unit = ['--unit=mediawiki-full-settings', '--no-pager', '--output=cat'];
      await eventually('the fault is told', async () =>
        (await wiki.machine.run(['journalctl', ...unit])).stdout.includes('is not valid PHP'),
      );
      const page = await wiki.visitor().get('/wiki/Main_Page');
      assert.deepEqual([page.status, page.headers['x-cache']], [200, 'hit']);
    } finally {
      await writeFile(join(wiki.machine.root, settings), text);
    }
    await eventually('the notice is gone', async () => !(await hit()).text.includes('Seen by everybody'));
  });

  it('believes what a trusted proxy says of visitor and https, and nobody else', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' };
    const seen = async (): Promise<{ name: string; secure: boolean }> => {
      const info = '/api.php?action=query&meta=userinfo&format=json';
      const { query } = JSON.parse((await ask(`${wiki.origin}${info}`, { headers })).text) as {
        query: { userinfo: { name: string } };
      };
      const form = await ask(`${wiki.origin}/wiki/Special:UserLogin`, { headers });
      const cookies = form.headers['set-cookie'] ?? [];
      assert.ok(cookies.length > 0, 'a login form begins a session');
      return { name: query.userinfo.name, secure: cookies.every((cookie) => /; *secure/i.test(cookie)) };
    };
    const own = (await wiki.machine.run(['ip', '-4', 'route', 'show', 'dev', 'host0'])).stdout;
    const network = /^(\d[\d.]+\/\d+) /.exec(own)![1]!;
    const before = await seen();
    assert.equal(before.secure, false);
    assert.notEqual(before.name, '203.0.113.9');
    await wiki.machine.run(['mediawiki-full', 'set', 'trusted_proxies', network]);
    assert.deepEqual(await seen(), { name: '203.0.113.9', secure: true });
    const refused = await wiki.machine.run(['mediawiki-full', 'set', 'trusted_proxies', 'everybody'], {
      allowFailure: true,
    });
    assert.deepEqual([refused.exitCode, /everybody is invalid/.test(refused.stderr)], [1, true]);
    await wiki.machine.run(['mediawiki-full', 'set', 'trusted_proxies', '']);
    assert.deepEqual(await seen(), before);
  });

  it('has its service run the queued jobs', async () => {
    await admin.edit('Template:Part', 'old part');
    await admin.edit('Whole', '{{Part}}');
    await wiki.machine.run(['systemctl', 'stop', 'mediawiki-full-jobs.service']);
    const visitor = wiki.visitor();
    assertShows(await visitor.get('/wiki/Whole'), 'old part');
    // MediaWiki counts in seconds: what was parsed in the second of an edit counts as up to date
    const since = await timeOfWiki(admin);
    await eventually("the wiki's clock has gone on", async () => (await timeOfWiki(admin)) > since);
    await admin.edit('Template:Part', 'new part');
    // Varnish keeps it, until the job that this edit queued drops it
    assertShows(await visitor.get('/wiki/Whole'), 'old part');
    assert.equal((await visitor.get('/wiki/Whole')).headers['x-cache'], 'hit');
    await wiki.machine.run(['systemctl', 'start', 'mediawiki-full-jobs.service']);
    await eventually('the page follows its template', async () =>
      (await visitor.get('/wiki/Whole')).text.includes('new part'),
    );
    const unit = '--unit=mediawiki-full-jobs';
    const journal = await wiki.machine.run(['journalctl', unit, '--no-pager', '--output=cat']);
    assert.match(journal.stdout, /refreshLinks Template:Part .* good$/m);
    assert.equal(typeof (await wiki.status()).jobs.waiting, 'number');
  });

  it('takes an upload, shows it smaller, and runs nothing of what was uploaded', async () => {
    await admin.upload('Colours.png', picture(640, 480));
    const info = await admin.api({
      action: 'query',
      titles: 'File:Colours.png',
      prop: 'imageinfo',
      iiprop: 'url|size',
      iiurlwidth: '160',
    });
    const { pages } = info['query'] as { pages: { imageinfo: { thumburl: string; url: string }[] }[] };
    const image = pages[0]?.imageinfo[0];
    const thumb = await wiki.visitor().get(new URL(image?.thumburl ?? '', wiki.origin).pathname);
    assert.equal(thumb.headers['content-type'], 'image/png');
    assert.deepEqual(sizeOfPicture(thumb.body), { width: 160, height: 120 });
    const whole = await wiki.visitor().get(new URL(image?.url ?? '', wiki.origin).pathname);
    assert.deepEqual(sizeOfPicture(whole.body), { width: 640, height: 480 });
    assert.equal(whole.headers['x-content-type-options'], 'nosniff');
    const uploads = join(wiki.machine.root, 'var/lib/mediawiki-full/images');
    await mkdir(join(uploads, 'x'), { recursive: true });
    await writeFile(join(uploads, 'x/shell.php'), '<?php echo 6 * 7;');
    await writeFile(join(uploads, 'x/shell.jpg'), '<?php echo 6 * 7;');
    assert.equal((await wiki.visitor().get('/images/x/shell.php')).status, 403);
    for (const path of ['/images/x/shell.jpg', '/images/x/shell.jpg/a.php']) {
      assert.doesNotMatch((await wiki.visitor().get(path)).text, /42/);
    }
  });

  it('serves nothing but the wiki', async () => {
    for (const path of [
      '/LocalSettings.php',
      '/maintenance/update.php',
      '/mw-config/index.php',
      '/includes/WebStart.php',
      '/vendor/autoload.php',
      '/cache/',
      '/images/',
      '/images/../cache/',
      '/extensions/VisualEditor/extension.json',
      '/server-status',
    ]) {
      assert.ok([403, 404].includes((await wiki.visitor().get(path)).status), path);
    }
  });
}

/** Has the page say so; a whole page in a failure would help nobody. */
export function assertShows(page: Answer, text: string): void {
  const content = page.text.slice(page.text.indexOf('id="mw-content-text"')).slice(0, 400);
  assert.ok(page.text.includes(text), `The page (${page.status}) does not show "${text}": ${content}`);
}

async function timeOfWiki(client: WikiClient): Promise<string> {
  const info = await client.api({ action: 'query', meta: 'siteinfo' });
  return (info['query'] as { general: { time: string } }).general.time;
}
