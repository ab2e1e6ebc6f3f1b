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

[ $mediawikiFullWithout, $mediawikiFullProxies ] = ( static function (): array {
	$without = [];
	$proxies = [];
	foreach ( @file( '/etc/mediawiki-full/wiki.conf', FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES ) ?: [] as $line ) {
		[ $key, $value ] = array_map( 'trim', explode( '=', $line, 2 ) + [ 1 => '' ] );
		if ( $key === 'site_name' && $value !== '' ) {
			$GLOBALS['wgSitename'] = $value;
		} elseif ( $key === 'server_url' && preg_match( '#^https?://#', $value ) ) {
			$GLOBALS['wgServer'] = $value;
		} elseif ( $key === 'without' ) {
			$without = preg_split( '/\s*,\s*/', $value, -1, PREG_SPLIT_NO_EMPTY );
		} elseif ( $key === 'trusted_proxies' ) {
			$proxies = preg_split( '/[\s,]+/', $value, -1, PREG_SPLIT_NO_EMPTY );
		}
	}
	return [ $without, $proxies ];
} )();

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

# Varnish: hears of every change, and says who the visitor is. Any machine that
# reaches Apache is this one (127.0.0.1), so the last address it notes is true,
# private networks' addresses included; where that is a trusted proxy's, the one
# before it.
$wgUseCdn = true;
$wgCdnServers = [ '127.0.0.1:80' ];
$wgCdnServersNoPurge = [ '127.0.0.1', '::1', ...$mediawikiFullProxies ];
$wgUsePrivateIPs = true;
# A purge goes to Varnish over plain http whatever visitors use; Varnish does not look at the host
$wgInternalServer = 'http://localhost';

require __DIR__ . '/caches.php';

# What MediaWiki starts by itself runs in this PHP too, whatever `php` is by default
$wgPhpCli = '/usr/bin/php' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION;

# mediawiki-full-jobs.service runs the job queue, not the visitors' requests
$wgJobRunRate = 0;

# Nobody needs more, but programs that guess, register or look for what is costly
$wgAccountCreationThrottle = [ [ 'count' => 6, 'seconds' => 86400 ] ];
$wgRateLimits['edit']['ip'] = [ 8, 60 ];
$wgRateLimits['edit']['newbie'] = [ 8, 60 ];
$wgRateLimits['upload']['newbie'] = [ 8, 60 ];
$wgRateLimits['badcaptcha']['ip'] = [ 15, 60 ];
$wgRateLimits['badcaptcha']['newbie'] = [ 15, 60 ];
$wgRateLimits['stashedit']['newbie'] = [ 30, 10 ];

# Uploads: in a directory that purging Debian's mediawiki does not touch, where
# Apache runs nothing; what was deleted is out of the web server's sight
$wgEnableUploads = true;
$wgUploadPath = '/images';
$wgUploadDirectory = '/var/lib/mediawiki-full/images';
$wgDeletedDirectory = '/var/lib/mediawiki-full/deleted';
$wgUseImageResize = true;
$wgUseImageMagick = is_executable( '/usr/bin/convert' );
$wgImageMagickConvertCommand = '/usr/bin/convert';

# Logs that logrotate keeps small
$wgDBerrorLog = '/var/log/mediawiki-full/database.log';
$wgDebugLogGroups['exception'] = '/var/log/mediawiki-full/exception.log';
$wgDebugLogGroups['fatal'] = '/var/log/mediawiki-full/exception.log';

# Parsoid of the package mediawiki-parsoid, instead of the copy in vendor/
if ( is_readable( '/usr/share/mediawiki-parsoid/autoload.php' ) ) {
	require_once '/usr/share/mediawiki-parsoid/autoload.php';
	wfLoadExtension( 'Parsoid', '/usr/share/mediawiki-parsoid/extension.json' );
}
# The extensions and skins of the set, and VisualEditor in any case: it comes with MediaWiki
$mediawikiFullLoaded = is_file( __DIR__ . '/extensions.php' )
	? ( require __DIR__ . '/extensions.php' )( $mediawikiFullWithout ) : [];
if (
	!in_array( 'VisualEditor', $mediawikiFullLoaded, true ) &&
	!in_array( 'visualeditor', array_map( 'strtolower', $mediawikiFullWithout ), true ) &&
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

// rehearsal.php: what somebody gets who is logged in
if ( defined( 'MEDIAWIKI_FULL_REHEARSAL' ) ) {
	$wgHooks['BeforeInitialize'][] = static function ( $title, $unused, $output, $user, $request, $mediaWiki ) {
		$services = MediaWiki\MediaWikiServices::getInstance();
		$output->getContext()->setUser( $services->getUserFactory()->newFromId( 1 ) );
		return true;
	};
}
