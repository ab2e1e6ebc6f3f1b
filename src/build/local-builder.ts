/**
 * The builder that is this machine: packages by Debian's tools in a throw-away
 * build root, trees by writing them. How each method works is in its own module.
 */
import { LockstepError } from '../errors.js';
import type { ContentStore } from '../io/content-store.js';
import { inCache } from '../io/cache-folders.js';
import { removeFile } from '../io/disk.js';
import type { Http } from '../io/http.js';
import { run } from '../io/process.js';
import type { BuildRecord } from './build-cache.js';
import type { BuildLimits } from './build-limits.js';
import { openRoot } from './build-root.js';
import type { Builder, BuildJob, PreparedBuild } from './builder-port.js';
import { runDebianBuild } from './debian-method.js';
import { findPrivilege } from './namespace.js';
import { writeTreePackage } from './tree-method.js';
import { sweepWork } from './work-folder.js';

export interface LocalBuilderOptions {
  store: ContentStore;
  http: Http;
  /** Build roots are kept in it. Safe to delete. */
  cacheDir: string;
  /** Scratch space, on any file system. */
  temporary: string;
  /** How many processes one build may run at once. */
  cores: number;
  /** Of each build; the build root's too. */
  limits: BuildLimits;
  /** For what is used and unused in the cache; never for what is built. */
  now: () => Date;
}

export class LocalBuilder implements Builder {
  readonly #options: LocalBuilderOptions;

  constructor(options: LocalBuilderOptions) {
    this.#options = options;
  }

  async architecture(): Promise<string> {
    return (await run('dpkg', ['--print-architecture'], { debianPackage: 'dpkg' })).stdout.trim();
  }

  async build(prepared: PreparedBuild, job: BuildJob): Promise<BuildRecord> {
    const context = { ...this.#options, ...job };
    return prepared.method === 'tree'
      ? await buildTree(prepared, context)
      : await buildDebian(prepared, context);
  }
}

async function buildTree(
  { request, inputs }: Extract<PreparedBuild, { method: 'tree' }>,
  { store, cores, signal }: LocalBuilderOptions & BuildJob,
): Promise<BuildRecord> {
  const built = await writeTreePackage(request.tree, request.from ?? [], { store, cores, signal });
  return { format: 1, inputs, packages: [built], sources: [] };
}

async function buildDebian(
  { request, prepared, base, inputs }: Extract<PreparedBuild, { method: 'debian' }>,
  context: LocalBuilderOptions & BuildJob,
): Promise<BuildRecord> {
  const { store, http, cacheDir, temporary, cores, limits, now, phase, signal } = context;
  const { log, component } = request;
  await removeFile(log);
  const privilege = await findPrivilege(signal);
  for (const folder of [temporary, inCache(cacheDir, 'roots')]) {
    await sweepWork(privilege, folder).catch((error: unknown) => {
      // Left by a run of root's, say: in nobody's way
      if (!(error instanceof LockstepError)) throw error;
      phase.info(`The files of a build that was killed could not be removed: ${error.message}`);
    });
  }
  const root = await openRoot(base, request.base.codename, {
    ...{ cacheDir, store, http, privilege, limits, now, phase, log, signal },
  });
  const { source, date } = prepared;
  const packages = await runDebianBuild({
    ...{ component, source, tree: root.tree, date, cores, limits, log, temporary, store, privilege, signal },
  });
  await root.settled;
  const { package: name, version, stanza, files } = source;
  return { format: 1, inputs, packages, sources: [{ package: name, version, stanza, files }] };
}
