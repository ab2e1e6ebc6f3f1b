/**
 * A booted machine that follows the archive under test, and the wiki on it:
 * installing, removing, asking. What has to be true of it is in scenario.ts.
 */
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { RunResult } from '../../../src/io/process.js';
import type { Codename } from '../../fixtures/debian-root.js';
import { Machine } from '../../fixtures/nspawn.js';
import { WikiClient } from '../../fixtures/wiki-client.js';

/** An archive on disk that holds one set. */
export interface ArchiveUnderTest {
  codename: Codename;
  /** The folder that is served: `debian/dists/...` is below it. */
  publicDir: string;
  /** Where the archive says it is, `http://127.0.0.1:8470`: apt finds publicDir there. */
  baseUrl: string;
  suite: string;
  /** File of the keyring package. */
  keyringPackage: string;
}

/** The part of `mediawiki-full status --json` that tests look at. */
export interface WikiStatus {
  healthy: boolean;
  versions: Record<string, string | null>;
  services: Record<string, string>;
  wiki: { setup: string; generator: string | null };
  database: string;
  varnish: { hits: number } | null;
  memcached: { items: number } | null;
  jobs: { waiting: number | null };
}

/** The names of packages that the set consists of, the last to be removed first. */
export const packagesOfSet = [
  'mediawiki',
  'mediawiki-classes',
  'mediawiki-parsoid',
  'mediawiki-full-config',
  'mediawiki-full',
];

const unattended = { DEBIAN_FRONTEND: 'noninteractive' };

export class WikiMachine {
  static readonly hostname = 'wiki-host';

  private constructor(readonly machine: Machine) {}

  static async boot(archive: ArchiveUnderTest): Promise<WikiMachine> {
    const machine = await Machine.boot(archive.codename, {
      hostname: WikiMachine.hostname,
      folders: { [archive.baseUrl]: archive.publicDir },
    });
    await copyFile(archive.keyringPackage, join(machine.root, 'root/archive-keyring.deb'));
    return new WikiMachine(machine);
  }

  /** The wiki's address, as visitors on another machine have it. */
  get origin(): string {
    return `http://${this.machine.address}`;
  }

  visitor(): WikiClient {
    return new WikiClient(this.origin);
  }

  async administrator(name = 'Admin', password?: string): Promise<WikiClient> {
    const client = this.visitor();
    await client.logIn(name, password ?? (await this.text('etc/mediawiki-full/admin-password')).trim());
    return client;
  }

  /** Runs apt-get as an unattended machine does; nothing is asked, nothing is answered. */
  async apt(...args: string[]): Promise<RunResult> {
    return await this.machine.run(['apt-get', '-o', 'DPkg::Use-Pty=0', ...args], { env: unattended });
  }

  /** Answers debconf's questions of the configuration package beforehand. */
  async preseed(answers: Readonly<Record<string, string>>): Promise<void> {
    const types: Record<string, string> = {
      database: 'select',
      'purge-data': 'boolean',
      'admin-password': 'password',
    };
    const lines = Object.entries(answers).map(
      ([name, value]) =>
        `mediawiki-full-config mediawiki-full-config/${name} ${types[name] ?? 'string'} ${value}\n`,
    );
    await this.machine.run(['debconf-set-selections'], { input: lines.join('') });
  }

  async purge(): Promise<RunResult> {
    return await this.apt('purge', '--yes', ...packagesOfSet);
  }

  async status(): Promise<WikiStatus> {
    const { stdout } = await this.machine.run(['mediawiki-full', 'status', '--json'], { allowFailure: true });
    return JSON.parse(stdout) as WikiStatus;
  }

  /** A file of the machine's disk. */
  async text(path: string): Promise<string> {
    return await readFile(join(this.machine.root, path), 'utf8');
  }

  /** PHP inside the machine, for what has to be asked from there. */
  async php(code: string): Promise<string> {
    return (await this.machine.run(['php', '-r', code])).stdout;
  }

  /** One request from the machine to itself; gives the status line. */
  async askFromInside(method: string, url: string, headers: readonly string[] = []): Promise<string> {
    const http = JSON.stringify({
      method,
      header: headers.join('\r\n'),
      ignore_errors: true,
      follow_location: 0,
    });
    return await this.php(
      `$c = stream_context_create(['http' => json_decode(${JSON.stringify(http)}, true)]);` +
        `@file_get_contents(${JSON.stringify(url)}, false, $c); echo $http_response_header[0];`,
    );
  }
}

/** Asks again until it is so; for what another process does in its own time. */
export async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 240; tries++) {
    if (await holds()) return;
    await pause(250);
  }
  throw new Error(`It did not come to be that ${what}`);
}
