/**
 * Pins become packages: what a build depends on is read, whether it must run is
 * decided, then it runs or its kept outputs are taken. The one way into this
 * room; how each method works is in its own module. Builds may run side by side.
 */
import { appliesTo, parseRelations } from '../deb/relation.js';
import { LockstepError } from '../errors.js';
import type { ContentStore } from '../io/content-store.js';
import { removeFile } from '../io/disk.js';
import type { Http } from '../io/http.js';
import { run } from '../io/process.js';
import type { Phase } from '../io/progress.js';
import type { AptSourcePin, TreePin } from '../source/pin.js';
import { openBase, type Base } from './base-digest.js';
import type { BaseIndex } from './base-index.js';
import { BuildCache, type BuildRecord } from './build-cache.js';
import { openRoot, rootsOf } from './build-root.js';
import type { BuildOutput } from './built.js';
import { runDebianBuild } from './debian-method.js';
import { debianInputHash, treeInputHash } from './inputs.js';
import { findPrivilege } from './namespace.js';
import { prepareSource, type PreparedSource } from './prepared-source.js';
import type { TreeFrom, TreePackage } from './tree-package.js';
import { planTree, writeTreePackage } from './tree-method.js';
import { sweepWork } from './work-folder.js';

/** A source package to be built by its debian/ directory. */
export interface DebianRequest {
  method: 'debian';
  component: string;
  pin: AptSourcePin | TreePin;
  /**
   * `packaging/<component>/debian` of the workspace, if there is one: it replaces the directory of the
   * source. A tree that is not a source package requires it.
   */
  packaging?: string | undefined;
  /** Ends the version: `+lockstep1`. */
  suffix: string;
  /** `Name <address>`, of the changelog entry. */
  maintainer: string;
  /** Items of the changelog entry. */
  changes: readonly string[];
  /** The packages that are wanted of it. */
  packages: readonly string[];
  base: {
    codename: string;
    /** What is built for: this machine's own, see {@link machineArchitecture}. */
    architecture: string;
    /** Of the profile: a package that is not `all` must be built for each. */
    architectures: readonly string[];
    /** Of base-index.ts, for `architecture`. */
    indices: readonly BaseIndex[];
  };
  /** Path of the log; an older one is replaced. */
  log: string;
}

/** A package that is only files in their places. */
export interface TreeRequest {
  method: 'tree';
  component: string;
  tree: TreePackage;
  from?: readonly TreeFrom[];
}

export type BuildRequest = DebianRequest | TreeRequest;

export interface BuilderContext {
  store: ContentStore;
  http: Http;
  /** Records, build roots and closures are kept in it. Safe to delete. */
  cacheDir: string;
  /** Scratch space, on any file system. */
  temporary: string;
  /** How many processes one build may run at once. */
  cores: number;
  /** For what is used and unused in the cache; never for what is built. */
  now: () => Date;
  phase: Phase;
  signal?: AbortSignal | undefined;
}

/** Everything that the decision needs. */
export type PreparedBuild =
  | {
      method: 'debian';
      request: DebianRequest;
      prepared: PreparedSource;
      base: Base;
      inputs: string;
      record: BuildRecord | undefined;
    }
  | { method: 'tree'; request: TreeRequest; inputs: string; record: BuildRecord | undefined };

/** What would be done, for `--dry-run` and for {@link applyBuild}. */
export interface BuildPlan {
  component: string;
  method: 'debian' | 'tree';
  /** The package (tree) or source package (debian), and its version. */
  package: string;
  version: string;
  inputs: string;
  /** `take`: nothing that it depends on has changed. */
  action: 'build' | 'take';
  prepared: PreparedBuild;
}

/** The architecture of this machine's dpkg: `amd64`. @throws LockstepError TOOL_MISSING */
export async function machineArchitecture(): Promise<string> {
  return (await run('dpkg', ['--print-architecture'], { debianPackage: 'dpkg' })).stdout.trim();
}

/**
 * Reads what a build depends on. It writes only in the cache and the store.
 * @throws LockstepError BUILD_PACKAGING, BUILD_OUTPUT (a wanted package that the source does not have),
 * BUILD_ROOT (a build dependency that the base does not have), MACHINE_UNFIT (another architecture),
 * DEB_*, STORE_*, NET_*, DISK_*, INTERRUPTED
 */
export async function prepareBuild(request: BuildRequest, context: BuilderContext): Promise<PreparedBuild> {
  const { store, cacheDir, signal } = context;
  const cache = new BuildCache(cacheDir, store);
  const options = signal === undefined ? {} : { signal };
  if (request.method === 'tree') {
    planTree(request.tree, request.from);
    const inputs = treeInputHash(request.tree, request.from);
    return { method: 'tree', request, inputs, record: await cache.find(inputs, options) };
  }
  const { suffix, maintainer, changes, base: where } = request;
  const rebuild = { suffix, maintainer, changes, distribution: where.codename };
  const prepared = await prepareSource(request.pin, request.packaging, rebuild, context);
  assertWanted(request, prepared);
  const depends = parseRelations(prepared.buildDepends);
  const base = await openBase(where.indices, where.architecture, depends, cacheDir);
  const { version, files } = prepared.source;
  const inputs = debianInputHash({
    files,
    version,
    architecture: where.architecture,
    baseDigest: base.digest,
  });
  return { method: 'debian', request, prepared, base, inputs, record: await cache.find(inputs, options) };
}

function assertWanted(request: DebianRequest, { source, binaries }: PreparedSource): void {
  const { architecture, architectures } = request.base;
  const absent = request.packages.filter((name) => !binaries.some((one) => one.package === name));
  if (absent.length > 0) {
    throw new LockstepError('BUILD_OUTPUT', {
      message: `The source package ${source.package} ${source.version} does not build ${absent.join(', ')}; it builds ${binaries.map((one) => one.package).join(', ')}`,
      hint: `Correct components.${request.component}.packages in the profile.`,
      where: absent.map((value) => ({ path: `components.${request.component}.packages`, value })),
    });
  }
  const elsewhere = architectures.filter((name) => name !== architecture);
  const foreign = binaries
    .filter((one) => request.packages.includes(one.package))
    .filter(({ architecture: names }) =>
      elsewhere.some((name) => appliesTo({ architectures: names.split(/\s+/), profiles: [] }, name)),
    );
  if (foreign.length === 0) return;
  throw new LockstepError('MACHINE_UNFIT', {
    message: `${foreign.map((one) => one.package).join(', ')} must also be built for ${elsewhere.join(', ')}, but this machine is ${architecture}`,
    hint: `Keep only ${architecture} in base.architectures of the profile: Lockstep does not build for other architectures.`,
  });
}

/** Whether a build must run. Pure. */
export function planBuild(prepared: PreparedBuild): BuildPlan {
  const { request, inputs, record } = prepared;
  const action = record === undefined ? 'build' : 'take';
  const named =
    prepared.method === 'debian'
      ? { package: prepared.prepared.source.package, version: prepared.prepared.source.version }
      : { package: prepared.request.tree.package, version: prepared.request.tree.version };
  return { component: request.component, method: prepared.method, ...named, inputs, action, prepared };
}

/**
 * Does what was planned: builds and keeps the outputs, or takes the kept ones.
 * @throws LockstepError BUILD_FAILED, BUILD_ROOT, BUILD_OUTPUT, TOOL_MISSING, MACHINE_UNFIT, DEB_*, STORE_*,
 * NET_*, DISK_*, INTERRUPTED (nothing temporary is left)
 */
export async function applyBuild(plan: BuildPlan, context: BuilderContext): Promise<BuildOutput> {
  const { prepared } = plan;
  if (prepared.record !== undefined) return outputOf(plan, prepared.record);
  const item = context.phase.item(`${plan.package} ${plan.version}`);
  try {
    const record =
      prepared.method === 'tree' ? await buildTree(prepared, context) : await buildDebian(prepared, context);
    await new BuildCache(context.cacheDir, context.store).keep(record);
    const output = outputOf(plan, record);
    item.done();
    return output;
  } catch (error) {
    item.fail(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
    throw error;
  }
}

async function buildTree(
  { request, inputs }: Extract<PreparedBuild, { method: 'tree' }>,
  context: BuilderContext,
): Promise<BuildRecord> {
  const { store, cores, signal } = context;
  const built = await writeTreePackage(request.tree, request.from ?? [], { store, cores, signal });
  return { format: 1, inputs, packages: [built], sources: [] };
}

async function buildDebian(
  { request, prepared, base, inputs }: Extract<PreparedBuild, { method: 'debian' }>,
  context: BuilderContext,
): Promise<BuildRecord> {
  const { store, http, cacheDir, temporary, cores, now, phase, signal } = context;
  const { log, component } = request;
  await removeFile(log);
  const privilege = await findPrivilege(signal);
  for (const folder of [temporary, rootsOf(context)]) {
    await sweepWork(privilege, folder).catch((error: unknown) => {
      // Left by a run of root's, say: in nobody's way
      if (!(error instanceof LockstepError)) throw error;
      phase.info(`The files of a build that was killed could not be removed: ${error.message}`);
    });
  }
  const root = await openRoot(base, request.base.codename, {
    ...{ cacheDir, store, http, privilege, now, phase, log, signal },
  });
  const { source, date } = prepared;
  const packages = await runDebianBuild({
    ...{ component, source, tree: root.tree, date, cores, log, temporary, store, privilege, signal },
  });
  await root.settled;
  const { package: name, version, stanza, files } = source;
  return { format: 1, inputs, packages, sources: [{ package: name, version, stanza, files }] };
}

/** What is wanted of a record. @throws LockstepError BUILD_OUTPUT */
function outputOf({ component, inputs, prepared }: BuildPlan, record: BuildRecord): BuildOutput {
  if (prepared.method === 'tree') {
    return { component, inputs, packages: record.packages, sources: record.sources };
  }
  const { log, packages: wanted } = prepared.request;
  const missing = wanted.filter((name) => !record.packages.some((one) => one.package === name));
  if (missing.length > 0) {
    throw new LockstepError('BUILD_OUTPUT', {
      message: `The build of ${component} did not produce ${missing.join(', ')}; it produced ${record.packages.map((one) => one.package).join(', ') || 'nothing'}`,
      hint: `The log is ${log}`,
      where: [{ file: log }],
    });
  }
  return {
    component,
    inputs,
    packages: record.packages.filter((one) => wanted.includes(one.package)),
    sources: record.sources,
    log,
  };
}
