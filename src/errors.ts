/**
 * The faults that Lockstep reports: each has a stable code, and the exit status with which it ends the command. This
 * room knows only src/plain-text.ts. It must not render faults (src/cli does), and must not have texts that only one caller
 * uses.
 */

import { withoutCredentials } from './plain-text.js';

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
 * Every code, with its class of exit status and its meaning in one line. A test compares docs/reference/errors.md with
 * this table.
 */
export const errorCodes = {
  // What a person wrote: workspace, profiles, templates, flags
  WORKSPACE_MISSING: ['input', 'The folder is not a Lockstep workspace: it has no lockstep.yaml'],
  WORKSPACE_EXISTS: ['input', 'The folder for a new workspace already contains one'],
  WORKSPACE_INVALID: ['input', 'lockstep.yaml has faults; each is listed with its line'],
  PROFILE_UNKNOWN: ['input', 'profiles/ has no profile with that name'],
  PROFILE_INVALID: ['input', 'A profile has faults; each is listed with its line'],
  PROFILE_PLACEHOLDER: ['input', 'A profile still contains an example address that you must replace'],
  VERSION_UNLISTED: ['input', 'No index, tag or page lists the version to skip'],
  COMPONENT_EXISTS: ['input', 'The profile already has a component with that name'],
  SUITE_IDENTITY: [
    'input',
    'lockstep.yaml changes a field by which apt identifies a published suite: every machine that follows it would stop and ask',
  ],
  SUITE_UNKNOWN: ['input', 'lockstep.yaml has no suite with that name, or no suite for this profile'],
  SNAPSHOT_UNKNOWN: ['input', 'No snapshot has that id'],
  TEMPLATE_MISSING: [
    'input',
    'A template that a profile names does not exist, or lacks a file that it names',
  ],
  TEMPLATE_INVALID: ['input', 'A template cannot be rendered, or its package.yaml has faults'],
  TEMPLATE_UNKNOWN_VARIABLE: ['input', 'A template names a variable that does not exist'],
  USAGE: ['usage', 'A flag, an argument or an environment variable is missing, unknown or wrong'],
  FILE_TOO_LARGE: ['input', 'A file is larger than any file of its kind'],
  FILE_MISSING: ['usage', 'A file that a flag names does not exist or cannot be read'],
  // Moves of suites
  MOVE_BASE: ['input', 'A snapshot is for another base release than the suite'],
  MOVE_TRUST: ['input', 'The trust level of a suite does not accept a snapshot, or a component of it'],
  MOVE_LOWER: [
    'input',
    'A package would get a lower version in the suite, and the flag that allows it is missing',
  ],
  MOVE_NOWHERE: ['input', 'The suite has no earlier good snapshot to return to'],
  MOVE_SCHEMA: ['input', 'The move changes the database schema, and the flag that allows it is missing'],
  MOVE_UNNEEDED: ['input', 'No version would be withdrawn, so there is nothing to supersede'],
  SNAPSHOT_FORKED: [
    'input',
    'Two people cut snapshots of a profile at the same time, and nobody has merged them yet',
  ],
  MERGE_IMPOSSIBLE: ['input', 'Two sides cannot be merged without a decision; the message says which'],
  HISTORY_CUT: [
    'archive',
    'The history of a suite lacks moves that its signed Release knows; nothing was written',
  ],
  HISTORY_FORKED: [
    'input',
    'Two people moved a suite at the same time, and nobody has merged its history yet',
  ],
  SNAPSHOT_IN_USE: [
    'input',
    'A snapshot cannot be dropped because something needs it; the message names what',
  ],
  IMPORT_LOWER: [
    'input',
    'An import would lower the version of a package, and the flag that allows it is missing',
  ],
  IMPORT_REMOVES: [
    'input',
    'An import would remove packages from the set, and the flag that allows it is missing',
  ],
  IMPORT_INVALID: [
    'input',
    'Packages to import are missing or damaged, or contradict each other; each is listed',
  ],
  // Changes of the key
  ROTATE_EARLY: [
    'input',
    'The next step of a key change would leave machines behind; the message says from when it is safe',
  ],
  ROTATE_IMPOSSIBLE: ['input', 'The requested key change is impossible'],
  // Gates
  INSTALL_IMPOSSIBLE: ['input', "apt's solver cannot install the set, upgrade to it or roll back from it"],
  INDEX_UNREADABLE: ['input', 'apt cannot read the paragraph of a package, or an index of them'],
  INSTALL_OVERLAP: ['input', 'Two packages that can be installed together contain the same file'],
  GATE_MISSING: ['input', 'A snapshot lacks the evidence of a gate that suites require'],
  GATE_FAILED: ['input', 'A gate that suites require has failed for a snapshot'],
  // Formats
  DEB_SYNTAX: ['untrusted', 'A Debian control file is not well-formed'],
  DEB_VERSION: ['input', 'A string is not a Debian version (deb-version(7))'],
  DEB_ARCHIVE: ['untrusted', 'An ar, tar or .deb file is damaged or has another format'],
  DEB_TOO_LARGE: ['untrusted', 'A package is past a limit of what is read of one'],
  DATA_DAMAGED: ['untrusted', 'Compressed data is damaged, or its format does not match its name'],
  DEB_INVALID: ['input', 'A package, source or changelog that Lockstep writes would be invalid'],
  DEB_UNSAFE_NAME: [
    'untrusted',
    'An external member or file name is absolute, leads out of its folder or contains control characters',
  ],
  // Sources
  MIRROR_UNKNOWN: ['input', 'No package mirror was found for the base release'],
  SOURCE_UNKNOWN_PACKAGE: ['input', 'The base release has no package with that name'],
  SOURCE_UNKNOWN_VERSION: ['input', 'A page that must list the versions of a tarball lists none'],
  SOURCE_LOCAL: [
    'input',
    'A folder for --with does not exist, or contains something that a package cannot contain',
  ],
  SOURCE_NOT_ON_MIRROR: [
    'network',
    'No mirror has a file that a signed index lists; each address is listed with its answer, then the possible remedies',
  ],
  SOURCE_HASH_MISMATCH: ['untrusted', 'Fetched data does not have the expected hash'],
  SOURCE_PATH_MISSING: ['input', 'A path inside another component does not exist'],
  SOURCE_EXPIRED: ['untrusted', 'A Release file is past its Valid-Until, or lacks a required Valid-Until'],
  SOURCE_TOO_LARGE: ['untrusted', 'A file that an archive lists is past a limit of what is read of one'],
  SOURCE_OLDER: ['untrusted', 'A Release file is older than the one that the last snapshot was made from'],
  SOURCE_FUTURE: ['untrusted', 'A Release file is dated in the future'],
  SOURCE_LFS: ['input', 'A tree has pointers of Git LFS in the place of files; each is named'],
  SOURCE_PARTIAL_CLONE: ['input', 'A repository on this machine is a partial clone and lacks an object'],
  SOURCE_TAG: ['input', 'A tag names a folder or a file, not a commit'],
  SOURCE_SUITE_SWAPPED: ['untrusted', 'A Release file belongs to another suite than the requested one'],
  SOURCE_MISMATCH: ['untrusted', 'Two descriptions of the same source or package contradict each other'],
  SOURCE_MOVED: ['untrusted', 'A tag or an address has other content than when an earlier snapshot was cut'],
  SOURCE_DECLARATION: ['untrusted', 'A metadata file of a source tree cannot be read; each fault is listed'],
  RESOLVE_UNSATISFIABLE: ['input', 'No available version matches the range of the profile'],
  RESOLVE_DEMAND: ['input', 'A component does not satisfy the demand of another one'],
  EXTENSION_INVALID: [
    'input',
    "A component's extension.json or skin.json is missing, cannot be read or does not fit the set",
  ],
  SOURCE_REF_UNKNOWN: ['input', 'A git repository lacks the tag, branch or commit, or has no version tag'],
  SOURCE_GIT_DAMAGED: ['untrusted', 'Data from a git server or repository is damaged or invalid'],
  SOURCE_KEYS_MISSING: ['input', 'The file of keys that "signedBy" of a profile names does not exist'],
  SOURCE_SUBMODULE: ['untrusted', 'A submodule has a description that Lockstep does not follow'],
  // Network
  NET_NOT_FOUND: ['network', 'The server answered 404 (or the file does not exist)'],
  NET_STATUS: ['network', 'The server answered with an error status'],
  NET_STALLED: ['network', 'No data, or too little, arrived within the stall limit, on every try'],
  NET_TRUNCATED: ['network', 'The response body ended before its announced length, on every try'],
  NET_UNREACHABLE: ['network', 'The server could not be reached, on every try'],
  NET_TOO_LARGE: ['network', 'The response body is larger than expected or allowed'],
  // Signatures
  VERIFY_UNKNOWN_KEY: ['untrusted', 'A signature was made with a key that is not in the keyring'],
  VERIFY_BAD_SIGNATURE: [
    'untrusted',
    'A signature does not match the signed data, or the signature or its key has expired',
  ],
  VERIFY_NO_SIGNATURE: ['untrusted', 'A required signature is missing'],
  VERIFY_MALFORMED: ['untrusted', 'A clearsigned file has text outside its signed block, or is damaged'],
  VERIFY_WEAK_SIGNATURE: [
    'untrusted',
    'A signature is valid, but uses an algorithm that is no longer secure',
  ],
  KEYRING_INVALID: ['input', 'A keyring contains no readable public key'],
  KEYRING_MISSING: ['machine', 'The keyring for a signature check does not exist'],
  SIGN_KEY_MISSING: ['signing', 'The archive has no signing key at the configured path'],
  SIGN_KEY_EXISTS: ['signing', 'A key already exists and would be overwritten'],
  SIGN_KEY_MODE: ['signing', 'Other users can read the private key file'],
  SIGN_KEY_CHANGED: [
    'signing',
    "lockstep.yaml names another key than the archive's current key, which machines trust",
  ],
  SIGN_KEY_EXPIRED: ['signing', 'The signing key is not valid at the date of the signature'],
  SIGN_KEY_INVALID: ['signing', 'The key file contains no usable private key'],
  SIGN_WRONG_PASSPHRASE: ['signing', 'The passphrase does not unlock the key'],
  SIGN_PASSPHRASE_NEEDED: ['signing', 'The key needs a passphrase, and none was given'],
  SIGN_GPG: ['signing', "The user's gpg refused to sign"],
  // Build
  BUILD_FAILED: ['build', 'A package build failed; the message names the log'],
  BUILD_LIMIT: ['build', 'A build used more than build.limits of lockstep.yaml allows, and was ended'],
  BUILD_ROOT: ['build', 'The build root could not be created'],
  BUILD_OUTPUT: [
    'build',
    'A build did not produce the packages that the profile names, or left files that are not packages of its source',
  ],
  BUILD_PACKAGING: ['input', 'The debian/ directory of a component is incomplete or contradicts its source'],
  // What this machine lacks
  TOOL_FAILED: ['machine', 'A program that Lockstep ran failed; the message shows its last lines'],
  TOOL_MISSING: ['machine', 'A required program is not installed; the message names its package'],
  MACHINE_UNFIT: ['machine', 'This machine lacks a required feature (kernel feature, permission)'],
  // Store, snapshots, archive
  STORE_CORRUPT: ['archive', 'A file in the content store does not match the hash in its name'],
  STORE_MISSING: ['archive', 'The content store lacks a file'],
  DISK_FULL: ['archive', 'The disk is full; no file was left incomplete'],
  DISK_IO: ['archive', 'A file could not be read or written'],
  SNAPSHOT_INVALID: ['archive', 'A snapshot manifest cannot be read, or its signature or chain is invalid'],
  SNAPSHOT_NEWER_FORMAT: ['archive', 'A snapshot manifest has a newer format than this Lockstep knows'],
  SNAPSHOT_COMMIT: ['archive', 'The git commit of a snapshot failed; its files are written'],
  ARCHIVE_CONFLICT: ['archive', 'A pool file would be overwritten with other bytes'],
  VERIFY_FAULTS: ['archive', 'The verification found faults; each is listed with its remedy'],
  ARCHIVE_INVALID: ['archive', 'The archive on disk is invalid'],
  SERVE_ADDRESS: ['machine', 'The server cannot listen on the address or port'],
  VETTING_FAILED: ['build', 'A package violates a rule of its trust level'],
  LOCK_HELD: ['busy', 'Another run is active in this workspace; the message names it'],
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
  /** What is wrong at this place. Used when one error lists several places. */
  message?: string | undefined;
}

export interface LockstepErrorDetails {
  /** What is wrong, in a sentence without the code. */
  message: string;
  /** What the person can do about it. */
  hint?: string | undefined;
  where?: readonly FaultPlace[] | undefined;
  /** The fault as data, for `--json`: each key becomes a key of the error object. */
  data?: Readonly<Record<string, unknown>> | undefined;
  cause?: unknown;
}

/** A fault with a stable code. Any other thrown value is a bug in Lockstep. */
export class LockstepError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly where: readonly FaultPlace[];
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, details: LockstepErrorDetails) {
    const { cause, hint } = details;
    super(withoutCredentials(details.message), cause === undefined ? undefined : { cause });
    this.name = 'LockstepError';
    this.code = code;
    this.hint = hint === undefined ? undefined : withoutCredentials(hint);
    this.where = (details.where ?? []).map(withoutCredentialsIn);
    this.data = details.data ?? {};
  }

  /** The same fault with other texts or data. */
  with(changes: Partial<LockstepErrorDetails>): LockstepError {
    const { code, message, hint, where, data, cause } = this;
    return new LockstepError(code, { message, hint, where, data, cause, ...changes });
  }

  /** The process exit status this fault ends a command with. */
  get exit(): number {
    return exitStatus[errorCodes[this.code][0]];
  }
}

/** Messages reach logs and records, so no password gets into one. */
function withoutCredentialsIn(place: FaultPlace): FaultPlace {
  return Object.fromEntries(
    Object.entries(place).map(([key, value]: [string, unknown]) => [
      key,
      typeof value === 'string' ? withoutCredentials(value) : value,
    ]),
  );
}

/**
 * What `work` returns, or what `otherwise` makes of the LockstepError that it throws. Any other error is a bug in
 * Lockstep and is thrown again.
 */
export function unlessFault<T, U>(work: () => T, otherwise: (fault: LockstepError) => U): T | U {
  try {
    return work();
  } catch (error) {
    if (error instanceof LockstepError) return otherwise(error);
    throw error;
  }
}

/**
 * The LockstepError with which some work ends; null if it succeeds. Any other error is a bug in Lockstep and is thrown
 * again.
 */
export async function faultOf(work: Promise<unknown>): Promise<LockstepError | null> {
  return await work.then(
    () => null,
    (error: unknown) => {
      if (error instanceof LockstepError) return error;
      throw error;
    },
  );
}
