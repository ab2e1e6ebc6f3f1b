#!/usr/bin/php
<?php
/**
 * mediawiki-full: the administrator's command. Also what the maintainer
 * scripts of mediawiki-full-config and mediawiki-full-setup.service call.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

foreach ( [ 'machine', 'choices', 'database', 'wiki', 'services', 'setup', 'status' ] as $part ) {
	require "/usr/share/mediawiki-full/lib/$part.php";
}

const USAGE = <<<'TEXT'
usage: mediawiki-full status [--json]   versions, what runs, what the caches do
       mediawiki-full setup             finish an installation that had to wait for a database,
                                        and bring the database up to the installed versions
       mediawiki-full update            run MediaWiki's update.php again, in any case
       mediawiki-full adopt             let an existing LocalSettings.php use this configuration

TEXT;

exit( ( static function ( array $args ): int {
	$verb = array_shift( $args );
	$options = $args;
	$known = [
		'status' => [ '--json' ],
		// The options are for the maintainer scripts
		'setup' => [ '--or-later', '--restart' ],
		'update' => [],
		'adopt' => [],
		'configure' => [],
	];
	if ( in_array( $verb, [ 'help', '--help', '-h' ], true ) ) {
		echo USAGE;
		return 0;
	}
	if ( !isset( $known[$verb] ) || array_diff( $options, $known[$verb] ) ) {
		fwrite( STDERR, USAGE );
		return 2;
	}
	if ( posix_geteuid() !== 0 ) {
		fwrite( STDERR, "mediawiki-full: only root can do this\n" );
		return 2;
	}
	try {
		switch ( $verb ) {
			case 'status':
				return showStatus( in_array( '--json', $options, true ) );
			case 'configure':
				return configure( stream_get_contents( STDIN ) );
			case 'adopt':
				return withLock( static fn () => adopt() );
			case 'update':
				return withLock( static fn () => setup( false, true, true ) );
			default:
				return withLock( static fn () => setup(
					in_array( '--or-later', $options, true ), false, in_array( '--restart', $options, true )
				) );
		}
	} catch ( Fault $fault ) {
		fwrite( STDERR, 'mediawiki-full: ' . $fault->getMessage() . "\n" );
		return 1;
	}
} )( array_slice( $argv, 1 ) ) );
