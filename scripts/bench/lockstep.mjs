/**
 * Lockstep as a user runs it: the built command, in a workspace of its own
 * with a profile of imported packages, and with a cache that is empty at first.
 */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseDocument } from 'yaml';
import { root } from '../setup.mjs';
import { architecture, memoryOf, timed } from './measure.mjs';

const suite = 'bench';
const profile = 'bench';

const profileText = `format: 1
kind: imported
description: Packages of the benchmark
base: { distribution: debian, release: "12", codename: bookworm, architectures: [${architecture}] }
`;

export class Lockstep {
  constructor(folder) {
    this.folder = join(folder, 'workspace');
    this.scratch = folder;
    this.env = { ...process.env, LOCKSTEP_CACHE: join(folder, 'cache') };
    mkdirSync(folder, { recursive: true });
    this.run(['init', this.folder, '--name', 'bench'], folder);
    this.run(['key', 'generate', '--no-passphrase']);
    writeFileSync(join(this.folder, `profiles/${profile}.yaml`), profileText);
    const file = join(this.folder, 'lockstep.yaml');
    const config = parseDocument(readFileSync(file, 'utf8'));
    const entry = { profile, trust: 'unstable', validFor: '14d', retain: 3 };
    config.setIn(['suites'], config.createNode({ [suite]: entry }));
    writeFileSync(file, config.toString());
  }

  run(args, cwd = this.folder) {
    const command = [join(root, 'bin/run.js'), ...args];
    return timed(process.execPath, command, { cwd, env: this.env });
  }

  /** Imports, which cuts; seconds. The id is in `this.last`. */
  import(paths, { add = false } = {}) {
    const { seconds, stdout } = this.run(['import', profile, ...(add ? ['--add'] : []), ...paths]);
    this.last = stdout.trim();
    return seconds;
  }

  publish(id = this.last) {
    return this.run(['publish', id, suite]).seconds;
  }

  rollback() {
    return this.run(['rollback', suite, '--reason', 'bench']).seconds;
  }

  /** Peak memory of a command and of all that it starts, in MB. */
  memoryOf(args) {
    const command = [join(root, 'bin/run.js'), ...args];
    return memoryOf(this.scratch, process.execPath, command, { cwd: this.folder, env: this.env });
  }

  /** The Packages it published. */
  packages() {
    const file = join(this.folder, `public/debian/dists/${suite}/main/binary-${architecture}/Packages.gz`);
    return gunzipSync(readFileSync(file)).toString();
  }

  /** Ids of its snapshots, the oldest first. */
  snapshots() {
    return readdirSync(join(this.folder, 'snapshots', profile))
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -'.json'.length))
      .sort();
  }
}
