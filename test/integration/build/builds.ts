/** A small source package whose rules need nothing but dpkg-dev, and what builds it here. */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { baseIndices, type BaseIndex } from '../../../src/build/base-index.js';
import type { BuildContext } from '../../../src/build/build-plan.js';
import type { DebianRequest } from '../../../src/build/builder-port.js';
import { LocalBuilder, type LocalBuilderOptions } from '../../../src/build/local-builder.js';
import { findPrivilege } from '../../../src/build/namespace.js';
import { LockstepError } from '../../../src/errors.js';
import { systemClock } from '../../../src/io/clock.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { Http } from '../../../src/io/http.js';
import { silentPhase, silentProgress } from '../../../src/io/progress.js';
import { readAptConfiguration } from '../../../src/source/apt-configuration.js';
import { debianKeyring } from '../../../src/source/source-context.js';
import { chooseMirror } from '../../../src/source/mirror.js';
import type { AptSourcePin, StoredFile } from '../../../src/source/pin.js';
import { testCacheDir } from '../../fixtures/debian-root.js';
import { makeSource, type SourceSpec } from '../../fixtures/packages.js';

export const date = 1_700_000_000;

/** Without debhelper: what it makes is in the hands of the test. */
export const rules = `#!/usr/bin/make -f
clean:
	rm -rf debian/tmp debian/files
build build-arch build-indep:
binary-arch:
binary-indep:
	mkdir -p debian/tmp/DEBIAN debian/tmp/usr/share/sample
	cp data.txt debian/tmp/usr/share/sample/
	sh debian/facts > debian/tmp/usr/share/sample/facts
	dpkg-gencontrol -psample -Pdebian/tmp
	dpkg-deb --root-owner-group --build debian/tmp ..
binary: binary-arch binary-indep
.PHONY: clean build build-arch build-indep binary-arch binary-indep binary
`;

/** Prints where and as whom a build runs. */
const facts = `
echo "uid $(id -u) $(id -g) $(id -G)"
echo "umask $(umask)"
echo "pwd $(pwd)"
echo "host $(hostname)"
for name in HOME LC_ALL TZ SOURCE_DATE_EPOCH DEB_BUILD_OPTIONS; do eval "echo $name \\$$name"; done
echo "network $(sed 1,2d /proc/net/dev | cut -d: -f1 | tr -d ' ' | sort | tr '\\n' ' ')"
echo "homes $(ls -A /home | tr '\\n' ' ')$(ls -A /root 2>/dev/null)"
# Not how many: that is another number each time
if [ "$(ls /proc | grep -c '^[0-9]')" -lt 20 ]; then echo "processes own"; fi
grep -E '^(CapBnd|NoNewPrivs)' /proc/self/status
ls /sys
if touch /in/x 2>/dev/null; then echo "writes to /in"; fi
`;

export const control = `Source: sample
Section: misc
Priority: optional
Maintainer: Test Maintainer <test@example.invalid>
Build-Depends: dpkg-dev (>= 1.18)
Standards-Version: 4.6.2
Rules-Requires-Root: no

Package: sample
Architecture: all
Description: a sample
 It is made by a test.
`;

export const sampleSpec: SourceSpec = {
  package: 'sample',
  version: '1:1.0-1',
  date,
  upstream: { 'data.txt': 'data\n' },
  debian: { control, rules, facts, 'patches/series': '' },
};

export class Builds {
  readonly folder: string;
  readonly store: ContentStore;
  readonly http = new Http({ clock: systemClock });
  /** Of the machine's mirror; empty until `useMirror`. */
  indices: BaseIndex[] = [];
  architecture = 'amd64';
  codename = 'bookworm';
  /** Where build roots are: kept between runs, since they take long to make. */
  readonly cacheDir: string;

  private constructor(folder: string, cacheDir: string, downloads: string) {
    this.folder = folder;
    this.cacheDir = cacheDir;
    this.store = new ContentStore(join(downloads, 'store'));
  }

  /**
   * With a cache of its own, or the one that tests share, or one of its own beside shared downloads: the last
   * makes its build root anew.
   */
  static async make(options: { shared?: boolean | 'downloads' } = {}): Promise<Builds> {
    const folder = await mkdtemp(join(tmpdir(), 'lockstep-build-'));
    const [own, shared] = [join(folder, 'cache'), join(testCacheDir(), 'build')];
    const cacheDir = options.shared === true ? shared : own;
    await mkdir(cacheDir, { recursive: true });
    return new Builds(folder, cacheDir, options.shared === undefined ? own : shared);
  }

  /** Why packages cannot be built here, or null. */
  async useMirror(): Promise<string | null> {
    try {
      await findPrivilege();
      this.architecture = await this.builder().architecture();
      const base = { distribution: 'debian', codename: this.codename, architectures: [this.architecture] };
      const source = {
        http: this.http,
        store: this.store,
        cacheDir: join(this.cacheDir, 'facts'),
        keyring: debianKeyring,
        mirror: chooseMirror({ base, environment: process.env, apt: await readAptConfiguration() }),
        base,
        clock: systemClock,
        progress: silentProgress,
      };
      this.indices = await baseIndices(source, this.architecture, silentPhase);
      return null;
    } catch (error) {
      if (error instanceof LockstepError) return error.message;
      throw error;
    }
  }

  /** Scratch space; on another file system than the cache, if that is what a machine has. */
  get temporary(): string {
    return join(this.folder, 'tmp');
  }

  get log(): string {
    return join(this.folder, 'logs', 'sample.log');
  }

  builder(more: Partial<LocalBuilderOptions> = {}): LocalBuilder {
    const { store, http, cacheDir, temporary } = this;
    return new LocalBuilder({ store, http, cacheDir, temporary, cores: 2, now: () => new Date(), ...more });
  }

  context(more: Partial<BuildContext> = {}): BuildContext {
    const { store, cacheDir } = this;
    return { store, builder: this.builder(), cacheDir, phase: silentPhase, ...more };
  }

  async pin(spec: SourceSpec = sampleSpec): Promise<AptSourcePin> {
    const made = await makeSource(spec);
    const files: StoredFile[] = [];
    for (const { name, bytes } of made.files) files.push({ name, ...(await this.store.put(bytes)) });
    return {
      kind: 'apt-source',
      component: 'sample',
      package: spec.package,
      version: spec.version,
      upstreamVersion: '1.0',
      suite: this.codename,
      dsc: files[0]!.name,
      files,
      date: spec.date ?? date,
      provenance: [],
    };
  }

  async request(more: Partial<DebianRequest> = {}, spec?: SourceSpec): Promise<DebianRequest> {
    return {
      method: 'debian',
      component: 'sample',
      pin: await this.pin(spec),
      suffix: '+lockstep1',
      maintainer: 'Archive <archive@example.invalid>',
      changes: ['Rebuilt by a test.'],
      packages: ['sample'],
      base: {
        codename: this.codename,
        architecture: this.architecture,
        architectures: [this.architecture],
        indices: this.indices,
      },
      log: this.log,
      ...more,
    };
  }

  /** What is left in the scratch space, and of this process beside the build roots. */
  async leftovers(): Promise<string[]> {
    const roots = await readdir(join(this.cacheDir, 'roots')).catch(() => []);
    const own = roots.filter((name) => name.startsWith(`build-${process.pid}-`));
    return [...(await readdir(this.temporary).catch(() => [])), ...own];
  }

  async end(): Promise<void> {
    this.http.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** For assert.rejects: the code, and what the message must say. */
export function fault(code: string, message?: RegExp) {
  return (error: unknown): boolean => {
    const { code: got, message: said } = error as LockstepError;
    if (got !== code) throw error;
    if (message !== undefined && !message.test(said)) throw new Error(`says: ${said}`, { cause: error });
    return true;
  };
}
