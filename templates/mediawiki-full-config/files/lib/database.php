<?php
/**
 * The wiki's database: MariaDB over its unix socket, or SQLite files. Makes
 * and finds it; what is in it is MediaWiki's affair, and dumps are dumps.php's.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

const DATABASE_NAME = 'mediawiki_full';
const DATABASE_USER = 'mediawiki_full';
const SQLITE_DIR = DATA_DIR . '/sqlite';
/** Says that the database was made by us, and which kind it is. */
const DATABASE_MARK = DATA_DIR . '/database';

/** The administrator's, where MariaDB's root has a password: user and password of somebody who may do as much. */
const MARIADB_FILE = CONFIG_DIR . '/mariadb.cnf';

/**
 * How MariaDB's own programs begin that work as its root. On Debian the unix socket lets the machine's root in without
 * a password.
 *
 * @return string[]
 */
function asMariadbRoot( string $program ): array {
	$who = is_file( MARIADB_FILE ) ? '--defaults-extra-file=' . MARIADB_FILE : '--user=root';
	return [ $program, $who, '--protocol=socket' ];
}

/** SQL as the database's root. */
function mariadb( string $sql ): Result {
	return run( [ ...asMariadbRoot( 'mariadb' ), '--batch', '--skip-column-names' ], $sql, null, 600 );
}

function mariadbIsInstalled(): bool {
	return is_executable( '/usr/bin/mariadb' ) && is_executable( '/usr/sbin/mariadbd' );
}

/**
 * Why MariaDB cannot be used, or null. One that was just started is waited for; one that lets nobody in is not.
 *
 * @param int $seconds for how long to go on asking
 */
function faultOfMariadb( int $seconds ): ?string {
	if ( !mariadbIsInstalled() ) {
		return 'MariaDB is not installed';
	}
	for ( $left = $seconds; ; $left-- ) {
		$asked = mariadb( 'SELECT 1;' );
		if ( $asked->ok() ) {
			return null;
		}
		// ER_ACCESS_DENIED_ERROR, ER_ACCESS_DENIED_NO_PASSWORD_ERROR
		if ( preg_match( '/ERROR (?:1045|1698)\b/', $asked->errors ) ) {
			return is_file( MARIADB_FILE )
				? 'MariaDB does not take the user and password in ' . MARIADB_FILE
				: "MariaDB's root has a password. Write it to " . MARIADB_FILE . ', which only root may read: "[client]", ' .
					'"user=root" and "password=...", each on its own line; or allow the machine\'s root to log in without one: ' .
					'"ALTER USER root@localhost IDENTIFIED VIA unix_socket"';
		}
		if ( $left <= 0 ) {
			return 'MariaDB does not answer';
		}
		sleep( 1 );
	}
}

/**
 * Makes the database and its user with a fresh password, and rights on this
 * database alone: neither on others nor on the server, nor to hand on.
 *
 * @return string the password
 */
function createMariadbDatabase(): string {
	$name = DATABASE_NAME;
	$ours = is_file( DATABASE_MARK );
	if ( !$ours && trim( mariadb( "SHOW DATABASES LIKE '$name';" )->output ) !== '' ) {
		throw new Fault(
			"a database \"$name\" exists that this package did not create. Restore its LocalSettings.php, or rename " .
			'or drop the database, and run `mediawiki-full setup`'
		);
	}
	$password = bin2hex( random_bytes( 24 ) );
	$user = "'" . DATABASE_USER . "'@'localhost'";
	$sql = "CREATE DATABASE IF NOT EXISTS `$name` CHARACTER SET binary;
		CREATE OR REPLACE USER $user IDENTIFIED BY '$password';
		GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, LOCK TABLES, CREATE TEMPORARY TABLES
			ON `$name`.* TO $user;";
	// Before the deed, so that an interrupted one is known as ours
	writeFile( DATABASE_MARK, "mariadb\n", 0644 );
	$result = mariadb( $sql );
	if ( !$result->ok() ) {
		throw new Fault( 'the database could not be made: ' . trim( $result->errors ) );
	}
	return $password;
}

/** Drops what an interrupted installation left, so that the next one starts on an empty database. */
function dropHalfMadeDatabase( string $kind ): void {
	if ( $kind === 'mariadb' ) {
		mariadb( 'DROP DATABASE IF EXISTS `' . DATABASE_NAME . '`;' );
	} else {
		removeTree( SQLITE_DIR );
	}
}

/** Bytes that a database takes up, or null where that cannot be found out. */
function sizeOf( WikiDatabase $database ): ?int {
	if ( $database->kind === 'sqlite' ) {
		clearstatcache();
		$size = @filesize( $database->file );
		return $size === false ? null : $size;
	}
	$name = addslashes( $database->name );
	return $database->number( 'SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables ' .
		"WHERE table_schema = '$name';" );
}

function sqliteFile(): string {
	return SQLITE_DIR . '/' . DATABASE_NAME . '.sqlite';
}
