/**
 * The port to what makes packages: a prepared build in, its record out. The
 * machine that runs the command is one adapter (local-builder.ts); another
 * machine can be one. It owns the shapes of both sides; deciding what must be
 * built is build-plan.ts.
 */
import type { Phase } from '../io/progress.js';
import type { AptSourcePin, TreePin } from '../source/pin.js';
import type { Base } from './base-digest.js';
import type { BaseIndex } from './base-index.js';
import type { BuildRecord, CacheContext } from './build-cache.js';
import type { PreparedSource } from './prepared-source.js';
import type { Rebuild } from './source-package.js';
import type { TreeFrom, TreePackage } from './tree-package.js';

/** A source package to be built by its debian/ directory. */
export interface DebianRequest extends Pick<Rebuild, 'suffix' | 'maintainer' | 'changes'> {
  method: 'debian';
  component: string;
  pin: AptSourcePin | TreePin;
  /**
   * `packaging/<component>/debian` of the workspace, if it exists: it replaces the source's own. A tree
   * that is not a source package needs it.
   */
  packaging?: string | undefined;
  /** The packages that are wanted of it. */
  packages: readonly string[];
  base: {
    codename: string;
    /** What is built for: one that the builder has, see {@link Builder.architecture}. */
    architecture: string;
    /** Of the profile: a package that is not `all` must be built for each. */
    architectures: readonly string[];
    /** Of base-index.ts, for `architecture`. */
    indices: readonly BaseIndex[];
  };
  /** Path of the log, on the machine that runs the command; an older one is replaced. */
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

/** Everything that the decision and the build need. Sources and trees are in the content store, by their hashes. */
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

/** What builds are decided and run with. */
export interface BuildContext extends BuildJob, CacheContext {
  builder: Builder;
}

/** How one build is watched. */
export interface BuildJob {
  phase: Phase;
  signal?: AbortSignal | undefined;
}

/** Builds may run side by side. */
export interface Builder {
  /** What it builds for, as dpkg names it: `amd64`. @throws LockstepError TOOL_MISSING */
  architecture(): Promise<string>;
  /**
   * Builds what was prepared. Every file that the record names is in the content store when the promise resolves,
   * and the record's inputs are those of the prepared build. A debian build leaves its log where the request says.
   * @throws LockstepError BUILD_FAILED, BUILD_ROOT, BUILD_OUTPUT, TOOL_MISSING, MACHINE_UNFIT, DEB_*, STORE_*,
   * NET_*, DISK_*, INTERRUPTED (nothing temporary is left)
   */
  build(prepared: PreparedBuild, job: BuildJob): Promise<BuildRecord>;
}
