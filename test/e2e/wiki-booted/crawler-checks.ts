/** What programs get of a wiki that ask for much of it, under whatever spelling and with whatever cookie. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { ask, type Ask } from '../../fixtures/wiki-client.js';
import { eventually, type WikiMachine } from '../../fixtures/wiki-machine.js';
import type { CheckedWiki } from '../../fixtures/wiki-checks.js';

/** Asked for by strangers: from the cache or as one page, or in one of the classes of lib/crawlers.php. */
const classes: Readonly<Record<'page' | 'lists' | 'others', readonly (string | [string, Ask])[]>> = {
  page: [
    '/wiki/Main_Page',
    '/index.php/Main_Page',
    '/index.php?title=Main_Page',
    '/wiki/What%3F',
    '/wiki/A%26diff=1',
    '/wiki/Stars:_a_story',
    '/wiki/Dogs_%E2%80%93_cats',
    ['/resources/assets/mediawiki.png', { headers: { cookie: 'x_session=invented' } }],
    ['/load.php?modules=site&only=styles', { headers: { cookie: 'x_session=invented' } }],
    // Who is logged in
    ['/wiki/Special:RecentChanges', { headers: { cookie: 'x_session=1; xUserID=1' } }],
    ['/index.php?diff=1', { headers: { cookie: 'x_BPsession=1' } }],
  ],
  lists: [
    '/wiki/Special:RecentChanges',
    '/wiki/Special:RecentChangesLinked/Main_Page',
    '/wiki/Special%3ARecentChanges',
    '/wiki/%53pecial:RecentChanges',
    '/wiki/special:recentchanges',
    '/wiki/Special:%20RecentChanges',
    '/wiki/:Special:RecentChanges',
    '/index.php/Special:RecentChanges',
    '/index.php?limit=500&title=Special:RecentChanges',
    '/index.php?x=1&%74itle=Special%3A+RecentChanges',
    '/?title=Special:RecentChanges',
    '/wiki?title=Special:RecentChanges',
    ['/wiki/Special:RecentChanges', { method: 'HEAD' }],
    ['/wiki/Special:RecentChanges', { headers: { cookie: 'x_session=invented' } }],
    ['/wiki/Special:RecentChanges', { headers: { cookie: 'xUserName=Logged_out' } }],
    ['/wiki/Special:RecentChanges', { headers: { cookie: 'xUserID=1' } }],
    '/index.php?title=Main_Page&feed=atom&action=history',
    '/index.php?%64iff=1',
    '/index.php?+diff=1',
    '/wiki/Main_Page?oldid=1',
    '/wiki/Main_Page?x=%00&y',
    '/api.php?list=recentchanges&action=query',
    '/api.php?action=query&generator=allpages',
    '/api.php?action=feedrecentchanges',
    '/api.php?action=parse&page=Main_Page',
    '/rest.php/v1/page/Main_Page/history',
  ],
  others: [
    '/wiki/Main_Page?x=1',
    '/index.php?title=Main_Page&action=raw',
    '/index.php?title=Main_Page&action=edit',
    '/index.php?title=Main_Page&printable=yes',
    '/index.php?search=x',
    '/wiki/Special:UserLogin',
    '/api.php?action=query&meta=siteinfo',
    '/wiki/Spe%E2%80%8Ecial:RecentChanges',
    '//wiki/Special:RecentChanges',
    '/wiki/./Special:RecentChanges',
    ['/wiki/Main_Page', { headers: { cookie: 'x_session=invented' } }],
    ['/wiki/Main_Page', { headers: { authorization: 'Bearer invented' } }],
    ['/index.php', { method: 'POST', headers: { 'content-type': 'text/plain' } }],
    ['/api.php', { method: 'POST', body: Buffer.from('action=query&list=recentchanges') }],
  ],
};

/** Defines the checks in the suite that is being described; they leave the wiki as they found it. */
export function defineCrawlerChecks({ machine, adminName, password }: CheckedWiki): void {
  let wiki: WikiMachine;
  before(() => {
    wiki = machine();
  });

  it('knows what is costly in any spelling, whatever the cookie', async () => {
    const told = `vcl 4.1;
      include "/usr/share/mediawiki-full/wiki.vcl";
      sub vcl_deliver { set resp.http.X-Class = req.http.X-Costly; }`;
    await writeFile(join(wiki.machine.root, 'etc/varnish/classes.vcl'), told);
    await wiki.machine.run(['varnishadm', 'vcl.load', 'classes', '/etc/varnish/classes.vcl']);
    await wiki.machine.run(['varnishadm', 'vcl.use', 'classes']);
    try {
      for (const [wanted, requests] of Object.entries(classes)) {
        for (const one of requests) {
          const [path, options] = typeof one === 'string' ? [one, {}] : one;
          assert.equal(await classOf(wiki, path, options), wanted, JSON.stringify(one));
        }
      }
    } finally {
      await wiki.machine.run(['systemctl', 'reload', 'varnish.service']);
      await wiki.machine.run(['varnishadm', 'vcl.discard', 'classes']);
    }
  });

  it('begins no session for a cookie that somebody invented', async () => {
    const { headers } = await wiki.visitor().get('/wiki/Special:UserLogin');
    const [name] = (headers['set-cookie'] ?? []).flatMap((line) => /^(\w+_session)=/.exec(line)?.[1] ?? []);
    assert.ok(name !== undefined, 'a login form begins one');
    const cookie = `${name}=${randomBytes(16).toString('hex')}`;
    const answer = await ask(`${wiki.origin}/wiki/Main_Page`, { headers: { cookie } });
    assert.equal(answer.status, 200);
    const set = (answer.headers['set-cookie'] ?? []).filter((line) => line.startsWith(`${name}=`));
    assert.ok(set.length > 0 && set.every((line) => line.startsWith(`${name}=deleted;`)), set.join());
  });

  it('keeps processes free for editors, however many strangers ask for what is costly', async () => {
    const admin = await wiki.administrator(adminName, password);
    const kinds: ((at: number) => [string, Ask])[] = [
      (at) => [`/index.php?title=Special:RecentChanges&action=history&offset=${at}`, {}],
      (at) => [`/index.php?title=Main_Page&action=history&offset=${at}`, {}],
      (at) => [`/wiki/Main_Page?${at}`, { headers: { cookie: `x_session=invented${at}` } }],
    ];
    const asked = Array.from({ length: 90 }, (_, at) => {
      const [path, options] = kinds[at % kinds.length]!(at);
      return ask(`${wiki.origin}${path}`, options);
    });
    await admin.edit('Edited meanwhile', 'while strangers ask');
    const answers = await Promise.all(asked);
    for (const kind of kinds.keys()) {
      const own = answers.filter((_, at) => at % kinds.length === kind);
      const statuses = new Set(own.map(({ status }) => status));
      assert.ok(statuses.has(503) && statuses.size <= 3, [...statuses].join());
      const busy = own.find(({ status }) => status === 503)!;
      assert.equal(busy.headers['retry-after'], '30');
    }
    assert.ok(answers.some(({ status }) => status === 200));
    // Pages themselves are not what is meant, and who comes to log in is let in
    assert.equal((await wiki.visitor().get('/wiki/Edited_meanwhile')).status, 200);
    await eventually('the form is shown', async () =>
      (await wiki.visitor().get('/wiki/Special:UserLogin')).text.includes('wpPassword1'),
    );
  });
}

/** A path as it is written here: what makes addresses proper would make other ones of some. */
async function classOf(wiki: WikiMachine, path: string, { method, headers, body }: Ask): Promise<string> {
  return await new Promise((resolve, reject) => {
    const outgoing = request(
      { host: wiki.machine.address, path, method: method ?? 'GET', headers: headers ?? {}, agent: false },
      (incoming) => {
        incoming.resume().on('end', () => resolve(String(incoming.headers['x-class'] || 'page')));
      },
    );
    outgoing.on('error', reject).end(body);
  });
}
