/** A workspace whose one profile has memcached of a test mirror: the smallest set that is resolved, built and cut. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Http } from '../../../src/io/http.js';
import { silentPhase } from '../../../src/io/progress.js';
import { loadWorkspace } from '../../../src/profile/load.js';
import { LocalBuilder } from '../../../src/build/local-builder.js';
import { buildLimits } from '../../../src/profile/workspace-schema.js';
import type { Context } from '../../../src/workflows/workspace/context.js';
import { TestMirror, type MirrorSpec } from '../../fixtures/mirror.js';
import { SnapshotWorkspace } from '../../fixtures/snapshots.js';

/** memcached as Debian has it, in the release and, newer, among the security updates. */
export const memcached = (version: string) => ({
  package: 'memcached',
  version,
  depends: 'libc6 (>= 2.34)',
  files: { 'usr/bin/memcached': version },
});
export const libc = { package: 'libc6', version: '2.36-9', source: 'glibc' };
export const lower = '1.6.18-1';
export const higher = '1.6.18-1+deb12u1';

export const profileText = `# The caches
format: 1
description: memcached alone
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64] }
components:
  memcached: # of Debian
    source: { kind: apt-binary, packages: [memcached], version: '>=1.6 <2' }
    relation: minimum
metapackage: { name: set-full, lead: memcached, templates: [set-full] }
`;
const keyringTemplate = resolve(import.meta.dirname, '../../../templates/archive-keyring');
const importedText = `format: 1
kind: imported
description: what others built
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64] }
`;
const templateText = `package: set-full
architecture: all
section: metapackages
depends:
{{#each relations}}
  - "{{this}}"
{{/each}}
description: |
  memcached as a set
  It installs memcached {{components.memcached.upstreamVersion}}.
copyright: copyright
`;

/** @param newest what the security suite has */
export function smallMirror(newest = higher): MirrorSpec {
  return {
    release: { binaries: [memcached(lower), libc] },
    security: { binaries: [memcached(newest)], validFor: 300 * 86_400 },
  };
}

export class SmallSet {
  readonly bench: SnapshotWorkspace;
  readonly mirror: TestMirror;
  readonly context: Context;
  /** What phases said. */
  readonly said: string[];

  private constructor(bench: SnapshotWorkspace, mirror: TestMirror, context: Context, said: string[]) {
    this.bench = bench;
    this.mirror = mirror;
    this.context = context;
    this.said = said;
  }

  static async make(): Promise<SmallSet> {
    const bench = await SnapshotWorkspace.make();
    const mirror = await TestMirror.start({
      now: new Date(bench.now.getTime() - 3_600_000),
      ...smallMirror(),
    });
    await writeFile(join(bench.root, 'profiles/set.yaml'), profileText);
    await writeFile(join(bench.root, 'profiles/other.yaml'), importedText);
    await mkdir(join(bench.root, 'templates/set-full'), { recursive: true });
    await cp(keyringTemplate, join(bench.root, 'templates/archive-keyring'), { recursive: true });
    await writeFile(join(bench.root, 'templates/set-full/package.yaml'), templateText);
    await writeFile(join(bench.root, 'templates/set-full/copyright'), 'Nobody holds any right in this.\n');
    const said: string[] = [];
    const clock = { now: () => bench.now, sleep: () => Promise.resolve() };
    const http = new Http({ clock });
    const { store, places } = bench.context;
    const context: Context = {
      ...bench.context,
      workspace: await loadWorkspace(bench.root),
      clock,
      http,
      builder: new LocalBuilder({
        ...{ store, http, cacheDir: places.cache, temporary: places.temporary },
        cores: 2,
        limits: buildLimits.parse({}),
        now: clock.now,
      }),
      env: mirror.environment,
      progress: { phase: () => ({ ...silentPhase, info: (line: string) => void said.push(line) }) },
    };
    return new SmallSet(bench, mirror, context, said);
  }

  async end(): Promise<void> {
    this.context.http.close();
    await this.mirror.stop();
    await this.bench.remove();
  }
}
