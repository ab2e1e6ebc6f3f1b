<?php
/**
 * Has Parsoid's classes come from this package and not from the copy in
 * MediaWiki's vendor directory.
 *
 * MediaWiki registers its own and Composer's autoloaders before it reads
 * LocalSettings.php, so this one has to stand before them (third argument of
 * spl_autoload_register). No Parsoid class may have been used earlier.
 */
spl_autoload_register(
	static function ( string $class ): void {
		$prefix = 'Wikimedia\\Parsoid\\';
		if ( strncmp( $class, $prefix, strlen( $prefix ) ) !== 0 ) {
			return;
		}
		$file = __DIR__ . '/src/' . str_replace( '\\', '/', substr( $class, strlen( $prefix ) ) ) . '.php';
		if ( is_file( $file ) ) {
			require $file;
		}
	},
	true,
	true
);
