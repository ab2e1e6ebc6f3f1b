/**
 * What the pages and the manual say is on a machine, looked for on one: a page
 * that names a file, a unit or a command that does not exist sends people astray.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { top } from '../../fixtures/lockstep.js';
import type { WikiMachine } from '../../fixtures/wiki-machine.js';

/** Decisions tell of what was, too; the reference of commands and templates has examples. */
const folders = ['docs/how-to', 'docs/tutorial', 'docs/explanation'];

/** Named by a page, and not on a machine that was only just installed: by whom or when each is made. */
const notThereYet: Readonly<Record<string, string>> = {
  '/etc/mediawiki-full/allow-schema-downgrade': 'an administrator',
  '/var/lib/mediawiki-full/restoring.json': 'mediawiki-full restore',
  '/var/lib/mediawiki-full/backups': 'the first dump',
  '/var/lib/mediawiki-full/private-images': 'mediawiki-full set access private',
  '/etc/mediawiki-full/mariadb.cnf': 'an administrator',
  '/var/lib/mediawiki-full/adopted.json': 'mediawiki-full adopt',
  '/var/lib/mediawiki-adopted': 'mediawiki-full adopt FOLDER',
  '/var/lib/mediawiki-adopted/': 'mediawiki-full adopt FOLDER',
  '/var/www/html/w': 'who has a wiki there',
  '/etc/php/*/apache2/php.ini': "Apache's own PHP",
  '/etc/apt/preferences.d/00-NAME-snapshot': 'mediawiki-full pin',
  '/etc/apt/sources.list.d/NAME-snapshot.sources': 'mediawiki-full pin',
  '/usr/share/mediawiki/extensions-set/<Folder>': 'a set with extensions of its own',
  '/var/log/unattended-upgrades/': 'unattended-upgrades',
  '/run/secrets/archive-passphrase': 'who runs the release machine',
  '/run/secrets/next-passphrase': 'who runs the release machine',
  '/etc/devscripts.conf': 'who reads the archive with dget',
  '/usr/bin/gpg': 'who runs the release machine',
  '/etc/lockstep/passphrase': 'who runs the release machine',
  '/srv/incoming': 'who runs the release machine',
  '/srv/releases': 'who runs the release machine',
  '/srv/reprepro': 'who runs the release machine',
  '/srv/reprepro/pool': 'who runs the release machine',
};

/** Units that this repository ships for the machine that releases. */
const releaseUnits = ['lockstep-refresh@.service', 'lockstep-refresh@.timer'];

/** @param name of the archive, which pages write as NAME */
export async function assertDocumented(wiki: WikiMachine, name: string): Promise<void> {
  const texts = await pages();
  const wrong: string[] = [];
  const used = new Set<string>();
  for (const { page, text } of texts) {
    for (const path of pathsIn(text)) {
      if (Object.hasOwn(notThereYet, path)) used.add(path);
      else if (!existsSync(join(wiki.machine.root, onMachine(path, name)))) wrong.push(`${page}: ${path}`);
    }
    for (const unit of unitsIn(text)) {
      const place = releaseUnits.includes(unit)
        ? join(top, 'systemd', unit)
        : join(wiki.machine.root, 'usr/lib/systemd/system', unit);
      if (!existsSync(place)) wrong.push(`${page}: ${unit}`);
    }
  }
  const help = (await wiki.machine.run(['mediawiki-full', '--help'])).stdout;
  const known = new Set([...help.matchAll(/mediawiki-full ([a-z-]+)/g)].map(([, command]) => command!));
  for (const { page, text } of texts) {
    for (const [, command] of text.matchAll(/(?:^|`)mediawiki-full ([a-z][a-z-]*)/gm)) {
      if (!known.has(command!)) wrong.push(`${page}: mediawiki-full ${command!}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.deepEqual(
    Object.keys(notThereYet).filter((path) => !used.has(path)),
    [],
    'no page names these any more',
  );
}

async function pages(): Promise<{ page: string; text: string }[]> {
  const manual = await readFile(join(top, 'templates/mediawiki-full-config/files/mediawiki-full.8'), 'utf8');
  const found = [
    // Which writes a hyphen so
    { page: 'mediawiki-full(8)', text: manual.replaceAll('\\-', '-') },
    { page: 'README.md', text: await readFile(join(top, 'README.md'), 'utf8') },
    { page: 'archive.md', text: await readFile(join(top, 'docs/reference/archive.md'), 'utf8') },
  ];
  for (const folder of folders) {
    for (const name of await readdir(join(top, folder))) {
      const page = join(folder, name);
      found.push({ page, text: await readFile(join(top, page), 'utf8') });
    }
  }
  return found;
}

/** Absolute paths, where one begins: behind a quote, a bracket, a blank or an equals sign. */
function pathsIn(text: string): string[] {
  const found = text.matchAll(/(?<=^|[\s`"'(=])\/(?:etc|usr|var|run|srv)\/[A-Za-z0-9._/*<>+@-]*/gm);
  return [...new Set([...found].map(([path]) => path.replace(/[.,]+$/, '')))];
}

/** As it is on the machine: a pattern or a placeholder stands for what is in its folder. */
function onMachine(path: string, name: string): string {
  const named = path.replaceAll('NAME', name);
  return /[*<]/.test(named) ? dirname(named.replace(/[*<].*$/, 'x')) : named;
}

function unitsIn(text: string): string[] {
  const found = text.matchAll(/(?<=^|[\s`"'(])[a-z][a-z0-9@-]*\.(?:service|timer)(?=[\s`"'),]|$)/gm);
  return [...new Set([...found].map(([unit]) => unit))];
}
