/**
 * The keyring package on machines that have the archive among their sources
 * already, in the files that people write: apt must go on working, with it,
 * after an upgrade of it and without it.
 */
import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serveArchive } from '../../../src/archive/static-server.js';
import { run } from '../../../src/io/process.js';
import { AptRoot } from '../../fixtures/apt-root.js';
import { unfitForRoots } from '../../fixtures/debian-root.js';
import { importedArchive, must, suite, type ImportedArchive } from '../../fixtures/imported-archive.js';
import { lockstepJson, scratch, top } from '../../fixtures/lockstep.js';
import { makeBinary } from '../../fixtures/packages.js';

describe('the keyring package beside other sources', function () {
  this.timeout(600_000);
  const stop = new AbortController();
  let archive: ImportedArchive;
  let base: string;
  let armored: string;
  let shipped: string;

  before(async function () {
    const unfit = await unfitForRoots();
    if (unfit !== undefined) {
      if (process.env['CI'] === 'true') throw new Error(unfit);
      console.warn(`SKIPPED, the keyring package beside other sources: ${unfit}`);
      this.skip();
    }
    const folder = join(await scratch('served'), 'public');
    await mkdir(folder);
    const server = await serveArchive({ root: folder, port: 0, signal: stop.signal });
    archive = await importedArchive(['1.0'], server.url);
    const { workspace, env } = archive;
    await cp(join(top, 'templates/archive-keyring'), join(workspace, 'templates/archive-keyring'), {
      recursive: true,
    });
    await rm(folder, { recursive: true });
    await run('ln', ['-s', join(workspace, 'public'), folder]);
    // An area beside main, of which the machines' files must tell
    const extra = await makeBinary({ package: 'extra', version: '1', fields: { Section: 'contrib/web' } });
    await writeFile(join(workspace, extra.file.name), extra.file.bytes);
    const options = { cwd: workspace, env };
    const { id } = await lockstepJson<{ id: string }>(['import', 'tiny', '--add', extra.file.name], options);
    await must(['publish', id, suite], workspace, env);
    base = `${server.url}/debian`;
    const published = (name: string): Promise<string> =>
      readFile(join(workspace, 'public/debian', name), 'utf8');
    armored = await published('archive-keyring.asc');
    shipped = await published(`${suite}.sources`);
  });
  after(() => stop.abort());

  const key = '/usr/share/keyrings/tiny-archive-keyring.gpg';
  const inside = (): string => armored.replace(/^/gm, ' ').replace(/^ $/gm, ' .').trimEnd();
  const oneLine = (options: string, name = suite): string => `deb ${options}${base} ${name} main\n`;

  /** Files below /etc/apt, as people have them; a comment and another archive must stay as they are. */
  const machines: Record<string, () => Record<string, string>> = {
    'the file of the archive under another name': () => ({ 'sources.list.d/wiki.sources': shipped }),
    'one line with a key of its own, and options': () => ({
      'keyrings-wiki.asc': armored,
      'sources.list.d/wiki.list': `# ours\n${oneLine('[arch=amd64 signed-by=/etc/apt/keyrings-wiki.asc] ')}`,
    }),
    'one line without any option, the key trusted for all': () => ({
      'trusted.gpg.d/wiki.asc': armored,
      'sources.list': `# comment\n${oneLine('')}`,
    }),
    'a stanza in a form of its own, with a slash at the end': () => ({
      'sources.list.d/a-wiki.sources': [
        '# The wiki',
        'types: deb',
        'URIs:',
        ` ${base}/`,
        `Suites: ${suite}`,
        'Components: main',
        'Signed-By:',
        inside(),
        '',
      ].join('\n'),
    }),
    'both, under two names': () => ({
      'sources.list.d/one.sources': shipped,
      'keyrings-wiki.asc': armored,
      'sources.list.d/two.list': oneLine('[signed-by=/etc/apt/keyrings-wiki.asc] '),
    }),
    'none at all': () => ({}),
  };

  for (const [name, files] of Object.entries(machines)) {
    it(`goes with ${name}`, async () => {
      const root = await AptRoot.make('bookworm', files());
      try {
        const pool = join(archive.workspace, 'public/debian/pool/main/t/tiny-archive-keyring');
        const [deb] = (await readdir(pool)).filter((file) => file.endsWith('.deb'));
        await cp(join(pool, deb!), join(root.path, 'tmp/keyring.deb'));
        await root.run('dpkg', '-i', '/tmp/keyring.deb');
        const complaints = async (): Promise<string[]> =>
          (await root.apt('update')).split('\n').filter((line) => /^[WE]: /.test(line));
        // Two entries for one thing are the person's own, and no fault
        const faults = async (): Promise<string[]> =>
          (await complaints()).filter((line) => !line.includes('is configured multiple times'));
        assert.deepEqual(await faults(), []);
        assert.match((await root.run('apt-cache', 'policy', 'mediawiki-full')).stdout, /Candidate: 1\.0/);
        const sources = join(root.path, 'etc/apt/sources.list.d');
        const own = (await readdir(sources)).includes('tiny.sources');
        assert.equal(
          own,
          Object.keys(files()).length === 0,
          'a file of its own only where there is no other',
        );
        if (own) assert.match(await root.source('tiny'), /^Components: contrib main$/m);
        for (const [path, before] of Object.entries(files()).filter(([one]) => one.includes('sources'))) {
          const text = await readFile(join(root.path, 'etc/apt', path), 'utf8');
          assert.ok(text.includes(key), text);
          assert.doesNotMatch(text, /BEGIN PGP|keyrings-wiki/);
          // Comments and other options are the person's
          for (const [kept] of before.matchAll(/^#.*|arch=\w+/gm)) assert.ok(text.includes(kept), text);
        }
        // Every later configure leaves it so, also where the person has taken a file away
        if (own) await rm(join(sources, 'tiny.sources'));
        await root.run('dpkg', '--force-confdef', '-i', '/tmp/keyring.deb');
        assert.equal((await readdir(sources)).includes('tiny.sources'), false);
        assert.deepEqual(await faults(), []);
        await root.apt('purge', '-y', 'tiny-archive-keyring');
        assert.ok(!(await readdir(sources)).includes('tiny-keyring.sources'));
      } finally {
        await root.remove();
      }
    });
  }

  it('is asked for another suite, and writes it where it wrote one', async () => {
    const root = await AptRoot.make('bookworm', {});
    try {
      const pool = join(archive.workspace, 'public/debian/pool/main/t/tiny-archive-keyring');
      const [deb] = (await readdir(pool)).filter((file) => file.endsWith('.deb'));
      await cp(join(pool, deb!), join(root.path, 'tmp/keyring.deb'));
      await writeFile(
        join(root.path, 'tmp/answers'),
        'tiny-archive-keyring tiny-archive-keyring/suite select tiny-stable\n',
      );
      await root.run('debconf-set-selections', '/tmp/answers');
      await root.run('dpkg', '-i', '/tmp/keyring.deb');
      assert.match(await root.source('tiny'), /^Suites: tiny-stable$/m);
    } finally {
      await root.remove();
    }
  });
});
