<?php
/**
 * How a wiki uses the caches, the job queue and the Parsoid of the set: a new
 * wiki (settings.php) and one that was adopted (adopted.php). $mediawikiFull is
 * what wiki-conf.php gave.
 */
if ( !defined( 'MEDIAWIKI' ) ) {
	exit;
}

# Varnish: hears of every change, and says who the visitor is. Any machine that
# reaches Apache is this one (127.0.0.1), so the last address it notes is true,
# private networks' addresses included; where that is a trusted proxy's, the one
# before it.
if ( $mediawikiFull['pageCache'] ) {
	$wgUseCdn = true;
	$wgCdnServers = [ ...$wgCdnServers, '127.0.0.1:6081' ];
}
$wgCdnServersNoPurge = [ ...$wgCdnServersNoPurge, '127.0.0.1', '::1', ...$mediawikiFull['proxies'] ];
$wgUsePrivateIPs = true;
# A purge goes to Varnish over plain http whatever visitors use; Varnish does not look at the host
$wgInternalServer = 'http://localhost';

# memcached for what all processes share, the job queue's and maintenance scripts included, for they have to drop it
# too. APCu, which belongs to the processes of FPM alone, for what never has to be dropped: MediaWiki finds it by
# itself. Files of PHP for interface texts, which opcache then keeps in memory.
// The client written in C; without it, as in the PHP of somebody else, the one written in PHP
$wgMainCacheType = extension_loaded( 'memcached' ) ? 'memcached-pecl' : CACHE_MEMCACHED;
$wgMemCachedServers = [ '127.0.0.1:11211' ];
// A process keeps its connection
$wgMemCachedPersistent = true;
$wgObjectCaches['memcached-pecl']['allow_tcp_nagle_delay'] = false;
$wgParserCacheType = $wgMainCacheType;
$wgMessageCacheType = $wgMainCacheType;

// Sessions are no cache: a restart of memcached, or a full one, must log nobody out. So they are in the database, and
// memcached only spares requests the question
$wgObjectCaches['mediawiki-full-sessions'] = [
	'class' => 'MultiWriteBagOStuff',
	'caches' => array_map( static fn ( $type ) => [
		'factory' => static function ( $type ) {
			$services = MediaWiki\MediaWikiServices::getInstance();
			return method_exists( $services, 'getObjectCacheFactory' )
				? $services->getObjectCacheFactory()->getInstance( $type ) : ObjectCache::getInstance( $type );
		},
		'args' => [ $type ],
	], [ $wgMainCacheType, CACHE_DB ] ),
	'replication' => 'sync',
];
$wgSessionCacheType = 'mediawiki-full-sessions';

$wgCacheDirectory = '/var/cache/mediawiki-full';
$wgLocalisationCacheConf['store'] = 'array';
// Texts that administrators changed: each machine keeps them, and asks memcached whether they are still so
$wgUseLocalMessageCache = true;

# memcached outlives a wiki: one that is installed after another was deleted must not find the other's users
if ( $wgSecretKey && $wgDBname ) {
	$wgCachePrefix = $wgDBname . '-' . substr( hash( 'sha256', "cache $wgSecretKey" ), 0, 12 );
}

# What MediaWiki starts by itself runs in this PHP too, whatever `php` is by default
$wgPhpCli = '/usr/bin/php' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION;

# mediawiki-full-jobs.service runs the job queue, not the visitors' requests
$wgJobRunRate = 0;

# Logs that logrotate keeps small
$wgDBerrorLog = '/var/log/mediawiki-full/database.log';
$wgDebugLogGroups['exception'] = '/var/log/mediawiki-full/exception.log';
$wgDebugLogGroups['fatal'] = '/var/log/mediawiki-full/exception.log';

# Parsoid of the package mediawiki-parsoid, instead of the copy in vendor/
if ( is_readable( '/usr/share/mediawiki-parsoid/autoload.php' ) ) {
	require_once '/usr/share/mediawiki-parsoid/autoload.php';
}

// The same small piece of HTML is put in order over and over: the table of contents at each view of a page, texts of
// the interface. What comes out depends on nothing else
if ( function_exists( 'apcu_enabled' ) && apcu_enabled() ) {
	$wgAutoloadClasses['MediaWikiFullTidy'] = __DIR__ . '/tidy.php';
	$wgHooks['MediaWikiServices'][] = static function ( $services ) {
		if ( $services->hasService( 'Tidy' ) ) {
			$services->addServiceManipulator( 'Tidy', static fn ( $tidy, $services ) =>
				new MediaWikiFullTidy( $tidy, $services->getLocalServerObjectCache() ) );
		}
	};
}
// From 1.41 on, MediaWiki makes the links out of the headings around them
if ( version_compare( MW_VERSION, '1.41', '<' ) ) {
	$wgHooks['ParserOutputPostCacheTransform'][] = require __DIR__ . '/section-links.php';
}

// rehearsal.php: what somebody gets who is logged in
if ( defined( 'MEDIAWIKI_FULL_REHEARSAL' ) ) {
	$wgHooks['BeforeInitialize'][] = static function ( $title, $unused, $output, $user, $request, $mediaWiki ) {
		$services = MediaWiki\MediaWikiServices::getInstance();
		$output->getContext()->setUser( $services->getUserFactory()->newFromId( 1 ) );
		return true;
	};
}
