/**
 * Pins become packages: what a build depends on is read, whether it must run is
 * decided, then a builder runs it or its kept outputs are taken. The one way
 * into this room. Builds may run side by side.
 */
import { appliesTo, parseRelations } from '../deb/relation.js';
import { LockstepError, type FaultPlace } from '../errors.js';
import { openBase } from './base-digest.js';
import { BuildCache, type BuildRecord } from './build-cache.js';
import type { BuildContext, BuildRequest, DebianRequest, PreparedBuild } from './builder-port.js';
import type { BuildOutput } from './built.js';
import { debianInputHash, treeInputHash } from './inputs.js';
import { prepareSource, type PreparedSource } from './prepared-source.js';
import { planTree } from './tree-method.js';

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

/**
 * Reads what a build depends on. It writes only in the cache and the store.
 * @throws LockstepError BUILD_PACKAGING, BUILD_OUTPUT (a wanted package that the source does not have),
 * BUILD_ROOT (a build dependency that the base does not have), MACHINE_UNFIT (another architecture),
 * DEB_*, STORE_*, NET_*, DISK_*, INTERRUPTED
 */
export async function prepareBuild(request: BuildRequest, context: BuildContext): Promise<PreparedBuild> {
  const { store, cacheDir, signal } = context;
  const cache = new BuildCache(cacheDir, store);
  if (request.method === 'tree') {
    planTree(request.tree, request.from);
    const inputs = treeInputHash(request.tree, request.from);
    return { method: 'tree', request, inputs, record: await cache.find(inputs, { signal }) };
  }
  const { suffix, maintainer, changes, base: where } = request;
  const rebuild = { suffix, maintainer, changes, distribution: where.codename };
  const prepared = await prepareSource(request.pin, request.packaging, rebuild, context);
  assertWanted(request, prepared);
  const depends = parseRelations(prepared.buildDepends);
  const base = await openBase(where.indices, where.architecture, depends, cacheDir);
  const { architecture } = where;
  const inputs = debianInputHash({ ...prepared.source, architecture, baseDigest: base.digest });
  return { method: 'debian', request, prepared, base, inputs, record: await cache.find(inputs, { signal }) };
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
 * @throws LockstepError BUILD_OUTPUT, DISK_*, and as {@link Builder.build}
 */
export async function applyBuild(plan: BuildPlan, context: BuildContext): Promise<BuildOutput> {
  const { prepared } = plan;
  if (prepared.record !== undefined) return outputOf(plan, prepared.record);
  const item = context.phase.item(`${plan.package} ${plan.version}`);
  try {
    const { builder, phase, signal } = context;
    const record = await builder.build(prepared, { phase, signal });
    await new BuildCache(context.cacheDir, context.store).keep(record);
    const output = outputOf(plan, record);
    item.done();
    return output;
  } catch (error) {
    // Of a failed build the first line: the others are its log
    item.fail(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
    throw error;
  }
}

/** What is wanted of a record. @throws LockstepError BUILD_OUTPUT */
function outputOf({ component, inputs, prepared }: BuildPlan, record: BuildRecord): BuildOutput {
  if (prepared.method === 'tree') {
    return { component, inputs, packages: record.packages, sources: record.sources };
  }
  const { log, packages: wanted } = prepared.request;
  assertOutputs(prepared, record);
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

/**
 * Holds what a builder hands over to the source that it was asked to build: a build runs code of strangers, and the
 * builder may be another machine.
 *
 * @throws LockstepError BUILD_OUTPUT with every fault
 */
function assertOutputs(
  { request, prepared: { source, binaries } }: Extract<PreparedBuild, { method: 'debian' }>,
  record: BuildRecord,
): void {
  const { architecture } = request.base;
  const known = new Set(binaries.map((one) => one.package));
  const faults = record.packages.flatMap((one) => {
    const file = one.file.name;
    const fault = (message: string): FaultPlace[] => [{ file, message }];
    if (one.source !== source.package || one.sourceVersion !== source.version)
      return fault(`its control file names the source ${one.source} ${one.sourceVersion}`);
    if (!known.has(one.package)) return fault(`debian/control does not list the package ${one.package}`);
    if (one.architecture !== 'all' && one.architecture !== architecture)
      return fault(`it is for ${one.architecture}, and the build was for ${architecture}`);
    if (one.version !== source.version && !request.ownVersions.includes(one.package))
      return fault(`it has the version ${one.version}`);
    return [];
  });
  const [first] = faults;
  if (first === undefined) return;
  throw new LockstepError('BUILD_OUTPUT', {
    message: `The build of ${source.package} ${source.version} produced ${first.file}: ${first.message}${faults.length > 1 ? ` (and ${faults.length - 1} more)` : ''}`,
    hint: `Correct debian/rules or debian/control. If a package has another version on purpose, list it in packaging/${request.component}/own-versions`,
    where: faults,
  });
}
