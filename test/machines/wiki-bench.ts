/**
 * `npm run bench wiki`: what visitors and editors wait for, on a booted Debian 12: plain Debian's mediawiki, with
 * Apache's own PHP and no cache, beside mediawiki-full. Both stand side by side and are measured in turn, so that what
 * else this machine does meets both. Root only.
 */
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ask, WikiClient } from '../fixtures/wiki-client.js';
import { installedWiki } from '../fixtures/installed-wiki.js';
import { Machine } from '../fixtures/nspawn.js';
import { eventually, WikiMachine } from '../fixtures/wiki-machine.js';
import { top } from '../fixtures/lockstep.js';

/** One of the two. */
interface Side {
  origin: string;
  /** Before `index.php`. */
  script: string;
  /** Of a page. */
  page: (title: string) => string;
  editor: WikiClient;
  remove: () => Promise<void>;
}

interface Load {
  method?: string;
  path: string;
  form?: Record<string, string>;
}

interface Row {
  what: string;
  /** How many times plain Debian it has to be. */
  reach: number;
  loggedIn: boolean;
  loads: (side: Side) => Promise<Load[]>;
}

const seconds = Number(process.env['LOCKSTEP_BENCH_SECONDS'] ?? 8);
const rounds = Number(process.env['LOCKSTEP_BENCH_ROUNDS'] ?? 3);
/** Which rows: a part of their names, all of them where it is empty. */
const wanted = process.env['LOCKSTEP_BENCH_ROWS'] ?? '';
const connections = 8;
const password = 'kept by nobody 4711';
const text = Array.from(
  { length: 40 },
  (_, at) => `== Section ${at} ==\n'''Bold''' and [[Main Page]], [[Page ${at}]].\n* one\n* two\n`,
).join('\n');

const rows: Row[] = [
  {
    what: 'page view, logged in',
    reach: 2,
    loggedIn: true,
    loads: (side) => Promise.resolve([{ path: side.page('Measured') }]),
  },
  {
    what: 'page save',
    reach: 1.5,
    loggedIn: true,
    loads: async (side) => {
      const token = await side.editor.token('csrf');
      const form = { action: 'edit', format: 'json', title: 'Saved {n}', text: `${text}{n}`, token };
      return [{ method: 'POST', path: `${side.script}/api.php`, form }];
    },
  },
  {
    what: 'load.php',
    reach: 3,
    loggedIn: false,
    loads: async (side) => {
      const { text: html } = await ask(`${side.origin}${side.page('Measured')}`);
      const paths = [...html.matchAll(/(?:href|src)="([^"]*\/load\.php\?[^"]*)"/g)];
      return paths.map(([, path]) => ({ path: path!.replaceAll('&amp;', '&') }));
    },
  },
  {
    what: 'API read',
    reach: 3,
    loggedIn: false,
    loads: (side) => {
      const query =
        'action=query&format=json&prop=info%7Crevisions&rvprop=content&titles=Measured&maxage=60&smaxage=60';
      return Promise.resolve([{ path: `${side.script}/api.php?${query}` }]);
    },
  },
  {
    what: 'page view, anonymous, nothing cached',
    reach: 1,
    loggedIn: false,
    loads: (side) =>
      Promise.resolve([{ path: `${side.script}/index.php?title=Measured&uselang=en&fresh={n}` }]),
  },
  {
    what: 'page view, anonymous',
    reach: 100,
    loggedIn: false,
    loads: (side) => Promise.resolve([{ path: side.page('Measured') }]),
  },
];

const sides = { plain: await plainDebian(), full: await full() };
try {
  for (const side of Object.values(sides)) await side.editor.edit('Measured', text);
  const table: string[][] = [['what', 'plain Debian /s', 'mediawiki-full /s', 'ratio', 'reach', '']];
  let missed = 0;
  for (const row of rows.filter(({ what }) => what.includes(wanted))) {
    const measured: Record<keyof typeof sides, number[]> = { plain: [], full: [] };
    for (let round = 0; round < rounds; round++) {
      for (const name of ['plain', 'full'] as const) measured[name].push(await measure(sides[name], row));
    }
    const [plain, ours] = [median(measured.plain), median(measured.full)];
    const good = ours / plain >= row.reach;
    missed += good ? 0 : 1;
    const shown = [plain, ours].map((rate) => rate.toFixed(rate < 100 ? 1 : 0));
    table.push([row.what, ...shown, (ours / plain).toFixed(2), `${row.reach} x`, good ? 'ok' : 'MISSED']);
    process.stderr.write(`${row.what}: ${JSON.stringify(measured)}\n`);
  }
  const widths = table[0]!.map((_, at) => Math.max(...table.map((line) => line[at]!.length)));
  for (const line of table) console.log(line.map((cell, at) => cell.padEnd(widths[at]!)).join('  '));
  process.exitCode = missed === 0 ? 0 : 1;
} finally {
  for (const side of Object.values(sides)) await side.remove();
}

/** Requests a second. */
async function measure(side: Side, row: Row): Promise<number> {
  const job = {
    origin: side.origin,
    connections,
    seconds,
    cookie: row.loggedIn ? side.editor.cookieHeader : undefined,
    requests: await row.loads(side),
  };
  const script = join(top, 'scripts/bench/wiki-load.mjs');
  const { stdout, status } = spawnSync(process.execPath, [script], { input: JSON.stringify(job) });
  const result = JSON.parse(stdout.toString()) as { done: number; failed: object; seconds: number };
  if (status !== 0 || result.done === 0 || Object.keys(result.failed).length > 0) {
    throw new Error(`${row.what} on ${side.origin}: ${stdout.toString()}`);
  }
  return result.done / result.seconds;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

async function full(): Promise<Side> {
  const { image, archive } = await installedWiki('bookworm');
  const wiki = await WikiMachine.boot({ image }, archive);
  await eventually('the wiki is well', async () => (await wiki.status()).healthy);
  return {
    origin: wiki.origin,
    script: '',
    page: (title) => `/wiki/${title}`,
    editor: await wiki.administrator(),
    remove: () => wiki.machine.remove(),
  };
}

/** As Debian's README has it: Apache's own PHP, MariaDB, MediaWiki's installer with its defaults. */
async function plainDebian(): Promise<Side> {
  const machine = await Machine.boot('bookworm', { hostname: 'plain-host' });
  const run = (...command: string[]): Promise<unknown> =>
    machine.run(command, { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  await run('apt-get', 'update');
  await run('apt-get', 'install', '--yes', 'mediawiki', 'mariadb-server', 'php-mysql', 'php-apcu');
  const sql =
    'CREATE DATABASE wiki CHARACTER SET binary; ' +
    `CREATE USER wiki@localhost IDENTIFIED BY '${password}'; GRANT ALL ON wiki.* TO wiki@localhost`;
  await run('mariadb', '-e', sql);
  const options = ['--dbname=wiki', '--dbuser=wiki', `--dbpass=${password}`, '--scriptpath=/mediawiki'];
  const origin = `http://${machine.address}`;
  const install = '/usr/share/mediawiki/maintenance/install.php';
  await run(
    'php',
    install,
    `--server=${origin}`,
    ...options,
    `--pass=${password}`,
    '--confpath=/etc/mediawiki',
    'Plain',
    'Admin',
  );
  await writeFile(
    join(machine.root, 'etc/apache2/conf-available/mediawiki.conf'),
    'Alias /mediawiki /var/lib/mediawiki\n<Directory /var/lib/mediawiki/>\nOptions +FollowSymLinks\nRequire all granted\n</Directory>\n',
  );
  await run('a2enconf', 'mediawiki');
  await run('chmod', '644', '/etc/mediawiki/LocalSettings.php');
  await run('systemctl', 'restart', 'apache2.service');
  const editor = new WikiClient(origin, '/mediawiki');
  await editor.logIn('Admin', password);
  return {
    origin,
    script: '/mediawiki',
    page: (title) => `/mediawiki/index.php/${title}`,
    editor,
    remove: () => machine.remove(),
  };
}
