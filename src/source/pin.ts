/**
 * What a component resolves to: the pin, with the proof of where each byte
 * came from. The shape alone, written once for the code, for what commands
 * print and for the schema of that; the bytes themselves are in the content
 * store. What is asked of a pin by its kind is in pin-kinds.ts.
 */
import { z } from 'zod';
import { sha256 } from '../io/sha256.js';

/** A file whose bytes are in the content store under `sha256`. Size in bytes. */
const storedFile = z.object({ name: z.string(), size: z.number().int().describe('Bytes'), sha256 });
export type StoredFile = z.output<typeof storedFile>;

const provenance = z.object({
  step: z.string().describe('What was done, in words'),
  kind: z
    .literal('signature')
    .optional()
    .describe('A signature was checked; "by" is the fingerprint of its key. Left out for every other step'),
  subject: z.string(),
  by: z.string().optional(),
  sha256: z.string().optional(),
});
/**
 * One link of the chain of proof: what was checked, on what, and who vouches
 * for it (a key's fingerprint, or the file that holds the promise).
 */
export type Provenance = z.output<typeof provenance>;

const pinBase = {
  component: z.string(),
  // Without epoch, revision and repack mark: `1.39.17`
  upstreamVersion: z.string(),
  // For SOURCE_DATE_EPOCH
  date: z.number().int().describe('Time of the last change of the packaging, in seconds since 1970'),
  commit: z.string().optional().describe('Of a source in git'),
  provenance: z.array(provenance),
};

const aptSourcePin = z.object({
  ...pinBase,
  kind: z.literal('apt-source'),
  package: z.string(),
  version: z.string(),
  suite: z.string(),
  // One of `files`
  dsc: z.string(),
  files: z.array(storedFile),
});
/** A Debian source package, whole: .dsc, upstream tarballs, packaging. */
export type AptSourcePin = z.output<typeof aptSourcePin>;

const aptBinaryPackage = z.object({
  package: z.string(),
  version: z.string(),
  architecture: z.string(),
  source: z.string(),
  sourceVersion: z.string(),
  suite: z.string(),
  stanza: z.string().describe('Verbatim from Packages'),
  file: storedFile,
});
/** One binary package of the base distribution, as its index describes it. */
export type AptBinaryPackage = z.output<typeof aptBinaryPackage>;

const aptBinaryPin = z.object({
  ...pinBase,
  kind: z.literal('apt-binary'),
  packages: z.array(aptBinaryPackage),
});
/** Named binary packages and what of the same source they need, for every architecture of the base. */
export type AptBinaryPin = z.output<typeof aptBinaryPin>;

const withinPin = z.object({
  ...pinBase,
  kind: z.literal('within'),
  within: z.string().describe('The component whose tree it is in'),
  // Below the tarball's top folder
  path: z.string(),
  library: z.string().optional(),
  demanded: z.string().optional().describe('The Composer constraint of the surrounding tree'),
  archive: storedFile,
});
/** A folder inside another component's upstream tarball, which `archive` is. */
export type WithinPin = z.output<typeof withinPin>;

const submodule = z.object({ path: z.string(), url: z.string(), commit: z.string() });
/**
 * A repository that is part of another one's tree, at the commit that the tree names; the path is below the top of the
 * outermost tree.
 */
export type Submodule = z.output<typeof submodule>;

const gitPin = z.object({
  ...pinBase,
  kind: z.literal('git'),
  // As the profile writes it
  url: z.string(),
  ref: z.string().nullable().describe('refs/tags/...; null for a commit named in the profile'),
  commit: z.string(),
  submodules: z.array(submodule),
  // Null where the component names no keyring
  signedBy: z.string().nullable().describe('Fingerprint of the key that signed the tag or commit'),
  // Written here, with one top folder: the same commit is the same bytes
  archive: storedFile,
});
/** A commit of a git repository, its submodules in place. */
export type GitPin = z.output<typeof gitPin>;

const tarballPin = z.object({
  ...pinBase,
  kind: z.literal('tarball'),
  url: z.string(),
  // Null where a SHA-256 of the profile vouches for it
  signedBy: z.string().nullable().describe('Fingerprint of the key that signed it'),
  archive: storedFile,
});
/** A tarball of source code, as its upstream serves it. */
export type TarballPin = z.output<typeof tarballPin>;

const localPin = z.object({
  ...pinBase,
  kind: z.literal('local'),
  path: z.string().describe('As typed'),
  archive: storedFile,
});
/** A developer's own tree, and what of it is committed: nobody vouches for it. */
export type LocalPin = z.output<typeof localPin>;

/** A pin whose tree is one tarball with one top folder. */
export type TreePin = GitPin | TarballPin | LocalPin;

/** A pin as `resolve` prints it, and manifests that `show` prints. */
export const pinShape = z.discriminatedUnion('kind', [
  aptSourcePin,
  aptBinaryPin,
  withinPin,
  gitPin,
  tarballPin,
  localPin,
]);
export type Pin = z.output<typeof pinShape>;
