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
      error: 'must be a whole fingerprint: 40 hexadecimal digits, without spaces',
    })
    .describe('Of the primary key, which is in the file of "signedBy"'),
  reason: oneLine.describe('Why its signatures are believed still; it stands in the snapshot'),
});

/** A key of an upstream that has expired and is believed. */
export type ExpiredKey = z.output<typeof expiredKey>;

const expiredKeys = z
  .array(expiredKey)
  .min(1)
  .optional()
  .describe(
    'Keys that have expired, whose signatures from before are taken all the same. What an earlier snapshot has pinned needs no entry',
  );

/** components.<name>.source of a profile, by its kind. */
export const source = z
  .discriminatedUnion('kind', [
    z
      .strictObject({
        kind: z.literal('apt-source'),
        package: packageName.describe('The source package'),
        version: versionRange.describe('Range of upstream versions; the highest in it wins'),
      })
      .describe('A source package of the base distribution, built anew'),
    z
      .strictObject({
        kind: z.literal('apt-binary'),
        packages: z.array(packageName).min(1).describe('Binary packages; what they need comes along'),
        version: versionRange.describe('Range of upstream versions; the highest in it wins'),
      })
      .describe('Binary packages of the base distribution, as they are'),
    z
      .strictObject({
        kind: z.literal('within'),
        component: componentName.describe('The component whose tree it is in'),
        path: relativePath.describe('The folder inside that tree'),
        library: z
          .string()
          .regex(/^[a-z0-9]([_.-]?[a-z0-9]+)*\/[a-z0-9](([_.]|-{1,2})?[a-z0-9]+)*$/, {
            error: 'must be a composer package name: vendor/library',
          })
          .optional()
          .describe("Its name in the parent's vendor/composer/installed.json, which gives its version"),
        version: versionRange.optional().describe('Range that the version found there must be in'),
      })
      .describe("A folder of another component's tree"),
    z
      .strictObject({
        kind: z.literal('git'),
        url: gitAddress.describe('Where the repository is: https, http, ssh, or a folder of this machine'),
        version: trackedRange
          .optional()
          .describe(
            'Range of versions that tags stand for, "latest" (all releases) or "any" (pre-releases too); the highest that fits wins',
          ),
        tags: gitPattern.optional().describe('Which tags are versions, as a pattern: "v*". All of them else'),
        tag: gitPattern.optional().describe('This tag alone'),
        branch: gitPattern
          .optional()
          .describe('The newest commit of this branch, or of the highest branch of a pattern: "wmf/*"'),
        commit: z
          .string()
          .regex(/^[0-9a-f]{40}$/, { error: 'must be a whole commit id: 40 hexadecimal digits' })
          .optional()
          .describe('This commit alone'),
        submodules: z.boolean().default(true).describe('Whether its submodules belong to its tree'),
        signedBy: relativePath
          .optional()
          .describe(
            'A file of public keys in the workspace: the tag or commit must be signed by one of them',
          ),
        expiredKeys,
      })
      .describe('A git repository'),
    z
      .strictObject({
        kind: z.literal('tarball'),
        url: tarballAddress.describe('Where the tarball is; {version} stands for its version'),
        version: trackedRange.describe(
          'One version, or a range, "latest" or "any" where "listing" tells what there is',
        ),
        listing: tarballAddress
          .optional()
          .describe('A page whose links, or names, of the form of "url" tell which versions there are'),
        sha256: sha256.optional().describe('Of the tarball, where it is one version'),
        signature: tarballAddress
          .optional()
          .describe('Where its detached signature is; {version} as in "url"'),
        signedBy: relativePath
          .optional()
          .describe('A file of public keys in the workspace: the tarball must be signed by one of them'),
        expiredKeys,
      })
      .describe('A tarball of source code'),
  ])
  .describe('Where the code comes from');

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
