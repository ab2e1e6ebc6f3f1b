<?php
/**
 * `mediawiki-full doctor`: goes through the wiki as a visitor and an editor
 * would, and says of each thing whether it is as it should be. It writes one
 * page, MediaWiki:Mediawiki-full-doctor, which no list of changes shows.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

const DOCTOR_PAGE = 'MediaWiki:Mediawiki-full-doctor';

/** One look: what was looked at, and what is wrong with it; null: it is as it should be. */
final class Look {
	public function __construct(
		public readonly string $what,
		public readonly ?Finding $finding,
		public readonly string $note = ''
	) {
	}
}

/** @return int as showStatus() */
function doctor( bool $json ): int {
	$status = gatherStatus();
	$findings = findingsOf( $status );
	$looks = [ ...array_map( static fn ( $finding ) => new Look( $finding->code, $finding ), $findings ),
		...looksInOrder( $status, array_column( $findings, 'code' ) ) ];
	// Where nothing answers, what comes next only repeats it
	if ( array_filter( $findings, static fn ( $finding ) => $finding->severity === 'error' ) === [] ) {
		$looks = [ ...$looks, ...lookAround( $status ) ];
	}
	if ( $json ) {
		echo json_encode( $looks, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES ), "\n";
	} else {
		foreach ( $looks as $look ) {
			$found = $look->finding;
			echo sprintf( "%-8s %-12s %s\n", $found === null ? 'ok' : $found->severity, $look->what, $found === null ? $look->note : $found->what );
			echo $found === null ? '' : "                      $found->do\n";
		}
	}
	$severities = array_map( static fn ( $look ) => $look->finding?->severity, $looks );
	return in_array( 'error', $severities, true ) ? 2 : ( in_array( 'warning', $severities, true ) ? 1 : 0 );
}

/**
 * @param array<string, mixed> $status
 * @return Look[]
 */
function lookAround( array $status ): array {
	$looks = [ lookAtDatabase( $status['database'] ), ...lookAtPhp(), lookAtName( $status['wiki']['url'] ), lookAtClock(), lookAtMail() ];
	if ( $status['access']['choice'] === 'private' ) {
		return [ ...$looks, new Look( 'pages', null, 'not checked as an anonymous visitor: the wiki is private' ) ];
	}
	$kept = ( readChoices()['page_cache'] ?? 'yes' ) !== 'no';
	return [ ...$looks, lookAtCache(), lookAtEdit(), ...( $kept ? [ lookAtHeaders() ] : [ new Look( 'headers', null, 'Varnish keeps no pages of this wiki' ) ] ),
		lookAtParsoid() ];
}

/**
 * What `status` looks at too, and found in order: who reads this sees that it was looked at.
 *
 * @param array<string, mixed> $status
 * @param string[] $wrong codes of its findings
 * @return Look[]
 */
function looksInOrder( array $status, array $wrong ): array {
	$running = array_keys( array_filter( $status['services'], static fn ( $state ) => $state === 'active' ) );
	$free = freeBytes();
	$access = $status['access']['choice'] ?? 'as LocalSettings.php has it';
	$notes = [
		'settings' => LOCAL_SETTINGS . ' is PHP',
		'setup' => $status['wiki']['setup'],
		'service' => $running === [] ? 'systemd does not run here' : implode( ', ', $running ) . ' run',
		'port' => '80 is ' . ( portHolder( 80 ) ?? 'somebody' ) . "'s, 8080 " . ( portHolder( 8080 ) ?? 'somebody' ) . "'s",
		'disk' => $free === [] ? 'cannot be told' : megabytes( min( $free ) ) . ' left',
		'jobs' => ( $status['jobs']['waiting'] ?? 'an unknown number' ) . ' wait',
		'captchas' => "access is $access" . ( $status['access']['registration'] === true ? ', and people can register' : '' ),
	];
	// A port that another program has, and a restore that was interrupted, are found as something else's fault
	$wrong = [ ...$wrong, ...( in_array( 'port', $wrong, true ) ? [ 'service' ] : [] ),
		...( in_array( 'service', $wrong, true ) ? [ 'port' ] : [] ), ...( in_array( 'restore', $wrong, true ) ? [ 'setup' ] : [] ) ];
	$looks = [];
	foreach ( array_diff_key( $notes, array_flip( $wrong ) ) as $what => $note ) {
		$looks[] = new Look( $what, null, $note );
	}
	return $looks;
}

function lookAtDatabase( string $kind ): Look {
	$fault = $kind === 'other' ? null : wikiDatabase()->fault();
	if ( $fault !== null ) {
		// The wiki answers all the same, or there were an error above
		return new Look( 'database', new Finding( 'warning', 'database', "$fault, so neither updates nor dumps can be made", 'see to that' ) );
	}
	$size = $kind === 'other' ? null : sizeOf( wikiDatabase() );
	return new Look( 'database', null, "$kind" . ( $size === null ? '' : ', ' . megabytes( $size ) ) );
}

/** @return Look[] */
function lookAtPhp(): array {
	$running = askPool();
	if ( $running === null ) {
		return [ new Look( 'php', new Finding( 'warning', 'php', "the wiki's PHP processes do not say what they may do",
			'check ' . LOG_DIR . '/php.log and `journalctl --unit=' . phpService() . '`' ) ) ];
	}
	$findings = poolFindings( $running );
	if ( $findings !== [] ) {
		return array_map( static fn ( $finding ) => new Look( 'php', $finding ), $findings );
	}
	[ 'limits' => $limits, 'opcache' => $opcache ] = $running;
	[ , $body ] = askPage( programAddress( 'api.php?action=query&meta=siteinfo&siprop=general&format=json' ) );
	$most = json_decode( $body, true )['query']['general']['maxuploadsize'] ?? null;
	$once = bytesOf( $limits['upload_max_filesize'] );
	$uploads = "uploads of {$limits['upload_max_filesize']}" . ( !is_int( $most ) || $most === $once ? '' :
		( $most > $once ? ' at once, ' : ', ' ) . megabytes( $most ) . ( $most > $once ? ' in pieces' : '' ) . ' by $wgMaxUploadSize' );
	return [ new Look( 'php', null, processesOfPool() . " processes, {$limits['memory_limit']} and {$limits['max_execution_time']} s each; " .
		"$uploads; opcache has {$opcache['files']} files and room for " . megabytes( (int)$opcache['free'] ) . ' more' ) ];
}

function lookAtName( string $url ): Look {
	$host = (string)parse_url( $url, PHP_URL_HOST );
	$own = preg_split( '/\s+/', trim( run( [ 'hostname', '--all-ip-addresses' ], '', null, 10 )->output ), -1, PREG_SPLIT_NO_EMPTY );
	$addresses = array_column( @dns_get_record( $host, DNS_A ) ?: [], 'ip' );
	$addresses = $addresses === [] ? ( gethostbynamel( $host ) ?: [] ) : $addresses;
	if ( $addresses === [] ) {
		return new Look( 'name', new Finding( 'warning', 'name', "$host, the wiki's address, is the name of no machine here",
			'have it in the DNS, or `mediawiki-full set server_url` to what visitors type' ) );
	}
	$here = array_intersect( $addresses, [ ...$own, '127.0.0.1', '127.0.1.1' ] ) !== [];
	if ( !$here && trustedProxies() === [] ) {
		return new Look( 'name', new Finding( 'warning', 'name', "$host leads to " . implode( ', ', $addresses ) . ', not to this machine',
			'where a proxy is in front: `mediawiki-full set trusted_proxies`' ) );
	}
	return new Look( 'name', null, "$host leads " . ( $here ? 'here' : 'to ' . implode( ', ', $addresses ) ) );
}

function lookAtClock(): Look {
	$kept = trim( run( [ 'timedatectl', 'show', '--property=NTPSynchronized', '--value' ], '', null, 10 )->output );
	return $kept !== 'no' ? new Look( 'clock', null, gmdate( 'Y-m-d H:i:s' ) . ' UTC' )
		: new Look( 'clock', new Finding( 'warning', 'clock', 'nothing keeps the clock right; it says ' . gmdate( 'Y-m-d H:i:s' ) . ' UTC',
			'install systemd-timesyncd or chrony: apt refuses an archive that seems to come from the future' ) );
}

function lookAtMail(): Look {
	$settings = (string)@file_get_contents( LOCAL_SETTINGS );
	if ( is_executable( '/usr/sbin/sendmail' ) || preg_match( '/^[^#\n]*\$wgSMTP\b/m', $settings ) ) {
		return new Look( 'mail', null, 'there is a way for it' );
	}
	return new Look( 'mail', new Finding( 'warning', 'mail', 'the wiki can send no mail, so nobody gets a new password by it',
		'install a mail program (msmtp-mta, postfix), or set $wgSMTP in LocalSettings.php' ) );
}

function lookAtCache(): Look {
	askPage( '/favicon.ico' );
	[ $code, , $headers ] = askPage( '/favicon.ico' );
	$cached = $headers['x-cache'] ?? 'nothing';
	return $code === 200 && $cached === 'hit' ? new Look( 'cache', null, 'Varnish answers from memory' )
		: new Look( 'cache', new Finding( 'error', 'cache', "what was asked for twice did not come from Varnish ($code, $cached)",
			'is there custom VCL? See /usr/share/mediawiki-full/wiki.vcl' ) );
}

/** An edit is there for strangers at once, out of the cache too. */
function lookAtEdit(): Look {
	$path = pageAddress( DOCTOR_PAGE );
	foreach ( [ 1, 2 ] as $time ) {
		$text = "mediawiki-full doctor, $time, " . bin2hex( random_bytes( 6 ) );
		$options = [ '--no-rc', '--bot', '--minor', '--summary=mediawiki-full doctor', DOCTOR_PAGE ];
		$result = run( [ SHARE_DIR . '/maintenance', 'edit', ...$options ], $text, WEB_USER, 120 );
		if ( !$result->ok() ) {
			return new Look( 'edit', new Finding( 'error', 'edit', 'no page can be saved: ' . trim( substr( $result->output . $result->errors, -300 ) ),
				'check ' . LOG_DIR . '/exception.log and ' . LOG_DIR . '/database.log' ) );
		}
		[ , $body ] = askPage( $path );
		if ( !str_contains( $body, $text ) ) {
			return new Look( 'edit', new Finding( 'error', 'edit', 'a page that was saved is shown as it was before',
				'does LocalSettings.php change $wgCdnServers or $wgUseCdn? `mediawiki-full setup --restart` empties Varnish' ) );
		}
	}
	return new Look( 'edit', null, 'shown at once' );
}

/** What is kept here is kept by nobody else: no other cache hears of edits. */
function lookAtHeaders(): Look {
	askPage( pageAddress( DOCTOR_PAGE ) );
	[ $code, , $headers ] = askPage( pageAddress( DOCTOR_PAGE ) );
	$control = $headers['cache-control'] ?? 'nothing';
	if ( $code !== 200 || ( $headers['x-cache'] ?? '' ) !== 'hit' ) {
		return new Look( 'headers', new Finding( 'warning', 'headers', "Varnish keeps no page ($code, Cache-Control: $control)",
			'does LocalSettings.php set $wgUseCdn, $wgCdnMaxAge, or begin a session for everybody?' ) );
	}
	if ( isset( $headers['set-cookie'] ) || !str_contains( $control, 'private' ) || preg_match( '/s-maxage=[1-9]/', $control ) ) {
		return new Look( 'headers', new Finding( 'warning', 'headers', "other caches may keep a page, and show it as it was (Cache-Control: $control)",
			'is there custom VCL, or a Header line in ' . CONFIG_DIR . '/apache2.d? See /usr/share/mediawiki-full/wiki.vcl' ) );
	}
	return new Look( 'headers', null, "kept by Varnish; for others: $control" );
}

function lookAtParsoid(): Look {
	[ $code, $body ] = askPage( programAddress( 'rest.php/v1/page/' . rawurlencode( DOCTOR_PAGE ) . '/html' ) );
	if ( $code === 200 && !in_array( extensionStates()['VisualEditor'] ?? 'loaded', [ 'left out', 'missing' ], true ) ) {
		[ , $answer ] = askPage( programAddress( 'api.php?action=visualeditor&paction=parse&format=json&page=' . rawurlencode( DOCTOR_PAGE ) ) );
		$answered = json_decode( $answer, true );
		// MediaWiki 1.43 opens it for nobody who could not save this page, which strangers cannot
		if ( adoption() !== null && ( $answered['error']['code'] ?? '' ) === 'badvalue' ) {
			return new Look( 'editor', null, 'this wiki does not have VisualEditor' );
		}
		if ( ( $answered['visualeditor']['result'] ?? '' ) !== 'success' &&
			( $answered['error']['code'] ?? '' ) !== 'rest-permission-error' ) {
			return new Look( 'editor', new Finding( 'error', 'editor', 'VisualEditor opens no page: ' . substr( $answer, 0, 300 ),
				'check ' . LOG_DIR . '/exception.log' ) );
		}
	}
	return $code === 200 && str_contains( $body, 'mediawiki-full doctor' ) ? new Look( 'editor', null, 'Parsoid gives HTML for VisualEditor' )
		: new Look( 'editor', new Finding( 'error', 'editor', "Parsoid gives no HTML ($code), so VisualEditor opens no page",
			'check ' . LOG_DIR . '/exception.log' ) );
}
