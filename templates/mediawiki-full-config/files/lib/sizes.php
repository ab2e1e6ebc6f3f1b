<?php
/**
 * How much memory each part of the wiki may take: worked out from the machine's memory at every start and by
 * `mediawiki-full sizes`, and written where the daemons read it before what the administrator says, who wins.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

/** What is written anew at every start; readable by everybody, written by root. */
const RUN_DIR = '/run/mediawiki-full';
/** Early in its directory: every file that comes later wins, and nothing of ours is a configuration file of a package. */
const MARIADB_SIZES = '/etc/mysql/mariadb.conf.d/05-mediawiki-full.cnf';
/** What the system and the programs themselves take before any of them keeps anything, in MiB. */
const BASE_MEMORY = 384;
/** A process of PHP that has made some pages, in MiB. */
const PHP_PROCESS = 72;

/**
 * The sizes for a machine, all in MiB but phpProcesses. Their sum and BASE_MEMORY fit into the machine.
 *
 * @param int $memory MiB that the wiki may have
 * @param int $cores that run PHP
 * @return array{phpProcesses: int, opcache: int, internedStrings: int, apcu: int, memcached: int, innodb: int, varnish: int}
 */
function sizesFor( int $memory, int $cores ): array {
	$free = max( 256, $memory - BASE_MEMORY );
	$part = static fn ( float $share, int $least, int $most ): int => (int)max( $least, min( $most, floor( $free * $share ) ) );
	$opcache = $part( 0.15, 96, 256 );
	return [
		// More than a few for each core only wait for one another; fewer than ten, and slow requests keep out quick ones
		'phpProcesses' => (int)max( 2, min( floor( $free * 0.45 / PHP_PROCESS ), max( 10, 4 * $cores ) ) ),
		'opcache' => $opcache,
		// Part of what opcache has
		'internedStrings' => $opcache >= 192 ? 32 : 16,
		'apcu' => $part( 0.04, 16, 128 ),
		'memcached' => $part( 0.06, 32, 1024 ),
		'innodb' => $part( 0.2, 64, 16384 ),
		'varnish' => $part( 0.1, 48, 2048 ),
	];
}

/**
 * The memory that the wiki may have: what wiki.conf says, or what this machine has, or its control group may take.
 *
 * @return int MiB
 */
function machineMemory(): int {
	$chosen = readChoices()['memory'] ?? '';
	if ( $chosen !== '' && faultOfChoice( 'memory', $chosen ) === null ) {
		return (int)$chosen;
	}
	$limits = preg_match( '/^MemTotal:\s+(\d+) kB/m', (string)@file_get_contents( '/proc/meminfo' ), $match )
		? [ (int)$match[1] * 1024 ] : [];
	// In a container: version 2, and version 1 of control groups; "max" and enormous numbers stand for no limit
	foreach ( [ '/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes' ] as $file ) {
		$limit = trim( (string)@file_get_contents( $file ) );
		if ( ctype_digit( $limit ) && $limit !== '0' ) {
			$limits[] = (int)$limit;
		}
	}
	return intdiv( $limits === [] ? 1024 * 1048576 : min( $limits ), 1048576 );
}

/** @return int processors that this machine may use */
function machineCores(): int {
	return max( 1, (int)trim( run( [ 'nproc' ], '', null, 5 )->output ) );
}

/** @return array<string, int> memory and cores, and the sizes that follow from them */
function machineSizes(): array {
	[ $memory, $cores ] = [ machineMemory(), machineCores() ];
	return [ 'memory' => $memory, 'cores' => $cores ] + sizesFor( $memory, $cores );
}

/** Writes down what the daemons take up when they start next, and decides whether PHP may load classes beforehand. */
function writeSizes(): void {
	$sizes = machineSizes();
	ensureDirectory( RUN_DIR, 0755 );
	ensureDirectory( RUN_DIR . '/fpm.d', 0755 );
	ensureDirectory( RUN_DIR . '/php.d', 0755 );
	$from = "for {$sizes['memory']} MiB and {$sizes['cores']} processors: see `mediawiki-full sizes`";
	writeFile( RUN_DIR . '/fpm.d/sizes.conf',
		"; Written $from.\n[mediawiki-full]\npm = static\npm.max_children = {$sizes['phpProcesses']}\n", 0644 );
	writeFile( RUN_DIR . '/php.d/sizes.ini', "; Written $from.\nopcache.memory_consumption = {$sizes['opcache']}\n" .
		"opcache.interned_strings_buffer = {$sizes['internedStrings']}\napc.shm_size = {$sizes['apcu']}M\n", 0644 );
	writeFile( RUN_DIR . '/varnish.env', "# Written $from.\nMEDIAWIKI_FULL_VARNISH={$sizes['varnish']}m\n", 0644 );
	writeFile( RUN_DIR . '/memcached-megabytes', "{$sizes['memcached']}\n", 0644 );
	writeMariadbSize( $sizes['innodb'], $from );
}

/** Whether MariaDB's buffer pool is ours to size: the wiki's database is in it, and no file but ours says how large. */
function mariadbIsOursToSize(): bool {
	// An adopted wiki's is somebody's, who may have others in it
	$adopted = adoption() !== null && !isset( adoption()['imported'] );
	return mariadbIsInstalled() && !$adopted && databaseKind() === 'mariadb' && is_dir( dirname( MARIADB_SIZES ) ) && !mariadbIsSized();
}

function writeMariadbSize( int $megabytes, string $from ): void {
	if ( !mariadbIsOursToSize() ) {
		@unlink( MARIADB_SIZES );
		return;
	}
	$text = "# Written $from.\n# Your own file that comes later in this directory takes precedence.\n" .
		"[mariadbd]\ninnodb_buffer_pool_size = {$megabytes}M\n";
	if ( !is_file( MARIADB_SIZES ) || file_get_contents( MARIADB_SIZES ) !== $text ) {
		writeFile( MARIADB_SIZES, $text, 0644 );
	}
}

/** Whether a file other than ours sizes MariaDB's buffer pool. */
function mariadbIsSized(): bool {
	$files = run( [ 'grep', '-rlEs', '--include=*.cnf', '^[[:space:]]*innodb[_-]buffer[_-]pool[_-]size[[:space:]]*=',
		'/etc/mysql' ], '', null, 10 )->output;
	return array_diff( preg_split( '/\n/', $files, -1, PREG_SPLIT_NO_EMPTY ), [ MARIADB_SIZES ] ) !== [];
}

/**
 * Before the daemons are restarted: sizes, classes that PHP loads beforehand, and an empty memcached, for what other
 * versions of the set left there is not for this one, sessions included, which are in the database too.
 */
function prepareCaches(): void {
	writeSizes();
	if ( is_file( LOCAL_SETTINGS ) && !wikiIsOurs() ) {
		// A wiki that was here before may have others beside it that use these
		return;
	}
	if ( mariadbIsOursToSize() ) {
		// It grows and shrinks while it runs
		mariadb( 'SET GLOBAL innodb_buffer_pool_size = ' . machineSizes()['innodb'] . ' * 1048576;' );
	}
	// The pool of ours that it had before is another's
	service( 'restart', 'php' . theSet()['phpVersion'] . '-fpm.service' );
	service( 'restart', 'memcached.service' );
	if ( is_file( LOCAL_SETTINGS ) ) {
		listClasses();
	}
}

/** Shows the sizes, and writes them down for the next start of each daemon. */
function showSizes( bool $json, bool $quiet ): int {
	writeSizes();
	writeMachineVcl();
	preparePreloading();
	$sizes = machineSizes();
	if ( $json ) {
		echo json_encode( $sizes, JSON_PRETTY_PRINT ), "\n";
	}
	foreach ( $json || $quiet ? [] : $sizes as $name => $size ) {
		printf( "%-16s %d%s\n", $name, $size, in_array( $name, [ 'cores', 'phpProcesses' ], true ) ? '' : ' MiB' );
	}
	return 0;
}
