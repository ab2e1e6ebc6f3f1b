/** Targets: Debian's formats, source trees, and the texts that people and upstreams write. */
import { debBudget } from '../../../src/deb/deb-budget.js';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collect } from '../../../src/deb/bytes.js';
import { changelogEntries } from '../../../src/deb/changelog.js';
import { parseStanzas, StanzaIndex } from '../../../src/deb/deb822.js';
import { parseChanges, parseDsc } from '../../../src/deb/dsc.js';
import { parseRelations } from '../../../src/deb/relation.js';
import { parseRelease } from '../../../src/deb/release-file.js';
import { decompressByName, gzip, xzCompress } from '../../../src/io/compress.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { parseAnyProfile, parseWorkspace } from '../../../src/profile/load.js';
import { generateKey } from '../../../src/signing/keys.js';
import { openpgpSigner, writeKeyFile, type Signer } from '../../../src/signing/signer.js';
import { verifyClearsigned } from '../../../src/signing/verifier.js';
import {
  parseAptSettings,
  parseSourcesList,
  parseSourcesStanzas,
} from '../../../src/source/apt-configuration.js';
import { allows, parseConstraint } from '../../../src/source/composer.js';
import { composerFacts, installedFacts } from '../../../src/source/composer-files.js';
import { extensionDeclaration } from '../../../src/source/extension-requires.js';
import { parseGitmodules } from '../../../src/source/git/gitmodules.js';
import { readSourceTree } from '../../../src/source/source-tree.js';
import { readForeign } from '../../../src/vetting/foreign-reader.js';
import { readSource, readUpload } from '../../../src/vetting/foreign-source.js';
import { makeBinary, makeSource, tarOf } from '../../fixtures/packages.js';
import { rawDeb } from '../../fixtures/raw-deb.js';
import type { Random } from '../../fixtures/random.js';
import { mutatedBytes, mutatedText } from './mutate.js';
import { mustHold, type Outcome, type Running, type Target } from './target.js';

const signal = new AbortController().signal;
const now = new Date('2026-03-01T00:00:00Z');

async function signerIn(folder: string): Promise<Signer> {
  const key = await generateKey({ name: 'Fuzz', date: new Date('2026-01-01T00:00:00Z') });
  const keyFile = join(folder, 'key.asc');
  await writeKeyFile(keyFile, key.privateArmored);
  return await openpgpSigner({ keyFile });
}

/** Packages, changed as files, as archives within them, and as control files. */
export const debTarget: Target = {
  name: 'deb',
  async start(folder) {
    const made = await Promise.all([
      makeBinary({ package: 'plain', version: '1.0-1' }),
      makeBinary({
        package: 'rich',
        version: '1:2.0~rc1-1+b1',
        source: 'other (2.0-1)',
        depends: 'plain (>= 1.0), a | b',
        files: {
          'etc/rich.conf': 'x\n',
          'usr/bin/rich': '#!/bin/sh\n',
          'usr/lib/rich': '-> ../bin/rich',
          'usr/share/doc/rich/changelog': 'rich (1) unstable; urgency=low\n\n  * x\n',
          [`usr/share/${'long/'.repeat(30)}name`]: 'long\n',
        },
        conffiles: ['/etc/rich.conf'],
        scripts: { postinst: '#!/bin/sh\ntrue\n' },
      }),
    ]);
    const files = made.map(({ file }) => file.bytes);
    const tars = await Promise.all(files.map(async (bytes) => await membersOf(bytes)));
    const control =
      'Package: raw\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.invalid>\nDescription: x\n y\n';
    return {
      async run(random, keep): Promise<Outcome> {
        let bytes: Buffer;
        if (random.chance(3)) bytes = mutatedBytes(random.of(files), random, files);
        else if (random.chance(2)) bytes = (await rawDeb('raw', mutatedText(control, random))).bytes;
        else bytes = await repacked(random.of(tars), random);
        keep(bytes);
        const path = join(folder, 'input.deb');
        await writeFile(path, bytes);
        for await (const reading of readForeign({
          files: [path],
          architectures: ['amd64'],
          budget: debBudget,
          signal,
        })) {
          if ('faults' in reading) {
            mustHold(reading.faults.length > 0, 'a refusal says why');
            return 'refused';
          }
          mustHold(
            reading.members.every(({ path: name }) => !`/${name}/`.includes('/../')),
            'no member leads out of its folder',
          );
        }
        return 'taken';
      },
    };
  },
};

interface Member {
  name: string;
  body: Buffer;
}

async function membersOf(deb: Buffer): Promise<Member[]> {
  const members: Member[] = [];
  for (let at = 8; at + 60 <= deb.length;) {
    const name = deb.toString('latin1', at, at + 16).trim();
    const size = Number(deb.toString('latin1', at + 48, at + 58));
    const body = deb.subarray(at + 60, at + 60 + size);
    members.push({ name, body: await collect(decompressByName(name, body)) });
    at += 60 + size + (size % 2);
  }
  return members;
}

/** The same package with a changed archive in it; the sums of its headers are right more often than not. */
async function repacked(members: readonly Member[], random: Random): Promise<Buffer> {
  const which = 1 + random.below(members.length - 1);
  const parts: Buffer[] = [Buffer.from('!<arch>\n')];
  for (const [index, { name, body }] of members.entries()) {
    let tar: Buffer = Buffer.from(body);
    if (index === which) {
      tar = mutatedBytes(body, random, [body]);
      if (!random.chance(4)) sumHeaders(tar);
    }
    const packed = name.endsWith('.xz')
      ? await collect(xzCompress(tar, { preset: 0 }))
      : name.endsWith('.gz')
        ? await collect(gzip(tar))
        : tar;
    const header = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(packed.length).padEnd(10)}\`\n`;
    parts.push(Buffer.from(header), packed, Buffer.alloc(packed.length % 2, '\n'));
  }
  return Buffer.concat(parts);
}

/** Writes the right sum into every block that looks like a header (pax(1), ustar). */
function sumHeaders(tar: Buffer): void {
  for (let at = 0; at + 512 <= tar.length; at += 512) {
    if (tar.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
    tar.fill(0x20, at + 148, at + 156);
    let sum = 0;
    for (let byte = at; byte < at + 512; byte++) sum += tar[byte]!;
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  }
}

/** Uploads and source packages: their files, and what they say of them. */
export const changesTarget: Target = {
  name: 'changes',
  async start(folder): Promise<Running> {
    const signer = await signerIn(folder);
    const { binary: keyring } = await signer.publicKey();
    const upload = join(folder, 'upload');
    await mkdir(upload, { recursive: true });
    const source = await makeSource({ package: 'hello', version: '1.0-1', upstream: { a: 'a\n' } });
    const { file } = await makeBinary({ package: 'hello', version: '1.0-1' });
    const files = [...source.files, file];
    for (const { name, bytes } of files) await writeFile(join(upload, name), bytes);
    const { createHash } = await import('node:crypto');
    const sums = (algorithm: string): string =>
      files
        .map(
          ({ name, bytes }) =>
            `\n ${createHash(algorithm).update(bytes).digest('hex')} ${bytes.length} ${name}`,
        )
        .join('');
    const changes = `Format: 1.8\nDate: Sun, 01 Mar 2026 00:00:00 +0000\nSource: hello\nBinary: hello\nArchitecture: source amd64\nVersion: 1.0-1\nDistribution: unstable\nUrgency: low\nMaintainer: A <a@example.invalid>\nChanged-By: A <a@example.invalid>\nDescription:\n hello - x\nChanges:\n hello (1.0-1) unstable; urgency=low\n .\n   * x\nChecksums-Sha1:${sums('sha1')}\nChecksums-Sha256:${sums('sha256')}\nFiles:${sums('md5').replaceAll(/ (\d+) /g, ' $1 misc optional ')}\n`;
    const dsc = source.files[0]!.bytes.toString('utf8');
    const store = new ContentStore(join(folder, 'store'));
    const reading = { taken: { kind: 'arriving' as const, now }, signal };
    return {
      async run(random, keep) {
        const isChanges = random.chance(2);
        const text = isChanges ? changes : dsc;
        const isSigned = random.chance(3);
        let bytes: Buffer = Buffer.from(mutatedText(text, random));
        if (isSigned) bytes = mutatedBytes(Buffer.from(await signer.clearsign(text, now, 'x')), random);
        keep(bytes);
        const path = join(upload, isChanges ? 'input.changes' : 'input.dsc');
        await writeFile(path, bytes);
        const asked = { ...reading, keyring: isSigned ? keyring : undefined };
        const read = isChanges
          ? await readUpload(path, asked)
          : await readSource(path, undefined, { store, take: false }, asked);
        if (!isSigned) (isChanges ? parseChanges : parseDsc)(bytes.toString('utf8'), 'input');
        return 'faults' in read ? 'refused' : 'taken';
      },
    };
  },
};

/** InRelease files. What is taken is exactly what was signed. */
export const releaseTarget: Target = {
  name: 'release',
  async start(folder) {
    const signer = await signerIn(folder);
    const { binary: keyring } = await signer.publicKey();
    const text = `Origin: Debian\nLabel: Debian\nSuite: stable\nCodename: bookworm\nDate: Sun, 01 Mar 2026 00:00:00 UTC\nValid-Until: Sun, 08 Mar 2026 00:00:00 UTC\nAcquire-By-Hash: yes\nArchitectures: all amd64\nComponents: main\nSHA256:\n ${'a'.repeat(64)} 123 main/binary-amd64/Packages\n ${'b'.repeat(64)} 45 main/source/Sources.xz\n`;
    const signed = Buffer.from(await signer.clearsign(text, now, 'InRelease'));
    return {
      async run(random, keep) {
        if (random.chance(3)) {
          const release = mutatedText(text, random);
          keep(release);
          parseRelease(release, 'Release');
          return 'taken';
        }
        const bytes = mutatedBytes(signed, random, [signed]);
        keep(bytes);
        const verified = await verifyClearsigned(bytes, keyring, { taken: { kind: 'arriving', now } });
        // Without trailing white space of lines, as a signature of text is made (RFC 9580, 7.2)
        const plain = (of: string): string => of.replaceAll(/[ \t\r]+$/gm, '').trimEnd();
        mustHold(plain(verified.text) === plain(text), 'the text that was taken is the text that was signed');
        return 'taken';
      },
    };
  },
};

/** Packages and Sources, packed or not. */
export const indexTarget: Target = {
  name: 'index',
  async start() {
    const stanza = (name: string): string =>
      `Package: ${name}\nVersion: 1:1.0-1\nArchitecture: amd64\nDepends: a (>= 1), b | c\nFilename: pool/main/${name}.deb\nSize: 10\nSHA256: ${'c'.repeat(64)}\nDescription: x\n\n`;
    const text = ['hello', 'world', 'lib+x', 'zzz'].map(stanza).join('');
    const packed = await collect(xzCompress(text));
    const zipped = await collect(gzip(text));
    return {
      async run(random, keep) {
        const how = random.below(3);
        if (how < 2) {
          const bytes = mutatedBytes(how === 0 ? packed : zipped, random);
          keep(bytes);
          await collect(decompressByName(how === 0 ? 'Packages.xz' : 'Packages.gz', bytes), 1 << 24);
          return 'taken';
        }
        const changed = random.chance(2)
          ? Buffer.from(mutatedText(text, random))
          : mutatedBytes(Buffer.from(text), random);
        keep(changed);
        const index = new StanzaIndex(changed, 'Packages');
        for (const name of ['hello', 'zzz', '__proto__']) index.get(name);
        for (const one of parseStanzas(changed.toString('utf8'), { file: 'Packages' })) {
          for (const field of ['Depends', 'Provides']) {
            const value = one.get(field);
            if (value !== undefined) parseRelations(value, { path: field });
          }
        }
        return 'taken';
      },
    };
  },
};

/** Tarballs of upstreams. */
export const treeTarget: Target = {
  name: 'tree',
  async start(folder) {
    const tar = await tarOf(
      { 'a/b.txt': 'b\n', link: '-> a/b.txt', 'extension.json': '{"name":"x"}' },
      'top-1.0',
    );
    const store = new ContentStore(join(folder, 'store'));
    return {
      async run(random, keep) {
        const changed = mutatedBytes(tar, random, [tar]);
        if (!random.chance(4)) sumHeaders(changed);
        const name = random.of(['x.tar', 'x.tar.gz', 'x.tar.xz']);
        let bytes: Buffer = changed;
        if (name.endsWith('gz')) bytes = await collect(gzip(changed));
        if (name.endsWith('xz')) bytes = await collect(xzCompress(changed, { preset: 0 }));
        if (random.chance(4)) bytes = mutatedBytes(bytes, random);
        keep(bytes);
        const blob = await store.put(bytes);
        try {
          for await (const member of readSourceTree(store, { name, ...blob }, '')) {
            await collect(member.body, 1 << 24);
            mustHold(!`/${member.path}/`.includes('/../'), 'no member leads out of its folder');
          }
        } finally {
          await rm(join(folder, 'store'), { recursive: true, force: true });
        }
        return 'taken';
      },
    };
  },
};

const yaml = `format: 1
description: a set # of things
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64] }
components:
  mediawiki: &m
    source: { kind: apt-source, package: mediawiki, version: '~1.39.0' }
    build: { method: debian }
    packages: [mediawiki]
    skip: [{ version: 1.39.1, reason: broken, until: 2026-04-01 }]
  cite:
    source: { kind: git, url: https://git.example.org/cite, branch: REL1_39 }
metapackage: { name: set-full, lead: mediawiki, templates: [set-full] }
`;
const workspace = `format: 1
archive: { name: test, origin: Test, label: Test, description: x, baseUrl: 'http://127.0.0.1:9', maintainer: 'T <t@example.invalid>' }
signing: { method: openpgp, keyFile: key.asc }
trustLevels: [unstable, stable]
suites:
  set-unstable: { profile: set, trust: unstable, validFor: 14d, retain: 3 }
`;
const json = `{"name":"Cite","version":"1.0","license-name":"GPL-2.0-or-later","requires":{"MediaWiki":">= 1.39","extensions":{"Echo":"*"},"platform":{"php":">=7.4","ext-json":"*"}},"require":{"php":"^7.4 || ^8","wikimedia/parsoid":"~0.16.1 as 1.0"},"packages":[{"name":"wikimedia/parsoid","version":"v0.16.1","version_normalized":"0.16.1.0"}]}`;

/** What people and upstreams write: profiles, JSON of extensions and composer, changelogs, apt's settings. */
const texts: readonly [text: string, read: (text: string) => unknown][] = [
  [yaml, (text) => parseAnyProfile(text, 'set', now)],
  [workspace, (text) => parseWorkspace(text, { root: '/w', profileNames: ['set'] })],
  [json, (text) => extensionDeclaration(fromJson(text))],
  [json, (text) => composerFacts(fromJson(text))],
  [json, (text) => installedFacts(fromJson(text))],
  [
    '^7.4 || >=8.0 <9.0 || ~1.2.3 - 2.0',
    (text) => parseConstraint(text) !== null && allows(parseConstraint(text)!, '8.1.0'),
  ],
  [
    'hello (1.0-1) unstable; urgency=low\n\n  * One.\n\n -- A <a@example.invalid>  Sun, 01 Mar 2026 00:00:00 +0000\n\nhello (0.9-1) unstable; urgency=low\n\n  * Zero.\n\n -- A <a@example.invalid>  Sat, 28 Feb 2026 00:00:00 +0000\n',
    (text) => [...changelogEntries(text, 'changelog')],
  ],
  [
    'deb [signed-by=/usr/share/x.gpg arch=amd64] http://deb.example.org/debian bookworm main contrib # x\n',
    (text) => parseSourcesList({ path: 'x.list', text }),
  ],
  [
    'Types: deb deb-src\nURIs: http://deb.example.org/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /usr/share/x.gpg\n',
    (text) => parseSourcesStanzas({ path: 'x.sources', text }),
  ],
  [
    'Acquire::http::Proxy "http://p.example.org:3128/";\nAcquire { Check-Valid-Until "false"; };\n',
    (text) => parseAptSettings([{ path: 'apt.conf', text }]),
  ],
  [
    '[submodule "x"]\n\tpath = lib/x\n\turl = ../x.git\n\tbranch = main\n',
    (text) => parseGitmodules(text, '.gitmodules'),
  ],
];

/** The value of a text that is JSON; of others, a value that no file should have either. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const textTarget: Target = {
  name: 'text',
  start: () =>
    Promise.resolve({
      async run(random, keep) {
        const [from, read] = random.of(texts);
        const text = mutatedText(from, random);
        keep(text);
        await read(text);
        return 'taken';
      },
    }),
};
