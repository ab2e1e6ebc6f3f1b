/**
 * The faults Lockstep reports to people: one stable code each, with the exit
 * status it ends the command with. This room knows nothing of the others; it
 * must not render (src/cli does) and must not hold wording that only one
 * caller uses.
 */

/** Process exit statuses, documented in docs/reference/exit-codes.md. */
export const exitStatus = {
  ok: 0,
  bug: 1,
  usage: 2,
  input: 3,
  untrusted: 4,
  network: 5,
  build: 6,
  signing: 7,
  archive: 8,
  busy: 9,
  machine: 10,
  interrupted: 130,
} as const;

export type ExitStatusName = keyof typeof exitStatus;

/**
 * Every code, with the exit status class and what it means in one line.
 * docs/reference/errors.md is checked against this table by a test.
 */
export const errorCodes = {
  // What a person wrote: workspace, profiles, templates, flags
  WORKSPACE_MISSING: [
    'input',
    'Neither the folder nor one above it is a Lockstep workspace: none has a lockstep.yaml',
  ],
  WORKSPACE_EXISTS: ['input', 'The folder for a new workspace already holds one'],
  WORKSPACE_INVALID: ['input', 'lockstep.yaml has faults; each is listed with its line'],
  PROFILE_UNKNOWN: ['input', 'No profile of that name in profiles/'],
  PROFILE_INVALID: ['input', 'A profile has faults; each is listed with its line'],
  PROFILE_PLACEHOLDER: ['input', 'A profile still has an address in it that each site has to fill in'],
  VERSION_UNLISTED: ['input', 'Nothing lists the version that is to be skipped'],
  COMPONENT_EXISTS: ['input', 'The profile has a component of that name already'],
  SUITE_IDENTITY: [
    'input',
    'What apt knows a published suite by was changed in lockstep.yaml: every machine that follows it would stop and ask',
  ],
  SUITE_UNKNOWN: ['input', 'No suite of that name in lockstep.yaml, or none that takes this profile'],
  SNAPSHOT_UNKNOWN: ['input', 'No snapshot with that id'],
  TEMPLATE_MISSING: ['input', 'A template that a profile names is not there, or lacks a file it names'],
  TEMPLATE_INVALID: ['input', 'A template cannot be rendered, or its package.yaml has faults'],
  TEMPLATE_UNKNOWN_VARIABLE: ['input', 'A template names a variable that does not exist'],
  USAGE: ['usage', 'A flag, an argument or an environment variable is missing, unknown or wrong'],
  FILE_MISSING: ['usage', 'A file that a flag names is not there or may not be read'],
  // Moves of suites
  MOVE_BASE: ['input', 'A snapshot is for another base release than what the suite has'],
  MOVE_TRUST: [
    'input',
    'A suite may not take this snapshot: its trust level or the origin of a component forbids it',
  ],
  MOVE_LOWER: [
    'input',
    'A package would get a lower version in the suite, and the move was not told that it may',
  ],
  MOVE_NOWHERE: ['input', 'There is no earlier good snapshot that the suite could go back to'],
  MOVE_SCHEMA: ['input', 'The move crosses a change of the database schema and was not told that it may'],
  MOVE_UNNEEDED: ['input', 'Nothing would be withdrawn, so there is nothing to supersede'],
  SNAPSHOT_IN_USE: ['input', 'A snapshot cannot be dropped while something needs it; it is named'],
  IMPORT_LOWER: ['input', 'An import would lower the version of a package, and was not told that it may'],
  IMPORT_REMOVES: ['input', 'An import would take packages out of the set, and was not told that it may'],
  IMPORT_INVALID: [
    'input',
    'Packages to import are missing, damaged or contradict each other; each is listed',
  ],
  // Changes of the key
  ROTATE_EARLY: [
    'input',
    'The next step of a change of the key would leave machines behind; it says when it will not',
  ],
  ROTATE_IMPOSSIBLE: ['input', 'The change of the key cannot be made as asked'],
  // Gates
  INSTALL_IMPOSSIBLE: ['input', "By apt's own solver the set cannot be installed, upgraded to or left again"],
  INSTALL_OVERLAP: ['input', 'A file is in two packages that may be installed together'],
  GATE_MISSING: ['input', 'A snapshot lacks the evidence of a gate that suites demand'],
  GATE_FAILED: ['input', 'A gate that suites demand has failed for a snapshot'],
  // Formats
  DEB_SYNTAX: ['untrusted', 'A Debian control file is not well-formed'],
  DEB_VERSION: ['input', 'A string is not a Debian version (deb-version(7))'],
  DEB_ARCHIVE: ['untrusted', 'An ar, tar or .deb file is damaged or not of that format'],
  DATA_DAMAGED: ['untrusted', 'Compressed data is damaged, or not of the format its name says'],
  DEB_INVALID: ['input', 'A package, source or changelog that was to be written would not be valid'],
  DEB_UNSAFE_NAME: [
    'untrusted',
    'A member or file name from outside is absolute, leaves its folder or has control characters',
  ],
  // Sources
  MIRROR_UNKNOWN: ['input', 'No package mirror could be found for the base release'],
  SOURCE_UNKNOWN_PACKAGE: ['input', 'The base release has no package of that name'],
  SOURCE_UNKNOWN_VERSION: ['input', 'A page that is to list the versions of a tarball names none'],
  SOURCE_LOCAL: ['input', 'A folder that was given with --with is not there, or holds what no package can'],
  SOURCE_NOT_ON_MIRROR: [
    'network',
    'No mirror has a file that a signed index lists; each address and what it said is listed, and what can be done',
  ],
  SOURCE_HASH_MISMATCH: ['untrusted', 'Fetched bytes do not have the hash that was promised'],
  SOURCE_PATH_MISSING: ['input', 'A path inside another component is not there'],
  SOURCE_EXPIRED: ['untrusted', 'A Release file is past its Valid-Until, or has none where it must'],
  SOURCE_FUTURE: ['untrusted', 'A Release file is dated in the future'],
  SOURCE_SUITE_SWAPPED: ['untrusted', 'A Release file is of another suite than the one asked for'],
  SOURCE_MISMATCH: ['untrusted', 'Two descriptions of the same source or package contradict each other'],
  SOURCE_MOVED: [
    'untrusted',
    'A tag or an address stands for other bytes than when an earlier snapshot was cut',
  ],
  SOURCE_DECLARATION: [
    'untrusted',
    'A file in which a tree says what it is and needs cannot be read; each fault is listed',
  ],
  RESOLVE_UNSATISFIABLE: ['input', 'No version that is there fits the range of the profile'],
  RESOLVE_DEMAND: ['input', 'A component does not fit what another one demands of it'],
  EXTENSION_INVALID: [
    'input',
    "A component's extension.json or skin.json is not there, cannot be read or does not fit the set",
  ],
  SOURCE_REF_UNKNOWN: [
    'input',
    'A git repository has no such tag, branch or commit, or none that is a version',
  ],
  SOURCE_GIT_DAMAGED: ['untrusted', 'What a git server or repository gave is damaged, or not what git gives'],
  SOURCE_KEYS_MISSING: ['input', 'The file of keys that "signedBy" of a profile names is not there'],
  SOURCE_SUBMODULE: ['untrusted', 'A submodule is described in a way that is not followed'],
  // Network
  NET_NOT_FOUND: ['network', 'The server answered 404 (or the file is not there)'],
  NET_STATUS: ['network', 'The server answered with an error status'],
  NET_STALLED: ['network', 'No byte came for the stall limit, on every try'],
  NET_TRUNCATED: ['network', 'The body ended before its announced length, on every try'],
  NET_UNREACHABLE: ['network', 'The server could not be reached, on every try'],
  NET_TOO_LARGE: ['network', 'The body is larger than what was promised or allowed'],
  // Signatures
  VERIFY_UNKNOWN_KEY: ['untrusted', 'A signature was made by a key that is not in the keyring'],
  VERIFY_BAD_SIGNATURE: [
    'untrusted',
    'A signature does not match what it signs, or it or its key has expired',
  ],
  VERIFY_NO_SIGNATURE: ['untrusted', 'A file that must be signed is not'],
  VERIFY_MALFORMED: ['untrusted', 'A clearsigned file has text outside of its signed block, or is damaged'],
  VERIFY_WEAK_SIGNATURE: [
    'untrusted',
    'A signature holds, but only by an algorithm that proves nothing today',
  ],
  KEYRING_INVALID: ['input', 'A keyring holds no public key that can be read'],
  KEYRING_MISSING: ['machine', 'The keyring of the base distribution is not there'],
  SIGN_KEY_MISSING: ['signing', 'The archive has no signing key at the configured place'],
  SIGN_KEY_EXISTS: ['signing', 'A key is already there and would be overwritten'],
  SIGN_KEY_MODE: ['signing', 'The private key file can be read by others'],
  SIGN_KEY_CHANGED: [
    'signing',
    "lockstep.yaml names another key than the archive's current one, which machines know",
  ],
  SIGN_KEY_EXPIRED: ['signing', 'The signing key is not valid at the date of the signature'],
  SIGN_KEY_INVALID: ['signing', 'The key file holds no usable private key'],
  SIGN_WRONG_PASSPHRASE: ['signing', 'The passphrase does not open the key'],
  SIGN_PASSPHRASE_NEEDED: ['signing', 'The key is protected and no passphrase was given'],
  SIGN_GPG: ['signing', "The user's gpg refused to sign"],
  // Build
  BUILD_FAILED: ['build', 'A package build ended with an error; the log is named'],
  BUILD_ROOT: ['build', 'The build root could not be made'],
  BUILD_OUTPUT: ['build', 'A build did not produce the packages that the profile names'],
  BUILD_PACKAGING: ['input', 'The debian/ directory of a component lacks or contradicts what is needed'],
  // What this machine lacks
  TOOL_FAILED: ['machine', 'A program that Lockstep ran ended with an error; its last lines are shown'],
  TOOL_MISSING: ['machine', 'A program that is needed is not installed; the package is named'],
  MACHINE_UNFIT: ['machine', 'This machine cannot do what was asked (kernel feature, permission)'],
  // Store, snapshots, archive
  STORE_CORRUPT: ['archive', 'A file of the content store does not have the hash it is named by'],
  STORE_MISSING: ['archive', 'The content store lacks a file'],
  DISK_FULL: ['archive', 'The disk is full; nothing was left half-written'],
  DISK_IO: ['archive', 'Reading or writing a file failed'],
  SNAPSHOT_INVALID: ['archive', 'A snapshot manifest cannot be read or its signature or chain does not hold'],
  SNAPSHOT_NEWER_FORMAT: ['archive', 'A snapshot manifest is of a format this Lockstep does not know'],
  SNAPSHOT_COMMIT: ['archive', 'The git commit of a snapshot failed; its files are written'],
  ARCHIVE_CONFLICT: ['archive', 'A pool file would be overwritten with other bytes'],
  VERIFY_FAULTS: ['archive', 'Verifying found faults; each is listed with what to do'],
  ARCHIVE_INVALID: ['archive', 'The archive on disk is not what it must be'],
  SERVE_ADDRESS: ['machine', 'The server cannot listen on the address or port'],
  VETTING_FAILED: ['build', 'A package breaks a rule of the trust level it is meant for'],
  LOCK_HELD: ['busy', 'Another run is working on this workspace; it is named'],
  INTERRUPTED: ['interrupted', 'Stopped by the user; everything is consistent'],
} as const satisfies Record<string, readonly [ExitStatusName, string]>;

export type ErrorCode = keyof typeof errorCodes;

/** Where a fault is. Lines and columns count from 1; `path` is the field's path, `components.parsoid.source`. */
export interface FaultPlace {
  file?: string | undefined;
  line?: number | undefined;
  column?: number | undefined;
  path?: string | undefined;
  value?: string | undefined;
  /** What is wrong at this place, where one error lists several. */
  message?: string | undefined;
}

export interface LockstepErrorDetails {
  /** What is wrong, in a sentence without the code. */
  message: string;
  /** What the person can do about it. */
  hint?: string | undefined;
  where?: readonly FaultPlace[] | undefined;
  /** The fault as data, for `--json`: each key is one of the error there. */
  data?: Readonly<Record<string, unknown>> | undefined;
  cause?: unknown;
}

/** A fault with a stable code; anything else that is thrown is a bug of ours. */
export class LockstepError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly where: readonly FaultPlace[];
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, details: LockstepErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'LockstepError';
    this.code = code;
    this.hint = details.hint;
    this.where = details.where ?? [];
    this.data = details.data ?? {};
  }

  /** The same fault, told in another way. */
  with(changes: Partial<LockstepErrorDetails>): LockstepError {
    const { code, message, hint, where, data, cause } = this;
    return new LockstepError(code, { message, hint, where, data, cause, ...changes });
  }

  /** The process exit status this fault ends a command with. */
  get exit(): number {
    return exitStatus[errorCodes[this.code][0]];
  }
}
