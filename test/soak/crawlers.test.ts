/**
 * What an editor waits for while 1,000 addresses crawl the wiki: with the rules of
 * lib/crawlers.php, and without. `npm run soak crawlers`. The times are printed, and
 * only what does not depend on them is judged.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { addressesFor, crawl, type Heard, type Wanted } from '../fixtures/crawlers.js';
import { unfitForRoots } from '../fixtures/debian-root.js';
import { installedWiki } from '../fixtures/installed-wiki.js';
import { needs } from '../fixtures/machine.js';
import type { WikiClient } from '../fixtures/wiki-client.js';
import { eventually, WikiMachine } from '../fixtures/wiki-machine.js';

const pages = 100;
const revisions = 10;
const addresses = 1000;
/** Each address asks so often: 100 requests a second in all, a multiple of what two cores answer. */
const everyMs = 10_000;
const seconds = Number(process.env['LOCKSTEP_SOAK_SECONDS'] ?? 60);

/** Lists and diffs, no two of them the same. */
const plainly = (at: number): Wanted =>
  at % 2 === 0
    ? {
        path: `/index.php?title=Special:RecentChanges&limit=250&days=90&from=2020010100${1000 + (at % 9000)}`,
      }
    : {
        path: `/index.php?title=Crawled_${at % pages}&diff=${2 + (at % (pages * revisions))}&oldid=${1 + ((at * 7) % (pages * revisions))}`,
      };

/** What gets around simple rules: invented sessions, the API by POST, unknown parameters, other spellings. */
const slyly = (at: number): Wanted => {
  const cookie = `mediawiki_full_session=${randomBytes(16).toString('hex')}`;
  const list = `action=query&format=json&list=recentchanges&rclimit=500&rcstart=2030-01-01T00:00:${10 + (at % 50)}Z`;
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const ways: Wanted[] = [
    { path: `/wiki/Crawled_${at % pages}`, headers: { cookie } },
    { path: '/api.php', method: 'POST', headers: form, body: `${list}&x=${at}` },
    { path: `/index.php/Special%3ARecentChanges?x=${at}`, headers: { cookie } },
    { path: `/wiki/Crawled_${at % pages}?x=${at}` },
  ];
  return ways[at % ways.length]!;
};

interface Waited {
  what: string;
  saves: number[];
  failed: number;
  heard?: Heard;
}

describe(`${addresses} addresses that crawl a wiki, and an editor`, function () {
  this.timeout(1_800_000);
  let wiki: WikiMachine;
  let from: string[];
  let editor: WikiClient;
  const measured: Waited[] = [];

  before(async function () {
    await needs(this, { root: true, also: async () => (await unfitForRoots()) ?? null });
    const { image, archive } = await installedWiki('bookworm');
    wiki = await WikiMachine.boot({ image }, archive);
    await eventually('the wiki is well', async () => (await wiki.status()).healthy);
    await wiki.machine.run(['/usr/share/mediawiki-full/maintenance', 'importDump'], { input: history() });
    await wiki.machine.run(['/usr/share/mediawiki-full/maintenance', 'rebuildrecentchanges']);
    from = await addressesFor(wiki.machine, addresses);
    editor = await wiki.administrator();
  });
  after(async () => {
    for (const { what, saves, failed, heard } of measured) {
      const told = [...(heard?.statuses ?? [])].map(
        ([status, times]) => `${times} × ${status || 'no answer'}`,
      );
      console.log(
        `    ${what.padEnd(32)} ${figures(saves)}${failed > 0 ? `, ${failed} failed` : ''}${heard ? `; crawlers heard ${told.join(', ')}` : ''}`,
      );
    }
    await (wiki as WikiMachine | undefined)?.machine.remove();
  });

  async function measure(what: string, wanted?: (at: number) => Wanted): Promise<Waited> {
    const end = Date.now() + seconds * 1000;
    let over = false;
    const crawled =
      wanted === undefined ? undefined : crawl(wiki.machine.address, from, everyMs, wanted, () => over);
    // Once the crawl is under way
    if (wanted !== undefined) await pause(5000);
    const saves: number[] = [];
    let failed = 0;
    try {
      while (Date.now() < end) {
        const begun = performance.now();
        try {
          await editor.edit('Edited meanwhile', `${what}, ${saves.length}`);
          const shown = await editor.get('/wiki/Edited_meanwhile');
          assert.ok(shown.text.includes(`${what}, ${saves.length}`), `${what}: ${shown.status}`);
        } catch (error) {
          if (what !== withoutRules) throw error;
          failed++;
        }
        saves.push(performance.now() - begun);
        await pause(Math.max(0, 1000 - saves.at(-1)!));
      }
      if (wanted !== undefined && what !== withoutRules) await assertOthersAreServed();
    } finally {
      over = true;
    }
    const heard = await crawled;
    const waited = { what, saves, failed, ...(heard === undefined ? {} : { heard }) };
    measured.push(waited);
    return waited;
  }

  /** While the crawl goes on. */
  async function assertOthersAreServed(): Promise<void> {
    const at = measured.length;
    for (const path of ['/wiki/Main_Page', '/wiki/Edited_meanwhile', `/wiki/Crawled_${50 + at}`]) {
      assert.equal((await wiki.visitor().get(path)).status, 200, path);
    }
  }

  function assertRefused({ heard }: Waited): void {
    const { statuses, retryAfter } = heard!;
    assert.ok((statuses.get(200) ?? 0) > 0 && (statuses.get(503) ?? 0) > 0, [...statuses.keys()].join());
    assert.deepEqual([...retryAfter], ['30']);
  }

  const withoutRules = 'lists and diffs, without rules';

  it('saves while nobody crawls', async () => {
    await measure('nobody');
  });

  it('saves while they crawl lists and diffs, and others are served; who comes is let in', async () => {
    const waited = await measure('lists and diffs', (at) => plainly(at));
    assertRefused(waited);
    await wiki.administrator();
  });

  it('saves while they look for a way around', async () => {
    assertRefused(await measure('sessions, POST, odd addresses', slyly));
  });

  it('waits where there are no rules', async () => {
    const vcl = `vcl 4.1;
      include "/usr/share/mediawiki-full/wiki.vcl";
      sub vcl_miss { set req.backend_hint = mediawiki_full; unset req.http.X-Costly; }
      sub vcl_pass { set req.backend_hint = mediawiki_full; unset req.http.X-Costly; }`;
    await writeFile(join(wiki.machine.root, 'etc/varnish/open.vcl'), vcl);
    await wiki.machine.run(['varnishadm', 'vcl.load', 'open', '/etc/varnish/open.vcl']);
    await wiki.machine.run(['varnishadm', 'vcl.use', 'open']);
    const { heard } = await measure(withoutRules, (at) => plainly(at + 100_000));
    // What could not be answered in time is another 503
    assert.deepEqual([...heard!.retryAfter], []);
  });
});

/** 1,000 revisions as `importDump` reads them. */
function history(): string {
  let text = '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/" version="0.10" xml:lang="en">';
  let minute = 0;
  for (let page = 0; page < pages; page++) {
    text += `<page><title>Crawled ${page}</title><ns>0</ns><id>${page + 1000}</id>`;
    for (let revision = 0; revision < revisions; revision++) {
      const when = new Date(Date.now() - 86_400_000 + minute++ * 60_000).toISOString().replace(/\.\d+/, '');
      const lines = Array.from({ length: 120 }, (_, at) =>
        at % 10 === revision
          ? `Line ${at} as of revision ${revision}`
          : `Line ${at} of [[Crawled ${at % pages}]], '''which''' stays`,
      );
      text += `<revision><timestamp>${when}</timestamp><contributor><username>Somebody</username></contributor>`;
      text += `<model>wikitext</model><format>text/x-wiki</format><text>${lines.join('\n\n')}</text></revision>`;
    }
    text += '</page>';
  }
  return `${text}</mediawiki>`;
}

function figures(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): string =>
    `${Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN)} ms`;
  return `${sorted.length} saves: half within ${at(0.5)}, 95 % within ${at(0.95)}, all within ${at(1)}`;
}
