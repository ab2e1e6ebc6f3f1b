/**
 * What a build hands on: the packages and source packages it made. Types only;
 * the bytes themselves are in the content store.
 */
import type { StoredFile } from '../source/pin.js';

/** One binary package. */
export interface BuiltPackage {
  package: string;
  version: string;
  architecture: string;
  source: string;
  sourceVersion: string;
  /** Verbatim control paragraph of the .deb. */
  control: string;
  file: StoredFile;
}

/** One source package. */
export interface BuiltSource {
  package: string;
  version: string;
  /** A Sources paragraph without Directory. */
  stanza: string;
  files: StoredFile[];
}

/** Everything one component's build made. */
export interface BuildOutput {
  component: string;
  /** SHA-256 of everything the bytes depend on. */
  inputs: string;
  packages: BuiltPackage[];
  sources: BuiltSource[];
  /** Path of the build's log. */
  log?: string;
}
