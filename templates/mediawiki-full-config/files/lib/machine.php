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
	$environment = [ 'PATH' => '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL' => 'C.UTF-8', 'HOME' => '/nonexistent' ];
	$process = proc_open( [ ...$prefix, ...$command ], [ $in, $out, $err ], $pipes, '/', $environment );
	if ( $process === false ) {
		throw new Fault( "{$command[0]} could not be started" );
	}
	$status = proc_close( $process );
	rewind( $out );
	rewind( $err );
	return new Result( $status, (string)stream_get_contents( $out ), (string)stream_get_contents( $err ) );
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

/** Makes a directory where there is none, and sets its owner and mode in any case. */
function ensureDirectory( string $path, int $mode, string $owner = 'root', string $group = 'root' ): void {
	if ( !is_dir( $path ) && !mkdir( $path, 0700, true ) ) {
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
 * @return array{profile: string, phpVersion: string, packages: string[]}
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
