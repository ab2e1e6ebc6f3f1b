<?php
/**
 * Run once when the wiki's PHP starts (opcache.preload): loads the classes that most requests need, so that no
 * request has to find, read and link them. lib/preload.php writes the list, beside what this program needs to load
 * them in any order. A file that is not as it was listed is passed over: it is loaded when it is needed, as any other.
 */
( static function ( string $list ): void {
	$files = is_readable( $list ) ? require $list : [];
	$unchanged = [];
	$places = [];
	clearstatcache();
	foreach ( $files as $file ) {
		[ $path, $size, $time, $classes ] = $file;
		if ( @filesize( $path ) === $size && @filemtime( $path ) === $time ) {
			$unchanged[] = $file;
			foreach ( $classes as $class ) {
				$places[strtolower( $class )] = $path;
			}
		}
	}
	spl_autoload_register( static function ( string $class ) use ( &$places ): void {
		$path = $places[strtolower( $class )] ?? null;
		if ( $path !== null ) {
			require_once $path;
		}
	} );
	// Those that are run come first: what they need is loaded with them, and not again
	usort( $unchanged, static fn ( $a, $b ) => $b[4] <=> $a[4] );
	foreach ( $unchanged as [ $path, , , [ $class ], $runs ] ) {
		if ( class_exists( $class, false ) || interface_exists( $class, false ) || trait_exists( $class, false ) ) {
			// Another one needed it
			continue;
		}
		try {
			if ( $runs ) {
				// It gives its class a second name, which has to be there as soon as the class is
				require_once $path;
			} else {
				opcache_compile_file( $path );
			}
		} catch ( Error $error ) {
			// It extends what is not on the list
			continue;
		}
	}
} )( '/var/lib/mediawiki-full/preload-list.php' );
