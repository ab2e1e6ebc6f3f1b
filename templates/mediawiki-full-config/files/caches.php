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

# Caches: memcached for what processes share; APCu for what one machine may keep
# (MediaWiki finds it by itself); files for interface texts. Sessions are no
# cache: a restart of memcached, or a full one, must log nobody out
$wgMainCacheType = CACHE_MEMCACHED;
$wgMemCachedServers = [ '127.0.0.1:11211' ];
$wgSessionCacheType = CACHE_DB;
$wgParserCacheType = CACHE_MEMCACHED;
$wgMessageCacheType = CACHE_MEMCACHED;
$wgCacheDirectory = '/var/cache/mediawiki-full';
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
