/**
 * The corpus: thousands of small .debs whose control paragraphs are those of
 * the machine's own Debian package list. Each holds a few small files below
 * usr/share/doc and usr/share/<package>, packed as dpkg-deb packs them (xz).
 * The same list gives the same bytes.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker, isMainThread, workerData } from 'node:worker_threads';
import { xzSync } from 'node-liblzma';

/** What an index says of a file, and fields that a .deb's own control has not. */
const indexFields = /^(?:Filename|Size|MD5sum|SHA1|SHA256|SHA512|Description-md5):/;
const mtime = 1_700_000_000;
const block = 512;

let paragraphs;

/** The control paragraphs of the package list that can be used, by name. */
function listedParagraphs() {
  if (paragraphs !== undefined) return paragraphs;
  const listed = spawnSync('apt-cache', ['dumpavail'], { maxBuffer: 1 << 30 });
  if (listed.status !== 0) throw new Error(`apt-cache dumpavail: ${listed.stderr}`);
  const byName = new Map();
  for (const paragraph of listed.stdout.toString().split('\n\n')) {
    const name = /^Package: (\S+)$/m.exec(paragraph)?.[1];
    const usable = ['Version', 'Architecture', 'Maintainer', 'Description', 'Section', 'Priority'].every(
      (field) => new RegExp(`^${field}: \\S`, 'm').test(paragraph),
    );
    // reprepro wants Section and Priority; an area in Section would be another one than main
    if (name === undefined || !usable || byName.has(name) || /^Section: .*\//m.test(paragraph)) continue;
    byName.set(name, withoutIndexFields(paragraph));
  }
  return (paragraphs = byName);
}

/** So many of them, evenly spread over the alphabet. */
function controlParagraphs(count) {
  const byName = listedParagraphs();
  const names = [...byName.keys()].sort();
  if (names.length < count) {
    throw new Error(
      `apt's package list has ${names.length} packages, ${count} are needed. Run: apt-get update`,
    );
  }
  const step = names.length / count;
  return Array.from({ length: count }, (_, index) => byName.get(names[Math.floor(index * step)]));
}

function withoutIndexFields(paragraph) {
  const lines = [];
  let dropping = false;
  for (const line of paragraph.trim().split('\n')) {
    if (!/^[ \t]/.test(line)) dropping = indexFields.test(line);
    if (!dropping) lines.push(line);
  }
  return `${lines.join('\n')}\n`;
}

function valueOf(control, field) {
  return new RegExp(`^${field}: (.*)$`, 'm').exec(control)[1];
}

/** GNU tar, as dpkg-deb writes it; names are shorter than 100 bytes. */
function tar(entries) {
  const parts = [];
  for (const { path, body } of entries) {
    const head = Buffer.alloc(block);
    const size = body?.length ?? 0;
    head.write(path, 0, 100);
    head.write(`${body === undefined ? '0000755' : '0000644'}\0${'0000000\0'.repeat(2)}`, 100);
    head.write(
      `${size.toString(8).padStart(11, '0')}\0${mtime.toString(8).padStart(11, '0')}\0        `,
      124,
    );
    head.write(body === undefined ? '5' : '0', 156);
    head.write('ustar  \0', 257);
    head.write('root', 265);
    head.write('root', 297);
    head.write(
      `${head
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
    parts.push(head);
    if (body !== undefined) parts.push(body, Buffer.alloc((block - (size % block)) % block));
  }
  const length = parts.reduce((sum, part) => sum + part.length, 2 * block);
  parts.push(Buffer.alloc(2 * block + ((20 * block - (length % (20 * block))) % (20 * block))));
  return Buffer.concat(parts);
}

function ar(members) {
  const parts = [Buffer.from('!<arch>\n')];
  for (const [name, body] of members) {
    const head = `${name.padEnd(16)}${String(mtime).padEnd(12)}0     0     100644  ${String(body.length).padEnd(10)}\`\n`;
    parts.push(Buffer.from(head), body, Buffer.alloc(body.length % 2, '\n'));
  }
  return Buffer.concat(parts);
}

/** The preset of xz that dpkg-deb takes. */
const preset = 6;

/** The bytes of a package. */
function debOf(control) {
  const name = valueOf(control, 'Package');
  const document = Buffer.from(`${name} ${valueOf(control, 'Version')}\n\n${control}`);
  const files = [
    [
      `usr/share/doc/${name}/copyright`,
      Buffer.from(`Copyright of ${name}: ${valueOf(control, 'Maintainer')}\n`),
    ],
    [`usr/share/doc/${name}/README.Debian`, document],
    [`usr/share/${name}/data`, Buffer.from(`${name}\n`.repeat(40))],
  ];
  const folders = [
    '',
    'usr/',
    'usr/share/',
    ...['doc/', `doc/${name}/`, `${name}/`].map((path) => `usr/share/${path}`),
  ];
  const data = tar([
    ...folders.map((path) => ({ path: `./${path}` })),
    ...files.map(([path, body]) => ({ path: `./${path}`, body })),
  ]);
  const members = tar([{ path: './' }, { path: './control', body: Buffer.from(control) }]);
  return ar([
    ['debian-binary', Buffer.from('2.0\n')],
    ['control.tar.xz', xzSync(members, { preset })],
    ['data.tar.xz', xzSync(data, { preset })],
  ]);
}

function writeDeb(folder, control) {
  // Only the archives' own file names have no epoch, and no colon is wanted in one
  const version = valueOf(control, 'Version').replace(/^\d+:/, '');
  const file = `${valueOf(control, 'Package')}_${version}_${valueOf(control, 'Architecture')}.deb`;
  writeFileSync(join(folder, file), debOf(control));
  return file;
}

/** The same package once more under another name. */
function copyOf(control, number) {
  return control.replace(/^Package: (.*)$/m, `Package: $1-n${number}`);
}

const script = fileURLToPath(import.meta.url);

/**
 * Runs one of the functions below in a process of its own. Whoever measures must stay small: a process is copied
 * when it starts another one, and what it holds is paid for by what is measured.
 */
function elsewhere(...args) {
  const output = execFileSync(process.execPath, [script, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return output.toString().trim();
}

/** As {@link makeHere}. */
export function makeCorpus(folder, count, distinct = Math.min(count, 10_000)) {
  return elsewhere('corpus', folder, count, distinct);
}

/** As {@link changeHere}. */
export function changedPackage(folder, number) {
  return elsewhere('changed', folder, number);
}

/**
 * A folder of `count` packages: made unless `folder` holds one. Packages of the list, and copies of them
 * under other names where there are more.
 *
 * @returns its path
 */
async function makeHere(folder, count, distinct) {
  const done = join(folder, '.made');
  const made = `${count} ${distinct} xz`;
  if (existsSync(done) && readFileSync(done, 'utf8') === made) return folder;
  process.stderr.write(`Making ${count} packages in ${folder} ...\n`);
  mkdirSync(folder, { recursive: true });
  const distinctControls = controlParagraphs(distinct);
  const controls = Array.from({ length: count }, (_, index) => {
    const control = distinctControls[index % distinct];
    return index < distinct ? control : copyOf(control, Math.floor(index / distinct));
  });
  const half = Math.ceil(count / 2);
  const parts = [controls.slice(0, half), controls.slice(half)];
  await Promise.all(
    parts.map(
      (part) =>
        new Promise((resolve, reject) => {
          const worker = new Worker(new URL(import.meta.url), {
            workerData: { folder, controls: part },
          });
          worker.once('error', reject);
          worker.once('exit', resolve);
        }),
    ),
  );
  writeFileSync(done, made);
  return folder;
}

/** A newer version of one package of a corpus, in a folder of its own; returns its path. */
function changeHere(folder, number) {
  const [control] = controlParagraphs(1);
  mkdirSync(folder, { recursive: true });
  return join(folder, writeDeb(folder, control.replace(/^Version: (.*)$/m, `Version: $1+changed${number}`)));
}

/** The packages of a corpus. */
export function debsIn(folder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.deb'))
    .sort()
    .map((name) => join(folder, name));
}

if (!isMainThread && workerData?.controls !== undefined) {
  for (const control of workerData.controls) writeDeb(workerData.folder, control);
} else if (isMainThread && process.argv[1] === script) {
  const [what, folder, ...numbers] = process.argv.slice(2);
  const [first, second] = numbers.map(Number);
  process.stdout.write(what === 'corpus' ? await makeHere(folder, first, second) : changeHere(folder, first));
}
