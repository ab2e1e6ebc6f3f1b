<?php
/**
 * `mediawiki-full set`: changes what the administrator chose, checks it, and
 * has the wiki take it up at once.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

/** What can be changed at any time. The others matter until the wiki is installed. */
const SETTABLE = [ 'access', 'site_name', 'server_url', 'trusted_proxies', 'dumps_kept', 'memory', 'without' ];

/** Prints what can be set, and how it is set. */
function showChoices( bool $json ): int {
	$choices = array_merge( array_fill_keys( SETTABLE, '' ), array_intersect_key( readChoices(), array_flip( SETTABLE ) ) );
	$choices['access'] = accessOfWiki() ?? 'as LocalSettings.php has it';
	if ( $json ) {
		echo json_encode( (object)$choices, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE ), "\n";
		return 0;
	}
	foreach ( $choices as $key => $value ) {
		echo "$key=$value\n";
	}
	return 0;
}

function setChoice( string $name, string $value ): int {
	$key = strtr( $name, '-', '_' );
	if ( !in_array( $key, SETTABLE, true ) ) {
		throw new Fault( "there is no \"$name\" to set. There are: " . implode( ', ', SETTABLE ) );
	}
	$value = $key === 'server_url' ? rtrim( $value, '/' ) : trim( $value );
	$fault = faultOfChoice( $key, $value );
	if ( $fault !== null ) {
		throw new Fault( "$key $fault. Nothing was changed" );
	}
	if ( $key === 'access' ) {
		return setAccess( $value );
	}
	$choices = readChoices();
	$choices[$key] = $value;
	writeChoices( $choices );
	if ( $key === 'memory' ) {
		restartFrontEnds();
	}
	return takeUpSettings();
}
