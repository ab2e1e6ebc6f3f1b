<?php
/**
 * Which extensions and skins a LocalSettings.php loads below the line that
 * includes our settings: what it says there wins, so the set's own of these
 * names are not loaded. MediaWiki ends with a fault where it is to load one
 * name from two places.
 *
 * @param string $text of LocalSettings.php
 * @return string[] "extension Cite", "skin Timeless": kinds and folders
 */
return static function ( string $text ): array {
	$below = strstr( $text, '/usr/share/mediawiki-full/settings.php' );
	// Comments that fill a line, as an administrator switches one off
	$code = (string)preg_replace( '~^\s*(?:#|//)[^\n]*|/\*.*?\*/~ms', '', $below === false ? '' : $below );
	$found = [];
	preg_match_all( '/\bwfLoad(Extension|Skin)s?\s*\(([^;]*?)\)\s*;/s', $code, $calls, PREG_SET_ORDER );
	foreach ( $calls as [ , $kind, $arguments ] ) {
		preg_match_all( '/[\'"]([A-Za-z0-9 _.-]+)[\'"]/', $arguments, $names );
		foreach ( $names[1] as $name ) {
			$found[] = strtolower( $kind ) . " $name";
		}
	}
	return $found;
};
