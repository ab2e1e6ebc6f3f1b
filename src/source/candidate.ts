/**
 * The candidates and the choice: the types between the sources (which search) and the resolution (which
 * decides). Types only.
 */
import type { SourceFile } from '../deb/dsc.js';
import type { GitConfig, LocalConfig, TarballConfig } from '../profile/profile-schema.js';
import type { ArchiveRoots } from './archive-roots.js';
import type { SuiteRole } from './mirror.js';
import type { Provenance } from './pin.js';

/** Where a paragraph was found. */
export interface Found {
  suite: string;
  role: SuiteRole;
  /** What its files are below. */
  archive: ArchiveRoots;
  /** From the InRelease's signature down to the index. */
  proof: Provenance[];
}

/** A source package in a suite. */
export interface SourceListing extends Found {
  package: string;
  version: string;
  /** Below the archive root. */
  directory: string;
  /** Name of the .dsc; it is one of `files`. */
  dsc: string;
  files: SourceFile[];
}

/** A binary package in a suite. */
export interface BinaryListing extends Found {
  package: string;
  version: string;
  /** As the package says: may be `all`. */
  architecture: string;
  /** Whose index it was found in: never `all`. */
  installableOn: string;
  source: string;
  sourceVersion: string;
  /** Depends and Pre-Depends, as one relationship field. */
  depends: string;
  /** Below the archive root. */
  filename: string;
  file: SourceFile;
  /** Verbatim. */
  stanza: string;
}

/** A commit that a ref of a repository stands for. */
export interface GitListing {
  /** As upstream writes it (`1.43.0-rc.1`); null where only the tree can tell. */
  version: string | null;
  /** `refs/tags/1.43.0`; null for a commit that was named. */
  ref: string | null;
  /** The commit; of an annotated tag what it points at in the end. */
  commit: string;
  /** Object id of an annotated tag; null for a lightweight one and for branches. */
  tag: string | null;
}

/** A version of a tarball from its listing, or the version that the profile names. */
export interface TarballListing {
  version: string;
  url: string;
  /** Where its detached signature is. */
  signature: string | null;
}

/** All that there is for a component, wherever it comes from. */
export type Candidates =
  | {
      kind: 'apt-source';
      component: string;
      package: string;
      /** Suites that were searched. */
      searched: string[];
      found: SourceListing[];
      /** A package of a similar name, where there is none of this one. */
      near?: string;
    }
  | {
      kind: 'apt-binary';
      component: string;
      packages: string[];
      architectures: string[];
      searched: string[];
      /** The named packages, and those of the same sources that they depend on. */
      found: BinaryListing[];
      /** By the name of a missing package. */
      near: Record<string, string>;
    }
  | {
      kind: 'within';
      component: string;
    }
  | {
      kind: 'git';
      component: string;
      /** Every ref that the profile's words can mean, in the range or not. Any order. */
      found: GitListing[];
    }
  | {
      kind: 'tarball';
      component: string;
      found: TarballListing[];
    }
  | {
      kind: 'local';
      component: string;
    };

/** What the resolution chose for a component, ready to be fetched. */
export type Choice =
  | { kind: 'apt-source'; component: string; listing: SourceListing }
  | { kind: 'apt-binary'; component: string; upstreamVersion: string; listings: BinaryListing[] }
  | {
      kind: 'within';
      component: string;
      /** The component it is in, which must be fetched before. */
      parent: string;
      path: string;
      library?: string | undefined;
      /** Range that the version found there must be in. */
      range?: string | undefined;
    }
  | { kind: 'git'; component: string; config: GitConfig; listing: GitListing }
  | { kind: 'tarball'; component: string; config: TarballConfig; listing: TarballListing }
  | { kind: 'local'; component: string; config: LocalConfig };
