<?php
/**
 * Run once when the wiki's PHP starts (opcache.preload): loads the classes that most requests need, so that no
 * request has to find, read and link them. lib/preload.php writes the list, beside what this program needs to load
 * them in any order. A file that is not as it was listed is passed over: it is loaded when it is needed, as any other.
 */
( static function ( string $list ): void {
	$files = is_readable( $list ) ? require $list : [];
	$unchanged = [];
	foreach ( $files as [ $path, $size, $time, $classes, $runs ] ) {
		clearstatcache();
		if ( @filesize( $path ) === $size && @filemtime( $path ) === $time ) {
			$unchanged[$path] = $runs;
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
	foreach ( $unchanged as $path => $runs ) {
		if ( $runs ) {
			// It gives its class a second name, which has to be there as soon as the class is
			require_once $path;
		} else {
			opcache_compile_file( $path );
		}
	}
} )( '/var/lib/mediawiki-full/preload-list.php' );
