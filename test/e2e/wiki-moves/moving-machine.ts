/**
 * A booted machine with the wiki of one snapshot, taken to others: what moves
 * it, and what has to be true of it wherever it is. Which moves are made, in
 * which order, is in the test files.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunResult } from '../../../src/io/process.js';
import { installedWiki } from '../../fixtures/installed-wiki.js';
import { lockstep, lockstepJson, type CommandOutcome } from '../../fixtures/lockstep.js';
import {
  pointedAt,
  secondConfiguration,
  snapshotOf,
  type CutSnapshot,
  type MovingWiki,
} from '../../fixtures/moving-wiki.js';
import { newTable, taglines } from '../../fixtures/newer-mediawiki.js';
import { picture } from '../../fixtures/png.js';
import { assertShows } from '../../fixtures/wiki-checks.js';
import { eventually, packagesOfSet, WikiMachine } from '../../fixtures/wiki-machine.js';

/** What a set looks like to a visitor: that of the shipped profile, or that of the changed one. */
export type Look = 'first' | 'second';

const kept = { title: 'Kept', text: 'written under the first set', upload: 'Kept.png' };

export class MovingMachine {
  /** What was written so far; every page has to be there after every move. */
  readonly pages = new Map<string, string>();
  private uploaded = Buffer.alloc(0);

  private constructor(
    readonly wiki: WikiMachine,
    readonly sets: MovingWiki,
  ) {}

  /** The machine that was installed from the first set, with an archive of its own to follow. */
  static async boot(sets: MovingWiki): Promise<MovingMachine> {
    const installed = await installedWiki(sets.codename);
    const wiki = await WikiMachine.boot(installed, { ...installed.archive, publicDir: sets.publicDir });
    await eventually('the wiki is well', async () => (await wiki.status()).healthy);
    return new MovingMachine(wiki, sets);
  }

  async remove(): Promise<void> {
    await this.wiki.machine.remove();
  }

  /** Runs a command inside; a failure throws. */
  async run(...command: string[]): Promise<RunResult> {
    return await this.wiki.machine.run(command, { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  }

  /** Runs a command inside whose failure is what the test looks at. */
  async attempt(...command: string[]): Promise<RunResult> {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    return await this.wiki.machine.run(command, { env, allowFailure: true });
  }

  /** `lockstep` in the workspace; has to succeed. */
  async archive(...args: string[]): Promise<Record<string, unknown>> {
    return await lockstepJson(args, { cwd: this.sets.workspace });
  }

  /** `lockstep` in the workspace, whose failure is what the test looks at. */
  async archiveRefuses(...args: string[]): Promise<CommandOutcome> {
    const outcome = await lockstep(args, { cwd: this.sets.workspace });
    assert.notEqual(outcome.status, 0, `lockstep ${args.join(' ')} was not refused:\n${outcome.stderr}`);
    return outcome;
  }

  /** What a suite points at, by its history. */
  async pointsAt(suite: string): Promise<CutSnapshot> {
    const { workspace, profile } = this.sets;
    return await snapshotOf(workspace, profile, await pointedAt(workspace, suite));
  }

  /** `apt-get update` that finds nothing to complain about. */
  async update(...options: string[]): Promise<void> {
    const { stdout, stderr } = await this.wiki.apt('update', ...options);
    assert.doesNotMatch(stdout + stderr, /^(W|E|N|Err|Ign|Warning|Error)[: ]/m);
  }

  /** What an administrator of a machine types after a move of the suite, up or down. */
  async follow(): Promise<RunResult> {
    await this.update();
    return await this.wiki.apt('dist-upgrade', '--yes', '--allow-downgrades');
  }

  async writeContent(): Promise<void> {
    const admin = await this.wiki.administrator();
    await this.write(kept.title, kept.text);
    await admin.upload(kept.upload, picture(64, 48));
    this.uploaded = Buffer.from(await this.upload());
  }

  /** Edits a page, which takes a working session, database and job queue. */
  async write(title: string, text: string): Promise<void> {
    await (await this.wiki.administrator()).edit(title, text);
    this.pages.set(title, text);
  }

  /** The bytes that a visitor gets of what was uploaded. */
  private async upload(): Promise<Uint8Array> {
    const visitor = this.wiki.visitor();
    const info = await visitor.api({
      action: 'query',
      titles: `File:${kept.upload}`,
      prop: 'imageinfo',
      iiprop: 'url',
    });
    const { pages } = info['query'] as { pages: { imageinfo: { url: string }[] }[] };
    const answer = await visitor.get(new URL(pages[0]!.imageinfo[0]!.url).pathname);
    assert.equal(answer.status, 200);
    return answer.body;
  }

  /** Installed versions of the packages of the set that dpkg has configured. */
  async versions(): Promise<Record<string, string>> {
    const format = '${db:Status-Abbrev}|${Package}|${Version}\\n';
    const { stdout } = await this.attempt('dpkg-query', '-W', '-f', format, ...packagesOfSet);
    const rows = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('|'));
    for (const [state, name] of rows) assert.equal(state?.trim(), 'ii', `${name} is not configured`);
    return Object.fromEntries(rows.map(([, name, version]) => [name ?? '', version ?? '']));
  }

  /** The snapshot that `mediawiki-full pin` holds the machine at, and the one it has. */
  async heldAt(): Promise<{ pinned: string | null; current: string | null }> {
    const { stdout } = await this.attempt('mediawiki-full', 'status', '--json');
    return (JSON.parse(stdout) as { snapshot: { pinned: string | null; current: string | null } }).snapshot;
  }

  /** The names of the dumps of the database, oldest first. */
  async dumps(): Promise<string[]> {
    const folder = join(this.wiki.machine.root, 'var/lib/mediawiki-full/backups');
    const names = await readdir(folder).catch(() => []);
    return names.filter((name) => !name.endsWith('.json')).sort();
  }

  /** Whether the database holds what only the third set's MediaWiki makes. */
  async hasNewTable(): Promise<boolean> {
    const sql = `SHOW TABLES IN mediawiki_full LIKE '${newTable}'`;
    return (await this.run('mariadb', '-N', '-e', sql)).stdout.includes(newTable);
  }

  /**
   * That the machine is at a snapshot with every package of the set, is well, shows that set's code and
   * configuration and every page that was ever written, and takes another edit.
   */
  async assertAt(snapshot: CutSnapshot, look: Look): Promise<void> {
    assert.deepEqual(await this.versions(), snapshot.versions);
    assert.equal((await this.run('dpkg', '--audit')).stdout, '');
    const status = await this.wiki.status();
    assert.deepEqual({ ...status, healthy: status.healthy }, { ...status, healthy: true });
    await this.assertLooks(look);
    await this.assertContent();
    await this.write(`Written at ${look}`, `edit number ${this.pages.size}, on ${snapshot.id}`);
    await this.assertContent();
  }

  private async assertLooks(look: Look): Promise<void> {
    const { header, headerValue, notice, conffile, conffileLine, file } = secondConfiguration;
    const page = await this.wiki.visitor().get('/wiki/Main_Page');
    assert.equal(page.status, 200);
    const second = look === 'second';
    const phpVersion = this.sets.codename === 'bookworm' ? '8.2' : '8.4';
    assert.deepEqual(
      {
        code: /id="siteSub"[^>]*>([^<]*)</.exec(page.text)?.[1],
        settings: page.text.includes(notice),
        varnish: page.headers[header],
        conffile: (await this.wiki.text(conffile(phpVersion))).split('\n').includes(conffileLine),
        file: existsSync(join(this.wiki.machine.root, file)),
      },
      {
        code: second ? taglines.ours : taglines.debian,
        settings: second,
        varnish: second ? headerValue : undefined,
        conffile: second,
        file: second,
      },
    );
  }

  private async assertContent(): Promise<void> {
    for (const [title, text] of this.pages) {
      assertShows(await this.wiki.visitor().get(`/wiki/${title.replaceAll(' ', '_')}`), text);
    }
    assert.deepEqual(Buffer.from(await this.upload()), this.uploaded);
  }
}
