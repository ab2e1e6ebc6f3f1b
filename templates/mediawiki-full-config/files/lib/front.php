<?php
/**
 * What stands between visitors and MediaWiki: the proxies in front of this
 * machine whose word counts, and the pages that Varnish keeps.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

/** What differs from machine to machine of what Varnish does; wiki.vcl includes it. */
const MACHINE_VCL = DATA_DIR . '/machine.vcl';
/** PHP looks at a changed file again after two seconds (opcache.revalidate_freq); one more for a request under way. */
const PHP_NOTICES_AFTER = 3;

/** @return string[] addresses and networks of proxies that are trusted beside this machine */
function trustedProxies(): array {
	return preg_split( '/[\s,]+/', readChoices()['trusted_proxies'] ?? '', -1, PREG_SPLIT_NO_EMPTY );
}

/** @return string[] what stands before a title, and before /index.php */
function prefixesOfWiki(): array {
	$adoption = adoption();
	return $adoption === null ? [ '/wiki/', '' ] : [ pathOfArticles( $adoption ) ?? '/wiki/', $adoption['scriptPath'] ];
}

/** The address of a page, without a host. */
function pageAddress( string $title ): string {
	return str_replace( '$1', $title, adoption()['articlePath'] ?? '/wiki/$1' );
}

/** The address of one of MediaWiki's programs: api.php?action=... */
function programAddress( string $program ): string {
	return ( adoption()['scriptPath'] ?? '' ) . "/$program";
}

/** @return bool whether it was another text */
function writeMachineVcl(): bool {
	$entries = '';
	foreach ( [ '127.0.0.1', '::1', ...trustedProxies() ] as $proxy ) {
		[ $address, $bits ] = explode( '/', $proxy ) + [ 1 => '' ];
		$entries .= "    \"$address\"" . ( $bits === '' ? '' : "/$bits" ) . ";\n";
	}
	$text = "# Written by mediawiki-full from " . CHOICES_FILE . ".\n" .
		"# trusted_proxies, and this machine.\nacl mediawiki_full_proxies {\n$entries}\n" .
		crawlersVcl( readChoices()['language'], processesOfPool(), ...prefixesOfWiki() );
	if ( is_file( MACHINE_VCL ) && file_get_contents( MACHINE_VCL ) === $text ) {
		return false;
	}
	ensureDirectory( DATA_DIR, 0755 );
	writeFile( MACHINE_VCL, $text, 0644 );
	return true;
}

/**
 * Asks the wiki on this machine, by way of its caches, as a visitor would. Where strangers have used up their share,
 * Varnish has answered, and what is behind it is asked itself.
 *
 * @return array{0: int, 1: string, 2: array<string, string>} status (0: no answer), body, and headers by lower-case name
 */
function askPage( string $path, int $port = 80 ): array {
	$context = stream_context_create( [ 'http' => [ 'timeout' => 10, 'ignore_errors' => true, 'follow_location' => 0 ] ] );
	$address = $port === 80 ? cacheAddress() : "127.0.0.1:$port";
	$body = (string)@file_get_contents( "http://$address$path", false, $context );
	$headers = [];
	$code = 0;
	foreach ( $http_response_header ?? [] as $line ) {
		if ( preg_match( '#^HTTP/\S+ (\d+)#', $line, $match ) ) {
			$code = (int)$match[1];
		} elseif ( preg_match( '/^([^:]+):\s*(.*)$/', $line, $match ) ) {
			$headers[strtolower( $match[1] )] = $match[2];
		}
	}
	return $code === 503 && $port === 80 ? askPage( $path, 8080 ) : [ $code, $body, $headers ];
}

/** Has Varnish ask the wiki again for everything. What it keeps is used by nobody from then on. */
function forgetPages(): void {
	if ( serviceState( 'varnish.service' ) === 'active' ) {
		run( [ 'varnishadm', 'ban', 'req.url', '~', '.' ], '', null, 30 );
	}
}

/** What the settings say, in one word: another one where any of their files is another. */
function settingsStamp(): string {
	$hashes = array_map( static fn ( $file ) => "$file " . @md5_file( $file ),
		[ ...( glob( dirname( LOCAL_SETTINGS ) . '/*' ) ?: [] ), ...( glob( CONFIG_DIR . '/fpm.d/*' ) ?: [] ), CHOICES_FILE ] );
	return md5( implode( "\n", $hashes ) );
}

/**
 * LocalSettings.php, the choices or the pool of PHP are not what they were, by whomever: visitors see it at once. A file that PHP
 * cannot read changes nothing: what is cached is all that visitors have then.
 */
function takeUpSettings(): int {
	do {
		// systemd hears of no change while this runs
		$stamp = settingsStamp();
		if ( writeMachineVcl() ) {
			service( 'reload', 'varnish.service' );
		}
		if ( !is_file( LOCAL_SETTINGS ) || !wikiIsOurs() ) {
			return 0;
		}
		writeSite();
		sleep( PHP_NOTICES_AFTER );
		$fault = faultOfSettings();
		if ( $fault === null ) {
			forgetPages();
		} else {
			say( LOCAL_SETTINGS . " is not valid PHP, so the wiki answers with an error if the page is not cached: $fault" );
		}
	} while ( settingsStamp() !== $stamp );
	return 0;
}
