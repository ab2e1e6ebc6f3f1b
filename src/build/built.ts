/**
 * What a build hands on: the packages and source packages it made. The shapes
 * alone; the bytes themselves are in the content store.
 */
import { z } from 'zod';
import { sha256 } from '../io/sha256.js';

const storedFile = z.strictObject({ name: z.string(), size: z.number().int().nonnegative(), sha256 });

export const builtPackage = z.strictObject({
  package: z.string(),
  version: z.string(),
  architecture: z.string(),
  source: z.string(),
  sourceVersion: z.string(),
  /** Verbatim control paragraph of the .deb. */
  control: z.string(),
  file: storedFile,
});
/** One binary package. */
export type BuiltPackage = z.output<typeof builtPackage>;

export const builtSource = z.strictObject({
  package: z.string(),
  version: z.string(),
  /** A Sources paragraph without Directory. */
  stanza: z.string(),
  files: z.array(storedFile),
});
/** One source package. */
export type BuiltSource = z.output<typeof builtSource>;

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
