<?php
/**
 * Dumps of the wiki's database: made before update.php changes its tables,
 * each with a note beside it that says what it belongs to. Putting one back is
 * restore.php's.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

const DUMP_DIR = DATA_DIR . '/backups';
const DUMP_FORMAT = 1;

/** Refuses where there is no room for a dump: its size is that of the database at most. */
function assertRoomForDump( WikiDatabase $database ): void {
	assertRoom( sizeOf( $database ) ?? 0, DUMP_DIR, 'a dump of the database' );
}

/**
 * Dumps the database.
 *
 * @param string $reason before-update, before-restore, before-adoption, before-undo or before-import
 * @param array<string, mixed> $stamp what the database was last brought up to (lastUpdate())
 * @param string|null $needed name of a dump that must not go, however old it is
 * @return array<string, mixed> the note
 */
function dumpDatabase( WikiDatabase $database, string $reason, array $stamp, ?string $needed = null ): array {
	ensureDirectory( DUMP_DIR, 0700 );
	assertRoomForDump( $database );
	$kind = $database->kind;
	$name = dumpName( $stamp['mediawiki'] ?? '' );
	$file = $name . ( $kind === 'sqlite' ? '.sqlite' : '.sql.gz' );
	$part = DUMP_DIR . "/$file.part";
	$mask = umask( 0077 );
	try {
		$fault = $kind === 'sqlite' ? dumpSqlite( $database->file, $part ) : dumpMariadb( $database, $part );
	} finally {
		umask( $mask );
	}
	if ( $fault !== '' ) {
		@unlink( $part );
		throw new Fault( "the database could not be dumped to " . DUMP_DIR . ", and nothing was changed: $fault" );
	}
	$note = [
		'format' => DUMP_FORMAT,
		'name' => $name,
		'time' => gmdate( 'Y-m-d\TH:i:s\Z' ),
		'reason' => $reason,
		'database' => $kind,
		'file' => $file,
		'bytes' => (int)filesize( $part ),
		'sha256' => (string)hash_file( 'sha256', $part ),
		'versions' => versionsOfDump( $stamp ),
		'snapshot' => $stamp['snapshot'] ?? null,
		'schema' => $stamp['schema'] ?? null,
	];
	rename( $part, DUMP_DIR . "/$file" );
	// A dump counts once its note is there
	writeFile( DUMP_DIR . "/$name.json", encoded( $note ), 0600 );
	dropOldDumps( $reason, dumpsKept(), $needed );
	return $note;
}

function dumpsKept(): int {
	$kept = readChoices()['dumps_kept'];
	// Written by hand, perhaps: what is no number is taken for the default
	return faultOfChoice( 'dumps_kept', $kept ) === null ? (int)$kept : 3;
}

/** JSON as all our files have it. */
function encoded( array $value ): string {
	return json_encode( $value, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR ) . "\n";
}

function dumpName( string $version ): string {
	$version = $version === '' ? 'wiki' : (string)preg_replace( '/^\d+:/', '', $version );
	$base = gmdate( 'Ymd\THis\Z' ) . '-' . preg_replace( '/[^0-9A-Za-z.+~-]/', '-', $version );
	for ( $name = $base, $number = 2; glob( DUMP_DIR . "/$name.*" ); $number++ ) {
		$name = "$base-$number";
	}
	return $name;
}

/** @return string what went wrong, or nothing */
function dumpSqlite( string $file, string $target ): string {
	try {
		$source = new \SQLite3( $file, SQLITE3_OPEN_READONLY );
		$source->busyTimeout( 60000 );
		$copy = new \SQLite3( $target );
		return $source->backup( $copy ) ? '' : $copy->lastErrorMsg();
	} catch ( \Exception $error ) {
		return $error->getMessage();
	}
}

/** @return string what went wrong, or nothing */
function dumpMariadb( WikiDatabase $database, string $target ): string {
	return pipeline(
		// MediaWiki's tables hold bytes: nothing may be taken for text of some character set
		[ ...$database->client( 'mariadb-dump' ), '--default-character-set=binary', '--single-transaction',
			'--no-tablespaces', '--quick', $database->name ],
		[ 'gzip', '--no-name' ], '/dev/null', $target
	);
}

/**
 * The packages that a dump belongs to. A stamp of an earlier version names three of them.
 *
 * @param array<string, mixed> $stamp
 * @return array<string, string>
 */
function versionsOfDump( array $stamp ): array {
	$versions = $stamp['set'] ?? array_filter( [
		'mediawiki' => $stamp['mediawiki'] ?? '',
		'mediawiki-classes' => $stamp['mediawiki'] ?? '',
		'mediawiki-parsoid' => $stamp['mediawiki-parsoid'] ?? '',
		'mediawiki-full-config' => $stamp['mediawiki-full-config'] ?? '',
		'mediawiki-full' => $stamp['mediawiki-full-config'] ?? '',
	] );
	ksort( $versions );
	return $versions;
}

/** @return array<int, array<string, mixed>> notes of all dumps, the newest first */
function listDumps(): array {
	$dumps = [];
	foreach ( glob( DUMP_DIR . '/*.json' ) ?: [] as $path ) {
		$note = json_decode( (string)@file_get_contents( $path ), true );
		if ( is_array( $note ) && isset( $note['name'], $note['file'], $note['time'], $note['versions'] ) ) {
			$dumps[] = $note;
		}
	}
	// By the note and not by the name: a clock may have run backwards between two of one second
	usort( $dumps, static fn ( $a, $b ) => [ $b['time'], $b['name'] ] <=> [ $a['time'], $a['name'] ] );
	return $dumps;
}

/**
 * A dump by its name or file; without one, the newest that was made before an update.
 *
 * @return array<string, mixed> its note
 */
function findDump( ?string $wanted ): array {
	$dumps = listDumps();
	foreach ( $dumps as $dump ) {
		$names = [ $dump['name'], $dump['file'], DUMP_DIR . "/{$dump['file']}", DUMP_DIR . "/{$dump['name']}.json" ];
		if ( $wanted === null ? $dump['reason'] === 'before-update' : in_array( $wanted, $names, true ) ) {
			return $dump;
		}
	}
	throw new Fault( $wanted === null
		? 'there is no dump from before an update in ' . DUMP_DIR
		: "there is no dump \"$wanted\"; `mediawiki-full restore --list` shows those there are" );
}

/** Refuses a dump whose bytes are not those that were written. */
function assertSound( array $dump ): void {
	$path = DUMP_DIR . '/' . basename( $dump['file'] );
	if ( ( $dump['format'] ?? 0 ) > DUMP_FORMAT ) {
		throw new Fault( "the dump {$dump['name']} was made by a newer mediawiki-full-config, which has to put it back" );
	}
	if ( !is_file( $path ) ) {
		throw new Fault( "$path is gone; only its note is there" );
	}
	if ( hash_file( 'sha256', $path ) !== $dump['sha256'] ) {
		throw new Fault( "$path is damaged: its SHA-256 is not the one noted when it was made. Nothing was changed" );
	}
}

/**
 * Removes all but the newest dumps of a kind, and what an interrupted one left.
 *
 * @param string $reason as dumpDatabase() has it: each kind is counted by itself
 */
function dropOldDumps( string $reason, int $kept, ?string $needed ): void {
	$same = array_values( array_filter( listDumps(), static fn ( $dump ) => $dump['reason'] === $reason ) );
	foreach ( array_slice( $same, $kept ) as $old ) {
		if ( $old['name'] === $needed ) {
			continue;
		}
		// The note first: what has none is no dump
		@unlink( DUMP_DIR . "/{$old['name']}.json" );
		@unlink( DUMP_DIR . '/' . basename( $old['file'] ) );
	}
	foreach ( glob( DUMP_DIR . '/*.part' ) ?: [] as $part ) {
		unlink( $part );
	}
}

/** For people: the dumps as a table. */
function dumpsText( array $dumps ): string {
	if ( $dumps === [] ) {
		return "There is no dump yet. One is made whenever an upgrade changes MediaWiki or its database schema.\n";
	}
	$rows = [ [ 'dump', 'made', 'snapshot', 'schema', 'size' ] ];
	foreach ( $dumps as $dump ) {
		$rows[] = [ $dump['name'], $dump['reason'], $dump['snapshot'] ?? 'not known',
			substr( $dump['schema'] ?? 'not known', 0, 12 ), megabytes( (int)$dump['bytes'] ) ];
	}
	$widths = array_map( static fn ( $column ) => max( array_map( 'strlen', array_column( $rows, $column ) ) ), [ 0, 1, 2, 3 ] );
	$text = '';
	foreach ( $rows as $row ) {
		$text .= vsprintf( "%-{$widths[0]}s  %-{$widths[1]}s  %-{$widths[2]}s  %-{$widths[3]}s  %s\n", $row );
	}
	return $text;
}

/** Prints the dumps, as a table or as JSON. */
function showDumps( bool $json ): int {
	echo $json ? json_encode( listDumps(), JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES ) . "\n" : dumpsText( listDumps() );
	return 0;
}

/** Whether the dump that an upgrade would begin with has room. @return int 10 where it has not, as apt-guard wants it */
function roomForDump(): int {
	$kind = databaseKind();
	try {
		if ( wikiIsOurs() && $kind !== 'other' && is_file( STAMP_FILE ) ) {
			assertRoomForDump( wikiDatabase() );
		}
	} catch ( NoRoom $fault ) {
		say( $fault->getMessage() );
		return 10;
	}
	return 0;
}
