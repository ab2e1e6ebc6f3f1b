<?php
/**
 * What makes this wiki work with the packages of the set. LocalSettings.php
 * includes this file; what LocalSettings.php says after that line wins.
 *
 * Belongs to mediawiki-full-config and is replaced by upgrades: change nothing
 * here. The few values that differ from machine to machine come from
 * /etc/mediawiki-full/wiki.conf (`dpkg-reconfigure mediawiki-full-config`).
 */
if ( !defined( 'MEDIAWIKI' ) ) {
	exit;
}

$mediawikiFull = require __DIR__ . '/wiki-conf.php';
require __DIR__ . '/caches.php';

# Addresses: /wiki/Title, entry points at the root
$wgScriptPath = '';
$wgResourceBasePath = '';
$wgArticlePath = '/wiki/$1';
$wgUsePathInfo = true;
$wgFavicon = '/favicon.ico';

# Until the administrator has a logo: MediaWiki's own, and not the picture that says to set one
if ( strpos( $wgLogos['1x'] ?? 'change-your-logo', 'change-your-logo' ) !== false ) {
	$wgLogos = [ '1x' => '/resources/assets/mediawiki.png', 'icon' => '/resources/assets/mediawiki.png' ];
}

# Nobody needs more, but programs that guess, register or look for what is costly
$wgAccountCreationThrottle = [ [ 'count' => 6, 'seconds' => 86400 ] ];
$wgRateLimits['edit']['ip'] = [ 8, 60 ];
$wgRateLimits['edit']['newbie'] = [ 8, 60 ];
$wgRateLimits['upload']['newbie'] = [ 8, 60 ];
$wgRateLimits['badcaptcha']['ip'] = [ 15, 60 ];
$wgRateLimits['badcaptcha']['newbie'] = [ 15, 60 ];
$wgRateLimits['stashedit']['newbie'] = [ 30, 10 ];

# A session of nobody that only a cookie knows of is none. MediaWiki would begin a new one for it, and
# write it to the database, at each request of a program that invents such cookies
$wgHooks['SessionCheckInfo'][] = static function ( &$reason, $info, $request, $metadata ) {
	$user = $info->getUserInfo();
	if ( $metadata !== false || !$info->wasPersisted() || ( $user && !$user->isAnon() ) ) {
		return true;
	}
	$reason = 'nobody began it';
	return false;
};

# Uploads: in a directory that purging Debian's mediawiki does not touch, where
# Apache runs nothing; what was deleted is out of the web server's sight
$wgEnableUploads = true;
$wgUploadPath = '/images';
$wgUploadDirectory = '/var/lib/mediawiki-full/images';
$wgDeletedDirectory = '/var/lib/mediawiki-full/deleted';
$wgUseImageResize = true;
$wgUseImageMagick = is_executable( '/usr/bin/convert' );
$wgImageMagickConvertCommand = '/usr/bin/convert';

# Parsoid's own addresses, by which VisualEditor asks it
if ( is_readable( '/usr/share/mediawiki-parsoid/extension.json' ) ) {
	wfLoadExtension( 'Parsoid', '/usr/share/mediawiki-parsoid/extension.json' );
}
# The extensions and skins of the set, and VisualEditor in any case: it comes with MediaWiki
$mediawikiFullLoaded = is_file( __DIR__ . '/extensions.php' )
	? ( require __DIR__ . '/extensions.php' )( $mediawikiFull['without'] ) : [];
if (
	!in_array( 'VisualEditor', $mediawikiFullLoaded, true ) &&
	!in_array( 'visualeditor', array_map( 'strtolower', $mediawikiFull['without'] ), true ) &&
	is_file( "$IP/extensions/VisualEditor/extension.json" )
) {
	wfLoadExtension( 'VisualEditor' );
}
$wgParsoidSettings['useSelser'] = true;

# A redirect to a page of this wiki names no host: the wiki answers under each
# of the machine's names, and Varnish keeps one answer for all of them
$wgHooks['BeforePageRedirect'][] = static function ( $out, &$redirect, &$code ) {
	global $wgServer;
	$own = preg_replace( '#^https?:#', '', $wgServer ) . '/';
	$target = preg_replace( '#^https?:#', '', $redirect );
	if ( strncmp( $target, $own, strlen( $own ) ) === 0 && strncmp( $target, $own . '/', strlen( $own ) + 1 ) !== 0 ) {
		$redirect = substr( $target, strlen( $own ) - 1 );
	}
	return true;
};
