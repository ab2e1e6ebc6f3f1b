<?php
/**
 * MediaWiki itself: its installer, its LocalSettings.php, its update.php.
 *
 * LocalSettings.php is the administrator's. It is made once, where there is
 * none, and nothing here ever changes one that is there; adopt.php does, which
 * a person has to call.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

const LOCAL_SETTINGS = '/etc/mediawiki/LocalSettings.php';
const KEPT_SETTINGS = KEPT_DIR . '/LocalSettings.php';
const PASSWORD_FILE = CONFIG_DIR . '/admin-password';
/** What the database was last brought up to. apt-guard reads it too, line by line. */
const STAMP_FILE = DATA_DIR . '/updated-for.json';
const STAMPED_PACKAGES = [ 'mediawiki', 'mediawiki-parsoid', 'mediawiki-full-config' ];
/** There while MediaWiki's installer works; what is left beside it is half a wiki. */
const INSTALLING_MARK = DATA_DIR . '/installing';

const INCLUDE_BLOCK = <<<'TEXT'

# --- mediawiki-full -----------------------------------------------------
# Varnish, memcached, Parsoid, uploads, the job queue: what this wiki needs
# to work with the packages it was installed with. It wins over the lines
# above; write your own settings below it, and they win over it.
if ( is_readable( '/usr/share/mediawiki-full/settings.php' ) ) {
	require_once '/usr/share/mediawiki-full/settings.php';
}
# ------------------------------------------------------------------------

TEXT;

/** There is a wiki on this machine, ours or another. */
function wikiIsThere(): bool {
	return is_file( LOCAL_SETTINGS ) || is_file( KEPT_SETTINGS );
}

/** LocalSettings.php uses our settings; those of an adopted wiki count while it is known what was adopted. */
function wikiIsOurs(): bool {
	$text = is_file( LOCAL_SETTINGS ) ? (string)file_get_contents( LOCAL_SETTINGS ) : '';
	return preg_match( '#^[^\#\n]*require_once\s*\(?\s*[\'"]/usr/share/mediawiki-full/(settings|adopted)\.php#m', $text, $match ) === 1 &&
		( $match[1] === 'settings' || adoption() !== null );
}

/** Why PHP cannot read LocalSettings.php, or null; also where there is none. */
function faultOfSettings(): ?string {
	$checked = is_file( LOCAL_SETTINGS ) ? run( [ PHP_BINARY, '-l', LOCAL_SETTINGS ], '', null, 30 ) : null;
	return $checked === null || $checked->ok() ? null
		: trim( (string)strtok( trim( $checked->output . $checked->errors ), "\n" ) );
}

/**
 * The kind of database in use: what was made, not what was chosen since.
 *
 * @return string mariadb, sqlite, or other where the wiki was not adopted, or has a database that we cannot dump
 */
function databaseKind(): string {
	$adoption = adoption();
	if ( $adoption !== null ) {
		return $adoption['database'];
	}
	$made = is_file( DATABASE_MARK ) ? trim( (string)file_get_contents( DATABASE_MARK ) ) : '';
	if ( in_array( $made, [ 'mariadb', 'sqlite' ], true ) ) {
		return $made;
	}
	return is_file( LOCAL_SETTINGS ) ? 'other' : readChoices()['database'];
}

/** The directories that the wiki writes to. */
function ensureDataDirectories(): void {
	ensureDirectory( DATA_DIR, 0755 );
	ensureDirectory( IMAGES_DIR, 0755, WEB_USER, WEB_USER );
	if ( accessOfWiki() === 'private' ) {
		ensureDirectory( PRIVATE_IMAGES_DIR, 0750, WEB_USER, WEB_USER );
	}
	ensureDirectory( DATA_DIR . '/deleted', 0750, WEB_USER, WEB_USER );
	ensureDirectory( CACHE_DIR, 0750, WEB_USER, WEB_USER );
	ensureDirectory( LOG_DIR, 0750, WEB_USER, 'adm' );
	if ( databaseKind() === 'sqlite' && ( adoption() === null || isset( adoption()['imported'] ) ) ) {
		ensureDirectory( SQLITE_DIR, 0700, WEB_USER, WEB_USER );
	}
}

/** @param string[] $options */
function maintenance( string $script, array $options = [] ): Result {
	return run( [ SHARE_DIR . '/maintenance', $script, ...$options ], '', WEB_USER );
}

/** Fills in the address where none was chosen, once the machine knows its name. */
function settleServerUrl(): void {
	$choices = readChoices();
	if ( $choices['server_url'] === '' ) {
		$choices['server_url'] = 'http://' . strtolower( machineName() );
		writeChoices( $choices );
	}
}

/** A password nobody chose: 20 characters that are not mistaken for one another. */
function randomPassword(): string {
	$letters = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
	$password = '';
	for ( $i = 0; $i < 20; $i++ ) {
		$password .= $letters[random_int( 0, strlen( $letters ) - 1 )];
	}
	return $password;
}

/**
 * Has MediaWiki's own installer make the wiki, and puts our include into the
 * LocalSettings.php it writes.
 *
 * @param string $kind mariadb (and it answers) or sqlite
 */
function installWiki( string $kind ): void {
	$choices = readChoices();
	if ( is_file( INSTALLING_MARK ) ) {
		dropHalfMadeDatabase( $kind );
	}
	writeFile( INSTALLING_MARK, "$kind\n", 0600 );
	if ( $kind === 'mariadb' ) {
		$databasePassword = createMariadbDatabase();
	} else {
		writeFile( DATABASE_MARK, "sqlite\n", 0644 );
		ensureDirectory( SQLITE_DIR, 0700, WEB_USER, WEB_USER );
		$databasePassword = '';
	}

	$given = is_file( GIVEN_PASSWORD_FILE ) ? (string)file_get_contents( GIVEN_PASSWORD_FILE ) : '';
	$password = $given !== '' ? $given : randomPassword();
	$localSettings = runInstaller( $kind, $choices, $password, $databasePassword );
	if ( $localSettings instanceof Result && $given !== '' && str_contains( $localSettings->output, 'password' ) ) {
		// MediaWiki has rules for passwords. An unattended installation still gets its wiki.
		say( 'MediaWiki rejects the given administrator password; a random one is created' );
		$given = '';
		$password = randomPassword();
		$localSettings = runInstaller( $kind, $choices, $password, $databasePassword );
	}
	if ( $localSettings instanceof Result ) {
		throw new Fault( "MediaWiki's installer failed:\n" . trim( $localSettings->output . $localSettings->errors ) );
	}

	if ( $given === '' ) {
		writeFile( PASSWORD_FILE, "$password\n", 0600 );
		say( "the wiki's administrator is \"{$choices['admin_name']}\"; the password is in " . PASSWORD_FILE );
	}
	emptyMemcached();
	ensureDirectory( dirname( LOCAL_SETTINGS ), 0755 );
	writeFile( LOCAL_SETTINGS, withAccess( rtrim( $localSettings ) . "\n" . INCLUDE_BLOCK,
		$choices['access'] ?? 'registered' ), 0640, 'root', WEB_USER );
	@unlink( GIVEN_PASSWORD_FILE );
	unlink( INSTALLING_MARK );
}

/**
 * MediaWiki caches users by the database's name and their number alone, whatever $wgCachePrefix says. A wiki that
 * was deleted on this machine had both, so a new one would take its administrator for the old one's.
 */
function emptyMemcached(): void {
	$socket = @fsockopen( '127.0.0.1', 11211, $code, $message, 1 );
	if ( $socket ) {
		stream_set_timeout( $socket, 5 );
		fwrite( $socket, "flush_all\r\n" );
		fgets( $socket );
		fclose( $socket );
	}
}

/**
 * @param array<string, string> $choices
 * @return string|Result the LocalSettings.php it made, or how it failed
 */
function runInstaller( string $kind, array $choices, string $password, string $databasePassword ): string|Result {
	// Passwords go in by file: arguments can be read by everybody on the machine
	$work = '/run/mediawiki-full-install-' . bin2hex( random_bytes( 8 ) );
	ensureDirectory( $work, 0700, WEB_USER, WEB_USER );
	try {
		writeFile( "$work/admin", $password, 0600, WEB_USER, WEB_USER );
		writeFile( "$work/database", $databasePassword, 0600, WEB_USER, WEB_USER );
		$options = [
			"--confpath=$work", "--passfile=$work/admin", "--server={$choices['server_url']}", '--scriptpath=',
			"--lang={$choices['language']}", '--dbname=' . DATABASE_NAME,
		];
		$options = $kind === 'sqlite'
			? [ ...$options, '--dbtype=sqlite', '--dbpath=' . SQLITE_DIR ]
			: [ ...$options, '--dbtype=mysql', '--dbserver=localhost', '--dbuser=' . DATABASE_USER,
				"--dbpassfile=$work/database" ];
		$result = maintenance( 'install', [ ...$options, $choices['site_name'], $choices['admin_name'] ] );
		$made = "$work/LocalSettings.php";
		return $result->ok() && is_file( $made ) ? (string)file_get_contents( $made ) : $result;
	} finally {
		removeTree( $work );
	}
}

/** Puts back what an earlier removal of the package kept, where nothing newer stands in its place. */
function restoreKept(): void {
	if ( is_file( KEPT_SETTINGS ) && !is_file( LOCAL_SETTINGS ) ) {
		ensureDirectory( dirname( LOCAL_SETTINGS ), 0755 );
		writeFile( LOCAL_SETTINGS, (string)file_get_contents( KEPT_SETTINGS ), 0640, 'root', WEB_USER );
		say( 'restored the LocalSettings.php that was kept in ' . KEPT_DIR );
	}
	$password = KEPT_DIR . '/admin-password';
	if ( is_file( $password ) && !is_file( PASSWORD_FILE ) ) {
		writeFile( PASSWORD_FILE, (string)file_get_contents( $password ), 0600 );
	}
	if ( is_dir( KEPT_DIR ) && is_file( LOCAL_SETTINGS ) ) {
		removeTree( KEPT_DIR );
	}
}

/** @return array<string, string> versions whose change calls for update.php */
function versionsOfSet(): array {
	$versions = [];
	foreach ( STAMPED_PACKAGES as $package ) {
		$versions[$package] = packageVersion( $package ) ?? '';
	}
	return $versions;
}

/** @return array<string, mixed> what update.php last ran for: STAMPED_PACKAGES, and perhaps schema, set, snapshot */
function lastUpdate(): array {
	$text = is_readable( STAMP_FILE ) ? (string)file_get_contents( STAMP_FILE ) : '{}';
	return (array)json_decode( $text, true );
}

/** The database is what the installed code wants. What another version of this package notes beside is of no matter. */
function databaseIsCurrent(): bool {
	return array_intersect_key( lastUpdate(), versionsOfSet() ) == versionsOfSet();
}

/**
 * update.php is about to change more than caches: it runs for another MediaWiki, another schema or other extensions,
 * which have tables too, than the last time.
 */
function dumpIsDue(): bool {
	$before = lastUpdate();
	return isset( $before['mediawiki'] ) && databaseKind() !== 'other' && (
		$before['mediawiki'] !== versionsOfSet()['mediawiki'] ||
		( isset( $before['set'] ) && extensionsIn( (array)$before['set'] ) != extensionsIn( installedSet() ) ) ||
		( $before['schema'] ?? theSet()['schema']['digest'] ) !== theSet()['schema']['digest']
	);
}

/**
 * @param array<string, string> $set versions by package
 * @return array<string, string> those of the packages of extensions
 */
function extensionsIn( array $set ): array {
	return array_filter( $set, static fn ( $name ) => str_starts_with( $name, 'mediawiki-extension-' ), ARRAY_FILTER_USE_KEY );
}

/** Brings the database up to the installed code. A dump is made before where MediaWiki or the schema has changed. */
function updateDatabase(): void {
	$dump = dumpIsDue() ? dumpDatabase( wikiDatabase(), 'before-update', lastUpdate() ) : null;
	if ( $dump !== null ) {
		say( 'the database was dumped to ' . DUMP_DIR . "/{$dump['file']}" );
	}
	// Older than what is in it is what a move to an earlier version brings, and MediaWiki looks for newer files only
	emptyFileCaches();
	$result = maintenance( 'update', [ '--quick' ] );
	if ( !$result->ok() ) {
		throw new Fault(
			"update.php failed:\n" . trim( substr( $result->output . $result->errors, -4000 ) ) . ( $dump === null ? '' :
			"\n`mediawiki-full restore {$dump['name']}` puts the database and its packages back" )
		);
	}
	writeStamp();
}

/** Notes what the database is at. */
function writeStamp(): void {
	$stamp = versionsOfSet() + [
		'schema' => theSet()['schema']['digest'] === '' ? null : theSet()['schema']['digest'],
		'set' => installedSet(),
		'snapshot' => pinnedSnapshot() ?? installedSnapshot(),
	];
	writeFile( STAMP_FILE, encoded( $stamp ), 0644 );
}

/** Texts that MediaWiki keeps in files: they are made anew when they are not there. */
function emptyFileCaches(): void {
	foreach ( glob( CACHE_DIR . '/*' ) ?: [] as $entry ) {
		removeTree( $entry );
	}
}
