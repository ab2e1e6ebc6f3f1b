<?php
/**
 * `mediawiki-full import`: a wiki of another machine takes the place of the new
 * one here: a dump of its database, its uploads, its LocalSettings.php. Its old
 * addresses go on working. What can fail comes first, beside the wiki that is
 * there; what fails later is taken back.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

/** Tables of MediaWiki itself, and the version that brought each: by them a dump tells how old it is. */
const TABLES_BY_VERSION = [ 'slots' => '1.31', 'actor' => '1.31', 'ipblocks_restrictions' => '1.33', 'watchlist_expiry' => '1.35',
	'linktarget' => '1.38', 'user_autocreate_serial' => '1.39', 'block_target' => '1.42', 'filerevision' => '1.44' ];

/** A file that mysqldump, or a copy of SQLite's file, gave. */
function kindOfDump( string $file ): string {
	$head = (string)@file_get_contents( $file, false, null, 0, 16 );
	return str_starts_with( $head, 'SQLite format 3' ) ? 'sqlite' : ( str_starts_with( $head, "\x1f\x8b" ) ? 'gzip' : 'sql' );
}

/**
 * The command.
 *
 * @param array<string, string> $files `--dump`, `--settings`, and perhaps `--images`
 * @param bool $replace the wiki that is here although somebody wrote in it
 */
function importWiki( array $files, bool $replace ): int {
	assertNoRestore();
	$files = array_map( static fn ( $path ) => realpath( $path ) ?: $path, $files );
	foreach ( $files as $option => $path ) {
		if ( $option === '--images' ? !is_dir( $path ) : !is_file( $path ) ) {
			throw new Fault( "$path ($option) does not exist. Nothing was changed" );
		}
	}
	if ( !isset( $files['--dump'], $files['--settings'] ) ) {
		throw new Fault( 'import requires --dump FILE and --settings FILE, and --images FOLDER if the wiki has uploads' );
	}
	$begun = adoption();
	if ( $begun !== null && $begun['phase'] === 'begun' && ( $begun['imported'] ?? false ) ) {
		say( 'an import was interrupted, and is taken back first' );
		takeImportBack( new Changes( $begun ), findDump( $begun['dump'] ) );
	}
	if ( adoption() !== null || !is_file( DATABASE_MARK ) || !is_file( LOCAL_SETTINGS ) ) {
		throw new Fault( 'import takes the place of a wiki that this package made, and there is none: `mediawiki-full setup` makes one' );
	}
	assertReplaceable( $replace, 'its database is kept as a dump' );
	$kind = databaseKind();
	$given = kindOfDump( $files['--dump'] );
	if ( ( $given === 'sqlite' ) !== ( $kind === 'sqlite' ) ) {
		throw new Fault( "{$files['--dump']} is of " . ( $given === 'sqlite' ? 'SQLite' : 'MariaDB' ) . ", and the wiki of this machine uses $kind. " .
			'Install it again with the other (debconf: mediawiki-full-config/database)' );
	}
	$fault = wikiDatabase()->fault( DATABASE_PATIENCE );
	if ( $fault !== null ) {
		throw new Fault( $fault );
	}
	$values = settingsToImport( $files['--settings'] );
	assertRoomForImport( $files, $kind );
	say( "\"{$values['Sitename']}\" takes the place of the wiki that is here" );
	loadDump( $files['--dump'], $given );
	try {
		assertVersionOfDump( (string)$values['DBprefix'], $kind );
	} catch ( Fault $fault ) {
		dropBeside( $kind );
		throw $fault;
	}
	$saved = dumpDatabase( wikiDatabase(), 'before-import', lastUpdate() );
	$changes = new Changes( [ 'format' => ADOPTION_FORMAT, 'phase' => 'begun', 'time' => gmdate( 'Y-m-d\TH:i:s\Z' ), 'imported' => true,
		'folder' => PACKAGED_FOLDER, 'settings' => LOCAL_SETTINGS, 'scriptPath' => (string)$values['ScriptPath'],
		'articlePath' => (string)$values['ArticlePath'], 'uploadPath' => (string)$values['UploadPath'], 'hosts' => [],
		'inApache' => false, 'keepsPages' => true, 'schemaMoved' => false, 'database' => $kind, 'dump' => $saved['name'], 'version' => null ] );
	$changes->save();
	try {
		performImport( $files, $values, $changes );
	} catch ( \Exception $fault ) {
		say( 'the import failed, so the previous wiki is restored' );
		takeImportBack( $changes, $saved );
		throw new Fault( $fault->getMessage() . '. The wiki is as it was' );
	}
	$changes->record['phase'] = 'done';
	$changes->save();
	removeTree( UPLOADS_BEFORE );
	say( "\"{$values['Sitename']}\" is here. The wiki that was here before is the dump {$saved['name']}" );
	return 0;
}

/** @return array<string, mixed> */
function settingsToImport( string $file ): array {
	$checked = run( [ PHP_BINARY, '-l', $file ], '', null, 30 );
	if ( !$checked->ok() ) {
		throw new Fault( "$file is not valid PHP: " . firstLines( $checked->output . $checked->errors ) . '. Nothing was changed' );
	}
	$work = '/run/mediawiki-full-import-' . bin2hex( random_bytes( 8 ) );
	ensureDirectory( $work, 0700, WEB_USER, WEB_USER );
	try {
		writeFile( "$work/LocalSettings.php", (string)file_get_contents( $file ), 0600, WEB_USER, WEB_USER );
		return readSettings( PACKAGED_CODE, "$work/LocalSettings.php" );
	} catch ( Fault $fault ) {
		throw new Fault( str_replace( "$work/LocalSettings.php", $file, $fault->getMessage() ) . '. Nothing was changed. ' .
			'An extension or a skin that the set has not goes to ' . PACKAGED_FOLDER . '/extensions or ' . PACKAGED_CODE . '/skins first' );
	} finally {
		removeTree( $work );
	}
}

/** @param array<string, string> $files */
function assertRoomForImport( array $files, string $kind ): void {
	$size = (int)filesize( $files['--dump'] ) * ( kindOfDump( $files['--dump'] ) === 'gzip' ? 8 : 2 );
	assertRoom( $size, $kind === 'sqlite' ? SQLITE_DIR : '/var/lib/mysql', 'the database' );
	assertRoomForDump( wikiDatabase() );
	if ( isset( $files['--images'] ) ) {
		$told = run( [ 'du', '--summarize', '--block-size=1', '--', $files['--images'] ], '', null, 3600 )->output;
		assertRoom( (int)$told, IMAGES_DIR, 'the uploads' );
	}
}

/** Loads a dump beside the wiki's database. Somebody else made it: it is let at that one database alone. */
function loadDump( string $file, string $given ): void {
	if ( $given === 'sqlite' ) {
		loadBesideSqlite( $file );
		return;
	}
	dropBeside( 'mariadb' );
	$name = RESTORE_DATABASE;
	$password = bin2hex( random_bytes( 24 ) );
	$made = mariadb( "CREATE DATABASE `$name` CHARACTER SET binary; CREATE OR REPLACE USER '$name'@'localhost' IDENTIFIED BY '$password';
		GRANT ALL ON `$name`.* TO '$name'@'localhost';" );
	$beside = new WikiDatabase( 'mariadb', $name, '', [ 'user' => $name, 'password' => $password ] );
	$fault = !$made->ok() ? trim( $made->errors ) : pipeline(
		[ 'gzip', '--decompress', '--stdout', ...( $given === 'gzip' ? [] : [ '--force' ] ) ],
		// The client itself obeys lines of a dump too: \! runs a command, LOAD DATA LOCAL reads a file, as root
		[ ...$beside->client( 'mariadb' ), '--sandbox', '--binary-mode', '--local-infile=0', '--default-character-set=binary', $name ],
		$file, '/dev/null' );
	$tables = $fault === '' ? tablesOf( $name ) : [];
	mariadb( "DROP USER IF EXISTS '$name'@'localhost';" );
	if ( $fault === '' && $tables === [] ) {
		$fault = 'it has no tables for this database. Make it without --databases';
	} elseif ( preg_match( '/ERROR 1(?:044|045|142|227)\b/', $fault ) ) {
		$fault .= '. It needs more than its own database: make it without --databases, --routines and --triggers';
	}
	if ( $fault !== '' ) {
		dropBeside( 'mariadb' );
		throw new Fault( "$file could not be loaded, and nothing was changed: $fault" );
	}
}

/** How old a dump is, told by its tables; refused where update.php of the set does not take it. */
function assertVersionOfDump( string $prefix, string $kind ): void {
	$tables = $kind === 'sqlite' ? tablesOfSqlite( RESTORE_SQLITE ) : tablesOf( RESTORE_DATABASE );
	$set = (string)mediawikiVersion( PACKAGED_CODE );
	if ( !in_array( "{$prefix}page", $tables, true ) || !in_array( "{$prefix}revision", $tables, true ) ) {
		throw new Fault( "the dump has no table \"{$prefix}page\": it does not match the given settings. Nothing was changed" );
	}
	$lowest = lowestVersion();
	foreach ( TABLES_BY_VERSION as $table => $version ) {
		$has = in_array( $prefix . $table, $tables, true );
		if ( $has && version_compare( $version, seriesOf( $set ), '>' ) ) {
			throw new Fault( "the dump is of MediaWiki $version or later, and the set has $set: no wiki goes back to an earlier version. Nothing was changed" );
		}
		if ( !$has && $lowest !== null && version_compare( $version, $lowest, '<=' ) ) {
			throw new Fault( "the dump comes from a MediaWiki before $version, and update.php of the set's $set takes $lowest and later: " .
				"bring it to $lowest first. Nothing was changed" );
		}
	}
}

/** @return string[] */
function tablesOfSqlite( string $file ): array {
	$listed = ( new \SQLite3( $file, SQLITE3_OPEN_READONLY ) )->query( "SELECT name FROM sqlite_master WHERE type = 'table'" );
	$tables = [];
	while ( is_array( $row = $listed->fetchArray( SQLITE3_NUM ) ) ) {
		$tables[] = $row[0];
	}
	return $tables;
}

/**
 * @param array<string, string> $files
 * @param array<string, mixed> $values
 */
function performImport( array $files, array $values, Changes $changes ): void {
	$here = readSettings( PACKAGED_CODE );
	service( 'stop', JOBS_SERVICE );
	$text = importedSettings( (string)file_get_contents( $files['--settings'] ), $here );
	$changes->write( LOCAL_SETTINGS, $text );
	$choices = [ 'page_cache' => 'yes' ] + readChoices();
	foreach ( [ 'site_name' => 'Sitename', 'language' => 'LanguageCode' ] as $key => $name ) {
		$choices[$key] = faultOfChoice( $key, (string)$values[$name] ) === null ? (string)$values[$name] : '';
	}
	$choices['server_url'] = faultOfChoice( 'server_url', (string)$values['Server'] ) === null ? (string)$values['Server'] : $choices['server_url'];
	unset( $choices['access'] );
	$changes->write( CHOICES_FILE, choicesText( $choices ) );
	if ( is_file( PASSWORD_FILE ) ) {
		// It is nobody's any more
		$changes->write( PASSWORD_FILE, '', 0600 );
	}
	if ( isset( $files['--images'] ) ) {
		importUploads( $files['--images'] );
	}
	changePlaces( [ 'name' => 'import' ], $changes->record['database'] );
	dropBeside( $changes->record['database'] );
	writeFile( PATHS_FILE, pathsText( $changes->record ), 0644 );
	emptyMemcached();
	assertReached();
	updateDatabase();
	writeMachineVcl();
	restartFrontEnds();
	service( 'restart', JOBS_SERVICE );
	for ( $tries = 0; systemdRuns() && !askWiki()[0]; $tries++ ) {
		if ( $tries >= 30 ) {
			throw new Fault( 'the wiki does not answer once its pages, settings and uploads are here; see ' . LOG_DIR . '/php.log' );
		}
		sleep( 1 );
	}
}

/** The uploads that were here before, until the import is done. */
const UPLOADS_BEFORE = DATA_DIR . '/images-before-import';

function importUploads( string $from ): void {
	$new = DATA_DIR . '/images-of-import';
	removeTree( $new );
	$copied = run( [ 'cp', '--archive', '--no-target-directory', '--', $from, $new ], '', null, 86400 );
	$owned = run( [ 'chown', '--recursive', '--no-dereference', WEB_USER . ':' . WEB_USER, $new ], '', null, 3600 );
	if ( !$copied->ok() || !$owned->ok() ) {
		removeTree( $new );
		throw new Fault( 'the uploads could not be copied: ' . firstLines( $copied->errors . $owned->errors ) );
	}
	// Files and folders, and nothing that leads elsewhere
	run( [ 'find', $new, '-mindepth', '1', '!', '-type', 'f', '!', '-type', 'd', '-delete' ], '', null, 3600 );
	chmod( $new, 0755 );
	exchangeUploads( IMAGES_DIR, UPLOADS_BEFORE );
	exchangeUploads( $new, IMAGES_DIR );
}

/** mv, and not rename(): layers and mounts may lie between them. */
function exchangeUploads( string $from, string $to ): void {
	removeTree( $to );
	$moved = run( [ 'mv', '--no-target-directory', '--', $from, $to ], '', null, 86400 );
	if ( !$moved->ok() ) {
		throw new Fault( "$from could not be moved to $to: " . trim( $moved->errors ) );
	}
}

/**
 * @param array<string, mixed> $here settings of the wiki that is here
 * @return string a LocalSettings.php with the data where this machine has it
 */
function importedSettings( string $text, array $here ): string {
	$text = rtrim( (string)preg_replace( '/\?>\s*$/', '', $text ) ) . "\n\n# Where this machine has its data (mediawiki-full import)\n";
	$names = $here['DBtype'] === 'sqlite' ? [ 'DBtype', 'DBname', 'SQLiteDataDir' ] : [ 'DBtype', 'DBserver', 'DBname', 'DBuser', 'DBpassword' ];
	foreach ( $names as $name ) {
		$text .= "\$wg$name = " . var_export( (string)$here[$name], true ) . ";\n";
	}
	return "$text\$wgUploadDirectory = " . var_export( IMAGES_DIR, true ) . ";\n" .
		"\$wgDeletedDirectory = false;\n" . ADOPTED_BLOCK;
}

/** @param array<string, mixed> $saved note of the dump of the wiki that was here */
function takeImportBack( Changes $changes, array $saved ): void {
	service( 'stop', JOBS_SERVICE );
	dropBeside( $saved['database'] );
	removeTree( DATA_DIR . '/images-of-import' );
	if ( is_dir( UPLOADS_BEFORE ) ) {
		exchangeUploads( UPLOADS_BEFORE, IMAGES_DIR );
	}
	$changes->takeBack();
	removeTree( BEFORE_DIR );
	@unlink( ADOPTION_FILE );
	@unlink( PATHS_FILE );
	loadInPlace( $saved, wikiDatabase() );
	writeStamp();
	emptyMemcached();
	emptyFileCaches();
	restartFrontEnds();
	service( 'restart', JOBS_SERVICE );
}
