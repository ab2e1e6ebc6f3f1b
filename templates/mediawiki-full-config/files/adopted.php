<?php
/**
 * What an adopted wiki uses of the set. LocalSettings.php includes this file at
 * its end; addresses, uploads, extensions, skins and who may do what are as
 * LocalSettings.php has them.
 *
 * Belongs to mediawiki-full-config and is replaced by upgrades: change nothing
 * here.
 */
if ( !defined( 'MEDIAWIKI' ) ) {
	exit;
}

# While `mediawiki-full restore` puts the wiki back: whichever way a request comes
if ( PHP_SAPI !== 'cli' && is_file( '/var/lib/mediawiki-full/restoring.json' ) ) {
	http_response_code( 503 );
	header( 'Retry-After: 120' );
	exit( 'The wiki is being restored to an earlier state. Please come again in a few minutes.' );
}

$mediawikiFull = require __DIR__ . '/wiki-conf.php';
require __DIR__ . '/caches.php';
