/**
 * The shape of lockstep.yaml: the archive's identity, its signing key and its
 * suites. It owns types and descriptions (the JSON Schema for editors is made
 * from it); what refers to what is checked in profile-rules.ts.
 */
import { z } from 'zod';
import { byteSize, byteSizeTo, duration, maintainer, oneLine, slug, webAddress } from './names.js';

/** Of Origin and Label. */
const pinnable = (option: string) =>
  z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9 ._+-]*[A-Za-z0-9.+])?$/, {
    error: `must contain only letters, digits, spaces and "._+-", because apt pins by it (${option}=...)`,
  });

const archive = z
  .strictObject({
    name: slug.describe('Name of the archive, used in <name>-archive-keyring and in file names on a machine'),
    origin: pinnable('o').describe(
      'Default Origin of Release files. It cannot change after a suite is published',
    ),
    label: pinnable('l').describe(
      'Default Label of Release files. It cannot change after a suite is published',
    ),
    description: oneLine.describe('Description of every Release file'),
    baseUrl: webAddress.describe('URL where machines find the content of public/, without a trailing slash'),
    area: slug.default('main').describe('The archive area (apt calls it component)'),
    maintainer: maintainer.describe('Maintainer of the packages that Lockstep builds'),
  })
  .describe('Identity of the archive');

const keyFileFields = (file: string) => ({
  method: z.literal('openpgp'),
  keyFile: z
    .string()
    .min(1)
    .default(file)
    .describe('The private key, armored; relative to the workspace, or absolute'),
  passphraseFile: z
    .string()
    .min(1)
    .optional()
    .describe('File with the passphrase; LOCKSTEP_PASSPHRASE and LOCKSTEP_PASSPHRASE_FILE take precedence'),
});

const gpgFields = {
  method: z.literal('gpg'),
  key: z
    .string()
    .regex(/^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})!?$/, {
      error:
        'must be a full fingerprint: 40 hexadecimal digits, without spaces; a trailing "!" selects exactly this key or subkey',
    })
    .describe(
      'Fingerprint of the key. A subkey\'s fingerprint signs with this subkey, a primary key\'s with the newest subkey that can sign. A trailing "!" selects exactly this key',
    ),
  program: z.string().min(1).optional().describe('Path of gpg (default: gpg in PATH)'),
  homedir: z.string().min(1).optional().describe("GNUPGHOME (default: gpg's own)"),
};

const next = z
  .discriminatedUnion('method', [
    z
      .strictObject(keyFileFields('.lockstep/keys/next.asc'))
      .describe('A key file; a passphraseFile set here takes precedence over the environment'),
    z.strictObject(gpgFields).describe("The user's gpg"),
  ])
  .optional()
  .describe('The key that lockstep key rotate introduces (default: next.asc in the folder of keyFile)');

const signing = z
  .discriminatedUnion('method', [
    z
      .strictObject({ ...keyFileFields('.lockstep/keys/archive.asc'), next })
      .describe('Lockstep signs in its own process with a key file'),
    z.strictObject({ ...gpgFields, next }).describe("The user's gpg signs: agent, smart card"),
  ])
  .describe('The key that signs the archive');

const suite = z
  .strictObject({
    profile: slug.describe('The profile whose snapshots this suite accepts: profiles/<name>.yaml'),
    trust: slug.describe('One of trustLevels: what this suite guarantees'),
    description: oneLine.optional().describe('Description in its Release file (default: from the archive)'),
    origin: pinnable('o')
      .optional()
      .describe(
        'Origin in its Release file (default: from the archive). It cannot change after the suite is published',
      ),
    label: pinnable('l')
      .optional()
      .describe(
        'Label in its Release file (default: from the archive). It cannot change after the suite is published',
      ),
    codename: slug
      .optional()
      .describe(
        'Codename in its Release file (default: the name of the suite). It cannot change after the suite is published',
      ),
    notAutomatic: z
      .boolean()
      .default(false)
      .describe(
        'NotAutomatic: apt installs from the suite only on explicit request. It cannot change after the suite is published',
      ),
    butAutomaticUpgrades: z
      .boolean()
      .default(false)
      .describe(
        'ButAutomaticUpgrades, with notAutomatic: packages installed from the suite are upgraded from it. It cannot change after the suite is published',
      ),
    default: z
      .boolean()
      .default(false)
      .describe(
        'New machines with its base release follow this suite; without it, they follow the highest trust level',
      ),
    validFor: duration
      .prefault('14d')
      .describe('Valid-Until of its Release file, counted from each signing: a number and s, m, h, d or w'),
    retain: z
      .number()
      .int()
      .min(1)
      .max(100)
      .default(3)
      .describe('Number of good snapshots that stay installable from it'),
  })
  .refine(({ notAutomatic, butAutomaticUpgrades }) => notAutomatic || !butAutomaticUpgrades, {
    path: ['butAutomaticUpgrades'],
    error: 'has no effect without notAutomatic: true (apt_preferences(5))',
  })
  .describe('A suite, dists/<suite>, that machines follow');

const mirrors = z.union([webAddress, z.array(webAddress).min(1)], {
  error: 'must be a web address, or a list of them: http:// or https://, host, optional port and path',
});

/** What a build may use. A large C++ program builds within the defaults. Lengths of time in seconds, sizes in bytes. */
export const buildLimits = z
  .strictObject({
    time: duration.prefault('12h').describe('From start to end'),
    silence: duration.prefault('2h').describe('Without output'),
    processes: z
      .number()
      .int()
      .min(16)
      .max(1_000_000)
      .default(4096)
      .describe('Processes and threads at one time'),
    memory: byteSize.prefault('16G').describe('Memory of all processes together'),
    disk: byteSize.prefault('64G').describe('Files that it writes'),
    log: byteSize.prefault('256M').describe('What it prints'),
  })
  .prefault({})
  .describe('A build that uses more is ended with BUILD_LIMIT. They are for each build');

/** The most of each is `takenBudget` of src/deb/deb-budget.ts. */
export const packageLimits = z
  .strictObject({
    members: z.number().int().min(1000).max(2_000_000).default(200_000).describe('Files, folders and links'),
    names: byteSizeTo('256M').prefault('16M').describe('Their names together'),
    control: byteSizeTo('1G').prefault('64M').describe('The control archive, unpacked'),
    data: byteSizeTo('1T').prefault('64G').describe('The files, unpacked'),
    ratio: z
      .number()
      .int()
      .min(10)
      .max(10_000)
      .default(200)
      .describe('Times of its packed size that the files may have past their first GiB'),
  })
  .prefault({})
  .describe('A package past one is refused with DEB_TOO_LARGE');

/** lockstep.yaml, as written. */
export const workspaceSchema = z
  .strictObject({
    format: z.literal(1).describe('The format of this file'),
    archive,
    versionSuffix: z
      .string()
      .regex(/^[a-z]+$/, { error: 'must contain only lower-case letters: Lockstep appends a number' })
      .default('lockstep')
      .describe('Version suffix of a rebuilt package: 1.39.17-1 becomes 1.39.17-1+lockstep1'),
    signing,
    trustLevels: z
      .array(slug)
      .min(1)
      .default(['unstable', 'stable'])
      .describe('Trust levels, from lowest to highest'),
    signedSources: slug
      .optional()
      .describe(
        'From this trust level on, suites accept components from git, and imported packages, only with a verified signature',
      ),
    mirror: z
      .strictObject({
        debian: mirrors.optional().describe('The archive of the base distribution: one address or a list'),
        security: mirrors.optional().describe('Its security archive: one address or a list'),
      })
      .optional()
      .describe(
        "Mirrors of the base distribution, tried in order for each file (default: this machine's apt configuration)",
      ),
    build: z
      .strictObject({ limits: buildLimits })
      .prefault({})
      .describe('How packages are built with the method debian'),
    packages: z
      .strictObject({ limits: packageLimits })
      .prefault({})
      .describe('What is read of a package that is built or imported'),
    suites: z.record(slug, suite).describe('The suites of the archive, by name'),
    snapshots: z
      .strictObject({
        commit: z
          .boolean()
          .default(false)
          .describe(
            "Commit each snapshot manifest to git, signed by gpg if git's commit.gpgSign is set. Hooks do not run",
          ),
      })
      .prefault({})
      .describe('How snapshots are kept'),
  })
  .describe('A Lockstep workspace');

export type WorkspaceFile = z.output<typeof workspaceSchema>;
/** `validFor` is in seconds. */
export type SuiteConfig = WorkspaceFile['suites'][string];

/** A workspace that was read and found good. */
export interface Workspace extends WorkspaceFile {
  /** Absolute path of the folder that holds lockstep.yaml. */
  root: string;
  /** Names of the files in profiles/, sorted, without `.yaml`. They may hold faults. */
  profileNames: string[];
}
