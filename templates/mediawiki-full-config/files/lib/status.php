<?php
/**
 * How the wiki is doing: versions of the set, what runs, what the caches do.
 * Only looks; changes nothing.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

/** The wiki is none of ours and was not adopted. */
const FOREIGN = 'another LocalSettings.php';

/**
 * Prints the state, as a table or as JSON.
 *
 * @return int 0 where everything is as it should be, 1 where something needs somebody, 2 where visitors notice it
 */
function showStatus( bool $json ): int {
	$status = gatherStatus();
	$findings = findingsOf( $status );
	if ( $json ) {
		echo json_encode( $status + [ 'findings' => $findings ], JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES ), "\n";
	} else {
		echo statusText( $status );
		foreach ( $findings as $finding ) {
			echo "\n{$finding->severity}: {$finding->what}\n    {$finding->do}\n";
		}
	}
	$errors = array_filter( $findings, static fn ( $finding ) => $finding->severity === 'error' );
	return $errors !== [] || !$status['healthy'] ? 2 : ( $findings === [] ? 0 : 1 );
}

/** @return array<string, mixed> everything that is shown, numbers as numbers, null for what could not be found out */
function gatherStatus(): array {
	$set = theSet();
	$kind = databaseKind();
	$versions = [];
	$daemons = [ 'apache2', 'php' . $set['phpVersion'] . '-fpm', 'varnish', 'memcached' ];
	// An adopted wiki's may be on another machine
	$database = $kind === 'mariadb' && packageVersion( 'mariadb-server' ) !== null ? [ 'mariadb-server' ] : [];
	foreach ( [ ...$set['packages'], ...$daemons, ...$database ] as $package ) {
		$versions[$package] = packageVersion( $package );
	}
	$services = [];
	$foreign = is_file( LOCAL_SETTINGS ) && !wikiIsOurs();
	$units = [ ...( varnishIsTheirs() ? [] : [ 'varnish.service' ] ), ...( front()['mode'] === FRONT_APACHE ? [ 'apache2.service' ] : [] ),
		webService(), phpService(), 'memcached.service', ...( $foreign ? [] : [ JOBS_SERVICE ] ) ];
	foreach ( $database === [] ? $units : [ ...$units, 'mariadb.service' ] as $unit ) {
		$services[basename( $unit, '.service' )] = serviceState( $unit );
	}
	// Once they have settled: an upgrade of PHP restarts ours too, and does not wait for it
	$wiki = wikiState();
	$running = array_filter( $services, static fn ( $state ) => $state !== 'active' && $state !== 'unknown' ) === [];
	return [
		'healthy' => $running && $wiki['answers'] && in_array( $wiki['setup'], [ 'complete', FOREIGN ], true ),
		'front' => front()['mode'],
		'adopted' => adoption() === null ? null
			: array_intersect_key( adoption(), [ 'time' => 1, 'folder' => 1, 'settings' => 1, 'hosts' => 1, 'keepsPages' => 1, 'dump' => 1 ] ),
		'profile' => $set['profile'],
		'snapshot' => [ 'pinned' => pinnedSnapshot(), 'current' => pinnedSnapshot() ?? installedSnapshot() ],
		'versions' => $versions,
		'services' => $services,
		'wiki' => $wiki,
		'access' => [ 'choice' => accessOfWiki(), 'registration' => accessOfWiki() === null ? null
			: accessOfWiki() !== 'private' && is_file( CAPTCHA_MARK ) ],
		'extensions' => (object)extensionStates(),
		'database' => $kind,
		'schema' => [
			'installed' => $set['schema']['digest'] === '' ? null : $set['schema']['digest'],
			'database' => lastUpdate()['schema'] ?? null,
		],
		'dumps' => listDumps(),
		'restoring' => restoreState(),
		'varnish' => varnishState(),
		'memcached' => memcachedState(),
		'jobs' => [ 'waiting' => jobsWaiting() ],
		'sizes' => machineSizes(),
	];
}

/** @return array{setup: string, url: string, answers: bool, generator: ?string, parsoid: ?string} */
function wikiState(): array {
	if ( restoreState() !== null ) {
		$setup = 'a restore was interrupted';
	} elseif ( is_file( PENDING_MARK ) ) {
		$setup = 'pending: ' . trim( (string)file_get_contents( PENDING_MARK ) );
	} elseif ( !is_file( LOCAL_SETTINGS ) ) {
		$setup = 'missing';
	} elseif ( !wikiIsOurs() ) {
		$setup = FOREIGN;
	} else {
		$setup = databaseIsCurrent() ? 'complete' : 'update due';
	}
	[ $answers, $generator ] = $setup === FOREIGN ? [ askForeign(), null ] : askWiki();
	return [
		'setup' => $setup,
		'url' => readChoices()['server_url'],
		'answers' => $answers,
		'generator' => $generator,
		'parsoid' => is_dir( '/usr/share/mediawiki-parsoid/src' ) ? '/usr/share/mediawiki-parsoid' : null,
	];
}

/**
 * The extensions and skins of the set, as extensions.php treats them.
 *
 * @return array<string, string> by name: loaded, left out, missing, or that LocalSettings.php loads another one
 */
function extensionStates(): array {
	$reader = SHARE_DIR . '/loaded-by-hand.php';
	if ( ( theSet()['extensions'] ?? [] ) === [] || !is_file( $reader ) ) {
		return [];
	}
	$byHand = ( require $reader )( (string)@file_get_contents( LOCAL_SETTINGS ) );
	$without = array_map( 'strtolower', preg_split( '/\s*,\s*/', readChoices()['without'] ?? '', -1, PREG_SPLIT_NO_EMPTY ) );
	$states = [];
	foreach ( theSet()['extensions'] ?? [] as [ 'name' => $name, 'kind' => $kind, 'path' => $file, 'needs' => $needs ] ) {
		if ( in_array( "$kind " . basename( dirname( $file ) ), $byHand, true ) ) {
			$states[$name] = 'loaded by LocalSettings.php';
			continue;
		}
		$path = $file[0] === '/' ? $file : "/usr/share/mediawiki/$file";
		$absent = array_filter( $needs, static fn ( $other ) => in_array( $states[$other] ?? '', [ 'left out', 'missing' ], true ) );
		$states[$name] = in_array( strtolower( $name ), $without, true ) || $absent !== [] ? 'left out'
			: ( is_file( $path ) ? 'loaded' : 'missing' );
	}
	return $states;
}

/**
 * Asks the wiki what it is, as a visitor would.
 *
 * @return array{0: bool, 1: ?string} whether it answers, and what it calls itself; a private one tells strangers nothing
 */
function askWiki(): array {
	// Not the page that everybody asks for: a cached copy would say nothing of Apache and PHP
	[ , $body ] = askPage( programAddress( 'api.php?action=query&meta=siteinfo&siprop=general&format=json' ) );
	$answer = json_decode( $body, true );
	$generator = $answer['query']['general']['generator'] ?? null;
	if ( is_string( $generator ) ) {
		return [ true, $generator ];
	}
	return [ ( $answer['error']['code'] ?? null ) === 'readapidenied', null ];
}

/** Whether whoever has port 80 answers; where the wiki is, only its own settings know. */
function askForeign(): bool {
	$context = stream_context_create( [ 'http' => [ 'timeout' => 10, 'ignore_errors' => true, 'follow_location' => 0 ] ] );
	return @file_get_contents( 'http://127.0.0.1/', false, $context ) !== false;
}

/** @return array{hits: int, misses: int, passes: int, hitRate: ?float, objects: int}|null */
function varnishState(): ?array {
	$result = run( [ 'varnishstat', '-1', '-j' ], '', null, 20 );
	$read = $result->ok() ? json_decode( $result->output, true ) : null;
	if ( !is_array( $read ) ) {
		return null;
	}
	$counters = $read['counters'] ?? $read;
	$count = static fn ( string $name ): int => (int)( $counters["MAIN.$name"]['value'] ?? 0 );
	$asked = $count( 'cache_hit' ) + $count( 'cache_miss' );
	return [
		'hits' => $count( 'cache_hit' ),
		'misses' => $count( 'cache_miss' ),
		'passes' => $count( 's_pass' ),
		'hitRate' => $asked === 0 ? null : round( $count( 'cache_hit' ) / $asked, 4 ),
		'objects' => $count( 'n_object' ),
	];
}

/** @return array{items: int, bytes: int, limitBytes: int, hits: int, misses: int, evictions: int}|null */
function memcachedState(): ?array {
	$socket = @stream_socket_client( 'tcp://127.0.0.1:11211', $code, $message, 5 );
	if ( !$socket ) {
		return null;
	}
	stream_set_timeout( $socket, 5 );
	fwrite( $socket, "stats\r\n" );
	$stats = [];
	while ( ( $line = fgets( $socket ) ) !== false && trim( $line ) !== 'END' ) {
		[ , $name, $value ] = explode( ' ', trim( $line ), 3 ) + [ 1 => '', 2 => '' ];
		$stats[$name] = $value;
	}
	fclose( $socket );
	return [
		'items' => (int)( $stats['curr_items'] ?? 0 ),
		'bytes' => (int)( $stats['bytes'] ?? 0 ),
		'limitBytes' => (int)( $stats['limit_maxbytes'] ?? 0 ),
		'hits' => (int)( $stats['get_hits'] ?? 0 ),
		'misses' => (int)( $stats['get_misses'] ?? 0 ),
		'evictions' => (int)( $stats['evictions'] ?? 0 ),
	];
}

/** @return int|null how many jobs wait in the queue */
function jobsWaiting(): ?int {
	if ( !is_file( LOCAL_SETTINGS ) ) {
		return null;
	}
	$result = maintenance( 'showJobs' );
	return $result->ok() && is_numeric( trim( $result->output ) ) ? (int)trim( $result->output ) : null;
}

/** @param array<string, mixed> $status */
function statusText( array $status ): string {
	$lines = [ [ 'set', $status['profile'] . ( $status['healthy'] ? '' : '  (something is wrong)' ) ] ];
	$lines[] = [ 'snapshot', ( $status['snapshot']['current'] ?? 'not known' ) .
		( $status['snapshot']['pinned'] === null ? '' : ', held by `mediawiki-full pin`' ) ];
	if ( $status['restoring'] !== null ) {
		$lines[] = [ 'restore', "interrupted ({$status['restoring']['dump']}): run `mediawiki-full restore`" ];
	}
	foreach ( $status['versions'] as $package => $version ) {
		$lines[] = [ 'package', sprintf( '%-24s %s', $package, $version ?? 'not installed' ) ];
	}
	foreach ( $status['services'] as $unit => $state ) {
		$lines[] = [ 'service', sprintf( '%-24s %s', $unit, $state ) ];
	}
	$wiki = $status['wiki'];
	$lines[] = [ 'port 80', [ FRONT_VARNISH => 'Varnish', FRONT_APACHE => "the machine's Apache", FRONT_OTHER => portUnit( 80 ) ?? 'another program' ][$status['front']] ];
	$lines[] = [ 'setup', $wiki['setup'] . ( $status['adopted'] === null ? '' : ", adopted {$status['adopted']['time']}" ) ];
	$silent = $wiki['answers'] ? 'answers' : 'does not answer';
	$lines[] = [ 'wiki', ( $wiki['generator'] ?? $silent ) . ", {$wiki['url']}" ];
	$lines[] = [ 'access', $status['access']['choice'] ?? 'as LocalSettings.php has it' ];
	foreach ( $status['extensions'] as $name => $state ) {
		$lines[] = [ 'extension', sprintf( '%-24s %s', $name, $state ) ];
	}
	$lines[] = [ 'parsoid', $wiki['parsoid'] ?? "MediaWiki's own copy" ];
	$lines[] = [ 'database', $status['database'] . ( $status['schema']['database'] === null ? '' :
		', schema ' . substr( $status['schema']['database'], 0, 12 ) ) ];
	foreach ( $status['dumps'] as $dump ) {
		$lines[] = [ 'dump', sprintf( '%s  %s, %s', $dump['name'], $dump['reason'], megabytes( (int)$dump['bytes'] ) ) ];
	}
	$varnish = $status['varnish'];
	$lines[] = [ 'varnish', $varnish === null ? 'does not answer' : sprintf(
		'%s hits, %d hits, %d misses, %d passed, %d objects',
		$varnish['hitRate'] === null ? 'no' : round( 100 * $varnish['hitRate'], 1 ) . ' %',
		$varnish['hits'], $varnish['misses'], $varnish['passes'], $varnish['objects']
	) ];
	$cache = $status['memcached'];
	$lines[] = [ 'memcached', $cache === null ? 'does not answer' : sprintf(
		'%d items, %.1f of %.0f MiB, %d hits, %d misses, %d evicted',
		$cache['items'], $cache['bytes'] / 1048576, $cache['limitBytes'] / 1048576,
		$cache['hits'], $cache['misses'], $cache['evictions']
	) ];
	$lines[] = [ 'jobs', ( $status['jobs']['waiting'] ?? 'unknown number' ) . ' waiting' ];
	$sizes = $status['sizes'];
	$lines[] = [ 'sizes', "{$sizes['phpProcesses']} processes of PHP, see `mediawiki-full sizes`" ];
	$text = '';
	$last = '';
	foreach ( $lines as [ $title, $value ] ) {
		$text .= sprintf( "%-10s %s\n", $title === $last ? '' : $title, $value );
		$last = $title;
	}
	return $text;
}
