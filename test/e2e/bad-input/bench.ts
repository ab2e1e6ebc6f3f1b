/**
 * A workspace, a mirror and a cache of a test's own, and what must hold
 * whenever a command fails: its code and exit status, what it says, the shape
 * of its JSON, and that nothing was left half-written.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { z } from 'zod';
import { errorResult } from '../../../src/cli/error-shape.js';
import { errorCodes, exitStatus, type ErrorCode, type FaultPlace } from '../../../src/errors.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { isTemporaryName } from '../../../src/io/disk.js';
import { newWorkspace, scratch, startLockstep, type CommandOutcome } from '../../fixtures/lockstep.js';
import type { RunningCommand } from '../../fixtures/lockstep.js';
import { TestMirror, type MirrorSpec } from '../../fixtures/mirror.js';

export type { RunningCommand } from '../../fixtures/lockstep.js';

/** The profile of which nothing has to be built in a build root: one package of the base, one metapackage. */
export const profile = 'cache';
export const suite = 'cache-unstable';

const profileText = `format: 1
description: memcached alone
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64] }
components:
  memcached:
    source: { kind: apt-binary, packages: [memcached], version: '>=1.6 <2' }
    relation: minimum
metapackage:
  name: cache-full
  lead: memcached
  templates: [cache-full]
`;

const packageText = `package: cache-full
architecture: all
section: metapackages
depends:
{{#each relations}}
  - "{{this}}"
{{/each}}
description: |
  memcached as a set
  This package installs memcached {{components.memcached.upstreamVersion}}.
copyright: copyright
`;

/** What the mirror has: memcached of one version, as large as asked. */
export function cacheMirror(version = '1.6.18-1', files: Record<string, string> = {}): MirrorSpec {
  return {
    release: {
      binaries: [
        {
          package: 'memcached',
          version,
          depends: 'libc6 (>= 2.34)',
          files: { 'usr/bin/memcached': version, ...files },
        },
        { package: 'libc6', version: '2.36-9', source: 'glibc' },
      ],
    },
  };
}

/** What a failing command must say. */
export interface Expectation {
  code: ErrorCode;
  /** On stderr, and the same in the JSON. */
  says?: readonly RegExp[];
  env?: Record<string, string>;
}

export interface Failure {
  code: string;
  message: string;
  hint?: string | undefined;
  where?: readonly FaultPlace[] | undefined;
  stderr: string;
}

export interface BenchOptions {
  /** What the mirror has; {@link cacheMirror} when not given. */
  mirror?: MirrorSpec;
}

export class Bench {
  readonly workspace: string;
  readonly mirror: TestMirror;
  readonly #folder: string;
  #cache: string;
  #ofMachine = false;

  private constructor(workspace: string, mirror: TestMirror, folder: string) {
    this.workspace = workspace;
    this.mirror = mirror;
    this.#folder = folder;
    this.#cache = join(folder, 'cache');
  }

  /** A workspace by `lockstep init` with its own profiles and the small one; two suites take the small one. */
  static async make(options: BenchOptions = {}): Promise<Bench> {
    const mirror = await TestMirror.start(options.mirror ?? cacheMirror());
    const workspace = await newWorkspace({ name: 'bench' });
    const bench = new Bench(workspace, mirror, await scratch('bench'));
    await bench.write(`profiles/${profile}.yaml`, profileText);
    await bench.write('templates/cache-full/package.yaml', packageText);
    await bench.write('templates/cache-full/copyright', 'Nobody holds any right in this.\n');
    await bench.edit('lockstep.yaml', (text) =>
      text.replace(
        'suites:\n',
        `suites:\n  ${suite}: { profile: ${profile}, trust: unstable }\n  cache-stable: { profile: ${profile}, trust: stable }\n`,
      ),
    );
    return bench;
  }

  /** Where downloads, the store and scratch space are; {@link freshCache} makes it another one. */
  get cache(): string {
    return this.#cache;
  }

  async freshCache(): Promise<void> {
    await rm(this.#cache, { recursive: true, force: true });
    await mkdir(this.#cache, { recursive: true });
  }

  /** Uses the machine's own mirror from here on, with a cache that other tests share, as build roots cost much. */
  useMachine(cache: string): void {
    this.#ofMachine = true;
    this.#cache = cache;
  }

  /** Fewer tries than a person has: what fails, fails soon. */
  get env(): Record<string, string> {
    return {
      LOCKSTEP_CACHE: this.#cache,
      ...(this.#ofMachine ? {} : { ...this.mirror.environment, LOCKSTEP_TRIES: '2' }),
    };
  }

  path(...parts: string[]): string {
    return join(this.workspace, ...parts);
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(this.path(path)), { recursive: true });
    await writeFile(this.path(path), text);
  }

  async edit(path: string, change: (text: string) => string): Promise<void> {
    const before = await readFile(this.path(path), 'utf8');
    const after = change(before);
    assert.notEqual(after, before, `${path} is as it was`);
    await writeFile(this.path(path), after);
  }

  /** A file that only its owner reads. */
  async secret(name: string, text: string): Promise<string> {
    const path = join(this.#folder, name);
    await writeFile(path, text);
    await chmod(path, 0o600);
    return path;
  }

  start(args: readonly string[], env: Record<string, string> = {}): RunningCommand {
    return startLockstep(args, { cwd: this.workspace, env: { ...this.env, ...env } });
  }

  /** As on a terminal, where Ctrl-C reaches the command and all that it runs. */
  startInTerminal(args: readonly string[], env: Record<string, string> = {}): RunningCommand {
    return startLockstep(args, { cwd: this.workspace, env: { ...this.env, ...env }, group: true });
  }

  async run(args: readonly string[], env: Record<string, string> = {}): Promise<CommandOutcome> {
    return await this.start(args, env).ended;
  }

  /** Runs a command that must succeed with a result of this shape, and nothing else on stdout. */
  async succeeds<S extends z.ZodType>(
    schema: S,
    args: readonly string[],
    env: Record<string, string> = {},
  ): Promise<z.output<S>> {
    const outcome = await this.run([...args, '--json'], env);
    assert.equal(outcome.status, 0, outcome.stderr);
    return keepsTo(schema, outcome.stdout);
  }

  /** Runs a command that must fail so, and looks at what it left. */
  async fails(args: readonly string[], expected: Expectation): Promise<Failure> {
    const before = await this.state();
    const failure = failedWith(await this.run([...args, '--json'], expected.env), expected);
    assert.deepEqual(await this.state(), before, 'snapshots/ and public/ are as they were');
    await this.assertNothingHalfWritten();
    return failure;
  }

  /** Every file of snapshots/ and public/ with the hash of its bytes. */
  async state(): Promise<Record<string, string>> {
    return { ...(await hashes(this.path('snapshots'))), ...(await hashes(this.path('public'))) };
  }

  /** No temporary file, no scratch folder, no lock; and what the store has is what it is named by. */
  async assertNothingHalfWritten(): Promise<void> {
    const store = new ContentStore(join(this.#cache, 'store'));
    // Build roots have locks of their own: those of dpkg
    const parts = (await readdir(this.#cache).catch(() => [])).filter((name) => name !== 'roots');
    for (const folder of [this.workspace, ...parts.map((name) => join(this.#cache, name))]) {
      const names = await readdir(folder, { recursive: true }).catch(() => []);
      const left = names.filter((name) => isTemporaryName(basename(name)) || /(?:^|[./])lock$/.test(name));
      assert.deepEqual(left, [], folder);
    }
    assert.deepEqual(await readdir(join(this.#cache, 'tmp')).catch(() => []), []);
    if (this.#ofMachine) return;
    for await (const { sha256 } of store.list()) await store.verify(sha256);
  }

  async end(): Promise<void> {
    await this.mirror.stop();
    await rm(this.#folder, { recursive: true, force: true });
    await rm(dirname(this.workspace), { recursive: true, force: true });
  }
}

/** The failure of a command that was run with `--json`: everything that must hold of any. */
export function failedWith(outcome: CommandOutcome, { code, says = [] }: Expectation): Failure {
  const { status, stdout, stderr } = outcome;
  assert.match(stderr, new RegExp(`^Error ${code}: `, 'm'));
  assert.equal(status, exitStatus[errorCodes[code][0]], stderr);
  assert.doesNotMatch(stderr, /^\s+at .+:\d+:\d+\)?$/m);
  assert.doesNotMatch(stderr, /undefined|\[object|NaN/);
  const { error } = keepsTo(errorResult, stdout);
  assert.equal(error.code, code);
  assert.ok(stderr.includes(error.message), stderr);
  // What to do: in words of its own, or in those of each place
  assert.ok(error.hint !== undefined, `no hint: ${stderr}`);
  assert.match(stderr, /^To do: /m);
  for (const { file } of error.where ?? []) if (file !== undefined) assert.ok(stderr.includes(file), stderr);
  for (const pattern of says) assert.match(stderr, pattern);
  return { ...error, stderr };
}

/** One JSON value of this shape, no field more. */
export function keepsTo<S extends z.ZodType>(schema: S, stdout: string): z.output<S> {
  const value: unknown = JSON.parse(stdout);
  const parsed = schema.parse(value);
  assert.deepEqual(value, parsed, 'a field that the schema does not have');
  return parsed;
}

/** Waits until something is so. The test's own time limit ends it when it never is. */
export async function until(what: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 25));
}

/** Paths below a folder with the hash of each file, and the target of each link. */
export async function hashes(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const found: Record<string, string> = {};
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) found[path] = await readlink(path);
    else if (entry.isFile())
      found[path] = createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
  }
  return Object.fromEntries(Object.entries(found).sort());
}
