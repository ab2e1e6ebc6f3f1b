/**
 * A package that is only "these files go there": what src/metapackage composes
 * and the method `tree` writes as a .deb. Types only.
 */
import type { StoredFile } from '../source/pin.js';

export interface TreePackage {
  package: string;
  version: string;
  architecture: string;
  source: string;
  /** Other fields, canonical names. */
  control: Record<string, string>;
  entries: TreeEntry[];
  conffiles: string[];
  scripts: Partial<Record<'preinst' | 'postinst' | 'prerm' | 'postrm' | 'config' | 'templates', string>>;
  triggers?: string;
  /** Seconds: mtime of every member. */
  date: number;
}

/** Paths are absolute on the machine that installs the package: `/usr/...`. */
export type TreeEntry =
  | { kind: 'file'; path: string; mode: number; content: Uint8Array | { sha256: string } }
  | { kind: 'symlink'; path: string; target: string }
  | { kind: 'dir'; path: string; mode: number };

/** A folder of a source tarball, read lazily while the package is written. */
export interface TreeFrom {
  /** Tarball in the store. */
  archive: StoredFile;
  /** Inside, after the top folder. */
  path: string;
  to: string;
  exclude: string[];
  /** Patterns of files that are not programs, whatever their mode in the tarball. */
  data?: string[];
}
