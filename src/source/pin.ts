/**
 * What a component resolves to: the pin, with the proof of where each byte
 * came from. Types only; the bytes themselves are in the content store.
 */

/** A file whose bytes are in the content store under `sha256`. Size in bytes. */
export interface StoredFile {
  name: string;
  size: number;
  sha256: string;
}

/**
 * One link of the chain of proof: what was checked, on what, and who vouches
 * for it (a key's fingerprint, or the file that holds the promise).
 */
export interface Provenance {
  /** What was done, in words. */
  step: string;
  /** A signature was checked: `by` is the fingerprint of its key. Left out for every other step. */
  kind?: 'signature';
  subject: string;
  by?: string;
  sha256?: string;
}

interface PinBase {
  component: string;
  /** Without epoch, revision and repack mark: `1.39.17`. */
  upstreamVersion: string;
  /** Seconds since 1970, for SOURCE_DATE_EPOCH: when the packaging was last changed. */
  date: number;
  /** The whole hash, of a source that is kept in git. */
  commit?: string | undefined;
  provenance: Provenance[];
}

/** A Debian source package, whole: .dsc, upstream tarballs, packaging. */
export interface AptSourcePin extends PinBase {
  kind: 'apt-source';
  package: string;
  version: string;
  suite: string;
  /** Name of the .dsc; it is one of `files`. */
  dsc: string;
  files: StoredFile[];
}

/** One binary package of the base distribution, as its index describes it. */
export interface AptBinaryPackage {
  package: string;
  version: string;
  architecture: string;
  source: string;
  sourceVersion: string;
  suite: string;
  /** Verbatim from Packages. */
  stanza: string;
  file: StoredFile;
}

/** Named binary packages and what of the same source they need, for every architecture of the base. */
export interface AptBinaryPin extends PinBase {
  kind: 'apt-binary';
  packages: AptBinaryPackage[];
}

/** A folder inside another component's upstream tarball. */
export interface WithinPin extends PinBase {
  kind: 'within';
  /** The component whose tree this lives in. */
  within: string;
  /** Path below the tarball's top folder. */
  path: string;
  /** Composer package name, `wikimedia/parsoid`. */
  library?: string;
  /** The Composer constraint the surrounding tree puts on the library. */
  demanded?: string;
  /** The surrounding component's upstream tarball. */
  archive: StoredFile;
}

/** A repository that is part of another one's tree, at the commit that the tree names. */
export interface Submodule {
  /** Below the top of the outermost tree. */
  path: string;
  url: string;
  commit: string;
}

/** A commit of a git repository, its submodules in place. */
export interface GitPin extends PinBase {
  kind: 'git';
  /** As the profile writes it. */
  url: string;
  /** `refs/tags/1.43.0`, `refs/heads/wmf/1.47.0-wmf.9`; null for a commit that was named. */
  ref: string | null;
  commit: string;
  submodules: Submodule[];
  /** Fingerprint of the key that signed the tag or commit; null where the component names no keyring. */
  signedBy: string | null;
  /** The tree as a tarball with one top folder, written here: the same commit is the same bytes. */
  archive: StoredFile;
}

/** A tarball of source code, as its upstream serves it. */
export interface TarballPin extends PinBase {
  kind: 'tarball';
  url: string;
  /** Fingerprint of the key that signed it; null where a SHA-256 of the profile vouches for it. */
  signedBy: string | null;
  archive: StoredFile;
}

/** A developer's own tree: nobody vouches for it. */
export interface LocalPin extends PinBase {
  kind: 'local';
  /** As it was typed. */
  path: string;
  /** What of the tree is committed, where it is a git work tree. */
  commit?: string | undefined;
  archive: StoredFile;
}

/** A pin whose tree is one tarball with one top folder. */
export type TreePin = GitPin | TarballPin | LocalPin;

export type Pin = AptSourcePin | AptBinaryPin | WithinPin | TreePin;
