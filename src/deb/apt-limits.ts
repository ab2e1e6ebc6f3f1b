/**
 * Limits that are apt's and not ours, each once, with its unit in its name. An
 * archive that goes beyond one is refused by machines.
 */

/** How far ahead of a client's clock the Date of a Release may be: apt.conf(5), Acquire::Max-FutureTime. */
export const aptMaxFutureSeconds = 10;

/** The same in milliseconds. */
export const aptMaxFutureMs = aptMaxFutureSeconds * 1000;

/**
 * The pin by which a machine follows its suite also to lower versions: apt_preferences(5), "P >= 1000". The keyring
 * package has it in templates/archive-keyring.
 */
export const downgradePriority = 1001;

/** The shortest RSA key that apt takes, in bits: APT::Key::Assert-Pubkey-Algo, `>=rsa2048`. */
export const aptMinRsaBits = 2048;
