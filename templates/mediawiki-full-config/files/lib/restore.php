<?php
/**
 * Putting back a dump and the packages it belongs to, together. What can fail
 * comes first and changes nothing: fetching the packages, dumping the present
 * state, loading the dump beside the database. Then the packages move, and the
 * two databases change places in one step. A state file lets an interrupted
 * restore go on.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

/**
 * There from before the first change until all is done. Apache answers 503 while it is (apache2.conf), the job
 * service does not start, and setup() leaves everything alone: the packages' own scripts run in between.
 */
const RESTORE_STATE = DATA_DIR . '/restoring.json';
const RESTORE_FORMAT = 1;
/** Where a dump is loaded, beside the database in use. */
const RESTORE_DATABASE = DATABASE_NAME . '_restore';
const RESTORE_SQLITE = SQLITE_DIR . '/restore.sqlite';
/** The database that was in use, for the moment between the change and its end. */
const REPLACED_DATABASE = DATABASE_NAME . '_replaced';

/** @return array<string, mixed>|null how far an unfinished restore has come */
function restoreState(): ?array {
	if ( !is_file( RESTORE_STATE ) ) {
		return null;
	}
	$state = json_decode( (string)file_get_contents( RESTORE_STATE ), true );
	return is_array( $state ) ? $state : [ 'format' => RESTORE_FORMAT, 'dump' => null, 'phase' => 'unknown' ];
}

function assertNoRestore(): void {
	$state = restoreState();
	if ( $state !== null ) {
		throw new Fault( "a restore of {$state['dump']} was interrupted; `mediawiki-full restore` goes on with it" );
	}
}

/**
 * The command.
 *
 * @param string|null $wanted name of a dump; without one, the newest from before an update
 * @param bool $yes without asking
 */
function restore( ?string $wanted, bool $yes ): int {
	$state = restoreState();
	if ( $state !== null ) {
		if ( ( $state['format'] ?? 0 ) > RESTORE_FORMAT || !isset( $state['dump'] ) ) {
			throw new Fault( RESTORE_STATE . ' is not of this version of mediawiki-full-config. ' . byHand( $state ) );
		}
		if ( $wanted !== null && findDump( $wanted )['name'] !== $state['dump'] ) {
			throw new Fault( "a restore of {$state['dump']} was interrupted, and has to be finished first: `mediawiki-full restore`" );
		}
		say( "going on with the restore of {$state['dump']}, which was interrupted ({$state['phase']})" );
		return finishRestore( $state );
	}
	$dump = findDump( $wanted );
	fwrite( STDERR, dumpsText( listDumps() ) . "\n" );
	$kind = databaseKind();
	assertCanRestore( $dump, $kind );
	assertSound( $dump );
	$lost = "Edits in the wiki since {$dump['time']} are lost, except in a dump that is made now.";
	say( "this restores {$dump['name']}, the database as it was at {$dump['time']}, and with it:" );
	foreach ( $dump['versions'] as $package => $version ) {
		$now = packageVersion( $package );
		say( sprintf( '    %-24s %s%s', $package, $version, $now === $version ? '' : " (now $now)" ) );
	}
	say( $lost );
	if ( !$yes && !agreed() ) {
		return 2;
	}
	return beginRestore( $dump, $kind );
}

/** Asks the person at the terminal. */
function agreed(): bool {
	if ( !stream_isatty( STDIN ) ) {
		say( 'there is nobody to ask: add --yes' );
		return false;
	}
	fwrite( STDERR, 'Go on? [y/N] ' );
	return in_array( strtolower( trim( (string)fgets( STDIN ) ) ), [ 'y', 'yes' ], true );
}

/** Refuses what cannot be done, before anything is. */
function assertCanRestore( array $dump, string $kind ): void {
	if ( !wikiIsOurs() || $kind === 'other' ) {
		throw new Fault( 'the wiki of this machine has a database that this package did not create, and cannot restore' );
	}
	if ( $dump['database'] !== $kind ) {
		throw new Fault( "the dump {$dump['name']} is of {$dump['database']}, and the wiki uses $kind" );
	}
	$held = pinnedSnapshot();
	if ( $held !== null && array_diff_assoc( array_intersect_key( $dump['versions'], pinnedVersions() ), pinnedVersions() ) ) {
		throw new Fault( "this machine is held at snapshot $held, which the dump does not belong to: `mediawiki-full unpin` first" );
	}
	if ( $dump['versions'] === [] ) {
		throw new Fault( "the dump {$dump['name']} is from before the wiki was ours: `mediawiki-full adopt --undo` puts it back" );
	}
	$fault = wikiDatabase()->fault( DATABASE_PATIENCE );
	if ( $fault !== null ) {
		throw new Fault( $fault );
	}
	if ( $kind !== 'mariadb' ) {
		return;
	}
	$name = addslashes( wikiDatabase()->name );
	$found = wikiDatabase()->sql( "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = '$name';
		SELECT COUNT(*) FROM information_schema.views WHERE table_schema = '$name';" );
	if ( preg_match( '/[1-9]/', $found->output ) ) {
		throw new Fault( 'the database has triggers or views, which MediaWiki never makes. ' . byHand( [ 'dump' => $dump['name'] ] ) );
	}
}

/** What a person can do who has to do without this command. */
function byHand( array $state ): string {
	return 'By hand: install the versions that the dump\'s note in ' . DUMP_DIR . ' names, load the dump ' .
		( $state['dump'] ?? '' ) . ' into the wiki\'s database, remove ' . RESTORE_STATE .
		' if it is there, and run `mediawiki-full setup`';
}

/** Everything that may fail without harm, then the point from which a restore is finished rather than undone. */
function beginRestore( array $dump, string $kind ): int {
	$size = sizeOf( wikiDatabase() ) ?? 0;
	assertRoom( $size, DUMP_DIR, 'a dump of the present database' );
	if ( wikiDatabase()->isOurs() ) {
		assertRoom( 2 * $size, $kind === 'sqlite' ? SQLITE_DIR : '/var/lib/mysql', 'the second database' );
	}
	fetchPackages( $dump );
	$state = [ 'format' => RESTORE_FORMAT, 'dump' => $dump['name'], 'phase' => 'begun', 'saved' => null ];
	saveRestoreState( $state );
	say( 'the wiki is closed until this is done' );
	return finishRestore( $state );
}

/**
 * The last of what may fail without harm: where it does, the wiki is opened again.
 *
 * @return array<string, mixed> the state
 */
function makeReady( array $state, array $dump, string $kind ): array {
	try {
		assertSound( $dump );
		$state['saved'] = dumpDatabase( wikiDatabase(), 'before-restore', lastUpdate(), $dump['name'] )['name'];
		say( "the present database was dumped to {$state['saved']}" );
		loadBeside( $dump, $kind );
	} catch ( \Exception $fault ) {
		dropBeside( $kind );
		forgetFrozen( restoreSourceFile() );
		@unlink( RESTORE_STATE );
		openWiki();
		throw new Fault( $fault->getMessage() . '. The wiki is as it was' );
	}
	$state['phase'] = 'loaded';
	saveRestoreState( $state );
	return $state;
}

/** Goes on from whatever point was reached; each step does nothing where it was done before. */
function finishRestore( array $state ): int {
	$dump = findDump( $state['dump'] );
	$kind = $dump['database'];
	closeWiki();
	$fault = wikiDatabase()->fault( DATABASE_PATIENCE );
	if ( $fault !== null ) {
		throw new Fault( "$fault. `mediawiki-full restore` goes on when it can be used" );
	}
	if ( $state['phase'] === 'begun' ) {
		$state = makeReady( $state, $dump, $kind );
	}
	if ( missingVersions( $dump['versions'] ) !== [] ) {
		movePackages( $dump );
	}
	if ( $state['phase'] === 'loaded' ) {
		changePlaces( $dump, $kind );
		$state['phase'] = 'changed';
		saveRestoreState( $state );
	}
	dropBeside( $kind );
	writeFile( STAMP_FILE, encoded( stampOfDump( $dump ) ), 0644 );
	emptyMemcached();
	emptyFileCaches();
	forgetFrozen( restoreSourceFile() );
	unlink( RESTORE_STATE );
	openWiki();
	return sayRestored( $dump, $state );
}

/** Has apt download the packages, out of a frozen view where the suite no longer has them. */
function fetchPackages( array $dump ): void {
	$versions = $dump['versions'];
	if ( missingVersions( $versions ) === [] ) {
		return;
	}
	$fault = faultOfInstalling( $versions );
	if ( $fault !== '' && $dump['snapshot'] !== null ) {
		say( "the suite no longer has these versions; looking in snapshot {$dump['snapshot']}" );
		fetchFrozen( $dump['snapshot'], liveIndex(), restoreSourceFile() );
		$fault = faultOfInstalling( $versions );
	}
	if ( $fault === '' && runInSight( [ 'apt-get', '-q', '--download-only', ...installArguments( $versions ) ] ) !== 0 ) {
		$fault = 'apt-get could not download them (see above)';
	}
	if ( $fault !== '' ) {
		forgetFrozen( restoreSourceFile() );
		throw new Fault( "the packages that the dump belongs to cannot be installed, and nothing was changed:\n$fault" );
	}
}

function restoreSourceFile(): string {
	return SOURCES_DIR . '/' . theSet()['archive']['name'] . '-restore.sources';
}

function movePackages( array $dump ): void {
	$status = runInSight( [ 'apt-get', '-q', ...installArguments( $dump['versions'] ) ], [
		'DEBIAN_FRONTEND' => 'noninteractive',
		// To apt-guard and prerm: the database comes along
		'MEDIAWIKI_FULL_SCHEMA_DOWNGRADE' => 'yes',
	] );
	if ( $status !== 0 || missingVersions( $dump['versions'] ) !== [] ) {
		throw new Fault(
			'apt-get could not install the packages (see above). The wiki stays closed and its database is untouched. ' .
			'When the cause is gone, run `dpkg --configure -a` and `mediawiki-full restore` again: it goes on from here'
		);
	}
}

function saveRestoreState( array $state ): void {
	writeFile( RESTORE_STATE, encoded( $state ), 0644 );
}

/** Apache reads the state file when it starts. Varnish must not show what will be gone. */
function closeWiki(): void {
	service( 'stop', JOBS_SERVICE );
	service( 'restart', 'apache2.service' );
	service( 'restart', 'varnish.service' );
}

function openWiki(): void {
	restartFrontEnds();
	service( 'restart', JOBS_SERVICE );
}

/** Loads a dump beside the database in use. */
function loadBeside( array $dump, string $kind ): void {
	if ( !wikiDatabase()->isOurs() ) {
		// Its user has rights on it alone: the dump is loaded in its place, see changePlaces()
		return;
	}
	dropBeside( $kind );
	$path = DUMP_DIR . '/' . basename( $dump['file'] );
	if ( $kind === 'sqlite' ) {
		loadBesideSqlite( $path );
		return;
	}
	$made = mariadb( 'CREATE DATABASE `' . RESTORE_DATABASE . '` CHARACTER SET binary;' );
	$fault = !$made->ok() ? trim( $made->errors ) : pipeline(
		[ 'gzip', '--decompress', '--stdout' ],
		[ ...asMariadbRoot( 'mariadb' ), '--default-character-set=binary', RESTORE_DATABASE ],
		$path, '/dev/null'
	);
	if ( $fault !== '' ) {
		throw new Fault( "the dump could not be loaded: $fault" );
	}
	if ( tablesOf( RESTORE_DATABASE ) === [] ) {
		throw new Fault( "the dump $path has no tables" );
	}
}

function loadBesideSqlite( string $path ): void {
	if ( !copy( $path, RESTORE_SQLITE ) ) {
		throw new Fault( "$path could not be copied" );
	}
	$database = new \SQLite3( RESTORE_SQLITE, SQLITE3_OPEN_READONLY );
	if ( @$database->querySingle( 'PRAGMA quick_check' ) !== 'ok' ) {
		throw new Fault( "$path is not a valid SQLite database" );
	}
	$database->close();
}

/** @return string[] */
function tablesOf( string $database ): array {
	$result = mariadb( "SELECT table_name FROM information_schema.tables WHERE table_schema = '$database';" );
	return array_values( array_filter( explode( "\n", trim( $result->output ) ) ) );
}

function dropBeside( string $kind ): void {
	if ( !wikiDatabase()->isOurs() ) {
		return;
	}
	if ( $kind === 'sqlite' ) {
		foreach ( [ '', '-wal', '-shm', '-journal' ] as $suffix ) {
			@unlink( RESTORE_SQLITE . $suffix );
		}
	} else {
		mariadb( 'DROP DATABASE IF EXISTS `' . RESTORE_DATABASE . '`; DROP DATABASE IF EXISTS `' . REPLACED_DATABASE . '`;' );
	}
}

/** The loaded database takes the place of the one in use, all of it or nothing. */
function changePlaces( array $dump, string $kind ): void {
	if ( !wikiDatabase()->isOurs() ) {
		loadInPlace( $dump, wikiDatabase() );
		return;
	}
	if ( $kind === 'sqlite' ) {
		replaceSqlite();
		return;
	}
	$name = DATABASE_NAME;
	$loaded = tablesOf( RESTORE_DATABASE );
	if ( $loaded === [] && tablesOf( $name ) !== [] ) {
		// Done, and killed before it was noted
		return;
	}
	$moves = [];
	foreach ( tablesOf( $name ) as $table ) {
		$moves[] = "`$name`.`$table` TO `" . REPLACED_DATABASE . "`.`$table`";
	}
	foreach ( $loaded as $table ) {
		$moves[] = '`' . RESTORE_DATABASE . "`.`$table` TO `$name`.`$table`";
	}
	// RENAME TABLE of many is one step, which MariaDB takes back as a whole where it is interrupted (10.6 and later)
	$result = mariadb( "CREATE DATABASE IF NOT EXISTS `$name` CHARACTER SET binary;
		CREATE DATABASE IF NOT EXISTS `" . REPLACED_DATABASE . '` CHARACTER SET binary;
		RENAME TABLE ' . implode( ",\n", $moves ) . ';' );
	if ( !$result->ok() ) {
		throw new Fault( 'the loaded database could not take the place of the other: ' . trim( $result->errors ) .
			". The wiki stays closed. `mediawiki-full restore` tries again. " . byHand( [ 'dump' => $dump['name'] ] ) );
	}
}

/**
 * A dump in the place of what is in a database that an adopted wiki brought along. Not in one step: where it is
 * interrupted, it is done again from the beginning.
 */
function loadInPlace( array $dump, WikiDatabase $database ): void {
	assertSound( $dump );
	$path = DUMP_DIR . '/' . basename( $dump['file'] );
	if ( $database->kind === 'sqlite' ) {
		$new = "$database->file.new";
		$owner = stat( $database->file );
		if ( !copy( $path, $new ) || !chown( $new, $owner['uid'] ) || !chgrp( $new, $owner['gid'] ) || !chmod( $new, $owner['mode'] & 0777 ) ) {
			@unlink( $new );
			throw new Fault( "$path could not be copied to $database->file" );
		}
		foreach ( [ '-wal', '-shm', '-journal' ] as $suffix ) {
			@unlink( $database->file . $suffix );
		}
		rename( $new, $database->file );
		return;
	}
	$tables = array_filter( $database->tables(), static fn ( $table ) => str_starts_with( $table, $database->prefix ) );
	$names = implode( ', ', array_map( static fn ( $table ) => "`$table`", $tables ) );
	$dropped = $names === '' ? null : $database->sql( "SET FOREIGN_KEY_CHECKS = 0; DROP TABLE IF EXISTS $names;" );
	$fault = $dropped !== null && !$dropped->ok() ? trim( $dropped->errors ) : pipeline( [ 'gzip', '--decompress', '--stdout' ],
		[ ...$database->client( 'mariadb' ), '--default-character-set=binary', $database->name ], $path, '/dev/null' );
	if ( $fault !== '' ) {
		throw new Fault( "the dump $path could not be loaded: $fault" );
	}
}

function replaceSqlite(): void {
	if ( !is_file( RESTORE_SQLITE ) ) {
		// Done, and killed before it was noted
		return;
	}
	$owner = @stat( sqliteFile() ) ?: [ 'mode' => 0600 ];
	if ( is_file( sqliteFile() ) ) {
		// A log that is left beside it would be applied to the new file: it goes into the old one first
		$old = new \SQLite3( sqliteFile() );
		$old->busyTimeout( 60000 );
		@$old->exec( 'PRAGMA wal_checkpoint(TRUNCATE)' );
		$old->close();
	}
	foreach ( [ '-wal', '-shm', '-journal' ] as $suffix ) {
		@unlink( sqliteFile() . $suffix );
	}
	chown( RESTORE_SQLITE, WEB_USER );
	chgrp( RESTORE_SQLITE, WEB_USER );
	chmod( RESTORE_SQLITE, $owner['mode'] & 0777 );
	if ( !rename( RESTORE_SQLITE, sqliteFile() ) ) {
		throw new Fault( sqliteFile() . ' could not be replaced; `mediawiki-full restore` tries again' );
	}
}

/** What the database is at now: update.php has nothing to do for the versions that were put back. */
function stampOfDump( array $dump ): array {
	$versions = $dump['versions'];
	$stamp = [];
	foreach ( STAMPED_PACKAGES as $package ) {
		$stamp[$package] = $versions[$package] ?? packageVersion( $package ) ?? '';
	}
	return $stamp + [ 'schema' => $dump['schema'], 'set' => $versions, 'snapshot' => $dump['snapshot'] ];
}

function sayRestored( array $dump, array $state ): int {
	for ( $tries = 0; systemdRuns() && !askWiki()[0]; $tries++ ) {
		if ( $tries >= 30 ) {
			throw new Fault(
				"{$dump['name']} and its packages are back, but the wiki does not answer; see `mediawiki-full status` and " .
				LOG_DIR . ". The state before is the dump {$state['saved']}"
			);
		}
		sleep( 1 );
	}
	say( "{$dump['name']} and its packages are back" . ( $state['saved'] === null ? '' : "; the state before is the dump {$state['saved']}" ) );
	$stay = 'To stay here: `mediawiki-full pin ' . ( $dump['snapshot'] ?? 'ID' ) . '`';
	switch ( pinnedSnapshot() === null ? compareWithSuite( $dump['versions'][CONFIG_PACKAGE] ?? '' ) : 0 ) {
		case 1:
			say( "the suite has a newer set, to which the next upgrade goes forward again. $stay" );
			break;
		case -1:
			say( "the suite is at an older set, to which apt will want to go back. $stay" );
	}
	return 0;
}

/** @return int 1 where the suite has a higher version of the configuration package than this, -1 a lower one */
function compareWithSuite( string $version ): int {
	try {
		$versions = array_column( packagesIn( liveIndex() )[CONFIG_PACKAGE] ?? [], 'Version' );
	} catch ( Fault ) {
		return 0;
	}
	usort( $versions, 'MediaWikiFull\compareVersions' );
	return $versions === [] ? 0 : compareVersions( end( $versions ), $version );
}
