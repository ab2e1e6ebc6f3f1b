/**
 * dist/cli/program.cjs.cache: what V8 compiled of the program when it published
 * a suite and put it back, in a workspace that is made for this and goes again.
 * bin/program.js starts with it. Not needed for anything but speed: where this
 * fails, every command works as before, and says later what is wrong.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { cacheFile, digest, loadProgram } from '../bin/program.js';
import { root } from './setup.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'lockstep-code-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
const workspace = join(scratch, 'workspace');
// Settings of whoever builds, such as LOCKSTEP_WORKSPACE, are for their own workspace
for (const name of Object.keys(process.env)) if (name.startsWith('LOCKSTEP_')) delete process.env[name];
process.env.LOCKSTEP_CACHE = join(scratch, 'cache');

/** Runs in a process of its own what is not worth keeping compiled. */
function prepare(args, cwd = workspace) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'bin/run.js'), ...args], {
    cwd,
  });
  if (status !== 0) throw new Error(`lockstep ${args[0]}: status ${status}\n${stderr}`);
  return stdout.toString().trim();
}

/** A tar header (POSIX ustar) and the content, in whole blocks. */
function tarMember(name, content, type) {
  const header = Buffer.alloc(512);
  const mode = type === '5' ? '0000755' : '0000644';
  const size = content.length.toString(8).padStart(11, '0');
  header.write(name, 0);
  header.write(`${mode}\0${'0000000\0'.repeat(2)}${size}\0${'0'.repeat(11)}\0        ${type}`, 100);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc(-content.length & 511)]);
}

function tarOf(...members) {
  return gzipSync(Buffer.concat([...members, Buffer.alloc(1024)]));
}

/** An ar member, as deb(5) wants it. */
function arMember(name, content) {
  const head = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6).repeat(2)}${'100644'.padEnd(8)}`;
  return [`${head}${String(content.length).padEnd(10)}\`\n`, content, content.length % 2 === 1 ? '\n' : ''];
}

function debOf(version) {
  const fields = [
    'Package: lockstep-sample',
    `Version: ${version}`,
    'Architecture: all',
    'Maintainer: Lockstep <lockstep@example.invalid>',
    'Description: package that a build of Lockstep tries itself on',
  ];
  const top = tarMember('./', Buffer.alloc(0), '5');
  const members = [
    arMember('debian-binary', Buffer.from('2.0\n')),
    arMember(
      'control.tar.gz',
      tarOf(top, tarMember('./control', Buffer.from(`${fields.join('\n')}\n`), '0')),
    ),
    arMember('data.tar.gz', tarOf(top)),
  ];
  return Buffer.concat(['!<arch>\n', ...members.flat()].map((part) => Buffer.from(part)));
}

const profile = `format: 1
kind: imported
description: Packages that a build of Lockstep tries itself on
base: { distribution: debian, release: "12", codename: bookworm, architectures: [amd64] }
`;

function prepareWorkspace() {
  prepare(['init', workspace, '--name', 'sample'], root);
  prepare(['key', 'generate', '--no-passphrase']);
  writeFileSync(join(workspace, 'profiles/sample.yaml'), profile);
  const settings = join(workspace, 'lockstep.yaml');
  const suite = 'suites: { sample: { profile: sample, trust: unstable, validFor: 14d, retain: 3 } }\n';
  writeFileSync(settings, `${readFileSync(settings, 'utf8').replace(/^suites:.*\n(?: .*\n)*/m, '')}${suite}`);
  const debs = join(scratch, 'debs');
  mkdirSync(debs);
  return ['1.0-1', '1.0-2'].map((version) => {
    const file = join(debs, `lockstep-sample_${version}_all.deb`);
    writeFileSync(file, debOf(version));
    return prepare(['import', 'sample', file]);
  });
}

const [first, second] = prepareWorkspace();
prepare(['publish', first, 'sample']);
// Nothing of an earlier build
rmSync(cacheFile, { force: true });
const { program, source, script } = loadProgram();
process.chdir(workspace);
// The commands report to people
const quiet = () => true;
Object.assign(process.stdout, { write: quiet });
const complaints = [];
Object.assign(process.stderr, { write: (text) => complaints.push(text) });
process.once('exit', (status) => {
  if (status !== 0) writeFileSync(2, complaints.join(''));
});
for (const args of [
  ['publish', second, 'sample'],
  ['rollback', 'sample', '--reason', 'try'],
]) {
  await program.execute({ args, dir: join(root, 'bin') });
}
const code = script.createCachedData();
writeFileSync(`${cacheFile}.new`, Buffer.concat([digest(source, code), code]));
renameSync(`${cacheFile}.new`, cacheFile);
