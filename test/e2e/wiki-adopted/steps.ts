/**
 * A machine on which somebody has had a wiki for years gets mediawiki-full:
 * what answered goes on answering, `adopt` gives it the caches, `adopt --undo`
 * takes them back.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Codename } from '../../fixtures/debian-root.js';
import { unfitForRoots } from '../../fixtures/debian-root.js';
import { needs } from '../../fixtures/machine.js';
import {
  oldAddresses,
  oldAdmin,
  oldPassword,
  oldWiki,
  record,
  type OldWikiKind,
  type Recorded,
} from '../../fixtures/old-wiki.js';
import { ask, WikiClient, type Answer } from '../../fixtures/wiki-client.js';
import { WikiMachine } from '../../fixtures/wiki-machine.js';

export const host = 'old.example.org';

/** An old wiki on a machine of its own, and what it answered before anything of ours came. */
export class OldMachine {
  before: Recorded[] = [];
  /** Where its database is, if not on the machine itself. */
  dataOn: WikiMachine | undefined;

  constructor(
    readonly wiki: WikiMachine,
    readonly kind: OldWikiKind,
  ) {}

  static async boot(codename: Codename, kind: OldWikiKind, publicDir?: string): Promise<OldMachine> {
    const { image, archive } = await oldWiki(codename, kind);
    const wiki = await WikiMachine.boot(
      { image },
      publicDir === undefined ? archive : { ...archive, publicDir },
    );
    const machine = new OldMachine(wiki, kind);
    await machine.settle();
    return machine;
  }

  /** The old wiki answers, and always the same. */
  async settle(): Promise<void> {
    for (let tries = 0; tries < 60; tries++) {
      const { status } = await ask(`${this.wiki.origin}/wiki/Roses`, { headers: { host } }).catch(() => ({
        status: 0,
      }));
      if (status === 200) break;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    this.before = await record(this.wiki.origin, oldAddresses);
  }

  /** Runs a command inside; a failure throws. */
  async run(...command: string[]): Promise<string> {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    const { stdout, stderr } = await this.wiki.machine.run(command, { env });
    return stdout + stderr;
  }

  async refused(...command: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.wiki.machine.run(command, { allowFailure: true });
    assert.notEqual(exitCode, 0, `${command.join(' ')} went well:\n${stdout}${stderr}`);
    return stdout + stderr;
  }

  async install(): Promise<string> {
    await this.wiki.apt('update');
    await this.wiki.apt('install', '--yes', WikiMachine.keyringPackage);
    await this.wiki.apt('update');
    const { stdout, stderr } = await this.wiki.apt('install', '--yes', 'mediawiki-full');
    return stdout + stderr;
  }

  /** Every address answers as it did at first, by redirect at most. */
  async assertSame(): Promise<void> {
    const now = await record(this.wiki.origin, oldAddresses);
    const differing = now.flatMap((one, at) => {
      const was = this.before[at]!;
      return was.status === one.status && was.body === one.body ? [] : [difference(was, one)];
    });
    assert.deepEqual(differing, []);
    assert.match((await this.get('/', 'other.example.org')).text, /^another site$/m);
  }

  async get(path: string, name = host, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return await ask(`${this.wiki.origin}${path}`, { headers: { host: name, ...headers } });
  }

  async editor(): Promise<WikiClient> {
    const client = new WikiClient(this.wiki.origin, '/w');
    await client.logIn(oldAdmin, oldPassword);
    return client;
  }

  /** All files below folders: names, links, owners, modes and bytes. */
  async files(...folders: string[]): Promise<string[]> {
    const script =
      'find "$@" -printf "%p %l %u %g %m\\0"; find "$@" -type f -print0 | xargs -0 sha256sum --zero';
    return (await this.run('sh', '-c', script, 'sh', ...folders)).split('\0').sort();
  }

  /** The pages, users and files in the database, without what is kept for speed. */
  async data(): Promise<string> {
    const passing = ['objectcache', 'l10n_cache', 'job', 'module_deps', 'querycache', 'querycache_info'];
    const dumped =
      this.kind === 'sqlite'
        ? await this.run(
            ...['php', '-r'],
            `$d = new SQLite3('/srv/data/oldwiki.sqlite');
            $t = $d->query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
            while ($n = $t->fetchArray()[0] ?? null) {
              if (in_array($n, ${phpList([...passing, 'sqlite_sequence'])})) continue;
              $r = $d->query("SELECT * FROM \\"$n\\"");
              while ($row = $r->fetchArray(SQLITE3_NUM)) echo $n, ' ', bin2hex(serialize($row)), "\\n";
            }`,
          )
        : (
            await (this.dataOn ?? this.wiki).machine.run([
              ...['mariadb-dump', '--skip-dump-date', '--skip-comments', 'oldwiki'],
              ...passing.map((table) => `--ignore-table=oldwiki.ow_${table}`),
            ])
          ).stdout;
    return createHash('sha256').update(dumped).digest('hex');
  }
}

function phpList(names: readonly string[]): string {
  return `[${names.map((name) => `'${name}'`).join(', ')}]`;
}

function difference(was: Recorded, is: Recorded): string {
  const [before, after] = [was.body.split('\n'), is.body.split('\n')];
  const at = before.findIndex((line, number) => line !== after[number]);
  return `${was.path}: ${was.status} -> ${is.status}: ${before[at]?.slice(0, 300)} -> ${after[at]?.slice(0, 300)}`;
}

/** A machine for one suite of tests. */
export function useOldMachine(boot: () => Promise<OldMachine>): () => OldMachine {
  let machine: OldMachine | undefined;
  before(async function () {
    await needs(this, { root: true, also: async () => (await unfitForRoots()) ?? null });
    machine = await boot();
  });
  after(async () => machine?.wiki.machine.remove());
  return () => machine!;
}

/** What is true of every old wiki that is installed beside, adopted and taken back. */
export function defineAdoption(
  machine: () => OldMachine,
  folders: readonly string[],
  adopt: readonly string[] = [],
): void {
  let files: string[];
  let data: string;

  it('goes on answering as it did once mediawiki-full is installed', async () => {
    const said = await machine().install();
    assert.match(said, /has a wiki(?:\.|,) (?:It|which) does not change/);
    await machine().assertSame();
    assert.equal(
      await machine().run('systemctl', 'list-units', '--state=failed', '--plain', '--no-legend'),
      '',
    );
  });

  it('is shown what adopting would do, and nothing is changed', async () => {
    files = await machine().files(...folders);
    data = await machine().data();
    const plan = await machine().run('mediawiki-full', 'adopt', ...adopt, '--dry-run');
    for (const line of [
      /^wiki +"Old Wiki", MediaWiki 1\.\d+/m,
      /^addresses +stay: http:\/\/old\.example\.org\/wiki\/Title/m,
    ]) {
      assert.match(plan, line);
    }
    assert.match(plan, /^cache +Varnish keeps pages for visitors of old\.example\.org:80/m);
    assert.deepEqual(await machine().files(...folders), files);
    assert.equal(await machine().data(), data);
  });

  it('is adopted: every address answers as before, visitors get pages from the cache', async () => {
    await machine().run('mediawiki-full', 'adopt', ...adopt);
    await machine().assertSame();
    await machine().get('/wiki/Tulips');
    const again = await machine().get('/wiki/Tulips');
    assert.deepEqual([again.status, again.headers['x-cache']], [200, 'hit']);
    // Another name is another site, and whoever is logged in gets a page of his own
    assert.equal((await machine().get('/wiki/Tulips', 'elsewhere.example')).headers['x-cache'], undefined);
    const own = await machine().get('/wiki/Tulips', host, { cookie: 'oldwikiUserID=1; oldwiki_session=abc' });
    assert.equal(own.headers['x-cache'], undefined);
    const status = await machine().wiki.status();
    assert.deepEqual([status.healthy, status.findings.map(({ code }) => code)], [true, []]);
  });

  it('is as it was after adopt --undo, byte for byte', async () => {
    await machine().run('mediawiki-full', 'adopt', '--undo');
    assert.deepEqual(await machine().files(...folders), files);
    assert.equal(await machine().data(), data);
    await machine().assertSame();
  });
}
