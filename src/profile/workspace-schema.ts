/**
 * The shape of lockstep.yaml: the archive's identity, its signing key and its
 * suites. It owns types and descriptions (the JSON Schema for editors is made
 * from it); what refers to what is checked in profile-rules.ts.
 */
import { z } from 'zod';
import { duration, maintainer, oneLine, slug, webAddress } from './names.js';

/** Of Origin and Label. */
const pinnable = (option: string) =>
  z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9 ._+-]*[A-Za-z0-9.+])?$/, {
    error: `must be letters, digits, spaces and "._+-": apt pins by it (${option}=...)`,
  });

const archive = z
  .strictObject({
    name: slug.describe('Names <name>-archive-keyring and the files of the archive on a machine'),
    origin: pinnable('o').describe(
      'Origin of every Release file whose suite has none of its own. It cannot change once one is published',
    ),
    label: pinnable('l').describe(
      'Label of every Release file whose suite has none of its own. It cannot change once one is published',
    ),
    description: oneLine.describe('Description of every Release file'),
    baseUrl: webAddress.describe('Where machines will find what is in public/, without a trailing slash'),
    area: slug.default('main').describe('The archive area (what apt calls component)'),
    maintainer: maintainer.describe('Maintainer of the packages that Lockstep makes'),
  })
  .describe('Who the archive is');

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
    .describe('Holds the passphrase; LOCKSTEP_PASSPHRASE and LOCKSTEP_PASSPHRASE_FILE win'),
});

const gpgFields = {
  method: z.literal('gpg'),
  key: z
    .string()
    .regex(/^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})!?$/, {
      error:
        'must be a whole fingerprint: 40 hexadecimal digits, without spaces; "!" behind it for this very key or subkey',
    })
    .describe(
      'Fingerprint of the key; that of a subkey signs with this subkey, that of the primary key with the newest subkey that can. "!" behind it: with this very one',
    ),
  program: z.string().min(1).optional().describe('The gpg to run; gpg of the PATH otherwise'),
  homedir: z.string().min(1).optional().describe('GNUPGHOME, if not the usual one'),
};

const next = z
  .discriminatedUnion('method', [
    z
      .strictObject(keyFileFields('.lockstep/keys/next.asc'))
      .describe('A key file; a passphraseFile given here wins over the environment'),
    z.strictObject(gpgFields).describe("The user's own gpg"),
  ])
  .optional()
  .describe('The key that lockstep key rotate brings in; next.asc beside keyFile otherwise');

const signing = z
  .discriminatedUnion('method', [
    z
      .strictObject({ ...keyFileFields('.lockstep/keys/archive.asc'), next })
      .describe('Lockstep signs in its own process with a key file'),
    z.strictObject({ ...gpgFields, next }).describe("The user's own gpg signs: agent, smart card"),
  ])
  .describe('The key that signs the archive');

const suite = z
  .strictObject({
    profile: slug.describe('The profile whose snapshots this suite takes: profiles/<name>.yaml'),
    trust: slug.describe('One of trustLevels: how much this suite vouches for'),
    description: oneLine
      .optional()
      .describe('Description of its Release file; that of the archive otherwise'),
    origin: pinnable('o')
      .optional()
      .describe(
        'Origin of its Release file; that of the archive otherwise. It cannot change once it is published',
      ),
    label: pinnable('l')
      .optional()
      .describe(
        'Label of its Release file; that of the archive otherwise. It cannot change once it is published',
      ),
    codename: slug
      .optional()
      .describe(
        'Codename of its Release file; the name of the suite otherwise. It cannot change once it is published',
      ),
    notAutomatic: z
      .boolean()
      .default(false)
      .describe(
        'NotAutomatic: apt installs from it only what a person asks for by name of the suite. It cannot change once it is published',
      ),
    butAutomaticUpgrades: z
      .boolean()
      .default(false)
      .describe(
        'ButAutomaticUpgrades: what came from it is upgraded from it, with notAutomatic. It cannot change once it is published',
      ),
    default: z
      .boolean()
      .default(false)
      .describe('New machines of its base release follow it; otherwise they follow the highest trust level'),
    validFor: duration
      .prefault('14d')
      .describe('Valid-Until of its Release file, counted from each signing: a number and s, m, h, d or w'),
    retain: z
      .number()
      .int()
      .min(1)
      .max(100)
      .default(3)
      .describe('How many good snapshots stay installable from it'),
  })
  .refine(({ notAutomatic, butAutomaticUpgrades }) => notAutomatic || !butAutomaticUpgrades, {
    path: ['butAutomaticUpgrades'],
    error: 'means nothing without notAutomatic: true (apt_preferences(5))',
  })
  .describe('dists/<suite>: what a machine follows');

const mirrors = z.union([webAddress, z.array(webAddress).min(1)], {
  error: 'must be a web address, or a list of them: http:// or https://, host, optional port and path',
});

/** lockstep.yaml, as written. */
export const workspaceSchema = z
  .strictObject({
    format: z.literal(1).describe('The format of this file'),
    archive,
    versionSuffix: z
      .string()
      .regex(/^[a-z]+$/, { error: 'must be lower-case letters only: a number is put after them' })
      .default('lockstep')
      .describe('What marks a rebuilt package: 1.39.17-1 becomes 1.39.17-1+lockstep1'),
    signing,
    trustLevels: z
      .array(slug)
      .min(1)
      .default(['unstable', 'stable'])
      .describe('From the lowest to the highest'),
    signedSources: slug
      .optional()
      .describe(
        'From this trust level on, suites take components out of git only if a signature vouches for them',
      ),
    mirror: z
      .strictObject({
        debian: mirrors.optional().describe('The archive of the base distribution: one address or a list'),
        security: mirrors.optional().describe('Its security archive: one address or a list'),
      })
      .optional()
      .describe(
        "Where the base distribution is fetched from, the mirrors of a list asked in order for each file; this machine's apt configuration otherwise",
      ),
    suites: z.record(slug, suite).describe('The suites of the archive, by name'),
    snapshots: z
      .strictObject({
        commit: z
          .boolean()
          .default(false)
          .describe(
            'Make a git commit of each snapshot manifest; signed by gpg where commit.gpgSign of git says so. Hooks do not run',
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
