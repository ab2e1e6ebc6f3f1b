<?php
/**
 * What /etc/mediawiki-full/wiki.conf says that is the wiki's to know: its name
 * and address are set, the rest is given back.
 *
 * @return array{without: string[], proxies: string[], pageCache: bool}
 */
return ( static function (): array {
	$read = [ 'without' => [], 'proxies' => [], 'pageCache' => true ];
	foreach ( @file( '/etc/mediawiki-full/wiki.conf', FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES ) ?: [] as $line ) {
		[ $key, $value ] = array_map( 'trim', explode( '=', $line, 2 ) + [ 1 => '' ] );
		if ( $key === 'site_name' && $value !== '' ) {
			$GLOBALS['wgSitename'] = $value;
		} elseif ( $key === 'server_url' && preg_match( '#^https?://#', $value ) ) {
			$GLOBALS['wgServer'] = $value;
		} elseif ( $key === 'without' ) {
			$read['without'] = preg_split( '/\s*,\s*/', $value, -1, PREG_SPLIT_NO_EMPTY );
		} elseif ( $key === 'trusted_proxies' ) {
			$read['proxies'] = preg_split( '/[\s,]+/', $value, -1, PREG_SPLIT_NO_EMPTY );
		} elseif ( $key === 'page_cache' ) {
			$read['pageCache'] = $value !== 'no';
		}
	}
	return $read;
} )();
