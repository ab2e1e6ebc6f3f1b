/**
 * The port to the machine that makes packages: it takes a prepared build and returns the build's record.
 * local-builder.ts is the adapter for the machine that runs the command; another machine can be one. This file owns the
 * shapes of both sides. build-plan.ts decides what must be built.
 */
import type { Phase } from '../io/progress.js';
import type { AptSourcePin, TreePin } from '../source/pin.js';
import type { Base } from './base-digest.js';
import type { BaseIndex } from './base-index.js';
import type { BuildRecord, CacheContext } from './build-cache.js';
import type { PreparedSource } from './prepared-source.js';
import type { Rebuild } from './source-package.js';
import type { TreeFrom, TreePackage } from './tree-package.js';

/** A source package to build with its debian/ directory. */
export interface DebianRequest extends Pick<Rebuild, 'suffix' | 'maintainer' | 'changes'> {
  method: 'debian';
  component: string;
  pin: AptSourcePin | TreePin;
  /**
   * `packaging/<component>/debian` of the workspace, if it exists: it replaces the source's debian/. A tree that is not
   * a source package requires it.
   */
  packaging?: string | undefined;
  /** The binary packages that the set needs from it. */
  packages: readonly string[];
  /** Packages that may have another version than the source: `packaging/<component>/own-versions`. */
  ownVersions: readonly string[];
  base: {
    codename: string;
    /** The architecture to build for: the builder's own, see {@link Builder.architecture}. */
    architecture: string;
    /** The profile's architectures: a package that is not `all` must be built for each. */
    architectures: readonly string[];
    /** The indices of base-index.ts for `architecture`. */
    indices: readonly BaseIndex[];
  };
  /** Path of the log on the machine that runs the command. An older log is replaced. */
  log: string;
}

/** A package that consists only of files and their paths. */
export interface TreeRequest {
  method: 'tree';
  component: string;
  tree: TreePackage;
  from?: readonly TreeFrom[];
}

export type BuildRequest = DebianRequest | TreeRequest;

/** Everything that the decision and the build need. The content store has the sources and trees, by their hashes. */
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

/** What the decision and the build need from the command that runs them. */
export interface BuildContext extends BuildJob, CacheContext {
  builder: Builder;
}

/** How the command watches one build. */
export interface BuildJob {
  phase: Phase;
  signal?: AbortSignal | undefined;
}

/** Makes packages. Several builds may run at the same time. */
export interface Builder {
  /** The builder's architecture in dpkg's words: `amd64`. @throws LockstepError TOOL_MISSING */
  architecture(): Promise<string>;
  /**
   * Builds what was prepared. When the promise resolves, every file that the record names is in the content store, and
   * the record has the inputs of the prepared build. A debian build writes its log to the path in the request.
   * @throws LockstepError BUILD_FAILED, BUILD_ROOT, BUILD_OUTPUT, TOOL_MISSING, MACHINE_UNFIT, DEB_*, STORE_*, NET_*,
   * DISK_*, INTERRUPTED (no temporary files remain)
   */
  build(prepared: PreparedBuild, job: BuildJob): Promise<BuildRecord>;
}
