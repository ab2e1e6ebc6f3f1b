<?php
/**
 * One request to MediaWiki without a web server, for the sake of the files that it reads: their names go to file
 * descriptor 3, and what MediaWiki answers goes nowhere. lib/preload.php of the command runs it, as the web's user.
 *
 *     php rehearsal.php index.php title=Main_Page
 */
if ( PHP_SAPI !== 'cli' ) {
	exit( 1 );
}
[ , $mediawikiFullEntry, $mediawikiFullQuery ] = $argv + [ 1 => 'index.php', 2 => '' ];
// By which settings.php knows to show what somebody sees who is logged in
define( 'MEDIAWIKI_FULL_REHEARSAL', true );
parse_str( $mediawikiFullQuery, $_GET );
$_REQUEST = $_GET;
unset( $_SERVER['argv'], $_SERVER['argc'] );
$_SERVER = [
	'REQUEST_METHOD' => 'GET',
	'REQUEST_URI' => "/$mediawikiFullEntry?$mediawikiFullQuery",
	'QUERY_STRING' => $mediawikiFullQuery,
	'SCRIPT_NAME' => "/$mediawikiFullEntry",
	'PHP_SELF' => "/$mediawikiFullEntry",
	'SERVER_NAME' => 'localhost',
	'HTTP_HOST' => 'localhost',
	'SERVER_PORT' => '80',
	'SERVER_PROTOCOL' => 'HTTP/1.1',
	'REMOTE_ADDR' => '127.0.0.1',
] + $_SERVER;
register_shutdown_function( static function () {
	// Behind what MediaWiki itself does at the end
	register_shutdown_function( static function () {
		file_put_contents( 'php://fd/3', implode( "\n", get_included_files() ) . "\n" );
	} );
} );
ob_start( static fn () => '', 65536 );
chdir( '/usr/share/mediawiki' );
require "/usr/share/mediawiki/$mediawikiFullEntry";
