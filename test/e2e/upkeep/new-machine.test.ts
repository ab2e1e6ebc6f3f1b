/**
 * A new machine with nothing but the workspace of git and the signing key: it builds the packages of what suites list
 * again, and publishes the same pool files and indices. Imported packages whose bytes are gone are listed.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  importResult,
  rebuildResult,
  releaseResult,
} from '../../../src/workflows/release/release-results.js';
import { verifyResult } from '../../../src/workflows/upkeep/upkeep-results.js';
import { Bench, profile, suite } from '../../fixtures/bad-input-bench.js';
import { scratch } from '../../fixtures/lockstep.js';
import { makeBinary } from '../../fixtures/packages.js';

const imported = `format: 1
kind: imported
description: Tools
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64] }
`;

describe('a new machine with the workspace and the key', function () {
  this.timeout(120_000);
  let bench: Bench;

  before(async () => {
    bench = await Bench.make();
  });
  after(async () => bench?.end());

  /** Every published file by its hash; of Release files what is left without dates. */
  async function published(): Promise<Record<string, string>> {
    const root = bench.path('public');
    const files: Record<string, string> = {};
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile() || /\/(?:InRelease|Release\.gpg)$/.test(path)) continue;
      const bytes = await readFile(path);
      files[path.slice(root.length + 1)] = path.endsWith('/Release')
        ? bytes.toString().replace(/^(?:Date|Valid-Until): .*$/gm, '')
        : createHash('sha256').update(bytes).digest('hex');
    }
    return files;
  }

  it('publishes the same archive again, and lists what nobody can build', async () => {
    await bench.succeeds(releaseResult, ['release', profile]);
    const before = await published();
    assert.ok(Object.keys(before).some((path) => /pool\/.*cache-full.*\.deb$/.test(path)));
    // A clone of what git has: no cache, no public, no state but the key
    const clone = join(await scratch('clone'), 'workspace');
    const git = (...args: string[]): Promise<unknown> =>
      promisify(execFile)('git', ['-c', 'user.name=T', '-c', 'user.email=t@e.invalid', ...args], {
        cwd: bench.workspace,
      });
    await git('init', '-q');
    await git('add', '-A');
    await git('commit', '-qm', 'all', '--allow-empty');
    await git('clone', '-q', bench.workspace, clone);
    const tracked = await readdir(clone);
    assert.ok(!tracked.includes('public') && !tracked.includes('.lockstep'), tracked.join());
    for (const name of ['public', 'snapshots', 'profiles', 'templates', 'lockstep.yaml']) {
      await rm(bench.path(name), { recursive: true });
    }
    const key = await readFile(bench.path('.lockstep/keys/archive.asc'));
    await rm(bench.path('.lockstep'), { recursive: true });
    await rm(bench.cache, { recursive: true });
    await mkdir(bench.path('.lockstep/keys'), { recursive: true });
    await writeFile(bench.path('.lockstep/keys/archive.asc'), key, { mode: 0o600 });
    await git('checkout', '-q', '--', '.');

    const { ok, snapshots } = await bench.succeeds(rebuildResult, ['rebuild']);
    assert.ok(ok, JSON.stringify(snapshots));
    assert.ok(snapshots.some(({ rebuilt }) => rebuilt > 0));
    const { faults } = await bench.succeeds(verifyResult, ['verify', '--repair']);
    assert.deepEqual(faults, []);
    assert.deepEqual(await published(), before);
    assert.ok(
      (await readFile(bench.path(`public/debian/dists/${suite}/InRelease`), 'utf8')).includes(
        'X-Lockstep-History',
      ),
    );

    // An imported set has nothing to be built from
    await bench.write('profiles/tools.yaml', imported);
    const { file } = await makeBinary({ package: 'tool', version: '1.0', architecture: 'all' });
    await mkdir(bench.path('incoming'));
    await writeFile(bench.path('incoming', 'tool.deb'), file.bytes);
    const { id } = await bench.succeeds(importResult, ['import', 'tools', bench.path('incoming')]);
    await rm(bench.cache, { recursive: true });
    const told = rebuildResult.parse(JSON.parse((await bench.run(['rebuild', id, '--json'])).stdout));
    assert.deepEqual(
      told.snapshots.map(({ lost, imported: isImported, reason }) => [lost, isImported, reason !== null]),
      [[['pool/main/t/tool/tool_1.0_all.deb'], true, true]],
    );
  });
});
