<?php
/**
 * mediawiki-full: the administrator's command. Also what the maintainer
 * scripts of mediawiki-full-config and mediawiki-full-setup.service call.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

// All at once, before anything is done: `restore` replaces these files while it runs
foreach ( [
	'machine', 'choices', 'database', 'wiki-database', 'dumps', 'wiki', 'services', 'apache', 'ports', 'access', 'front', 'crawlers', 'pool',
	'set', 'setup', 'packages', 'pin', 'restore', 'status', 'findings', 'doctor', 'existing', 'changes', 'apache-front', 'adopt', 'import',
	'sizes', 'preload',
] as $part ) {
	require "/usr/share/mediawiki-full/lib/$part.php";
}

const USAGE = <<<'TEXT'
usage: mediawiki-full status [--json]   show versions, services and the state of the caches
       mediawiki-full doctor [--json]   test the wiki, as visitors and editors use it
       mediawiki-full setup             finish an installation that waits for a database,
                                        and update the database to the installed versions
       mediawiki-full update            always run MediaWiki's update.php again
       mediawiki-full set [--json]      list the settings
       mediawiki-full set KEY VALUE     change a setting, with immediate effect
       mediawiki-full sizes [--json]    compute the sizes of the caches from this machine's memory; each
                                        daemon uses them from its next start on
       mediawiki-full captchas          create new CAPTCHA pictures for registrations
       mediawiki-full adopt [FOLDER] [--dry-run] [--cache] [--replace]
                                        add the set's caches and services to an existing wiki
       mediawiki-full adopt --undo [--discard-changes]
                                        revert the adoption
       mediawiki-full import --dump FILE --settings FILE [--images FOLDER] [--replace]
                                        replace the wiki here by a wiki from another machine
       mediawiki-full take-port-80 [--yes | --undo]
                                        give the wiki port 80, whatever program uses it
       mediawiki-full pin ID [--no-apply]
                                        move the set to a snapshot of the archive, and hold it there
       mediawiki-full unpin [--apply]   follow the suite again; --apply moves the set at once
       mediawiki-full restore --list [--json]
                                        show the dumps of the database
       mediawiki-full restore [DUMP] [--yes]
                                        restore a dump together with its packages

TEXT;

/**
 * @param string[] $args
 * @return array{0: string, 1: string[], 2: string[]}|null verb, options, arguments; null where they are not understood
 */
function parseArguments( array $args ): ?array {
	$known = [
		// Options, then how many arguments there may be at least and at most
		'status' => [ [ '--json' ], 0, 0 ],
		'doctor' => [ [ '--json' ], 0, 0 ],
		// The options are for the maintainer scripts
		'setup' => [ [ '--or-later', '--restart' ], 0, 0 ],
		'update' => [ [], 0, 0 ],
		'set' => [ [ '--json' ], 0, 2 ],
		'adopt' => [ [ '--dry-run', '--cache', '--replace', '--undo', '--discard-changes' ], 0, 1 ],
		'import' => [ [ '--dump', '--settings', '--images', '--replace' ], 0, 3 ],
		'take-port-80' => [ [ '--yes', '--undo' ], 0, 0 ],
		// For prerm
		'leave' => [ [], 0, 0 ],
		'pin' => [ [ '--no-apply' ], 1, 1 ],
		'unpin' => [ [ '--apply' ], 0, 0 ],
		'restore' => [ [ '--list', '--json', '--yes' ], 0, 1 ],
		// For the maintainer scripts, and for apt-guard
		'configure' => [ [], 0, 0 ],
		'room-for-dump' => [ [], 0, 0 ],
		// For mediawiki-full-settings.service
		'settings-changed' => [ [], 0, 0 ],
		'captchas' => [ [], 0, 0 ],
		// --prepare is for the services
		'sizes' => [ [ '--json', '--prepare' ], 0, 0 ],
	];
	$verb = array_shift( $args );
	$options = array_values( array_filter( $args, static fn ( $arg ) => str_starts_with( $arg, '-' ) ) );
	$arguments = array_values( array_diff( $args, $options ) );
	if ( !isset( $known[$verb] ) ) {
		return null;
	}
	[ $allowed, $least, $most ] = $known[$verb];
	$fits = array_diff( $options, $allowed ) === [] && count( $arguments ) >= $least && count( $arguments ) <= $most;
	return $fits ? [ $verb, $options, $arguments ] : null;
}

/** By the folder in which the command was called. */
function absolutePath( string $path ): string {
	return str_starts_with( $path, '/' ) ? $path : getcwd() . "/$path";
}

/**
 * Options that have a value, which comes behind each, in the order in which they were given.
 *
 * @param string[] $valued
 * @param string[] $options
 * @param string[] $arguments
 * @return array<string, string>
 */
function valuesOf( array $valued, array $options, array $arguments ): array {
	$named = array_values( array_intersect( $options, $valued ) );
	if ( count( $named ) !== count( $arguments ) || count( array_unique( $named ) ) !== count( $named ) ) {
		throw new Fault( 'each of ' . implode( ', ', $valued ) . ' can be given once, and requires one file or folder' );
	}
	return array_combine( $named, array_map( 'MediaWikiFull\absolutePath', $arguments ) );
}

/**
 * @param string[] $options
 * @param string[] $arguments
 * @return int exit status
 */
function perform( string $verb, array $options, array $arguments ): int {
	$has = static fn ( string $option ): bool => in_array( $option, $options, true );
	switch ( $verb ) {
		case 'status':
			return showStatus( $has( '--json' ) );
		case 'doctor':
			return doctor( $has( '--json' ) );
		case 'configure':
			return configure( stream_get_contents( STDIN ) );
		case 'room-for-dump':
			return roomForDump();
		case 'set':
			if ( count( $arguments ) === 1 ) {
				throw new Fault( 'set requires a name and a value: `mediawiki-full set site_name "Our Wiki"`' );
			}
			return $arguments === [] ? showChoices( $has( '--json' ) )
				: withLock( static fn () => setChoice( ...$arguments ) );
		case 'sizes':
			return showSizes( $has( '--json' ), $has( '--prepare' ) );
		case 'captchas':
			return withLock( static fn () => renewCaptchas() );
		case 'settings-changed':
			return takeUpSettings();
		case 'adopt':
			return withLock( static fn () => $has( '--undo' ) ? undoAdopt( $has( '--discard-changes' ) )
				: adopt( isset( $arguments[0] ) ? absolutePath( $arguments[0] ) : null, $has( '--dry-run' ), $has( '--cache' ), $has( '--replace' ) ) );
		case 'import':
			return withLock( static fn () => importWiki( valuesOf( [ '--dump', '--settings', '--images' ], $options, $arguments ), $has( '--replace' ) ) );
		case 'take-port-80':
			return withLock( static fn () => takePort80( $has( '--yes' ), $has( '--undo' ) ) );
		case 'leave':
			return unlinkDropIns();
		case 'update':
			return withLock( static fn () => setup( false, true, true ) );
		case 'pin':
			return withMoveLock( static fn () => pin( $arguments[0], !$has( '--no-apply' ) ) );
		case 'unpin':
			return withMoveLock( static fn () => unpin( $has( '--apply' ) ) );
		case 'restore':
			return $has( '--list' ) ? showDumps( $has( '--json' ) )
				: withMoveLock( static fn () => restore( $arguments[0] ?? null, $has( '--yes' ) ) );
		default:
			return withLock( static fn () => setup( $has( '--or-later' ), false, $has( '--restart' ) ) );
	}
}

exit( ( static function ( array $args ): int {
	if ( in_array( $args[0] ?? '', [ 'help', '--help', '-h' ], true ) ) {
		echo USAGE;
		return 0;
	}
	$parsed = parseArguments( $args );
	if ( $parsed === null ) {
		fwrite( STDERR, USAGE );
		return 2;
	}
	if ( posix_geteuid() !== 0 ) {
		fwrite( STDERR, "mediawiki-full: only root can do this\n" );
		return 2;
	}
	try {
		return perform( ...$parsed );
	} catch ( Fault $fault ) {
		fwrite( STDERR, 'mediawiki-full: ' . $fault->getMessage() . "\n" );
		return 1;
	}
} )( array_slice( $argv, 1 ) ) );
