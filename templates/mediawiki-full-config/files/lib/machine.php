<?php
/**
 * The machine: its files, processes and packages. Every command that is run
 * goes through run(), as a list of arguments and never through a shell.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

const CONFIG_DIR = '/etc/mediawiki-full';
const DATA_DIR = '/var/lib/mediawiki-full';
const CACHE_DIR = '/var/cache/mediawiki-full';
const LOG_DIR = '/var/log/mediawiki-full';
const SHARE_DIR = '/usr/share/mediawiki-full';
const WEB_USER = 'www-data';

/** Something that a person has to know or do; the message says both. */
class Fault extends \RuntimeException {
}

/** A disk is too full for what has to be written. */
class NoRoom extends Fault {
}

/** How a command ended. */
final class Result {
	public function __construct(
		public readonly int $status,
		public readonly string $output,
		public readonly string $errors
	) {
	}

	public function ok(): bool {
		return $this->status === 0;
	}
}

/** @return array<string, string> the same wherever this is called from; only the way to the network is the machine's */
function plainEnvironment(): array {
	$network = array_intersect_key( getenv(), [ 'http_proxy' => 1, 'https_proxy' => 1, 'no_proxy' => 1 ] );
	return [ 'PATH' => '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL' => 'C.UTF-8', 'HOME' => '/nonexistent' ] + $network;
}

/**
 * Runs a command to its end.
 *
 * @param string[] $command program and arguments; secrets go in by $input or by file
 * @param string $input what it reads
 * @param string|null $user run as this user instead of root
 * @param int $seconds after which it is stopped
 */
function run( array $command, string $input = '', ?string $user = null, int $seconds = 3600 ): Result {
	$prefix = [ 'timeout', '--kill-after=10', (string)$seconds ];
	if ( $user !== null ) {
		$prefix = [ ...$prefix, 'runuser', '-u', $user, '--' ];
	}
	// Files and not pipes: the child may leave a daemon behind that keeps a pipe open
	$in = tmpfile();
	$out = tmpfile();
	$err = tmpfile();
	fwrite( $in, $input );
	rewind( $in );
	$process = proc_open( [ ...$prefix, ...$command ], [ $in, $out, $err ], $pipes, '/', plainEnvironment() );
	if ( $process === false ) {
		throw new Fault( "{$command[0]} could not be started" );
	}
	$status = proc_close( $process );
	rewind( $out );
	rewind( $err );
	return new Result( $status, (string)stream_get_contents( $out ), (string)stream_get_contents( $err ) );
}

/**
 * Runs two commands, what the first prints going into the second, without a shell.
 *
 * @param string[] $from
 * @param string[] $into
 * @param string $input file that the first reads
 * @param string $output file that the second writes
 * @return string what went wrong, in the words of the commands; empty where nothing did
 */
function pipeline( array $from, array $into, string $input, string $output ): string {
	$timeout = [ 'timeout', '--kill-after=10', '86400' ];
	$errors = tmpfile();
	$first = proc_open( [ ...$timeout, ...$from ], [ [ 'file', $input, 'r' ], [ 'pipe', 'w' ], $errors ], $pipes, '/',
		plainEnvironment() );
	if ( $first === false ) {
		throw new Fault( "{$from[0]} could not be started" );
	}
	$second = proc_open( [ ...$timeout, ...$into ], [ $pipes[1], [ 'file', $output, 'w' ], $errors ], $none, '/',
		plainEnvironment() );
	// Only the second may hold it open, or the first would never learn that the second is gone
	fclose( $pipes[1] );
	$statuses = [ $second === false ? 127 : proc_close( $second ), proc_close( $first ) ];
	rewind( $errors );
	$told = trim( (string)stream_get_contents( $errors ) );
	return $statuses === [ 0, 0 ] ? '' : ( $told === '' ? "{$from[0]} or {$into[0]} failed" : $told );
}

/**
 * Runs a command whose talk belongs to the person who waits for it.
 *
 * @param string[] $command
 * @param array<string, string> $more environment beside what this program was given
 * @return int its exit status
 */
function runInSight( array $command, array $more = [] ): int {
	$environment = array_merge( getenv(), [ 'PATH' => '/usr/sbin:/usr/bin:/sbin:/bin' ], $more );
	// dpkg may ask who sits at a terminal; there is nobody to ask elsewhere, and the input may be another program's
	$input = stream_isatty( STDIN ) ? STDIN : [ 'file', '/dev/null', 'r' ];
	// All of it on stderr: stdout is for what was asked for. It is inherited; handing on PHP's own stream would seek in it
	$process = proc_open( $command, [ $input, [ 'redirect', 2 ] ], $pipes, '/', $environment );
	if ( $process === false ) {
		throw new Fault( "{$command[0]} could not be started" );
	}
	return proc_close( $process );
}

/** Tells the person at the terminal, or in apt's log. Not on stdout, which debconf listens to. */
function say( string $message ): void {
	fwrite( STDERR, "mediawiki-full: $message\n" );
}

/** Writes a file in one step, never readable by more than its mode says. */
function writeFile( string $path, string $content, int $mode, string $owner = 'root', string $group = 'root' ): void {
	$new = "$path.new-" . bin2hex( random_bytes( 4 ) );
	$mask = umask( 0077 );
	$written = file_put_contents( $new, $content );
	umask( $mask );
	if (
		$written !== strlen( $content ) || !chown( $new, $owner ) || !chgrp( $new, $group ) ||
		!chmod( $new, $mode ) || !rename( $new, $path )
	) {
		@unlink( $new );
		throw new Fault( "$path could not be written" );
	}
}

/** Makes a directory where there is none, and sets its owner and mode in any case. Others may go through those above it. */
function ensureDirectory( string $path, int $mode, string $owner = 'root', string $group = 'root' ): void {
	if ( !is_dir( dirname( $path ) ) ) {
		ensureDirectory( dirname( $path ), 0755 );
	}
	if ( !is_dir( $path ) && !mkdir( $path, 0700 ) ) {
		throw new Fault( "$path could not be created" );
	}
	chown( $path, $owner );
	chgrp( $path, $group );
	chmod( $path, $mode );
}

/** Removes a directory that run() or we filled; follows no symbolic link. */
function removeTree( string $path ): void {
	run( [ 'rm', '-rf', '--one-file-system', '--', $path ] );
}

/** One at a time: apt's scripts, the service at boot and a person may all come at once. */
function withLock( callable $work ): int {
	$lock = fopen( '/run/mediawiki-full.lock', 'c' );
	if ( !$lock || !flock( $lock, LOCK_EX ) ) {
		throw new Fault( '/run/mediawiki-full.lock could not be locked' );
	}
	return $work();
}

/**
 * For what runs apt, whose scripts want the lock above for themselves: a second one does not wait, it would
 * move packages that the first is about to move.
 */
function withMoveLock( callable $work ): int {
	$lock = fopen( '/run/mediawiki-full-move.lock', 'c' );
	if ( !$lock || !flock( $lock, LOCK_EX | LOCK_NB ) ) {
		throw new Fault( 'another mediawiki-full pin, unpin or restore is running' );
	}
	return $work();
}

/** What a person reads of a number of bytes. */
function megabytes( int $bytes ): string {
	return max( 1, (int)ceil( $bytes / 1000000 ) ) . ' MB';
}

/**
 * Refuses where a file system has too little room.
 *
 * @param int $bytes that will be written
 * @param string $directory in it; it need not be there yet
 * @param string $what for the message: "a dump of the database"
 */
function assertRoom( int $bytes, string $directory, string $what ): void {
	while ( !is_dir( $directory ) && $directory !== '/' ) {
		$directory = dirname( $directory );
	}
	$free = @disk_free_space( $directory );
	// Nobody is served by a file system that is filled to the last byte
	$needed = $bytes + 32 * 1024 * 1024;
	if ( $free !== false && $free < $needed ) {
		throw new NoRoom(
			"there is not enough room for $what: it may take " . megabytes( $needed ) . ", and $directory has " .
			megabytes( (int)$free ) . ' free. Nothing was changed. Make room there and try again'
		);
	}
}

/** Whether systemd is the init that runs (sd_booted(3)). */
function systemdRuns(): bool {
	return is_dir( '/run/systemd/system' );
}

/** Version of an installed package, or null. */
function packageVersion( string $package ): ?string {
	$result = run( [ 'dpkg-query', '-W', '-f', '${db:Status-Status} ${Version}', $package ] );
	$fields = explode( ' ', trim( $result->output ) );
	// Inside maintainer scripts the set may be unpacked and not yet configured
	$present = [ 'installed', 'unpacked', 'half-configured', 'triggers-pending', 'triggers-awaited' ];
	return $result->ok() && count( $fields ) === 2 && in_array( $fields[0], $present, true ) ? $fields[1] : null;
}

/**
 * What this package was built for.
 *
 * @return array{profile: string, phpVersion: string, metapackage: string, packages: string[],
 *   extensions?: array<int, array<string, mixed>>, archive: array<string, string>, schema: array{version: string, digest: string}}
 */
function theSet(): array {
	return json_decode( (string)file_get_contents( SHARE_DIR . '/set.json' ), true, 8, JSON_THROW_ON_ERROR );
}

/** A name under which others may find this machine. */
function machineName(): string {
	$name = trim( run( [ 'hostname', '--fqdn' ], '', null, 5 )->output );
	if ( !preg_match( '/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/', $name ) ) {
		$name = (string)gethostname();
	}
	return preg_match( '/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/', $name ) ? $name : 'localhost';
}
