/**
 * The kinds of source that a profile can name: the shape of each, and what can
 * build it. What refers to what is checked in profile-rules.ts; how each is
 * fetched is in src/source.
 */
import { z } from 'zod';
import { sha256 } from '../io/sha256.js';
import {
  componentName,
  gitAddress,
  gitPattern,
  oneLine,
  packageName,
  relativePath,
  tarballAddress,
  trackedRange,
  versionRange,
} from './names.js';

const expiredKey = z.strictObject({
  fingerprint: z
    .string()
    .regex(/^[0-9A-Fa-f]{40}$/, {
      error: 'must be a full fingerprint: 40 hexadecimal digits, without spaces',
    })
    .describe('Fingerprint of the primary key, which is in the file of "signedBy"'),
  reason: oneLine.describe('Why its signatures are still trusted; the snapshot records it'),
});

/** A key of an upstream that has expired and is believed. */
export type ExpiredKey = z.output<typeof expiredKey>;

const expiredKeys = z
  .array(expiredKey)
  .min(1)
  .optional()
  .describe(
    'Expired keys whose earlier signatures are still accepted. A version that an earlier snapshot pinned needs no entry',
  );

/** components.<name>.source of a profile, by its kind. */
export const source = z
  .discriminatedUnion('kind', [
    z
      .strictObject({
        kind: z.literal('apt-source'),
        package: packageName.describe('The source package'),
        version: versionRange.describe('Range of upstream versions; the highest match is used'),
      })
      .describe('A source package of the base distribution, rebuilt'),
    z
      .strictObject({
        kind: z.literal('apt-binary'),
        packages: z.array(packageName).min(1).describe('Binary packages; their dependencies are included'),
        version: versionRange.describe('Range of upstream versions; the highest match is used'),
      })
      .describe('Unchanged binary packages of the base distribution'),
    z
      .strictObject({
        kind: z.literal('within'),
        component: componentName.describe('The component whose tree contains it'),
        path: relativePath.describe('The folder inside that tree'),
        library: z
          .string()
          .regex(/^[a-z0-9]([_.-]?[a-z0-9]+)*\/[a-z0-9](([_.]|-{1,2})?[a-z0-9]+)*$/, {
            error: 'must be a Composer package name: vendor/library',
          })
          .optional()
          .describe(
            "Its name in the parent's vendor/composer/installed.json, from which its version is read",
          ),
        version: versionRange.optional().describe('Range that must contain the version found there'),
      })
      .describe("A folder of another component's tree"),
    z
      .strictObject({
        kind: z.literal('git'),
        url: gitAddress.describe('Address of the repository: https, http, ssh, or a folder on this machine'),
        version: trackedRange
          .optional()
          .describe(
            'Range of the versions that tags name, "latest" (all releases) or "any" (also pre-releases); the highest match is used',
          ),
        tags: gitPattern
          .optional()
          .describe('Pattern of the tags that are versions: "v*" (default: all tags)'),
        tag: gitPattern.optional().describe('Only this tag'),
        branch: gitPattern
          .optional()
          .describe(
            'The newest commit of this branch, or of the highest branch that matches a pattern: "wmf/*"',
          ),
        commit: z
          .string()
          .regex(/^[0-9a-f]{40}$/, { error: 'must be a full commit id: 40 hexadecimal digits' })
          .optional()
          .describe('Only this commit'),
        submodules: z.boolean().default(true).describe('Include its submodules in its tree'),
        signedBy: relativePath
          .optional()
          .describe('A file of public keys in the workspace: one of them must have signed the tag or commit'),
        expiredKeys,
      })
      .describe('A git repository'),
    z
      .strictObject({
        kind: z.literal('tarball'),
        url: tarballAddress.describe('URL of the tarball; {version} is replaced by its version'),
        version: trackedRange.describe(
          'One version; or a range, "latest" or "any" if "listing" lists the versions',
        ),
        listing: tarballAddress
          .optional()
          .describe('A page that lists the versions: links or names in the form of "url"'),
        sha256: sha256.optional().describe('SHA-256 of the tarball, for a single version'),
        signature: tarballAddress.optional().describe('URL of its detached signature; {version} as in "url"'),
        signedBy: relativePath
          .optional()
          .describe('A file of public keys in the workspace: one of them must have signed the tarball'),
        expiredKeys,
      })
      .describe('A tarball of source code'),
  ])
  .describe('The source of the code');

/** How packages are made of each kind; the first method is what is proposed. */
export const builtBy: {
  readonly [K in z.output<typeof source>['kind']]: {
    methods: readonly string[];
    mayStayUnbuilt?: true;
  };
} = {
  'apt-source': { methods: ['debian'] },
  'apt-binary': { methods: [] },
  // What is not built is in the packages of its parent already
  within: { methods: ['tree'], mayStayUnbuilt: true },
  git: { methods: ['tree', 'debian'] },
  tarball: { methods: ['tree', 'debian'] },
};
